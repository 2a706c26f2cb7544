"""SURE: sizes as published, presets, what it refuses."""

from itertools import product

import pytest

from emobench.baselines.sure import Sure
from emobench.benchmark.errors import SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.training.task import Task
from tests.baselines.literal import parameters_of

WIDTH = 1024
IEMOCAP = Task({"text": 1024, "audio": 1582, "video": 342}, (504, 839, 1324, 933, 742, 1468), 2)
MELD = Task({"text": 1024, "audio": 300, "video": 342}, (4710, 1205, 268, 683, 1743, 271, 1109), 9)
LINEAR = WIDTH * WIDTH + WIDTH
MIXTURE = 4 * 2 * LINEAR + 4 * WIDTH + 4
"""Mean and variance of four experts, and the gate over them."""
CONTEXT = 2 * 4 * (512 * WIDTH + 512 * 512 + 2 * 512)
CELL = 4 * (2 * WIDTH * WIDTH + WIDTH * WIDTH + 2 * WIDTH)
REASONING = CONTEXT + LINEAR + 2 * LINEAR + CELL + (2 * WIDTH * WIDTH + WIDTH)
"""Context, memory, first query, LSTM cell, output."""


def test_the_published_sizes_give_the_parameters_of_the_specification() -> None:
    assert parameters_of(Sure(preset="paper"), IEMOCAP) == 176_230_418
    assert parameters_of(Sure(preset="paper_meld"), MELD) == 165_490_707


@pytest.mark.parametrize(
    ("arguments", "fewer"),
    [
        ({"experts": 0}, 3 * MIXTURE),
        ({"experts": 0, "top": 9}, 3 * MIXTURE),
        ({"iterations": 0}, 3 * REASONING),
        ({"experts": 0, "iterations": 0}, 3 * (MIXTURE + REASONING)),
        ({"iterations": 1}, 0),
        ({"context": "none"}, 3 * CONTEXT),
        ({"context": "gru"}, 3 * CONTEXT // 4),
        ({"gates": "identity"}, 9 * WIDTH * WIDTH),
        ({"residual": "mixture"}, -3 * 2 * WIDTH),
        ({"residual": "both"}, -6 * 2 * WIDTH),
        ({"normed": True}, -3 * 2 * WIDTH),
        # Three layers on vectors and one on their logits, in the place of one layer on all vectors.
        ({"classifier": "late"}, (3 * WIDTH * 6 + 6) - 3 * (WIDTH * 6 + 6) - (3 * 6 * 6 + 6)),
    ],
)
def test_what_each_part_has(arguments: dict[str, int | str | bool], fewer: int) -> None:
    assert parameters_of(Sure(preset="paper", **arguments), IEMOCAP) == 176_230_418 - fewer


def test_all_presets_set_the_same_arguments() -> None:
    suite, paper, meld = (Sure.presets[name].keys() for name in ("suite", "paper", "paper_meld"))
    assert suite == paper == meld


def test_the_published_training() -> None:
    iemocap, meld = (Sure(preset=preset).options() for preset in ("paper", "paper_meld"))
    assert (iemocap.learning_rate, iemocap.batch_dialogues, iemocap.epochs) == (1e-4, 16, 150)
    assert (meld.learning_rate, meld.batch_dialogues, meld.epochs) == (5e-6, 32, 50)
    assert {(options.optimiser, options.weight_decay) for options in (iemocap, meld)} == {("adam", 1e-5)}


def test_every_combination_of_switches_can_be_typed() -> None:
    for route, latent, normalise in product(("softmax", "uncertainty"), ("sample", "mean"), ("sample", "batch")):
        made = make_model(f"sure:route={route},latent={latent},normalise={normalise}")
        assert isinstance(made, Sure)
        assert (made.route, made.latent, made.normalise) == (route, latent, normalise)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("width=6,heads=4", r"expected width to be a multiple of heads=4, got 6; type width=8"),
        ("width=9,heads=3", r"expected width to be a multiple of 2·heads=6, got 9; type width=12"),
        ("experts=2", r"sure: expected top to be at most experts=2, got 3; type top=2"),
        ("preset=paper,top=5", r"sure: expected top to be at most experts=4, got 5; type top=4"),
        ("top=0", "top"),
        ("route=hard", "route"),
    ],
)
def test_what_it_refuses(arguments: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        make_model(f"sure:{arguments}")

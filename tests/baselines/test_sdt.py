"""SDT: sizes as published, presets, what it refuses."""

import pytest

from emobench.baselines.sdt import Sdt
from emobench.benchmark.errors import SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.training.task import Task
from tests.baselines.literal import parameters_of

WIDTH = 1024
IEMOCAP = Task({"text": 1024, "audio": 1582, "video": 342}, (504, 839, 1324, 933, 742, 1468), 2)
MELD = Task({"text": 1024, "audio": 300, "video": 342}, (4710, 1205, 268, 683, 1743, 271, 1109), 9)
LINEAR = WIDTH * WIDTH + WIDTH
ENCODER = 4 * LINEAR + 2 * LINEAR + 2 * WIDTH
"""Query, key, value, output; the feed-forward layers and their norm."""


def expected(inputs: int, speakers: int, classes: int, *, gates: int) -> int:
    """Add the parts up: inputs, speakers, encoders, gates, joins, softmax gate, four classifiers."""
    parts = (
        inputs * WIDTH,
        (speakers + 1) * WIDTH,
        9 * ENCODER,
        gates * WIDTH * WIDTH,
        3 * (3 * WIDTH * WIDTH + WIDTH),
        WIDTH * WIDTH,
        4 * (WIDTH * classes + classes),
    )
    return sum(parts)


def test_the_published_sizes_give_the_parameters_of_the_parts() -> None:
    assert expected(2948, 2, 6, gates=9) == 79_669_272
    assert parameters_of(Sdt(preset="paper"), IEMOCAP) == 79_669_272
    assert expected(1666, 9, 7, gates=0) == 68_930_588
    assert parameters_of(Sdt(preset="paper_meld"), MELD) == 68_930_588


def test_all_presets_set_the_same_arguments() -> None:
    suite, paper, meld = (Sdt.presets[name].keys() for name in ("suite", "paper", "paper_meld"))
    assert suite == paper == meld


def test_the_released_training() -> None:
    iemocap, meld = (Sdt(preset=preset).options() for preset in ("paper", "paper_meld"))
    assert (iemocap.learning_rate, iemocap.weight_decay, iemocap.batch_dialogues, iemocap.epochs) == (
        1e-4,
        1e-5,
        16,
        150,
    )
    assert (meld.learning_rate, meld.weight_decay, meld.batch_dialogues, meld.epochs) == (5e-6, 1e-5, 8, 50)
    assert {iemocap.optimiser, meld.optimiser} == {"adam"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("width=6,heads=4", r"expected width to be a multiple of heads=4, got 6; type width=8"),
        ("width=9,heads=3", r"expected width to be a multiple of 2·heads=6, got 9; type width=12"),
        ("heads=48", r"expected width to be a multiple of heads=48, got \d+; type width="),
        ("preset=paper,heads=3", r"expected width to be a multiple of 2·heads=6, got 1024; type width=1026"),
        ("gates=identical", "gates"),
    ],
)
def test_what_it_refuses(arguments: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        make_model(f"sdt:{arguments}")

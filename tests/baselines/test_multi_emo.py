"""MultiEMO: sizes as published, presets, what it refuses."""

import pytest

from emobench.baselines.multi_emo import MultiEmo
from emobench.baselines.multi_emo_losses import LossTerms
from emobench.benchmark.errors import SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.training.task import Task
from tests.baselines.literal import parameters_of

WIDTH = 256
IEMOCAP = Task({"text": 768, "audio": 512, "video": 1000}, (504, 839, 1324, 933, 742, 1468), 2)
MELD = Task({"text": 768, "audio": 512, "video": 1000}, (4710, 1205, 268, 683, 1743, 271, 1109), 9)
LINEAR = WIDTH * WIDTH + WIDTH
NORM = 2 * WIDTH
FEED_FORWARD = WIDTH * 1024 + 1024 + 1024 * WIDTH + WIDTH
LAYER = 2 * (4 * LINEAR + NORM) + FEED_FORWARD + NORM
"""Two attentions with query, key, value, output; the hidden layer; three norms."""


def gru(inputs: int, states: int) -> int:
    """Count the parameters of a cell."""
    return 3 * states * (inputs + states + 2)


DIALOGUE_RNN = 2 * (2 * gru(2 * WIDTH, WIDTH) + gru(WIDTH, WIDTH // 2) + WIDTH * WIDTH)
"""Both directions: global and party cell, emotion cell, the matrix of the attention."""


def expected(classes: int, *, layers: int, recurrent: int, modalities: int = 3) -> int:
    """Add the parts up: inputs, contexts, layers of every modality, fusion, classifier."""
    parts = (
        (768 + 512 + 1000) * WIDTH + 3 * WIDTH,
        recurrent * DIALOGUE_RNN,
        layers * modalities * LAYER,
        3 * WIDTH * WIDTH + WIDTH,
        LINEAR + WIDTH * classes + classes,
    )
    return sum(parts)


def test_the_published_sizes_give_the_parameters_of_the_parts() -> None:
    assert expected(6, layers=6, recurrent=3) == 28_189_446
    assert parameters_of(MultiEmo(preset="paper"), IEMOCAP) == 28_189_446
    assert expected(7, layers=2, recurrent=2) == 12_755_463
    assert parameters_of(MultiEmo(preset="paper_meld"), MELD) == 12_755_463


def test_all_presets_set_the_same_arguments() -> None:
    suite, paper, meld = (MultiEmo.presets[name].keys() for name in ("suite", "paper", "paper_meld"))
    assert suite == paper == meld


def test_the_released_training() -> None:
    iemocap, meld = (MultiEmo(preset=preset).options() for preset in ("paper", "paper_meld"))
    for options in (iemocap, meld):
        assert (options.learning_rate, options.weight_decay, options.optimiser) == (1e-4, 1e-5, "adam")
    assert (iemocap.batch_dialogues, iemocap.epochs) == (64, 100)
    assert (meld.batch_dialogues, meld.epochs) == (100, 15)


def test_the_released_weights_of_the_losses() -> None:
    weights = []
    for preset in ("paper", "paper_meld"):
        terms = MultiEmo(preset=preset).settled(LossTerms)
        weights.append((terms.contrastive, terms.correlation, terms.classification))
    assert weights == [(0.4, 0.4, 0.2), (0.3, 0.3, 0.4)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("width=6,heads=4", r"expected width to be a multiple of heads=4, got 6; type width=8"),
        ("width=9,heads=3", r"expected width to be a multiple of 2·heads=6, got 9; type width=12"),
        ("preset=paper,heads=3", r"expected width to be a multiple of 2·heads=6, got 256; type width=258"),
        ("contrastive_temperature=0", "contrastive_temperature"),
    ],
)
def test_what_it_refuses(arguments: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        make_model(f"multi_emo:{arguments}")

"""MiSTER-E: sizes as published, presets, what it declines."""

import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.mister_e import MisterE
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.training.task import Task
from tests.baselines.literal import parameters_of

IEMOCAP = Task({"text": 2048, "audio": 2048}, (504, 839, 1324, 933, 742, 1468), 2)
MELD = Task({"text": 2048, "audio": 2048, "video": 342}, (4, 1, 1, 1, 2, 1, 1), 9)


def test_the_published_sizes_give_the_published_numbers_of_parameters() -> None:
    assert parameters_of(MisterE(preset="paper"), IEMOCAP) == 89_661_809
    assert parameters_of(MisterE(preset="paper_meld"), MELD) == 80_215_442


def test_the_printed_gate_has_one_layer() -> None:
    mlp = (21 + 1) * 10 + (10 + 1) * 3
    assert parameters_of(MisterE(preset="paper_meld", gate="linear"), MELD) == 80_215_442 - mlp + (21 + 1) * 3


def test_heads_share_the_width() -> None:
    assert parameters_of(MisterE(preset="paper", heads=4), IEMOCAP) == 89_661_809


def test_all_presets_set_the_same_arguments() -> None:
    suite, paper, meld = (MisterE.presets[name].keys() for name in ("suite", "paper", "paper_meld"))
    assert suite == paper == meld


def test_the_released_training() -> None:
    iemocap, meld = (MisterE(preset=preset).options() for preset in ("paper", "paper_meld"))
    assert (iemocap.learning_rate, iemocap.weight_decay, iemocap.batch_dialogues, iemocap.epochs) == (1e-5, 0, 8, 100)
    assert (meld.learning_rate, meld.weight_decay, meld.batch_dialogues, meld.epochs) == (1e-5, 0, 32, 100)
    assert {iemocap.optimiser, meld.optimiser} == {"adam"}
    assert iemocap.clip == meld.clip == 1.0


def test_it_declines_data_without_text(small_splits: DataSplits) -> None:
    train, validation = (
        split.change(
            **{
                name: {key: getattr(split, name)[key] for key in ("audio", "video")}
                for name in ("features", "observed", "present")
            }
        )
        for split in (small_splits.train, small_splits.validation)
    )
    with pytest.raises(NotApplicable, match="mister_e: expected data with text, got audio, video; type another model"):
        make_model("mister_e").fit(train, validation, context=FitContext(seed=0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mister_e:attention_width=10,heads=4", "expected attention_width to be a multiple of heads=4, got 10"),
        ("mister_e:preset=paper,heads=7", "expected attention_width to be a multiple of heads=7, got 120"),
        ("mister_e:width=7", "type width=8"),
        ("mister_e:kl=both", "directed"),
        ("mister_e:head=3", "head"),
    ],
)
def test_sizes_and_switches_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make_model(text)

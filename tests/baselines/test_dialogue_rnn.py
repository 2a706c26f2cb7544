"""DialogueRNN: sizes as published, presets, training."""

import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.dialogue_rnn import DialogueRnn
from emobench.benchmark.arguments import build
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.specs import parse
from emobench.benchmark.training.task import Task
from tests.baselines.literal import parameters_of

IEMOCAP = (504, 839, 1324, 933, 742, 1468)
MELD = (4710, 1205, 268, 683, 1743, 271, 1109)


@pytest.mark.parametrize(
    ("text", "task", "parameters"),
    [
        ("preset=paper", Task({"text": 100}, IEMOCAP, 2), 8_880_406),
        ("preset=paper_meld", Task({"text": 600, "audio": 300}, MELD, 9), 2_666_607),
        ("preset=paper,directions=forward", Task({"text": 100}, IEMOCAP, 2), 4_260_206),
        ("directions=forward", Task({"text": 64, "audio": 32, "video": 32}, MELD, 4), 178_439),
        ("preset=paper,inputs=all", Task({"text": 100, "audio": 1582, "video": 342}, IEMOCAP, 2), 22_348_406),
    ],
)
def test_the_published_sizes_give_the_published_number_of_parameters(text: str, task: Task, parameters: int) -> None:
    assert parameters_of(build(DialogueRnn, parse(f"dialogue_rnn:{text}")[0]), task) == parameters


def test_the_number_of_speakers_costs_no_parameter() -> None:
    one, nine = (parameters_of(DialogueRnn(), Task({"text": 3}, (1, 2), speakers)) for speakers in (1, 9))
    assert one == nine


def test_a_listener_is_a_cell_of_its_own_for_each_direction() -> None:
    task = Task({"text": 100}, IEMOCAP, 2)
    more = parameters_of(DialogueRnn(preset="paper", listener=True), task)
    assert more - 8_880_406 == 2 * (3 * 500 * (100 + 500 + 500) + 2 * 3 * 500)


def test_all_presets_set_the_same_arguments() -> None:
    suite, paper, meld = (DialogueRnn.presets[name].keys() for name in ("suite", "paper", "paper_meld"))
    assert suite == paper == meld


def test_the_released_training() -> None:
    iemocap, meld = (DialogueRnn(preset=preset).options() for preset in ("paper", "paper_meld"))
    assert (iemocap.learning_rate, iemocap.weight_decay, iemocap.batch_dialogues, iemocap.epochs) == (
        1e-4,
        1e-5,
        30,
        60,
    )
    assert (meld.learning_rate, meld.weight_decay, meld.batch_dialogues, meld.epochs) == (5e-4, 1e-5, 30, 100)
    assert {iemocap.optimiser, meld.optimiser} == {"adam"}


def test_it_declines_data_without_what_it_is_to_read(small_splits: DataSplits) -> None:
    train, validation = (
        split.change(**{name: {"audio": getattr(split, name)["audio"]} for name in ("features", "observed", "present")})
        for split in (small_splits.train, small_splits.validation)
    )
    with pytest.raises(NotApplicable, match="inputs=text: expected data with text, got audio"):
        make_model("dialogue_rnn:preset=paper,width=4").fit(train, validation, context=FitContext(seed=0))


def test_a_switch_that_does_not_exist() -> None:
    with pytest.raises(SpecError, match="listen"):
        make_model("dialogue_rnn:listens=true")

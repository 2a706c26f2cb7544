"""DialogueGCN: sizes as published, presets."""

import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.dialogue_gcn import DialogueGcn
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.training.task import Task
from tests.baselines.literal import parameters_of

IEMOCAP = Task({"text": 100}, (504, 839, 1324, 933, 742, 1468), 2)


def test_the_published_sizes_give_the_published_number_of_parameters() -> None:
    assert parameters_of(DialogueGcn(preset="paper"), IEMOCAP) == 1_186_646


def test_the_bilinear_form_has_a_matrix_for_the_rows_of_positions() -> None:
    made = parameters_of(DialogueGcn(preset="paper", edge_att="bilinear"), IEMOCAP)
    assert made == 1_186_646 - 200 * 110 + 200 * 200


def test_all_relations_grow_with_the_square_of_the_speakers() -> None:
    task = Task({"text": 100}, IEMOCAP.class_counts, 9)
    assert parameters_of(DialogueGcn(preset="paper"), task) == 1_186_646 + (162 - 8) * 30
    assert parameters_of(DialogueGcn(preset="paper", relations="four"), task) == 1_186_646 - (8 - 4) * 30


def test_all_presets_set_the_same_arguments() -> None:
    suite, paper, meld = (DialogueGcn.presets[name].keys() for name in ("suite", "paper", "paper_meld"))
    assert suite == paper == meld


def test_the_released_training() -> None:
    iemocap, meld = (DialogueGcn(preset=preset).options() for preset in ("paper", "paper_meld"))
    assert (iemocap.learning_rate, iemocap.weight_decay, iemocap.batch_dialogues, iemocap.epochs) == (3e-4, 0, 32, 60)
    assert (meld.learning_rate, meld.weight_decay, meld.batch_dialogues, meld.epochs) == (3e-4, 1e-5, 32, 30)
    assert {iemocap.optimiser, meld.optimiser} == {"adam"}


def test_it_declines_data_without_what_it_is_to_read(small_splits: DataSplits) -> None:
    train, validation = (
        split.change(**{name: {"video": getattr(split, name)["video"]} for name in ("features", "observed", "present")})
        for split in (small_splits.train, small_splits.validation)
    )
    with pytest.raises(NotApplicable, match="inputs=text: expected data with text, got video; type inputs=all"):
        make_model("dialogue_gcn:preset=paper").fit(train, validation, context=FitContext(seed=0))


def test_a_switch_that_does_not_exist() -> None:
    with pytest.raises(SpecError, match="edge_at"):
        make_model("dialogue_gcn:edge_at=position")

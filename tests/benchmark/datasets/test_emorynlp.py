"""EmoryNLP from tables in the published layout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.datasets.emorynlp import EmoryNLP
from emobench.benchmark.errors import DataError
from emobench.benchmark.progress import silent

from ..conftest import FakeEncoder

Edit = Callable[[Path, int, Callable[[str], str]], None]


@pytest.fixture(autouse=True)
def _home(emobench_home: Path, fake_encoder: FakeEncoder) -> None:
    pass


def convert(folder: Path, *, partial: bool = True) -> DataSplits:
    return EmoryNLP().convert(folder, partial=partial, text_encoder="some/name", progress=silent)


def message(folder: Path, *, partial: bool = True) -> str:
    with pytest.raises(DataError) as caught:
        convert(folder, partial=partial)
    return str(caught.value).removeprefix(f"{folder}/")


def test_a_scene_is_season_episode_and_scene(emorynlp_folder: Path) -> None:
    splits = convert(emorynlp_folder)
    assert splits.train.dialogue_ids == ("1_2_4", "1_3_4")
    assert splits.train.utterance_ids == ("1_2_4_1", "1_2_4_5", "1_2_4_11", "1_3_4_1")
    assert splits.train.classes == ("Joyful", "Mad", "Peaceful", "Neutral", "Sad", "Powerful", "Scared")
    np.testing.assert_array_equal(splits.train.label, [0, 2, 3, 1])
    np.testing.assert_array_equal(splits.test.label, [5, 4])
    assert splits.data == "emorynlp"
    assert "Apache-2.0" in splits.licence


def test_people_who_speak_together_are_one_more_speaker_in_any_order(emorynlp_folder: Path) -> None:
    np.testing.assert_array_equal(convert(emorynlp_folder).train.speaker, [0, 1, 1, 0])


@pytest.mark.parametrize("text", ["Ross Geller", "[]", "['']", "[1]", "{'a': 1}", "['Ross Geller'", "__import__('os')"])
def test_a_speaker_that_is_no_list_of_names_is_refused(emorynlp_folder: Path, edit: Edit, text: str) -> None:
    edit(emorynlp_folder / "emorynlp_train_final.csv", 2, lambda line: line.replace("['Ross Geller']", text))
    assert message(emorynlp_folder) == (
        f"emorynlp_train_final.csv, line 2: expected Speaker as a list of names such as ['Ross Geller'], got {text!r}"
    )


def test_a_scene_in_two_splits_is_refused(emorynlp_folder: Path, edit: Edit) -> None:
    edit(emorynlp_folder / "emorynlp_dev_final.csv", 2, lambda line: line.replace(",1,1,2,1,", ",4,9,1,2,"))
    assert message(emorynlp_folder) == (
        "emorynlp_dev_final.csv, line 2: dialogue 1_2_4 is in validation and in train; expected it in one split only"
    )


def test_published_counts_are_demanded(emorynlp_folder: Path) -> None:
    assert message(emorynlp_folder, partial=False).startswith(
        "emorynlp, train: expected 659 dialogues and 7551 utterances as published, got 2 and 4;"
    )

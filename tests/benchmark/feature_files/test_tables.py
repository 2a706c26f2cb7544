"""MELD's tables and its feature files make one data set."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from layout_files import LENGTHS, content, flat, label_of, layout, write

from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.data_commands import add
from emobench.benchmark.datasets import meld
from emobench.benchmark.errors import DataError

from ..conftest import FakeEncoder


@pytest.fixture(autouse=True)
def _home(emobench_home: Path) -> None:
    pass


def file(folder: Path, start: str) -> Path:
    """Write a small file of a layout."""
    return write(folder / f"{start}.pkl", content(layout(start)), old=False)


def added(name: str, *paths: Path, text_encoder: str = "") -> DataSplits:
    return add(name, paths, partial=True, text_encoder=text_encoder).splits


def message(name: str, *paths: Path, text_encoder: str = "") -> str:
    with pytest.raises(DataError) as caught:
        added(name, *paths, text_encoder=text_encoder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


MELD = {"train": (0, 2, 7), "dev": (1039, 1041), "test": (1153, 1432)}
STARTS = {"train": 0, "dev": 1039, "test": 1153}
HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
NUMBERS = (0, 1, 4)
"""Of utterances; the tables leave numbers out."""


def tables(folder: Path, *, speakers: tuple[str, str] = ("Ross", "Joey")) -> Path:
    """Write the tables that go with the small MELD files."""
    folder.mkdir()
    for split, keys in MELD.items():
        with (folder / f"{split}_sent_emo.csv").open("w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(HEADER.split(","))
            for key in keys:
                for place in range(LENGTHS["meld"][key]):
                    emotion = meld.CLASSES[label_of(key, place)]
                    said = [0, f"{key} café {place}’s", speakers[place % 2], emotion, meld.SENTIMENTS[emotion][0]]
                    rows.writerow([*said, key - STARTS[split], NUMBERS[place], 1, 1, "0", "0"])
    return folder


def test_tables_go_with_features(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    folder, path = tables(tmp_path / "meld"), file(tmp_path, "MELD_features_raw1")
    splits = added("meld", path, folder, text_encoder="some/name")
    assert splits.train.widths == {"text": 4, "audio": 300, "video": 342}
    assert splits.train.utterance_ids[:4] == ("train_0_0", "train_0_1", "train_0_4", "train_2_0"), (
        "numbers of the tables"
    )
    assert splits.train.transcripts is not None
    assert splits.train.transcripts[2] == "0 café 2’s"
    np.testing.assert_array_equal(splits.validation.features["audio"], flat([1039, 1041], "audio", 300, "meld"))
    shutil.copy(path, folder)
    assert added("meld", folder, text_encoder="some/name").fingerprint == splits.fingerprint, (
        "tables and file in one folder"
    )
    assert added("meld", folder).train.widths == {"text": 600, "audio": 300, "video": 342}


def test_tables_joined_with_annotations_are_the_tables(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    folder, path = tables(tmp_path / "meld"), file(tmp_path, "meld")
    joined = added("meld", folder, path, text_encoder="some/name")
    assert joined.fingerprint == added("meld", folder, text_encoder="some/name").fingerprint


def test_one_person_has_one_code(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    folder = tables(tmp_path / "meld", speakers=("Ross", "Ross"))
    path = file(tmp_path, "meld")
    assert message("meld", folder, path, text_encoder="x") == (
        f"{path}, dialogue 0, utterance 1: expected Ross to be speaker 0 everywhere in the dialogue, got speaker 1"
    )


def test_a_group_may_stand_for_one_of_its_members(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    folder = tables(tmp_path / "meld", speakers=("Ross", "Joey & Monica"))
    assert added("meld", folder, file(tmp_path, "meld"), text_encoder="x").train.speaker.tolist() == [0, 1, 0, 0, 0, 1]

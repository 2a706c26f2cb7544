"""MELD from tables in the published layout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.datasets import meld
from emobench.benchmark.datasets.meld import Meld
from emobench.benchmark.datasets.utterances import Count
from emobench.benchmark.errors import DataError
from emobench.benchmark.progress import silent

from ..conftest import FakeEncoder

Edit = Callable[[Path, int, Callable[[str], str]], None]


@pytest.fixture(autouse=True)
def _home(emobench_home: Path) -> None:
    pass


def convert(folder: Path, *, partial: bool = True, text_encoder: str = "some/name") -> DataSplits:
    return Meld().convert(folder, partial=partial, text_encoder=text_encoder, progress=silent)


def message(folder: Path, *, partial: bool = True, text_encoder: str = "some/name") -> str:
    with pytest.raises(DataError) as caught:
        convert(folder, partial=partial, text_encoder=text_encoder)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


def test_dialogues_are_ordered_by_number_and_named_by_split(meld_folder: Path, fake_encoder: FakeEncoder) -> None:
    splits = convert(meld_folder)
    assert splits.train.utterance_ids == ("train_0_0", "train_0_1", "train_0_3", "train_2_0", "train_10_0")
    assert splits.train.dialogue_ids == ("train_0", "train_2", "train_10")
    assert splits.validation.utterance_ids == ("dev_0_0",)
    assert splits.test.dialogue_ids == ("test_0",)
    assert splits.train.classes == ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
    np.testing.assert_array_equal(splits.train.label, [4, 1, 0, 3, 6])
    np.testing.assert_array_equal(splits.train.speaker, [0, 1, 0, 0, 0])
    assert splits.train.transcripts == ("Hi, all.", "What?", "Nothing.", "Oh no.", "Go away!")
    assert splits.data == "meld"
    assert "GPL-3.0" in splits.licence
    assert "MELD" in splits.leaks[0]


def test_each_utterance_has_the_vector_of_its_own_words(meld_folder: Path, fake_encoder: FakeEncoder) -> None:
    train = convert(meld_folder).train
    assert train.modalities == ("text",)
    assert train.transcripts is not None
    expected = fake_encoder.encode(list(train.transcripts), batch_size=64, show_progress_bar=False)
    np.testing.assert_array_equal(train.features["text"], expected)
    assert fake_encoder.loaded == ["some/name"], "once for all splits"


def test_the_order_of_the_lines_does_not_matter(meld_folder: Path, fake_encoder: FakeEncoder) -> None:
    before = convert(meld_folder).fingerprint
    table = meld_folder / "train_sent_emo.csv"
    header, *lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join([header, *lines[::-1]]), encoding="utf-8", newline="")
    assert convert(meld_folder).fingerprint == before


def test_windows_1252_gives_the_same_data(meld_folder: Path, fake_encoder: FakeEncoder) -> None:
    before = convert(meld_folder).fingerprint
    table = meld_folder / "dev_sent_emo.csv"
    table.write_bytes(table.read_bytes().replace("’".encode(), b"\x92"))
    assert convert(meld_folder).fingerprint == before


def test_without_an_encoder_both_forms_are_shown(meld_folder: Path) -> None:
    assert message(meld_folder, text_encoder="") == (
        "meld has text only, and a sentence encoder makes its features; type: emobench data add meld --from FOLDER "
        "--text-encoder sentence-transformers/all-MiniLM-L6-v2 (a name on the hub) or --text-encoder ENCODER_FOLDER "
        "(one you have)"
    )


def test_published_counts_are_demanded_before_anything_is_encoded(meld_folder: Path, fake_encoder: FakeEncoder) -> None:
    assert message(meld_folder, partial=False).startswith(
        "meld, train: expected 1038 dialogues and 9989 utterances as published, got 3 and 5;"
    )
    assert not fake_encoder.encoded


def test_published_counts_are_accepted(
    meld_folder: Path, fake_encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"train": Count(3, 5), "validation": Count(1, 1), "test": Count(1, 2)}
    for split, size in sizes.items():
        monkeypatch.setitem(meld.PUBLISHED, split, size)
    assert convert(meld_folder, partial=False).fingerprint == convert(meld_folder).fingerprint


@pytest.mark.parametrize(
    ("line", "old", "new", "expected"),
    [
        (2, "joy", "happy", "line 2: unknown Emotion 'happy'; known: anger, disgust, "),
        (2, "positive", "negative", "line 2: expected positive as the Sentiment of joy, got 'negative'"),
        (2, '"Hi, all."', " ", "line 2: expected something in Utterance, got an empty cell"),
        (2, ",Ross,", ",,", "line 2: expected something in Speaker, got an empty cell"),
        (5, ",10,", ",x,", "line 5: expected a whole number in Dialogue_ID, got 'x'"),
        (3, ",0,1,", ",0,0,", "line 3: utterance train_0_0 is already at "),
        (1, "Emotion", "Mood", "line 1: expected a column 'Emotion', got Sr No., Utterance, Speaker, Mood,"),
        (6, ",8,21", "", "line 6: expected 11 columns (as in line 1), got 9; is the file complete?"),
    ],
)
def test_wrong_lines_are_named(
    meld_folder: Path, fake_encoder: FakeEncoder, edit: Edit, line: int, old: str, new: str, expected: str
) -> None:
    def rewrite(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    edit(meld_folder / "train_sent_emo.csv", line, rewrite)
    assert message(meld_folder).startswith(f"train_sent_emo.csv, {expected}")
    assert not fake_encoder.encoded


def test_a_table_of_a_header_alone_is_refused(meld_folder: Path, fake_encoder: FakeEncoder, edit: Edit) -> None:
    edit(meld_folder / "dev_sent_emo.csv", 2, lambda _: "")
    assert message(meld_folder) == "dev_sent_emo.csv, line 2: expected an utterance, got the end of the file"

"""A folder of somebody's own corpus becomes a data set, or a message that names file, line and column."""

# One case a line, whatever its length: they are read one below the other.
# ruff: noqa: E501

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.data_commands import add, verify
from emobench.benchmark.errors import DataError, SpecError
from emobench.benchmark.registry import DATASETS, make

from ..conftest import FakeEncoder

ROWS = [
    ("b", 2, "Ann", "calm", "train", "Well."),
    ("b", 1, "Bob", "upset", "train", "What?"),
    ("a", 0, "Bob", "calm", "train", "Hm."),
    ("c", 5, "Cy", "", "validation", ""),
    ("d", 0, "Cy", "upset", "test", "No."),
    ("d", 1, "Ann", "calm", "test", "Yes."),
]
COLUMNS = ("dialogue", "turn", "speaker", "label", "split", "transcript")
AUDIO = np.arange(12, dtype=np.float32).reshape(6, 2)


@pytest.fixture(autouse=True)
def _home(emobench_home: Path) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a small corpus: a table, audio by order, gestures by name with a row missing."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    write(folder / "utterances.csv", [COLUMNS, *ROWS])
    np.save(folder / "audio.npy", AUDIO)
    gestures = [(f"{d}_{t}", place, -place, 0.5) for place, (d, t, *_) in enumerate(ROWS) if (d, t) != ("d", 1)]
    write(folder / "gesture.csv", [("utterance", "g1", "g2", "g3"), *gestures[::-1]])
    return folder


def write(path: Path, rows: list[tuple[object, ...]]) -> None:
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")


def parquet(path: Path, columns: list[str], rows: list[tuple[object, ...]]) -> None:
    pq.write_table(pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))), path)


def added(folder: Path, name: str = "own:name=mine", text_encoder: str = "") -> DataSplits:
    return add(name, folder, text_encoder=text_encoder).splits


def message(folder: Path, text_encoder: str = "") -> str:
    with pytest.raises(DataError) as caught:
        added(folder, text_encoder=text_encoder)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/")


def test_what_was_written_is_what_is_read(folder: Path) -> None:
    splits = added(folder)
    train, validation, test = splits.train, splits.validation, splits.test
    assert splits.data == "own:name=mine"
    assert train.classes == ("calm", "upset")
    assert (train.dialogue_ids, validation.dialogue_ids, test.dialogue_ids) == (("b", "a"), ("c",), ("d",))
    assert train.utterance_ids == ("b_1", "b_2", "a_0")
    assert train.speaker.tolist() == [0, 1, 0]
    assert train.label.tolist() == [1, 0, 0]
    assert validation.label.tolist() == [-1]
    assert train.transcripts == ("What?", "Well.", "Hm.")
    assert train.modalities == ("audio", "gesture")
    np.testing.assert_array_equal(train.features["audio"], AUDIO[[1, 0, 2]])
    np.testing.assert_array_equal(test.features["gesture"], [[4, -4, 0.5], [0, 0, 0]])
    assert test.observed["gesture"].tolist() == test.present["gesture"].tolist() == [True, False]
    assert test.observed["audio"].all()
    assert splits.leaks == ()


def test_what_was_added_is_found_by_its_name(folder: Path) -> None:
    splits = added(folder)
    assert make(DATASETS, "own:name=mine").load().fingerprint == splits.fingerprint
    assert verify("own:name=mine").splits.test.observed["gesture"].tolist() == [True, False]
    with pytest.raises(DataError, match="own:name=other is not there yet"):
        make(DATASETS, "own:name=other").load()


def test_parquet_says_the_same_as_csv(folder: Path) -> None:
    expected = added(folder).fingerprint
    (folder / "utterances.csv").unlink()
    parquet(folder / "utterances.parquet", [*COLUMNS], [tuple(None if x == "" else x for x in row) for row in ROWS])
    (folder / "gesture.csv").unlink()
    gestures = [(d, t, float(place), -place, 0.5) for place, (d, t, *_) in enumerate(ROWS)]
    gestures[5] = ("d", 1, None, None, None)
    parquet(folder / "gesture.parquet", ["dialogue", "turn", "g1", "g2", "g3"], gestures)
    assert added(folder).fingerprint == expected
    (folder / "audio.npy").unlink()
    write(
        folder / "audio.csv", [("dialogue", "turn", "x", "y"), *((*row[:2], *AUDIO[n]) for n, row in enumerate(ROWS))]
    )
    assert added(folder).fingerprint == expected


def test_a_row_of_nan_was_not_observed(folder: Path) -> None:
    audio = AUDIO.astype(np.float64)
    audio[4] = np.nan
    np.save(folder / "audio.npy", audio)
    assert added(folder).test.observed["audio"].tolist() == [False, True]


def test_classes_may_have_an_order_of_their_own(folder: Path) -> None:
    (folder / "classes.txt").write_text("upset\n\ncalm\nbored\n")
    splits = added(folder)
    assert splits.train.classes == ("upset", "calm", "bored")
    assert splits.train.label.tolist() == [0, 1, 1]
    (folder / "classes.txt").write_text("upset\nkalm\n")
    assert message(folder) == "utterances.csv, line 2: unknown label 'calm'; did you mean 'kalm'?"
    for text, got in (("calm, upset", "'calm, upset'"), ("calm\nupset\ncalm", "'calm', 'upset', 'calm'"), ("", "none")):
        (folder / "classes.txt").write_text(text)
        expected = "classes.txt: expected two or more different classes, one a line, got "
        assert message(folder) == expected + got


def test_a_tenth_is_for_validation_where_nothing_is(folder: Path) -> None:
    rows = [(f"d{number}", 0, "x", "calm" if number % 2 else "upset", "train", "") for number in range(20)]
    write(folder / "utterances.csv", [COLUMNS, *rows, *ROWS[4:]])
    np.save(folder / "audio.npy", np.zeros((22, 2)))
    (folder / "gesture.csv").unlink()
    splits = added(folder)
    assert (splits.train.dialogues, splits.validation.dialogues) == (18, 2)
    assert splits.leaks == ("no dialogue was given for validation: 2 of the 20 for training are taken for it",)


def test_transcripts_are_left_out_or_encoded(folder: Path, fake_encoder: FakeEncoder) -> None:
    splits = added(folder, text_encoder="some/name")
    assert splits.train.modalities == ("text", "audio", "gesture")
    assert splits.validation.observed["text"].tolist() == [False]
    assert fake_encoder.encoded == ["Well.", "What?", "Hm.", "No.", "Yes."]
    assert "mine's training labels" in splits.leaks[0]
    write(folder / "utterances.csv", [COLUMNS[:5], *(row[:5] for row in ROWS)])
    assert added(folder).train.transcripts is None
    assert message(folder, "x") == (
        "utterances.csv, line 2: expected a transcript for the text encoder, got none in the whole table"
    )
    for path in ("audio.npy", "gesture.csv"):
        (folder / path).unlink()
    nothing = f"{folder}: expected a file of features beside utterances.csv, such as audio.npy, got none"
    assert message(folder) == nothing
    (folder / "audio.NPZ").touch()
    assert message(folder) == f"{nothing}; audio.NPZ would have to be .npy, .csv or .parquet"


def replaced(file: str, before: str, after: str) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        text = (folder / file).read_text()
        assert before in text
        (folder / file).write_text(text.replace(before, after))

    return work


def saved(array: object) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / "audio.npy", np.array(array), allow_pickle=True)


MISTAKES: list[tuple[Callable[[Path], object], str]] = [
    (replaced("utterances.csv", "speaker", "speeker"), "utterances.csv: expected a column 'speaker'; did you mean 'speeker'?"),
    (replaced("utterances.csv", "speaker", "turn"), "utterances.csv: expected each column once, got 'turn' twice"),
    (replaced("utterances.csv", "c,5", "c,x"), "utterances.csv, line 5: expected a whole number in turn, got 'x'"),
    (replaced("utterances.csv", "c,5,Cy", "c,5,"), "utterances.csv, line 5: expected something in speaker, got an empty cell"),
    (replaced("utterances.csv", "validation", "valid"), "utterances.csv, line 5: unknown split 'valid'; did you mean 'validation'?"),
    (replaced("utterances.csv", "d,1", "d,0"), "utterances.csv, line 7: turn 0 of d is already at {folder}/utterances.csv, line 6"),
    (replaced("utterances.csv", "d,1,Ann,calm,test", "d,1,Ann,calm,train"), "utterances.csv, line 6: dialogue d is in test and in train; expected it in one split only"),
    (replaced("utterances.csv", ",Yes.", ",Yes,."), "utterances.csv, line 7: expected 6 columns as in line 1, got 7"),
    (replaced("utterances.csv", "test", "train"), "own:name=mine: expected dialogues for test, got none; write it in the column split"),
    (lambda f: write(f / "utterances.csv", [COLUMNS]), "utterances.csv: expected rows below the names of the columns, got none"),
    (lambda f: (f / "utterances.csv").rename(f / "utterance.csv"), "{folder}: expected utterances.csv or utterances.parquet, got neither; did you mean 'utterance'?"),
    (lambda f: [path.unlink() for path in f.iterdir()], "{folder}: expected utterances.csv or utterances.parquet, got neither"),
    (lambda f: (f / "utterances.parquet").write_bytes(b"PAR1x"), "utterances.parquet: expected one file named utterances, got utterances.csv too"),
    (lambda f: (f / "my audio.npy").touch(), "my audio.npy: expected the name of a modality, such as audio.npy, got 'my audio'"),
    (lambda f: (f / "audio.npy").rename(f / "audio.parquet"), "audio.parquet: not readable as Parquet (Parquet magic bytes not found in footer. Either the file is corrupted or this is not a parquet file.); is the file complete?"),
    (replaced("gesture.csv", "4,-4,0.5", "4,x,0.5"), "gesture.csv, line 2: expected a finite number in column 'g2', got 'x'"),
    (replaced("gesture.csv", "4,-4,0.5", "4,-4,1e39"), "gesture.csv, line 2: expected a finite number in column 'g3', got '1e39'"),
    (replaced("gesture.csv", "4,-4,0.5", "4,,0.5"), "gesture.csv, line 2: expected a finite number in column 'g2', got ''"),
    (replaced("gesture.csv", "b_1", "b_11"), "gesture.csv, line 5: expected an utterance of the table, got 'b_11'; did you mean 'b_1'?"),
    (replaced("gesture.csv", "b_1", "????"), "gesture.csv, line 5: expected an utterance of the table, got '????'"),
    (replaced("gesture.csv", "b_1", "b_2"), "gesture.csv, line 6: b_2 already has features at {folder}/gesture.csv, line 5"),
    (lambda f: write(f / "gesture.csv", [("utterance",), ("b_1",)]), "gesture.csv: expected columns of features beside utterance, got none"),
    (replaced("gesture.csv", "utterance", "name"), "gesture.csv: expected a column 'dialogue'; known: g1, g2, g3, name"),
    (replaced("gesture.csv", "g1", ""), "gesture.csv: expected a name for each column, got '', which would be a feature; are these numbers of rows? Take the column out (in pandas: index=False)"),
    (replaced("gesture.csv", "g2", "label"), "gesture.csv: column 'label' would be a feature; take it out, or give it another name"),
    (lambda f: write(f / "gesture.csv", [("utterance", "g1"), ("b_1", "")]), "gesture.csv: expected features of some utterance, got empty rows only; take the file out"),
    (lambda f: (f / "utterances.csv").write_text((f / "utterances.csv").read_text().replace(",", ";")), "utterances.csv: expected commas between columns, got ';'; save it with commas"),
    (lambda f: (f / "video.npy").symlink_to(f / "gone.npy"), "video.npy: expected a file of features, got a link to nothing; take it out, or mend it"),
    (lambda f: (f / "video.csv").mkdir(), "video.csv: expected a file of features, got a folder; take it out, or mend it"),
    (lambda f: shutil.rmtree(f), "expected a folder with utterances.csv, but {folder} does not exist"),
    (lambda f: (f / "audio.npy").write_bytes(b"PK\x03\x04 an archive"), "audio.npy: not readable as an array of numbers (it is none as numpy.save writes it)"),
    (saved(np.full((6, 2), np.nan)), "audio.npy: expected features of some utterance, got empty rows only; take the file out"),
    (saved(AUDIO[:5]), "audio.npy: expected numbers of the shape 6 utterances × width, got float32 of (5, 2)"),
    (saved(["a"] * 6), "audio.npy: expected numbers of the shape 6 utterances × width, got <U1 of (6,)"),
    (saved([[None]] * 6), "audio.npy: not readable as an array of numbers (it holds values of the type object, expected numbers or texts)"),
    (saved([[0.0, 1.0]] * 3 + [[0.0, np.inf]] * 3), "audio.npy, row 3, column 1: expected a finite number, got inf"),
    (saved([[0.0, 1.0]] * 3 + [[1e39, 0.0]] * 3), "audio.npy, row 3, column 0: expected a finite number, got 1e+39"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "expected"), MISTAKES, ids=[expected[:60] for _, expected in MISTAKES])
def test_mistakes_are_named_by_file_line_and_column(
    mistake: Callable[[Path], object], expected: str, folder: Path
) -> None:
    mistake(folder)
    assert message(folder) == expected.format(folder=folder)


def test_a_name_must_be_a_word(folder: Path) -> None:
    with pytest.raises(SpecError, match=r"^own: expected a name of letters, digits and underscores, got 'my-corpus'$"):
        added(folder, "own:name=my-corpus")
    with pytest.raises(DataError, match=r"expected a folder with utterances\.csv, but .*audio\.npy is a file"):
        added(folder / "audio.npy")

"""Files of saved predictions: what is read, and the one line that each mistake gets."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emobench.benchmark import saved_files
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import DataError
from emobench.benchmark.saved_files import column_names, content_key, read_files, typed_path
from emobench.benchmark.saved_predictions import Block, SavedPredictions, Values

Make = Callable[..., Conversations]
CLASSES = ("neutral", "joy", "anger")
CLEAN = Block("test", "clean", 0, 0)
P = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.0, 0.25, 0.75]])


@pytest.fixture
def split(small: Make) -> Conversations:
    return small(lengths=(2, 1))


def table(p: np.ndarray = P, **columns: object) -> pd.DataFrame:
    names = {f"p_{name}": p[:, k] for k, name in enumerate(CLASSES)}
    return pd.DataFrame({"utterance_id": [f"test_{row}" for row in range(len(p))], **names}).assign(**columns)


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        texts = frame.select_dtypes(exclude="number").columns
        np.savez(path, **{name: frame[name].to_numpy(str if name in texts else None) for name in frame})
    return path


def saved(path: Path, values: Values = "probabilities") -> SavedPredictions:
    return SavedPredictions.read(path, values=values, data="small", classes=CLASSES)


def probabilities(path: Path, split: Conversations, values: Values = "probabilities") -> np.ndarray:
    return saved(path, values).of(CLEAN, split).probabilities


def complaint(path: Path, split: Conversations | None = None, values: Values = "probabilities") -> str:
    with pytest.raises(DataError) as caught:
        saved(path, values) if split is None else probabilities(path, split, values)
    (line,) = str(caught.value).splitlines()
    assert str(path) in line
    return line.replace(f"{path}", "FILE")


@pytest.fixture(params=[".csv", ".parquet", ".npz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"saved{request.param}"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "saved.csv"


class TestReading:
    def test_rows_are_matched_by_name_in_every_format(self, path: Path, split: Conversations) -> None:
        shuffled = table(dialogue_id=["test_dialogue_0"] * 2 + ["test_dialogue_1"], note="seen").iloc[[2, 0, 1]]
        assert np.array_equal(probabilities(write(shuffled, path), split), P)

    def test_numbers_come_back_to_the_last_digit(self, csv: Path, split: Conversations) -> None:
        p = np.random.default_rng(0).dirichlet(np.ones(3), 3)
        assert np.array_equal(probabilities(write(table(p), csv), split), p)

    def test_columns_may_be_numbered(self, path: Path, split: Conversations) -> None:
        numbered = table().rename(columns={f"p_{name}": f"p_{k}" for k, name in enumerate(CLASSES)})
        assert np.array_equal(probabilities(write(numbered, path), split), P)

    def test_names_that_are_whole_numbers_are_names(self, path: Path, split: Conversations) -> None:
        named = split.change(utterance_ids=("7", "8", "9"))
        assert np.array_equal(probabilities(write(table(utterance_id=[7, 8, 9]), path), named), P)

    def test_an_npz_file_may_hold_one_matrix(self, tmp_path: Path, split: Conversations) -> None:
        path, names = tmp_path / "saved.npz", np.array(split.utterance_ids)
        np.savez(path, utterance_id=names, p=P)
        assert np.array_equal(probabilities(path, split), P)
        turned = np.array(["anger", "neutral", "joy"])
        np.savez(
            path, utterance_id=names, p=P[:, [2, 0, 1]].astype(np.float32), classes=turned, condition="clean", draw=0
        )
        assert np.array_equal(probabilities(path, split), P)

    @pytest.mark.parametrize("seed", range(5))
    def test_logits_and_log_probabilities_are_what_they_say(self, csv: Path, split: Conversations, seed: int) -> None:
        p = np.random.default_rng(seed).dirichlet(np.ones(3), 3)
        write(table(np.log(p)), csv)
        assert np.allclose(probabilities(csv, split, "log_probabilities"), p, atol=1e-12)
        write(table(np.log(p) + 700), csv)
        assert np.allclose(probabilities(csv, split, "logits"), p, atol=1e-12)

    def test_the_logarithm_of_zero_is_a_value(self, csv: Path, split: Conversations) -> None:
        with np.errstate(divide="ignore"):
            write(table(np.log(P)), csv)
        assert np.allclose(probabilities(csv, split, "log_probabilities"), P)
        assert np.allclose(probabilities(csv, split, "logits"), P)

    def test_blocks_are_told_apart(self, path: Path, split: Conversations) -> None:
        parts = [
            table(P[[0, 1, 2]], condition="clean", draw=0, split="test", seed=0),
            table(P[[1, 2, 0]], condition="modality_drop:rate=0.50", draw=1, split="test", seed=0),
            table(P[[2, 1, 0]], condition="clean", draw=0, split="test", seed=1),
            table(P[[2, 2, 2]], condition="clean", draw=0, split="validation", seed=0),
        ]
        found = saved(write(pd.concat(parts).sample(frac=1, random_state=0), path))
        stressed = Block("test", "modality_drop:rate=0.5", 1, 0)
        assert set(found.blocks) == {CLEAN, stressed, CLEAN._replace(seed=1), CLEAN._replace(split="validation")}
        assert np.array_equal(found.of(stressed, split).probabilities, P[[1, 2, 0]])
        assert np.array_equal(found.of(CLEAN._replace(seed=1), split).probabilities, P[[2, 1, 0]])
        assert (found.seeded, found.seeds) == (True, (0, 1))

    def test_a_block_without_values_is_not_there(self, csv: Path) -> None:
        empty = table(np.full((3, 3), np.nan), condition="modality_drop:rate=0.3")
        found = saved(write(pd.concat([table(condition="clean"), empty]), csv))
        assert set(found.blocks) == {CLEAN}
        assert found.empty == {Block("test", "modality_drop:rate=0.3", 0, 0)}

    def test_a_file_of_nulls_only_is_empty(self, tmp_path: Path) -> None:
        nothing = table().assign(**{f"p_{name}": None for name in CLASSES})
        assert saved(write(nothing, tmp_path / "saved.parquet")).empty == {CLEAN}

    def test_rows_of_other_data_are_left_out(self, path: Path) -> None:
        both = pd.concat([table(data="small", fingerprint="abc"), table(data="mosi", fingerprint="def")])
        found = saved(write(both, path))
        assert set(found.blocks) == {CLEAN}
        assert found.fingerprints == {"abc"}
        assert saved(write(table(data="mosi"), path)).blocks == {}

    def test_a_link_to_nothing_in_a_folder_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "clean.csv").symlink_to(tmp_path / "gone.csv")
        for read in (column_names, read_files, content_key):
            with pytest.raises(DataError, match=r"clean\.csv: cannot be read \(No such file or directory\)"):
                read(tmp_path)

    def test_a_folder_has_a_file_per_condition(self, tmp_path: Path, split: Conversations) -> None:
        write(table(), tmp_path / "clean.csv")
        write(table(P[[1, 2, 0]]), tmp_path / "modality_drop:drop=audio~video.npz")
        write(table(P[[2, 1, 0]], condition="modality_drop:drop=text"), tmp_path / "more.parquet")
        (tmp_path / "notes.txt").write_text("other")
        found = saved(tmp_path)
        names = {"clean", "modality_drop:drop=audio/video", "modality_drop:drop=text"}
        assert {block.condition for block in found.blocks} == names
        removed = found.of(CLEAN._replace(condition="modality_drop:drop=audio/video"), split)
        assert np.array_equal(removed.probabilities, P[[1, 2, 0]])


class TestMistakes:
    @pytest.mark.parametrize(
        ("frame", "expected"),
        [
            (
                table(P * 1.01),
                "got the probabilities [0.505, 0.2525, 0.2525] for 'test_0' (3 of 3 utterances); rounded",
            ),
            (table(P - [0.5, -0.5, 0]), "for 'test_1' (2 of 3 utterances); if they are logits, type values=logits"),
            (
                table(np.where(P == 0.75, np.nan, P)),
                "expected a number for every class, got [0.125, nan, 0.125] for 'te",
            ),
            (
                table(np.where(P == 0.75, np.inf, P)),
                "expected a number for every class, got [0.125, inf, 0.125] for 'te",
            ),
            (table().iloc[:2], "expected each of 3 utterances, 1 are missing, the first is 'test_2'"),
            (table().iloc[[0, 1, 2, 1]], "expected each utterance once, got 'test_1' twice"),
            (
                table(utterance_id=["test_0", "test_1", "test_9"]),
                "expected utterances of small, test, got 'test_9', which it does not have; `emobench template ",
            ),
            (
                table(dialogue_id="test_dialogue_0"),
                "expected utterance 'test_2' in the dialogue 'test_dialogue_1', got 'test_dialogue_0'",
            ),
        ],
    )
    def test_rows(self, path: Path, split: Conversations, frame: pd.DataFrame, expected: str) -> None:
        text = complaint(write(frame, path), split)
        assert text.startswith("FILE, condition 'clean': ")
        assert expected in text

    @pytest.mark.parametrize(
        ("frame", "expected"),
        [
            (
                table().drop(columns="utterance_id"),
                "FILE: expected the columns utterance_id and p_neutral, p_joy, p_anger",
            ),
            (table().drop(columns="p_joy"), "(or p_0 … p_2), got utterance_id, p_neutral, p_anger; `emobench template"),
            (table(p_fear=0.0), "got utterance_id, p_neutral, p_joy, p_anger, p_fear; "),
            (table().rename(columns={"p_joy": "p_1"}), "got utterance_id, p_neutral, p_1, p_anger; "),
            (table(split="dev"), "FILE: expected train, validation, test in the column 'split', got 'dev'"),
            (table(draw=0.5), "FILE: expected whole numbers from 0 to 2^53 in the column 'draw', got 0.5 in row 0"),
            (table(seed=[0, -1, 0]), "whole numbers from 0 to 2^53 in the column 'seed', got -1 in row 1"),
            (table(seed=[0.0, 1e300, 0.0]), "whole numbers from 0 to 2^53 in the column 'seed', got 1e+300 in row 1"),
            (table(stress_seed=[0, 1, 0]), "FILE: expected one stress_seed, got 0, 1"),
            (
                table(condition="modality_dop:rate=0.3"),
                "got 'modality_dop:rate=0.3': unknown protocol 'modality_dop'; did you mean 'modality_drop'?",
            ),
            (
                table(condition=["clean", "", "clean"]),
                "expected a text in the column 'condition' of every row, got '' in row 1",
            ),
        ],
    )
    def test_columns(self, path: Path, frame: pd.DataFrame, expected: str) -> None:
        assert expected in complaint(write(frame, path))

    def test_an_infinite_log_probability(self, csv: Path, split: Conversations) -> None:
        nowhere = np.full((3, 3), -np.inf)
        assert "[-inf, -inf, -inf]" in complaint(write(table(nowhere), csv), split, "logits")
        assert "type values=logits" in complaint(write(table(P * 900), csv), split, "log_probabilities")

    def test_texts_in_place_of_numbers(self, tmp_path: Path) -> None:
        assert "cannot be read (In CSV column" in complaint(write(table(p_joy="high"), tmp_path / "a.csv"))
        assert "expected numbers in the column 'draw', got string" in complaint(
            write(table(draw="a"), tmp_path / "b.csv")
        )
        assert "expected numbers in the column 'p_joy', got " in complaint(
            write(table(p_joy="high"), tmp_path / "c.parquet")
        )
        assert "expected numbers, one per row, in 'p_joy', got <U4" in complaint(
            write(table(p_joy="high"), tmp_path / "d.npz")
        )

    def test_arrays_that_do_not_fit(self, tmp_path: Path) -> None:
        path, names = tmp_path / "saved.npz", np.array(["test_0", "test_1", "test_2"])
        np.savez(path, utterance_id=names, p=P[:2])
        assert "expected arrays of one length, got utterance_id 3, p_0 2" in complaint(path)
        np.savez(path, utterance_id=names, p=P[0])
        assert "expected the array 'p' as utterances × classes, got the shape (3,)" in complaint(path)
        np.savez(path, utterance_id=names, p=P, classes=np.array(["joy"]))
        assert "expected a name in 'classes' for each of 3 columns, got 1" in complaint(path)
        np.savez(path, other=names)
        assert "expected rows, got none" in complaint(path)

    def test_no_pickle_is_opened(self, tmp_path: Path) -> None:
        path = tmp_path / "saved.npz"
        np.savez(path, utterance_id=np.array(["a", None], dtype=object), p=P)
        text = complaint(path)
        assert "cannot be read (it holds values of the type object, expected numbers or texts); expected .npz" in text

    @pytest.mark.parametrize("name", ["saved.csv", "saved.parquet", "saved.npz"])
    @pytest.mark.parametrize("content", [b"", b"\x00\x01PAR1 no such thing"])
    def test_files_that_are_none(self, tmp_path: Path, name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        assert "FILE: " in complaint(tmp_path / name)

    def test_a_file_that_is_cut_off(self, tmp_path: Path) -> None:
        path = write(table(), tmp_path / "saved.npz")
        path.write_bytes(path.read_bytes()[:-200])
        assert "FILE: cannot be read (" in complaint(path)

    def test_a_file_without_rows(self, path: Path) -> None:
        assert complaint(write(table().iloc[:0], path)) == "FILE: expected rows, got none"

    def test_a_column_that_is_there_twice(self, csv: Path) -> None:
        csv.write_text("utterance_id,p_neutral,p_joy,p_joy\na,1,0,0\n")
        assert complaint(csv) == "FILE: expected each column once, got 'p_joy' twice"

    def test_paths(self, tmp_path: Path) -> None:
        assert complaint(tmp_path / "none.csv").startswith("FILE: there is no such file; expected saved predictions")
        (tmp_path / "saved.xlsx").write_text("")
        text = complaint(tmp_path / "saved.xlsx")
        assert text == "FILE: expected a file that ends in .parquet, .csv, .npz, got '.xlsx'"
        (tmp_path / "empty").mkdir()
        assert "expected files that end in .parquet, .csv, .npz, found none" in complaint(tmp_path / "empty")

    def test_two_files_of_one_condition(self, tmp_path: Path) -> None:
        write(table(), tmp_path / "clean.csv")
        write(table(condition="clean"), tmp_path / "other.csv")
        assert complaint(tmp_path) == "FILE/other.csv: condition 'clean' is already in FILE/clean.csv"
        write(table(condition="modality_drop:drop=text", seed=0), tmp_path / "other.csv")
        assert complaint(tmp_path) == "FILE: expected the column 'seed' in all files or in none"


class TestPaths:
    def test_a_path_is_typed_as_in_a_url(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/me")
        assert typed_path("~/my%20results/a%2Bb%2C1%25.csv") == Path("/home/me/my results/a+b,1%.csv")

    def test_the_key_follows_the_content(self, csv: Path) -> None:
        first = content_key(write(table(), csv))
        assert content_key(csv) == first
        assert content_key(write(table(P[::-1]), csv)) != first
        assert content_key(write(table(), csv)) == first

    def test_the_key_of_a_folder_follows_names_and_contents(self, tmp_path: Path) -> None:
        write(table(), tmp_path / "clean.csv")
        first = content_key(tmp_path)
        (tmp_path / "clean.csv").rename(tmp_path / "modality_drop:drop=text.csv")
        assert content_key(tmp_path) != first

    def test_the_columns_are_known_without_reading_all(self, path: Path) -> None:
        assert column_names(write(table(seed=0), path)) == ("utterance_id", "p_neutral", "p_joy", "p_anger", "seed")

    def test_a_file_that_may_not_be_read(self, csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(table(), csv)

        def refuse(*args: object) -> None:
            raise PermissionError(errno.EACCES, "no")

        monkeypatch.setattr(saved_files.Path, "open", refuse)
        with pytest.raises(DataError, match=r"cannot be read \(Permission denied\); expected .csv"):
            content_key(csv)
        with pytest.raises(DataError, match="Permission denied"):
            read_files(csv)

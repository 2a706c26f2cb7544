"""Scoring keeps where hidden vectors lie in the plane: computed once, and anew where they are of other vectors."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scoring_runs import LENGTHS, Run, conversations

from emobench.benchmark import hidden_plane_files as plane_files
from emobench.benchmark.errors import PredictionError, RunFolderError
from emobench.benchmark.files import write_table
from emobench.benchmark.hidden_plane_files import Drawn, drawn_of
from emobench.benchmark.hidden_vectors import read_hidden, write_hidden
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.scoring import score
from emobench.benchmark.scoring_inputs import inputs_of

UTTERANCES = sum(LENGTHS)
LABELLED = np.flatnonzero(conversations().label >= 0)


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Return the vectors that were put into the plane."""
    found: list[np.ndarray] = []

    def noted(vectors: np.ndarray) -> np.ndarray:
        found.append(vectors)
        return somewhere(vectors)

    monkeypatch.setattr(plane_files, "plane", noted)
    return found


def somewhere(vectors: np.ndarray) -> np.ndarray:
    """Return places that are sooner found than t-SNE's."""
    return np.asarray(vectors[:, :2] * 2.0, np.float64)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Two models with vectors of two seeds, one whose vectors are empty, and one without."""
    made = Run(models=("gated", "plain", "empty", "none"), metrics=("accuracy",)).write(tmp_path / "run")
    for model, width in (("gated", 4), ("plain", 3), ("empty", 0)):
        for seed in (0, 1):
            vectors = Randomness(seed, ("hidden", model)).generator().normal(size=(UTTERANCES, width))
            write_hidden(made.hidden_path(model, "small", seed), vectors.astype(np.float32), "key")
    made.write_record(made.read_record().model_copy(update={"hidden": True}))
    return made


def files(folder: RunFolder) -> list[Path]:
    return sorted((folder.path / "hidden").glob("*.parquet"))


def drawn(folder: RunFolder) -> dict[str, Drawn]:
    (inputs,) = inputs_of(folder, folder.read_record())
    return {one.model: one for one in drawn_of(inputs)}


def test_the_first_seed_s_labelled_utterances_have_places(folder: RunFolder, placed: list[np.ndarray]) -> None:
    score(folder)
    assert files(folder) == sorted(folder.plane_path(model, "small") for model in ("gated", "plain"))
    vectors = read_hidden(folder.hidden_path("gated", "small", 0))[LABELLED]
    assert np.array_equal(placed[0], vectors)
    table = pq.read_table(folder.plane_path("gated", "small"))
    assert table.column_names == ["seed", "utterance", "x", "y"]
    assert table["utterance"].to_pylist() == LABELLED.tolist()
    assert set(table["seed"].to_pylist()) == {0}
    assert np.array_equal(np.stack([table["x"], table["y"]], axis=1), somewhere(vectors))
    kept = drawn(folder)["gated"].kept()
    assert kept is not None
    assert np.array_equal(kept, somewhere(vectors))


def test_what_is_there_is_not_computed_again(folder: RunFolder, placed: list[np.ndarray]) -> None:
    steps: list[tuple[str, int, int]] = []
    score(folder, progress=lambda *step: steps.append(step))
    assert steps[-3:] == [("placing hidden vectors on small", done, 2) for done in range(3)]
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(folder)}
    score(folder, progress=lambda *step: steps.append(("again", *step[1:])))
    assert len(placed) == 2
    assert all(what != "again" for what, *_ in steps)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(folder)} == before
    # Of a folder that was scored before there were any.
    for path in files(folder):
        path.unlink()
    score(folder)
    assert {path: path.read_bytes() for path in files(folder)} == {path: one for path, (one, _) in before.items()}


def other_vectors(folder: RunFolder) -> None:
    path = folder.hidden_path("gated", "small", 0)
    write_hidden(path, read_hidden(path) + 1, "key")


def other_recipe(folder: RunFolder) -> None:
    path = folder.plane_path("gated", "small")
    write_table(path, pq.read_table(path).replace_schema_metadata({b"emobench.key": b"of another recipe"}))


def unsaid_recipe(folder: RunFolder) -> None:
    path = folder.plane_path("gated", "small")
    write_table(path, pq.read_table(path).replace_schema_metadata(None))


def changed(change: Callable[[pa.Table], pa.Table]) -> Callable[[RunFolder], None]:
    """Return what changes a table and leaves its key."""

    def damage(folder: RunFolder) -> None:
        path = folder.plane_path("gated", "small")
        table = pq.read_table(path)
        write_table(path, change(table).replace_schema_metadata(table.schema.metadata))

    return damage


def cut(folder: RunFolder) -> None:
    path = folder.plane_path("gated", "small")
    path.write_bytes(path.read_bytes()[:200])


def cut_inside(folder: RunFolder) -> None:
    path = folder.plane_path("gated", "small")
    content = bytearray(path.read_bytes())
    # The end, where the schema is, stays; the first page does not.
    content[4:60] = bytes(56)
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    "change",
    [
        other_vectors,
        other_recipe,
        unsaid_recipe,
        cut,
        cut_inside,
        changed(lambda table: table.slice(1)),
        changed(lambda table: table.drop_columns(["x"])),
        changed(lambda table: table.set_column(2, "x", pa.array(["a"] * len(table)))),
        changed(lambda table: table.set_column(2, "x", pa.array([float("nan")] * len(table)))),
    ],
)
def test_what_is_stale_or_damaged_is_made_anew(
    folder: RunFolder, placed: list[np.ndarray], change: Callable[[RunFolder], None]
) -> None:
    score(folder)
    whole = folder.plane_path("gated", "small").read_bytes()
    change(folder)
    assert drawn(folder)["gated"].kept() is None
    score(folder)
    assert len(placed) == 3
    assert (folder.plane_path("gated", "small").read_bytes() == whole) == (change is not other_vectors)
    assert drawn(folder)["gated"].kept() is not None


def test_nothing_is_placed_that_was_not_asked_for_or_cannot_be(
    folder: RunFolder, placed: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = folder.read_record()
    folder.write_record(record.model_copy(update={"hidden": False}))
    score(folder)
    folder.write_record(record)
    path = folder.hidden_path("plain", "small", 0)
    vectors = read_hidden(path).copy()
    vectors[3, 1] = np.nan
    write_hidden(path, vectors, "key")
    monkeypatch.setattr(plane_files, "LEAST", len(LABELLED) + 1)
    score(folder)
    assert placed == []
    monkeypatch.undo()
    score(folder)
    assert files(folder) == [folder.plane_path("gated", "small")]


def test_vectors_that_are_damaged_are_told(folder: RunFolder) -> None:
    write_hidden(folder.hidden_path("gated", "small", 0), np.zeros((3, 2), np.float32), "key")
    with pytest.raises(PredictionError, match="expected hidden vectors of 32 utterances of small, got 3"):
        drawn(folder)["gated"].vectors()
    folder.hidden_path("gated", "small", 0).write_bytes(b"no vectors")
    with pytest.raises(RunFolderError, match="is damaged"):
        drawn(folder)["gated"].vectors()


def test_what_a_killed_process_left_goes(folder: RunFolder) -> None:
    path = folder.plane_path("gated", "small")
    left = path.with_name(f".{path.name}.a1b2c3d4")
    left.write_bytes(b"half of it")
    folder.remove_leftovers()
    assert not left.exists()
    assert folder.hidden_path("gated", "small", 0).exists()

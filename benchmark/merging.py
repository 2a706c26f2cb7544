"""Put the run folders of partial runs together: other models, data, seeds, protocols or conditions, one run in the end.

The folder is as one run would have written it, but for what depends on the machine (latencies) and what is made from it
(comparisons, reports). Neither data nor models are needed.
"""

import contextlib
import filecmp
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from .arrow_columns import texts_of
from .errors import RunFolderError
from .files import remedy, write_table
from .lock import require_nobody
from .merged_records import Part, united
from .prediction_files import PredictionFile, prediction_table, write_tables
from .predictions import Predictions
from .progress import Progress, silent
from .run_folder import RunFolder
from .run_record import RunRecord
from .run_state import Combination
from .scoring import score
from .stress_records import merge_stresses, recorded
from .utterance_file import read_utterance_table

CHECKPOINT = (".safetensors", ".json")
"""Endings of the files of a checkpoint."""


def merge(runs: Sequence[Path], out: Path, *, progress: Progress = silent) -> RunFolder:
    """Put runs together into a new folder, compute its figures, and return it; the runs stay as they are.

    Raises
    ------
    RunFolderError
        When there are fewer than two runs, one cannot be read or is still computed, two of them disagree, or the new
        folder is there already or cannot be written; nothing is left of it then.
    """
    parts = _parts(runs)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"{out} is there already; choose a new folder with --out")
    inside = next((part.path for part in parts if out.resolve().is_relative_to(part.path.resolve())), None)
    if inside is not None:
        raise RunFolderError(f"{out} is in the run {inside}, which stays as it is; choose another folder with --out")
    record = united(parts)
    with _built_beside(out) as new:
        folder = RunFolder(new)
        _Merging(parts, record, folder, progress).write()
        folder.write_record(record)
        score(folder, progress=progress)
    return RunFolder(out)


def _parts(runs: Sequence[Path]) -> list[Part]:
    different = list({path.resolve(): path for path in runs}.values())
    if len(different) < 2:
        raise RunFolderError(f"expected two different run folders or more, got {', '.join(map(str, runs)) or 'none'}")
    parts = [Part(path, RunFolder(path).read_record()) for path in different]
    for part in parts:
        require_nobody(RunFolder(part.path))
    return parts


class _Merging:
    """Writes the files of a record that is put together."""

    def __init__(self, parts: Sequence[Part], record: RunRecord, folder: RunFolder, progress: Progress) -> None:
        self._parts = parts
        self._record = record
        self._folder = folder
        self._progress = progress
        self._random = {condition.text for condition in record.conditions if condition.random}
        self._done = [
            {(c.model, c.data, c.seed, c.condition) for c in part.record.cells if c.state == "done"} for part in parts
        ]
        self._fits = [{(f.model, f.data, f.seed): f for f in part.record.fits if f.state == "done"} for part in parts]

    def write(self) -> None:
        """Write everything but run.json and what is computed from it."""
        for of_split in (Path(), Path("validation")):
            self._write_utterances(of_split)
        cells: dict[Combination, list[str]] = {
            Combination(fit.model, fit.data, fit.seed): [] for fit in self._record.fits if fit.state == "done"
        }
        for cell in self._record.cells:
            if cell.state == "done":
                cells.setdefault(Combination(cell.model, cell.data, cell.seed), []).append(cell.condition)
        for number, (combination, conditions) in enumerate(cells.items()):
            self._progress("merging", number, len(cells))
            self._copy_fit(combination)
            if conditions:
                self._write_predictions(combination, conditions)
        self._progress("merging", len(cells), len(cells))
        self._write_stresses()

    def _copy_fit(self, combination: Combination) -> None:
        """Copy what is there once for each fit."""
        holders = [part for part, fits in zip(self._parts, self._fits, strict=True) if combination in fits]
        stems = [self._folder.checkpoint_stem(*combination)]
        base = next(model.uncalibrated for model in self._record.models if model.name == combination.model)
        # What calibrators follow is kept, though it may not be part of the run itself.
        stems += [self._folder.checkpoint_stem(*combination._replace(model=base))] * bool(base)
        paths = [stem.with_name(stem.name + ending) for stem in dict.fromkeys(stems) for ending in CHECKPOINT]
        paths += [self._folder.validation.predictions_path(*combination), self._folder.hidden_path(*combination)]
        for path in paths:
            self._copy(path.relative_to(self._folder.path), holders, str(combination))
        self._copy_plane(combination, holders)

    def _copy_plane(self, combination: Combination, holders: Sequence[Part]) -> None:
        """Copy where hidden vectors lie in the plane, of the lowest seed; `score` finds out whether it is the one."""
        target = self._folder.plane_path(combination.model, combination.data)
        name = target.relative_to(self._folder.path)
        there = [part.path / name for part in holders if (part.path / name).exists()]
        if there and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(there[0], target)

    def _copy(self, name: Path, holders: Sequence[Part], what: str) -> None:
        there = [part.path / name for part in holders if (part.path / name).exists()]
        for other in there[1:]:
            if not filecmp.cmp(there[0], other, shallow=False):
                raise RunFolderError(_differ(what, there[0], other))
        target = self._folder.path / name
        if there and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(there[0], target)

    def _write_predictions(self, combination: Combination, conditions: Sequence[str]) -> None:
        path, draws = self._folder.predictions_path(*combination), self._record.stress_draws
        wanted = [(text, draw) for text in conditions for draw in range(draws if text in self._random else 1)]
        name = path.relative_to(self._folder.path)
        with contextlib.ExitStack() as stack:
            files = [
                (part.path / name, done, stack.enter_context(PredictionFile(part.path / name)))
                for part, done in zip(self._parts, self._done, strict=True)
                if any((*combination, text) in done for text in conditions)
            ]
            write_tables(path, (_table(combination, place, files) for place in wanted))

    def _write_stresses(self) -> None:
        names = sorted({path.name for part in self._parts for path in (part.path / "stresses").glob("*.parquet")})
        order = [condition.text for condition in self._record.conditions]
        for name in names:
            there = [path for part in self._parts if (path := part.path / "stresses" / name).exists()]
            merge_stresses(there, self._folder.path / "stresses" / name, order)
        done = {(cell.data, cell.condition) for cell in self._record.cells if cell.state == "done"}
        for data in self._record.data:
            known = {condition for condition, _ in recorded(self._folder.stresses_path(data.name))}
            lost = next((text for text in data.realised if (data.name, text) in done and text not in known), None)
            if lost is not None:
                raise RunFolderError(
                    f"{data.name}, {lost}: expected a record of what it did in one of the runs, got none; run the same "
                    "`emobench run` as then again"
                )

    def _write_utterances(self, split: Path) -> None:
        name = split / "utterances.parquet"
        found: dict[str, tuple[Path, pa.Table]] = {}
        for part in self._parts:
            table = read_utterance_table(RunFolder(part.path / split))
            data = texts_of(table["data"])
            for text in dict.fromkeys(data.tolist()):
                rows = (data == text).nonzero()[0]
                of_data = part.path / name, table.slice(int(rows[0]), len(rows))
                found[text] = _with_transcripts(text, found.get(text, of_data), of_data)
        write_table(self._folder.path / name, self._joined(name, found))

    def _joined(self, name: Path, found: Mapping[str, tuple[Path, pa.Table]]) -> pa.Table:
        """Return the utterances of all data sets of the record; refuse runs that have none of one, or other columns."""
        lost = next((data.name for data in self._record.data if data.name not in found), None)
        if lost is not None:
            where = ", ".join(str(part.path / name) for part in self._parts)
            raise RunFolderError(f"expected the utterances of {lost} in {where}, got none; run `emobench run` again")
        first, *others = (found[data.name] for data in self._record.data)
        for path, table in others:
            if table.schema != first[1].schema:
                raise RunFolderError(_differ("the columns of the utterances", first[0], path))
        return pa.concat_tables([first[1], *(table for _, table in others)])


def _with_transcripts(data: str, first: tuple[Path, pa.Table], other: tuple[Path, pa.Table]) -> tuple[Path, pa.Table]:
    """Return the one of two tables of the same utterances that has transcripts; refuse two that disagree."""
    bare = [table.drop_columns("transcript") for _, table in (first, other)]
    without = [table["transcript"].null_count == len(table) for _, table in (first, other)]
    if not bare[0].equals(bare[1]) or (not any(without) and not first[1].equals(other[1])):
        raise RunFolderError(_differ(f"the utterances of {data}", first[0], other[0]))
    return other if without[0] else first


def _table(
    combination: Combination,
    place: tuple[str, int],
    files: Sequence[tuple[Path, set[tuple[str, str, int, str]], PredictionFile]],
) -> pa.Table:
    """Return one draw of a condition; refuse two runs that have other predictions of it."""
    condition, draw = place
    found = [(path, file.read(*place)) for path, done, file in files if (*combination, condition) in done]
    (first, predictions), *others = found
    for path, other in others:
        if _bytes(other) != _bytes(predictions):
            raise RunFolderError(_differ(f"{combination}, {condition}{f', draw {draw}' * bool(draw)}", first, path))
    return prediction_table(condition, draw, predictions)


def _bytes(predictions: Predictions) -> list[tuple[str, bytes]]:
    weights = predictions.modality_weights.items()
    return [("", predictions.probabilities.tobytes()), *((name, values.tobytes()) for name, values in weights)]


def _differ(what: str, first: Path, other: Path) -> str:
    return (
        f"{what}: {first} and {other} are not the same, though they are recorded to be; leave one of the runs out, or "
        "compute it anew"
    )


@contextlib.contextmanager
def _built_beside(out: Path) -> Iterator[Path]:
    """Yield a folder that takes the place of `out`, which is not there or empty; of one that fails nothing is left."""
    temporary: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        # mkdtemp's own folder is private; a run folder is meant to be shared like any other.
        new = temporary / out.name
        new.mkdir()
        yield new
        new.replace(out)
    except RunFolderError:
        raise
    except OSError as error:
        raise RunFolderError(f"cannot write {out}: {error.strerror or error}; {remedy(error)}") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)

"""A baseline that a team has accepted: a small text to review, and beside it what a paired comparison needs.

`baseline.toml`         TOML, sorted, six decimals, one figure a line below the cell it is of; no times, no versions
`baseline.predictions`  a run folder without checkpoints, figures, reports and transcripts: the predictions themselves

The text alone will do: then a difference is held against the baseline's own interval, which is wider. Accepting the
same figures again changes neither.
"""

import hashlib
import json
import math
import shutil
import tempfile
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pydantic import ValidationError

from ..arrow_columns import numbers_of, texts_of
from ..errors import RunFolderError, SpecError
from ..files import remedy, write_table, write_text
from ..progress import Progress, silent
from ..reading import regular
from ..registry import METRICS, make
from ..run_folder import RunFolder
from ..run_record import ALL_SEEDS, RunRecord
from ..scoring import score
from ..toml_text import parsed
from ..utterance_file import read_utterance_table
from .accepted_record import SCHEMA_VERSION, Accepted, AcceptedData, AcceptedFigure
from .timings import AcceptedLatencies, accepted_latencies, latency_lines

_HEADER = "# Figures accepted with `emobench accept`: to review, not to edit; the predictions beside it decide.\n"


def predictions_folder(path: Path) -> RunFolder:
    """Return where the predictions of a baseline are."""
    return RunFolder(path.with_suffix(".predictions"))


def accept(folder: RunFolder, path: Path, *, references: bool = False, progress: Progress = silent) -> Accepted:
    """Make a run the baseline at `path`; one that is there is replaced.

    The text holds every figure that has a better and a worse and is no part of another.

    Parameters
    ----------
    references
        Whether the text holds the models too that emobench added for comparison, such as the exact posterior.

    Raises
    ------
    RunFolderError
        When a cell of the run failed, the run has no figures, or the baseline cannot be written.
    SpecError
        When `path` does not end in .toml.
    """
    if path.suffix != ".toml":
        raise SpecError(f"expected --as FILE.toml, got {path}")
    record = folder.read_record()
    failed = [cell for cell in record.cells if cell.state == "failed"]
    if failed:
        first = f"{failed[0].model} on {failed[0].data} under {failed[0].condition}: {failed[0].why}"
        raise RunFolderError(f"{folder.path} has {len(failed)} failed cells ({first}); a baseline has to be whole")
    latencies = accepted_latencies(folder)
    if latencies and not record.cells:
        return _accept_latencies(record, latencies, path)
    table = score(folder, progress=progress)
    if not len(table):
        raise RunFolderError(f"{folder.path} has no figures to accept; run it on data with labels")
    digest = _write_predictions(folder, record, predictions_folder(path).path)
    accepted = Accepted(
        stress_seed=record.stress_seed,
        stress_draws=record.stress_draws,
        selection=record.selection,
        predictions=digest,
        data=_data(table, record),
        figures=_figures(table, set() if references else {model.name for model in record.models if model.reference}),
        latencies=latencies,
    )
    write_text(path, "".join(_lines(accepted)))
    return accepted


def _accept_latencies(record: RunRecord, latencies: AcceptedLatencies, path: Path) -> Accepted:
    """Make a baseline of latencies alone: there are no predictions beside it."""
    counts = {data.name: data.sizes.get("test", {}) for data in record.data}
    accepted = Accepted(
        stress_seed=record.stress_seed,
        stress_draws=record.stress_draws,
        selection=record.selection,
        predictions="",
        data={
            data.name: AcceptedData(
                fingerprint=data.fingerprint,
                utterances=int(counts[data.name].get("utterances", 0)),
                dialogues=int(counts[data.name].get("dialogues", 0)),
            )
            for data in sorted(record.data, key=lambda data: data.name)
        },
        figures={},
        latencies=latencies,
    )
    shutil.rmtree(predictions_folder(path).path, ignore_errors=True)
    write_text(path, "".join(_lines(accepted)))
    return accepted


def read_accepted(path: Path) -> Accepted:
    """Return the text of a baseline.

    Raises
    ------
    RunFolderError
        When it is missing or damaged, of another schema version, or the predictions beside it are others.
    """
    try:
        content = parsed(regular(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(
            f"cannot read the baseline {path}: {error.strerror}; make one with `emobench accept RUN --as {path}`"
        ) from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise RunFolderError(f"{path} is no baseline: {error}; {_again(path)}") from None
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        raise RunFolderError(
            f"{path} is a baseline of schema version {version}, expected {SCHEMA_VERSION}; {_again(path)}"
        )
    try:
        accepted = Accepted.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise RunFolderError(f"{path} is damaged at {place}: {first['msg']}; {_again(path)}") from None
    beside = predictions_folder(path).path
    if beside.exists() and _digest(beside) != accepted.predictions:
        raise RunFolderError(f"{beside} is not what was accepted with {path}; restore it, or {_again(path)}")
    return accepted


def _again(path: Path) -> str:
    return f"accept a run again: `emobench accept RUN --as {path}`"


def _write_predictions(folder: RunFolder, record: RunRecord, target: Path) -> str:
    """Write the predictions of a run in the place of what is there, and return their digest."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
            new = RunFolder(Path(temporary) / "new")
            fits = [*{(c.model, c.data, c.seed): None for c in record.cells if c.state == "done"}]
            _copy(folder, new, fits)
            if folder.validation.utterances_path.exists():
                there = [fit for fit in fits if folder.validation.predictions_path(*fit).exists()]
                _copy(folder.validation, new.validation, there)
            new.write_record(record.model_copy(update={"fits": ()}))
            shutil.rmtree(target, ignore_errors=True)
            new.path.rename(target)
    except OSError as error:
        raise RunFolderError(f"cannot write {target}: {error.strerror or error}; {remedy(error)}") from None
    return _digest(target)


def _copy(folder: RunFolder, new: RunFolder, fits: Iterable[tuple[str, str, int]]) -> None:
    """Copy the predictions of fits, and the utterances without their transcripts."""
    for fit in fits:
        file = new.predictions_path(*fit)
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder.predictions_path(*fit), file)
    utterances = read_utterance_table(folder)
    place = utterances.column_names.index("transcript")
    # What was said may not be everybody's to pass on, and no figure needs it.
    write_table(new.utterances_path, utterances.set_column(place, "transcript", pa.nulls(len(utterances), pa.string())))


def _digest(folder: Path) -> str:
    """Return a digest of what figures are computed from; not of run.json, which says when."""
    files = sorted(path for path in folder.rglob("*.parquet"))
    digests = [hashlib.sha256(regular(path).read_bytes()).hexdigest() for path in files]
    parts = [(path.relative_to(folder).as_posix(), digest) for path, digest in zip(files, digests, strict=True)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class _Row(NamedTuple):
    data: str
    model: str
    condition: str
    metric: str
    part: str
    seed: float
    value: float
    low: float
    high: float
    seed_sd: float


def _rows(table: pa.Table) -> Iterator[_Row]:
    texts = [texts_of(table[name]) for name in _Row._fields[:5]]
    numbers = [numbers_of(table[name]) for name in _Row._fields[5:]]
    return (_Row(*row) for row in zip(*texts, *numbers, strict=True))


def _figures(table: pa.Table, left_out: Container[str]) -> dict[str, dict[str, dict[str, dict[str, AcceptedFigure]]]]:
    rows = [row for row in _rows(table) if not row.part and math.isfinite(row.value) and row.model not in left_out]
    seeds: dict[tuple[str, ...], int] = {}
    for row in rows:
        if row.seed != ALL_SEEDS:
            seeds[row[:4]] = seeds.get(row[:4], 0) + 1
    judged = {metric for metric in {row.metric for row in rows} if make(METRICS, metric).direction != "none"}
    found: dict[str, dict[str, dict[str, dict[str, AcceptedFigure]]]] = {}
    for row in sorted(row for row in rows if row.seed == ALL_SEEDS and row.metric in judged):
        figure = AcceptedFigure(
            value=row.value, low=row.low, high=row.high, seed_sd=row.seed_sd, seeds=seeds.get(row[:4], 1)
        )
        found.setdefault(row.data, {}).setdefault(row.model, {}).setdefault(row.condition, {})[row.metric] = figure
    return found


def _data(table: pa.Table, record: RunRecord) -> dict[str, AcceptedData]:
    columns = (texts_of(table["data"]), numbers_of(table["utterances"]), numbers_of(table["dialogues"]))
    counts = {data: (int(utterances), int(dialogues)) for data, utterances, dialogues in zip(*columns, strict=True)}
    return {
        data.name: AcceptedData(
            fingerprint=data.fingerprint, utterances=counts[data.name][0], dialogues=counts[data.name][1]
        )
        for data in sorted(record.data, key=lambda data: data.name)
        if data.name in counts
    }


def _lines(accepted: Accepted) -> Iterator[str]:
    yield _HEADER
    yield f"schema_version = {accepted.schema_version}\nstress_seed = {accepted.stress_seed}\n"
    yield f"stress_draws = {accepted.stress_draws}\nselection = {_quoted(accepted.selection)}\n"
    yield f"predictions = {_quoted(accepted.predictions)}\n"
    for name, data in accepted.data.items():
        yield f"\n[data.{_quoted(name)}]\nfingerprint = {_quoted(data.fingerprint)}\n"
        yield f"utterances = {data.utterances}\ndialogues = {data.dialogues}\n"
    for data_name, models in accepted.figures.items():
        for model, conditions in models.items():
            for condition, metrics in conditions.items():
                yield f"\n[figures.{_quoted(data_name)}.{_quoted(model)}.{_quoted(condition)}]\n"
                yield from (f"{_quoted(metric)} = {_inline(figure)}\n" for metric, figure in metrics.items())
    yield from latency_lines(accepted.latencies)


def _inline(figure: AcceptedFigure) -> str:
    names = ("value", "low", "high", *(() if math.isnan(figure.seed_sd) else ("seed_sd",)))
    numbers = ", ".join(f"{name} = {getattr(figure, name):.6f}" for name in names)
    return f"{{ {numbers}, seeds = {figure.seeds} }}"


def _quoted(text: str) -> str:
    """Return a TOML string; the strings of JSON are strings of TOML."""
    return json.dumps(text, ensure_ascii=False)

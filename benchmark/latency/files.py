"""latency.json and latency.parquet of a run folder; reading them needs neither torch nor a model."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int32
from pydantic import ValidationError

from ..arrow_columns import number_column, numbers_of, text_column, texts_of, whole_numbers_of, wrong_column
from ..errors import RunFolderError
from ..files import read_table, write_table, write_text
from ..reading import regular
from ..run_folder import RunFolder
from .record import LATENCY_VERSION, Cell, CellLatency, LatencyRecord, MachineRecord, Part

_TEXTS = ("model", "data", "scenario", "device", "dtype", "compiled", "dropped", "weights")
_NUMBERS = ("threads", "batch", "context")
AGAIN = "type the same `emobench latency` again"
"""What to do about files that cannot be read."""


class PartSamples(NamedTuple):
    """The samples of one part of one cell, in the order measured."""

    cell: Cell
    part: Part
    turn: Int32[np.ndarray, " iterations"]
    """−1: of several."""
    block: Int32[np.ndarray, " iterations"]
    host: Float32[np.ndarray, " iterations"]
    """Milliseconds."""
    device: Float32[np.ndarray, " iterations"]
    """Milliseconds; NaN: no device."""


def json_path(folder: RunFolder) -> Path:
    """Return the path of latency.json."""
    return folder.path / "latency.json"


def samples_path(folder: RunFolder) -> Path:
    """Return the path of latency.parquet."""
    return folder.path / "latency.parquet"


def has_latencies(folder: RunFolder) -> bool:
    """Return whether latencies were measured into this folder."""
    return json_path(folder).exists()


def read_latencies(folder: RunFolder) -> LatencyRecord:
    """Return the content of latency.json.

    Raises
    ------
    RunFolderError
        When there is none, or it is damaged or of another version.
    """
    path = json_path(folder)
    try:
        return LatencyRecord.model_validate_json(regular(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise RunFolderError(
            f"{folder.path} holds no latencies; type for example: emobench latency --model rage_fusion "
            f"--out {folder.path}"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its start"
        raise RunFolderError(
            f"{path} cannot be read: at {place}: {first['msg']}; it is damaged or of another version (this emobench "
            f"reads version {LATENCY_VERSION}); delete it and {AGAIN}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunFolderError(f"cannot read {path}: {error}; delete it and {AGAIN}") from None


def read_samples(folder: RunFolder) -> tuple[PartSamples, ...]:
    """Return all samples of the cells that were measured, in the order of latency.json.

    Raises
    ------
    RunFolderError
        When a file is missing or damaged, or the two do not belong together.
    """
    record, path = read_latencies(folder), samples_path(folder)
    if not path.exists():
        raise RunFolderError(f"{path} is missing; restore it, or delete {json_path(folder)} and {AGAIN}")
    try:
        digest = _digest(path)
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror or error}; delete both and {AGAIN}") from None
    if digest != record.samples:
        raise RunFolderError(
            f"{path} does not belong to {json_path(folder).name} beside it; restore it, or delete both and {AGAIN}"
        )
    table = read_table(path)
    if wrong := wrong_column(table, texts=("cell", "part"), whole=("turn", "block"), numbers=("host", "device")):
        raise RunFolderError(f"{path}: {wrong}; delete it and {json_path(folder)} and {AGAIN}")
    cells, parts = texts_of(table["cell"]), texts_of(table["part"])
    columns = {name: _fitting(whole_numbers_of(table[name]), np.int32, name, folder) for name in ("turn", "block")}
    columns |= {name: _fitting(numbers_of(table[name]), np.float32, name, folder) for name in ("host", "device")}
    found = []
    for cell in (one.cell for one in record.cells):
        for part in ("whole", "forward"):
            rows = np.flatnonzero((cells == cell.text) & (parts == part))
            if len(rows):
                found.append(PartSamples(cell, part, **{name: column[rows] for name, column in columns.items()}))
    return tuple(found)


def _fitting(values: np.ndarray, kind: type[np.generic], name: str, folder: RunFolder) -> np.ndarray:
    """Return values in the type in which they were written; refuse those that it does not hold."""
    with np.errstate(over="ignore"):
        fitted = values.astype(kind)
    wrong = np.isinf(fitted) if fitted.dtype.kind == "f" else fitted != values
    if wrong.any():
        row = int(np.argmax(wrong))
        raise RunFolderError(
            f"{samples_path(folder)}: expected {kind.__name__} in the column {name!r}, got {values[row]:g} in row "
            f"{row}; delete it and {json_path(folder)} and {AGAIN}"
        )
    return fitted


def write_latencies(
    folder: RunFolder,
    cells: Sequence[CellLatency],
    samples: Sequence[PartSamples],
    *,
    machines: dict[str, MachineRecord],
    commands: Sequence[str],
) -> LatencyRecord:
    """Write both files, each whole or not at all; the digest in latency.json tells whether they belong together.

    Parameters
    ----------
    commands
        What was typed, in this order.

    Raises
    ------
    RunFolderError
        When the folder cannot be written to.
    """
    write_table(samples_path(folder), _table(samples))
    used = {one.machine for one in cells}
    record = LatencyRecord(
        commands=tuple(commands),
        samples=_digest(samples_path(folder)),
        machines={name: machine for name, machine in machines.items() if name in used},
        cells=tuple(cells),
    )
    write_text(json_path(folder), record.model_dump_json(indent=1) + "\n")
    return record


def _table(samples: Sequence[PartSamples]) -> pa.Table:
    lengths = [len(one.host) for one in samples]
    columns = {"cell": _repeated([one.cell.text for one in samples], lengths)}
    for name in _TEXTS:
        columns[name] = _repeated([getattr(one.cell, name) for one in samples], lengths)
    for name in _NUMBERS:
        values = np.array([getattr(one.cell, name) for one in samples], np.int32)
        columns[name] = number_column(np.repeat(values, lengths))
    columns["part"] = _repeated([one.part for one in samples], lengths)
    for name, kind in (("turn", np.int32), ("block", np.int32)):
        columns[name] = number_column(_joined([getattr(one, name) for one in samples], kind))
    columns["iteration"] = number_column(_joined([np.arange(length) for length in lengths], np.int32))
    for name in ("host", "device"):
        columns[name] = number_column(_joined([getattr(one, name) for one in samples], np.float32))
    return pa.table(columns)


def _joined(arrays: Sequence[np.ndarray], kind: type[np.generic]) -> np.ndarray:
    return np.concatenate([np.empty(0, kind), *arrays]).astype(kind)


def _repeated(texts: Sequence[str], lengths: Sequence[int]) -> pa.Array:
    """Return a column that stores each text once."""
    known = list(dict.fromkeys(texts))
    places = np.array([known.index(text) for text in texts], np.int32)
    return pa.DictionaryArray.from_arrays(number_column(np.repeat(places, lengths)), text_column(known))


def _digest(path: Path) -> str:
    return hashlib.sha256(regular(path).read_bytes()).hexdigest()

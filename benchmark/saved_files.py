"""Files of saved predictions as columns: Parquet, CSV or NPZ, one file or a folder of them; never a pickle.

Columns (NPZ: arrays) that are known by name, all but `utterance_id` and the classes optional:

utterance_id      name of the utterance, as the data set has it; rows may be in any order
p_<class>         one column for each class, or p_0, p_1, … in the order of the classes; NPZ also one array `p`
condition         canonical or other spelling of a condition; absent: the name of the file, or `clean`
draw, seed        whole numbers from 0; absent: draw 0, and the same predictions for every training seed
split             train, validation or test; absent: test
dialogue_id       name of the dialogue, checked where it is there
data, fingerprint, stress_seed
                  what the predictions were made for, checked where they are there

Other columns are left alone. In a folder, a file without the column `condition` is named after its condition, with `~`
in place of `/`: `clean.csv`, `modality_drop:drop=audio~video.csv`.
"""

import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from .array_files import opened_arrays
from .arrow_columns import is_number, numbers_of, texts_of
from .digests import Stamp, digest_of, stamp_of
from .errors import DataError
from .parquet_files import DAMAGED, open_parquet, read_schema
from .reading import regular, with_home

CLEAN = "clean"
"""The condition of a file that names none."""
TEXTS = ("utterance_id", "dialogue_id", "condition", "split", "data", "fingerprint")
"""Columns of texts."""
NUMBERS = ("draw", "seed", "stress_seed")
"""Columns of whole numbers."""
PROBABILITY = "p_"
"""What the names of the columns of the classes begin with."""
ENDINGS = (".parquet", ".csv", ".npz")
SLASH = "~"
"""Stands for `/` in the name of a file that is named after its condition."""


class SavedFile(NamedTuple):
    """The columns of one file that mean something."""

    path: Path
    columns: Mapping[str, np.ndarray]
    """Texts as objects; numbers as float64, an empty cell NaN. All of one length."""
    condition: str
    """Condition of all rows where there is no such column."""


def typed_path(text: str) -> Path:
    """Return the path that a spec text holds: `%20` stands for a space, `%2B` for `+`, `~` for the home folder."""
    return with_home(unquote(text))


def column_names(path: Path) -> tuple[str, ...]:
    """Return the names of the columns of a file, of a folder those of its first.

    Raises
    ------
    DataError
        As `read_files`.
    """
    first = _files(path)[0]
    return _names(first, _stamp(first))


def read_files(path: Path) -> tuple[SavedFile, ...]:
    """Return the content of a file, or of each file in a folder.

    Raises
    ------
    DataError
        When there is none, or one cannot be read, is damaged, or holds something else than texts and numbers.
    """
    inside = path.is_dir()
    return tuple(
        SavedFile(file, _read(file), file.stem.replace(SLASH, "/") if inside else CLEAN) for file in _files(path)
    )


def content_key(path: Path) -> str:
    """Return the SHA-256 of what is in a file, or of names and contents of the files in a folder.

    Raises
    ------
    DataError
        When there is nothing to read.
    """
    files = _files(path)
    return hashlib.sha256(repr([(file.name, _digest(file)) for file in files]).encode()).hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix in ENDINGS and not file.name.startswith("."))
        if not found:
            raise DataError(f"{path}: expected files that end in {', '.join(ENDINGS)}, found none")
        return found
    if not path.exists():
        raise DataError(f"{path}: there is no such file; expected saved predictions ({', '.join(ENDINGS)}) or a folder")
    if path.suffix not in ENDINGS:
        raise DataError(
            f"{path}: expected a file that ends in {', '.join(ENDINGS)}, got {path.suffix or 'no ending'!r}"
        )
    return [path]


def _stamp(file: Path) -> Stamp:
    try:
        return stamp_of(file)
    except OSError as error:  # a link to nothing
        raise _unreadable(file, error) from None


def _digest(file: Path) -> str:
    try:
        return digest_of(file)
    except OSError as error:
        raise _unreadable(file, error) from None


@lru_cache(maxsize=1024)
def _names(file: Path, stamp: Stamp) -> tuple[str, ...]:
    try:
        if file.suffix == ".parquet":
            names = read_schema(file).names
        elif file.suffix == ".csv":
            with regular(file).open("rb") as opened:
                names = pc.read_csv(pa.BufferReader(opened.readline())).column_names
        else:
            with opened_arrays(file) as arrays:
                names = arrays.names
    except _CANNOT as error:
        raise _unreadable(file, error) from None
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{file}: expected each column once, got {twice[0]!r} twice")
    return tuple(names)


def _read(file: Path) -> dict[str, np.ndarray]:
    names = _names(file, _stamp(file))
    try:
        columns = _arrays(file) if file.suffix == ".npz" else _columns(file, names)
    except _CANNOT as error:
        raise _unreadable(file, error) from None
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"{file}: expected arrays of one length, got {shown}")
    if not any(lengths.values()):
        raise DataError(f"{file}: expected rows, got none")
    return columns


def _columns(file: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    kept = [name for name in names if name in (*TEXTS, *NUMBERS) or name.startswith(PROBABILITY)]
    table = _csv(file, kept) if file.suffix == ".csv" else _parquet(file, kept)
    columns = {}
    for name in kept:
        column = table[name]
        if name in TEXTS:
            columns[name] = _require_texts(file, name, texts_of(column))
        else:
            if not is_number(column) and not pa.types.is_null(column.type):
                raise DataError(f"{file}: expected numbers in the column {name!r}, got {column.type}")
            columns[name] = np.full(len(column), np.nan) if pa.types.is_null(column.type) else numbers_of(column)
    return columns


def _csv(file: Path, kept: list[str]) -> pa.Table:
    # Names may look like numbers, and a column of probabilities may hold whole numbers only.
    kinds = {name: pa.string() if name in TEXTS else pa.float64() for name in kept if name not in NUMBERS}
    return pc.read_csv(regular(file), convert_options=pc.ConvertOptions(column_types=kinds, include_columns=kept))


def _parquet(file: Path, kept: list[str]) -> pa.Table:
    with open_parquet(file) as opened:
        return opened.read(columns=kept)


def _arrays(file: Path) -> dict[str, np.ndarray]:
    with opened_arrays(file) as arrays:
        found = {name: arrays[name] for name in arrays.names}
    columns: dict[str, np.ndarray] = {}
    for name, array in found.items():
        if name == "p":
            columns |= _matrix(file, array, found.get("classes"))
        elif name in TEXTS:
            columns[name] = _require_texts(file, name, np.atleast_1d(array).astype(object))
        elif name in NUMBERS or name.startswith(PROBABILITY):
            columns[name] = _require_numbers(file, name, array)
    rows = max(map(len, columns.values()), default=0)
    # One text or number for all rows may be said once.
    return {
        name: np.repeat(column, rows) if found.get(name, column).ndim == 0 else column
        for name, column in columns.items()
    }


def _matrix(file: Path, array: np.ndarray, classes: np.ndarray | None) -> dict[str, np.ndarray]:
    if array.ndim != 2:
        raise DataError(f"{file}: expected the array 'p' as utterances × classes, got the shape {array.shape}")
    names = range(array.shape[1]) if classes is None else classes.tolist()
    if len(names) != array.shape[1]:
        raise DataError(f"{file}: expected a name in 'classes' for each of {array.shape[1]} columns, got {len(names)}")
    return {f"{PROBABILITY}{name}": _require_numbers(file, "p", array[:, k]) for k, name in enumerate(names)}


def _require_numbers(file: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "iuf" or array.ndim > 1:
        raise DataError(f"{file}: expected numbers, one per row, in {name!r}, got {array.dtype} of shape {array.shape}")
    return np.atleast_1d(array).astype(np.float64)


def _require_texts(file: Path, name: str, column: np.ndarray) -> np.ndarray:
    # Names that happen to be whole numbers are names all the same.
    texts = np.array([str(value) if isinstance(value, str | int) else "" for value in column], dtype=object)
    empty = texts == ""
    if empty.any():
        row = int(np.argmax(empty))
        raise DataError(
            f"{file}: expected a text in the column {name!r} of every row, got {column[row]!r} in row {row}"
        )
    return texts


_CANNOT = (*DAMAGED, ValueError)


def _unreadable(file: Path, error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    first = (os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)).partition("\n")[0]
    return DataError(
        f"{file}: cannot be read ({first}); expected {file.suffix} with texts and numbers, nothing pickled"
    )

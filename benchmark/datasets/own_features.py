"""Features of people's own corpora: one file per modality, rows found by name or by order."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from ..array_files import Unreadable, read_array
from ..errors import DataError, suggestion
from .names import is_word
from .own_tables import ENDINGS, LARGEST, Table, read_table
from .utterances import Utterance

UTTERANCES = "utterances"
"""Stem of the table of utterances."""
KEYS = ("utterance", "dialogue", "turn")
"""Columns of a table of features that are none."""
TOLD = ("speaker", "label", "split", "transcript")
"""Columns of the table of utterances; as features they would give away what is to be found out."""
_INDICES = ("", "Unnamed: 0", "__index_level_0__")
"""What pandas calls the numbers of rows that it writes unless told not to."""
_OTHERS = (".npz", ".pkl", ".pickle", ".pt", ".mat", ".h5", ".hdf5", ".tsv", ".xlsx")
"""Endings of files that hold features elsewhere."""


class Features(NamedTuple):
    """Features of all utterances in one modality."""

    rows: Float32[np.ndarray, "utterances width"]
    """Zeros where there are none."""
    there: Bool[np.ndarray, " utterances"]
    """Which utterances have any."""


def files_of(source: Path) -> tuple[Path, Mapping[str, Path]]:
    """Return the table of utterances and the file of each modality.

    Raises
    ------
    DataError
        When there is no such folder or table, two files of one name, or a name that is no word.
    """
    if not source.is_dir():
        got = "is a file" if source.exists() else "does not exist"
        raise DataError(f"expected a folder with {UTTERANCES}.csv, but {source} {got}")
    found: dict[str, Path] = {}
    for path in sorted(source.iterdir()):
        if path.suffix not in (*ENDINGS, ".npy"):
            continue
        if not path.is_file():
            raise DataError(f"{path}: expected a file of features, got {_said_of(path)}; take it out, or mend it")
        if path.stem in found:
            raise DataError(f"{path}: expected one file named {path.stem}, got {found[path.stem].name} too")
        if not is_word(path.stem):
            raise DataError(f"{path}: expected the name of a modality, such as audio{path.suffix}, got {path.stem!r}")
        found[path.stem] = path
    table = found.pop(UTTERANCES, None)
    if table is None or table.suffix not in ENDINGS:
        near = f"; {suggestion(UTTERANCES, found)}" if found else ""
        raise DataError(f"{source}: expected {UTTERANCES}.csv or {UTTERANCES}.parquet, got neither{near}")
    return table, found


def read_features(path: Path, utterances: Sequence[Utterance]) -> Features:
    """Return the features of a file, in the order of utterances.

    Raises
    ------
    DataError
        When a row belongs to no utterance or to one that has a row already, or a cell is no finite number.
    """
    found = _from_array(path, len(utterances)) if path.suffix == ".npy" else _from_table(read_table(path), utterances)
    if not found.there.any():
        raise DataError(f"{path}: expected features of some utterance, got empty rows only; take the file out")
    return found


def none_of(source: Path, table: Path) -> DataError:
    """Return the error about a folder without features, which names files that may be meant for some."""
    others = [path.name for path in sorted(source.iterdir()) if path.suffix.lower() in _OTHERS]
    got = f"; {', '.join(others[:3])} would have to be .npy, .csv or .parquet" if others else ""
    return DataError(f"{source}: expected a file of features beside {table.name}, such as audio.npy, got none{got}")


def _said_of(path: Path) -> str:
    return "a link to nothing" if path.is_symlink() else "a folder"


def _from_array(path: Path, utterances: int) -> Features:
    try:
        array = read_array(path)
    except (OSError, Unreadable) as error:
        first = str(error).partition("\n")[0]
        raise DataError(f"{path}: not readable as an array of numbers ({first})") from None
    if array.ndim != 2 or array.dtype.kind not in "iuf" or array.shape[0] != utterances or not array.shape[1]:
        raise DataError(
            f"{path}: expected numbers of the shape {utterances} utterances × width, got {array.dtype} of {array.shape}"
        )
    there = ~np.isnan(array).all(axis=1)
    # In double precision: half precision has no such number.
    bad = there[:, None] & ~(np.abs(array) <= np.float64(LARGEST))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(f"{path}, row {row}, column {column}: expected a finite number, got {array[row, column]}")
    rows = array.astype(np.float32)
    rows[~there] = 0
    return Features(rows, there)


def _from_table(table: Table, utterances: Sequence[Utterance]) -> Features:
    by_name = "utterance" in table.columns
    table.require(("utterance",) if by_name else ("dialogue", "turn"))
    columns = [column for column in table.columns if column not in KEYS]
    _require_features(table, columns)
    if not columns:
        raise DataError(f"{table.path}: expected columns of features beside {', '.join(table.columns)}, got none")
    values, filled = table.numbers(columns)
    index = {_key(utterance, by_name=by_name): place for place, utterance in enumerate(utterances)}
    rows = np.zeros((len(utterances), len(columns)), np.float32)
    there = np.zeros(len(utterances), bool)
    places: dict[int, str] = {}
    for number, record in enumerate(table.records(KEYS)):
        key = record.text("utterance") if by_name else f"{record.text('dialogue')}, turn {record.integer('turn')}"
        if key not in index:
            near = difflib.get_close_matches(key, index, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise DataError(f"{record.place}: expected an utterance of the table, got {key!r}{meant}")
        place = index[key]
        if places.setdefault(place, record.place) != record.place:
            raise DataError(f"{record.place}: {key} already has features at {places[place]}")
        rows[place], there[place] = values[number], filled[number]
    return Features(rows, there)


def _require_features(table: Table, columns: Sequence[str]) -> None:
    """Raise DataError for columns that were hardly meant for features."""
    for column in columns:
        if column in _INDICES:
            raise DataError(
                f"{table.path}: expected a name for each column, got {column!r}, which would be a feature; are these "
                "numbers of rows? Take the column out (in pandas: index=False)"
            )
        if column in TOLD:
            raise DataError(f"{table.path}: column {column!r} would be a feature; take it out, or give it another name")


def _key(utterance: Utterance, *, by_name: bool) -> str:
    return utterance.identifier if by_name else f"{utterance.dialogue}, turn {utterance.position[1]}"

"""Tables of people's own corpora: CSV or Parquet, columns by name; mistakes are named by file, line and column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32

from ..errors import DataError, suggestion
from ..parquet_files import DAMAGED, open_parquet
from .csv_files import Line, Record, read_lines

ENDINGS = (".csv", ".parquet")
LARGEST = float(np.finfo(np.float32).max)
"""Features are kept in single precision."""


@dataclass(frozen=True, eq=False)
class Table:
    """Rows under named columns."""

    path: Path
    """The file."""
    columns: tuple[str, ...]
    """Their names, in the order of the file."""
    rows: Sequence[tuple[object, ...]]
    """Texts of a CSV file, values of a Parquet file; None or empty: there is nothing."""
    places: tuple[str, ...]
    """File and line of each row; of a Parquet file the row, from 1."""

    def require(self, columns: Sequence[str]) -> None:
        """Raise DataError unless it has some columns."""
        missing = next((column for column in columns if column not in self.columns), None)
        between = re.search("[;\t|]", self.columns[0]) if len(self.columns) == 1 else None
        if missing is not None and between is not None:
            raise DataError(
                f"{self.path}: expected commas between columns, got {between.group()!r}; save it with commas"
            )
        if missing is not None:
            near = suggestion(missing, [column for column in self.columns if column not in columns])
            raise DataError(f"{self.path}: expected a column {missing!r}; {near}")

    def records(self, columns: Sequence[str]) -> list[Record]:
        """Return texts by column; of a column that is not there, empty ones."""
        indices = {column: self.columns.index(column) for column in columns if column in self.columns}
        return [
            Record(place, {c: _text(row[indices[c]]) if c in indices else "" for c in columns})
            for place, row in zip(self.places, self.rows, strict=True)
        ]

    def numbers(self, columns: Sequence[str]) -> tuple[Float32[np.ndarray, "rows columns"], Bool[np.ndarray, " rows"]]:
        """Return the numbers of some columns, and which rows hold any; a row of empty cells is one of zeros."""
        indices = [self.columns.index(column) for column in columns]
        matrix = np.zeros((len(self.rows), len(columns)), np.float32)
        there = np.ones(len(self.rows), bool)
        for number, row in enumerate(self.rows):
            cells = [row[index] for index in indices]
            there[number] = any(cell is not None and cell != "" for cell in cells)
            if there[number]:
                matrix[number] = self._finite(cells, columns, self.places[number])
        return matrix, there

    def _finite(self, cells: Sequence[object], columns: Sequence[str], place: str) -> Sequence[float]:
        try:
            numbers = [float(cell) for cell in cells]  # type: ignore[arg-type]  # what is no number is caught
        except (TypeError, ValueError):
            numbers = [np.nan]
        if not all(abs(number) <= LARGEST for number in numbers):
            column, cell = next(pair for pair in zip(columns, cells, strict=True) if not _is_finite(pair[1]))
            raise DataError(f"{place}: expected a finite number in column {column!r}, got {_text(cell)!r}")
        return numbers


def read_table(path: Path) -> Table:
    """Return the content of a CSV or Parquet file.

    Raises
    ------
    DataError
        When it cannot be read, has a column twice, or a line has more or fewer cells than there are columns.
    """
    table = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    twice = next((column for column in table.columns if table.columns.count(column) > 1), None)
    if twice is not None:
        raise DataError(f"{path}: expected each column once, got {twice!r} twice")
    if not table.rows:
        raise DataError(f"{path}: expected rows below the names of the columns, got none")
    return table


def _read_csv(path: Path) -> Table:
    header, *lines = read_lines(path)
    for line in lines:
        _require_cells(line, len(header.cells))
    names = tuple(cell.strip() for cell in header.cells)
    return Table(path, names, [line.cells for line in lines], tuple(line.place for line in lines))


def _require_cells(line: Line, columns: int) -> None:
    if len(line.cells) != columns:
        raise DataError(f"{line.place}: expected {columns} columns as in line 1, got {len(line.cells)}")


def _read_parquet(path: Path) -> Table:
    try:
        with open_parquet(path) as file:
            table = file.read()
        columns = [table.column(index).to_pylist() for index in range(table.num_columns)]
    except DAMAGED as error:
        first = str(error).partition("\n")[0]
        raise DataError(f"{path}: not readable as Parquet ({first}); is the file complete?") from None
    places = tuple(f"{path}, row {number}" for number in range(1, table.num_rows + 1))
    return Table(path, tuple(table.column_names), [*zip(*columns, strict=True)], places)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)


def _is_finite(cell: object) -> bool:
    try:
        return abs(float(cell)) <= LARGEST  # type: ignore[arg-type]  # what is no number is caught
    except (TypeError, ValueError):
        return False

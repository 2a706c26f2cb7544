"""CSV files of public corpora, read strictly: each mistake is named by file and line.

Text is UTF-8. Stray Windows-1252 characters, which copies of MELD hold in place of quotation marks and dashes, are
taken for what they were meant to be: a byte that is no UTF-8 is read as Windows-1252, and so is a control character
U+0080 to U+009F. The five codes that Windows-1252 leaves undefined are refused.
"""

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from ..errors import DataError, suggestion
from ..reading import regular

_LARGEST = float(np.finfo(np.float32).max)
"""Features are kept in single precision."""
_CONTROLS = range(0x80, 0xA0)
_ESCAPED = range(0xDC80, 0xDD00)
"""Where Python puts bytes that are no UTF-8 (PEP 383)."""


@dataclass(frozen=True)
class Line:
    """One record of a CSV file."""

    path: Path
    """The file."""
    number: int
    """Line of the file at which the record begins, from 1."""
    cells: tuple[str, ...]
    """Its columns."""

    @property
    def place(self) -> str:
        """File and line, as messages name them."""
        return f"{self.path}, line {self.number}"


@dataclass(frozen=True)
class Record:
    """A line of a file whose first line names the columns."""

    place: str
    """File and line."""
    values: dict[str, str]
    """Text per column."""

    def text(self, column: str) -> str:
        """Return the text without blanks around it; empty text is an error."""
        value = self.values[column].strip()
        if not value:
            raise DataError(f"{self.place}: expected something in {column}, got an empty cell")
        return value

    def integer(self, column: str) -> int:
        """Return a whole number from 0."""
        return whole_number(self.values[column], self.place, column)

    def index(self, column: str, names: Sequence[str]) -> int:
        """Return the index of a text among `names`."""
        value = self.values[column].strip()
        if value not in names:
            raise DataError(f"{self.place}: unknown {column} {value!r}; {suggestion(value, names)}")
        return names.index(value)


@dataclass(frozen=True, eq=False)
class Numbers:
    """A file of numbers without a header."""

    path: Path
    """The file."""
    lines: tuple[int, ...]
    """Line of the file per row, from 1."""
    values: Float64[np.ndarray, "rows columns"]
    """All finite."""

    def place(self, row: int) -> str:
        """File and line of a row."""
        return f"{self.path}, line {self.lines[row]}"


def require_files(source: Path, files: Sequence[str], data: str) -> None:
    """Raise DataError unless `source` is a folder that holds the files named."""
    if not source.is_dir():
        got = "is a file" if source.exists() else "does not exist"
    elif not any(source.iterdir()):
        got = "is empty"
    else:
        missing = [name for name in files if not (source / name).is_file()]
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        got = f"has no {', '.join(missing[:3])}{more}" if missing else ""
    if got:
        raise DataError(f"expected the folder with the published files of {data}, but {source} {got}")


def read_records(path: Path, columns: Sequence[str]) -> tuple[Record, ...]:
    """Return the lines of a file whose first line names the columns; `columns` must be among them."""
    header, *lines = read_lines(path)
    names = [name.strip() for name in header.cells]
    missing = [column for column in columns if column not in names]
    if missing:
        raise DataError(f"{header.place}: expected a column {missing[0]!r}, got {', '.join(names)}")
    for line in lines:
        _require_columns(line, len(names), "as in line 1")
    return tuple(Record(line.place, dict(zip(names, line.cells, strict=True))) for line in lines)


def read_numbers(path: Path, columns: int, meaning: str) -> Numbers:
    """Return a file of numbers; `meaning` says in a message what its columns are."""
    lines = read_lines(path)
    for line in lines:
        _require_columns(line, columns, meaning)
    return Numbers(path, tuple(line.number for line in lines), np.array([_finite(line) for line in lines]))


def read_lines(path: Path) -> tuple[Line, ...]:
    """Return the records of a CSV file, blank lines left out; there is at least one."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    lines = []
    start = 1
    try:
        for cells in reader:
            if cells:
                lines.append(Line(path, start, tuple(cells)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {start}: not readable as CSV ({error}); is the file complete?") from None
    if not lines:
        raise DataError(f"{path}, line 1: the file is empty")
    return tuple(lines)


def read_text(path: Path) -> str:
    """Return the text of a file, stray Windows-1252 characters repaired."""
    try:
        content = regular(path).read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise DataError(f"{path}, line {line}: expected UTF-8 text, got a zero byte; is it UTF-16? Save it as UTF-8")
    text = content.decode("utf-8-sig", errors="surrogateescape").translate(_WINDOWS_1252)
    left = re.search("[\x80-\x9f\udc80-\udcff]", text)
    if left:
        line = text.count("\n", 0, left.start()) + 1
        raise DataError(
            f"{path}, line {line}: expected UTF-8 text, got the byte 0x{ord(left.group()) & 0xFF:02x}, "
            "which is no Windows-1252 either; save it as UTF-8"
        )
    return text


def repaired(text: str) -> str:
    """Return text with control characters taken for the Windows-1252 characters that they were meant to be."""
    return text.translate(_WINDOWS_1252)


def whole_number(text: str, place: str, column: str) -> int:
    """Return a whole number from 0 in plain digits."""
    if not re.fullmatch("[0-9]{1,9}", text.strip()):
        raise DataError(f"{place}: expected a whole number in {column}, got {text!r}")
    return int(text)


def _require_columns(line: Line, columns: int, meaning: str) -> None:
    if len(line.cells) != columns:
        raise DataError(
            f"{line.place}: expected {columns} columns ({meaning}), got {len(line.cells)}; is the file complete?"
        )


def _finite(line: Line) -> list[float]:
    numbers = []
    for column, cell in enumerate(line.cells, start=1):
        try:
            number = float(cell)
        except ValueError:
            number = math.nan
        if not abs(number) <= _LARGEST:
            raise DataError(f"{line.place}: expected a finite number in column {column}, got {cell!r}")
        numbers.append(number)
    return numbers


def _windows_1252(code: int) -> str | None:
    try:
        return bytes([code & 0xFF]).decode("cp1252")
    except UnicodeDecodeError:
        return None


_WINDOWS_1252 = {code: meant for code in (*_CONTROLS, *_ESCAPED) if (meant := _windows_1252(code))}

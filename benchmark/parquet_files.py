"""Parquet files from anywhere: opened where they are files, and hold no more than a run or a corpus may."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .reading import regular

MOST_CELLS = 1 << 30
"""Rows times columns. Equal values take next to nothing, so a small file can hold more than any memory."""
DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What pyarrow raises for files that are damaged, or none."""


def open_parquet(path: Path, *, repeated: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a file; each text of the columns `repeated` is kept once when they are read.

    Raises
    ------
    One of `DAMAGED`
        When it is missing, no regular file, damaged, or holds more than `MOST_CELLS`.
    """
    try:
        file = pq.ParquetFile(regular(path), read_dictionary=list(repeated))
    except KeyError as error:
        raise pa.ArrowInvalid(f"the column {error} is made of parts") from None
    rows, columns = file.metadata.num_rows, file.metadata.num_columns
    if rows * columns > MOST_CELLS:
        file.close()
        raise pa.ArrowInvalid(f"{rows:,} rows of {columns:,} columns are more than is read")
    return file


def sound(table: pa.Table) -> pa.Table:
    """Return a table that was read, if its texts are texts and each column has a name of its own.

    Raises
    ------
    pyarrow.ArrowException
        When that is not so.
    """
    names = table.column_names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise pa.ArrowInvalid(f"the column {twice!r} is there twice")
    table.validate(full=True)
    return table


def read_schema(path: Path) -> pa.Schema:
    """Return the columns of a file, and what its metadata say; errors as `open_parquet`."""
    return pq.read_schema(regular(path))

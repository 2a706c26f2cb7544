"""Columns of Parquet tables from numpy arrays and texts, and back.

`pyarrow.array`, `to_numpy` and all of `pyarrow.compute` import pandas to find out whether they were given something of
pandas, which takes longer than scoring a condition. What is here does without.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int64


def number_column(values: np.ndarray) -> pa.Array:
    """Return a column of the array's own kind of number (whole or real); NaN stays NaN."""
    packed = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(packed.dtype), len(packed), [None, pa.py_buffer(packed)])


def text_column(values: Sequence[str]) -> pa.Array:
    """Return a column of texts, none of them empty cells; less than 2 GiB of text in all."""
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)])
    assert ends[-1] < 1 << 31, "offsets of 32 bits hold less than 2 GiB"
    parts = [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), parts)


def repeated_text_column(value: str, rows: int) -> pa.Array:
    """Return a column that holds the same text in every row, stored once."""
    return pa.DictionaryArray.from_arrays(number_column(np.zeros(rows, np.int32)), text_column([value]))


def is_whole(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds whole numbers and no empty cell."""
    return bool(pa.types.is_integer(column.type)) and not column.null_count


def is_number(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds numbers, whole or real; empty cells are allowed."""
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def is_text(column: pa.ChunkedArray) -> bool:
    """Return whether a column holds texts and no empty cell."""
    return is_text_type(column.type) and not column.null_count


def is_text_type(kind: pa.DataType) -> bool:
    """Return whether the cells of such a column are texts, where they are not empty."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def wrong_column(
    table: pa.Table, *, texts: Sequence[str] = (), numbers: Sequence[str] = (), whole: Sequence[str] = ()
) -> str:
    """Return what is wrong with the columns of a table; empty: they are there, and hold what they should."""
    for names, fits, what in (
        (texts, is_text, "texts"),
        (numbers, is_number, "numbers"),
        (whole, is_whole, "whole numbers"),
    ):
        for name in names:
            if name not in table.column_names:
                return f"expected the column {name!r}, got {', '.join(table.column_names)}"
            if not fits(table[name]):
                empty = f" with {table[name].null_count} empty cells" if table[name].null_count else ""
                return f"expected {what} in the column {name!r}, got {table[name].type}{empty}"
    return ""


def numbers_of(column: pa.ChunkedArray) -> Float[np.ndarray, " rows"]:
    """Return a column of numbers as real ones; an empty cell becomes NaN."""
    return np.concatenate([np.empty(0), *map(_numbers, column.chunks)], dtype=np.float64)


def whole_numbers_of(column: pa.ChunkedArray) -> Int64[np.ndarray, " rows"]:
    """Return a column of whole numbers without empty cells."""
    return np.concatenate([np.empty(0, np.int64), *map(np.from_dlpack, column.chunks)], dtype=np.int64)


def texts_of(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of texts as an array of objects; an empty cell becomes None."""
    return np.concatenate([np.empty(0, object), *map(_texts, column.chunks)])


def _texts(chunk: pa.Array) -> np.ndarray:
    if not pa.types.is_dictionary(chunk.type) or chunk.null_count:
        # Lists of one length would become a matrix.
        return np.fromiter(chunk.to_pylist(), dtype=object, count=len(chunk))
    known = np.array(chunk.dictionary.to_pylist(), dtype=object)
    return np.asarray(known[np.from_dlpack(chunk.indices)])


def _numbers(chunk: pa.Array) -> np.ndarray:
    if chunk.null_count:
        return np.array([np.nan if value is None else value for value in chunk.to_pylist()], dtype=np.float64)
    return np.asarray(np.from_dlpack(chunk))

"""Findings that are too large or too odd to be written down."""

import io
import json
import struct
import zipfile
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from fuzz_arrays import npy_of
from fuzz_formats import parquet_of

from emobench.benchmark.comparison_record import COMPARISON_COLUMNS

_TEXTS = {
    "run", "model", "data", "condition", "reference_run", "reference_model", "reference_data", "reference_condition",
    "metric", "part", "direction", "verdict", "note",
}  # fmt: skip
_WHOLE = {"compared", "draws", "utterances", "dialogues"}


def arrays_in_arrays() -> bytes:
    return b"a = " + b"[" * 20_000


def tables_in_tables() -> bytes:
    return b"a" + b".a" * 5000 + b" = 1\n"


def digits() -> bytes:
    return b"a = " + b"9" * 5000


def json_in_json() -> bytes:
    return b"[" * 100_000


def long_cell() -> bytes:
    return b"gold,a,b\na,0,1\nb," + b"9" * 5000 + b"x,0\n"


def _headed(header: bytes) -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header


def array_of_nothing() -> bytes:
    return _headed(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }")


def header_of_python_2() -> bytes:
    return _headed(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 1L), }") + bytes(8)


def _npz(method: int, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("vectors.npy", content)
    return stream.getvalue()


def npz_with_a_broken_stream() -> bytes:
    content = _npz(zipfile.ZIP_DEFLATED, npy_of(np.arange(300.0)))
    return content[:100] + b"\xff" * 20 + content[120:]


def npz_compressed_otherwise() -> bytes:
    return _npz(zipfile.ZIP_LZMA, npy_of(np.zeros(3)))


def npz_of_zeros() -> bytes:
    content = bytearray(_npz(zipfile.ZIP_DEFLATED, npy_of(np.zeros(1000))))
    # The list at the end says how large a member is.
    place = content.rindex(b"PK\1\2") + 24
    content[place : place + 4] = struct.pack("<I", 1 << 30)
    return bytes(content)


def npz_of_texts() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, vectors=np.array([["a", "b"]]), key=np.array("k"))
    return stream.getvalue()


def npz_of_large_numbers() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, vectors=np.array([[1e300]]), key=np.array("k"))
    return stream.getvalue()


def array_of_half_precision() -> bytes:
    return npy_of(np.ones((2, 3), np.float16))


def weights_that_grow() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.")
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/byteorder", b"little")
    return stream.getvalue()


def _predicted(**columns: pa.Array) -> pa.Table:
    plain = {"condition": pa.array(["clean"]), "draw": pa.array([0]), "utterance": pa.array([0])}
    return pa.table({**plain, "p_0": pa.array([1.0]), **columns})


def predictions_of_a_condition_twice() -> bytes:
    table = _predicted()
    return parquet_of(table.append_column("condition", table["condition"]))


def predictions_of_lists() -> bytes:
    return parquet_of(_predicted(condition=pa.array([[0.5, 0.5]], pa.list_(pa.float64(), 2))))


def stresses_without_purposes() -> bytes:
    table = pa.table({"condition": pa.array(["clean"]), "draw": pa.array([0])})
    return parquet_of(table.replace_schema_metadata({b"emobench.randomness": b"{}"}))


def column_of_parts() -> bytes:
    return parquet_of(pa.table({"model": [{"a": "x"}], "b": [1]}))


def column_twice() -> bytes:
    return parquet_of(pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], ["model", "model"]))


def text_that_is_none() -> bytes:
    text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    return parquet_of(pa.table({"model": text}))


def _comparisons(rows: int = 1) -> pa.Table:
    def value(name: str) -> object:
        return "x" if name in _TEXTS else 1 if name in _WHOLE else 0.5

    return pa.table({name: pa.array([value(name)] * rows) for name in COMPARISON_COLUMNS})


def comparisons_without_rows() -> bytes:
    return parquet_of(_comparisons().slice(0, 0))


def comparisons_with_an_empty_cell() -> bytes:
    return parquet_of(_comparisons().set_column(0, "run", pa.array([None], pa.string())))


def comparisons_with_other_words() -> bytes:
    return parquet_of(_comparisons().replace_schema_metadata({b"emobench.metrics": json.dumps({"ece": "ECE"})}))


MADE: dict[str, Callable[[], bytes]] = {
    name: made
    for name, made in globals().items()
    if not name.startswith("_") and getattr(made, "__module__", "") == __name__
}

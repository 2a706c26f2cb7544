"""Damaged files of arrays: NPY, NPZ, safetensors."""

import io
import math
import struct
import zipfile
from typing import Any

import numpy as np
from fuzz_bytes import damaged
from fuzz_draws import Draw
from fuzz_formats import json_of
from fuzz_values import distorted, wrong_value

Value = Any
"""Whatever a file may hold."""
HEADERS = (
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2.5), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': [2], }",
    "{'descr': '<f8', 'fortran_order': 1, 'shape': (2,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '|V1000000000', 'fortran_order': False, 'shape': (0,), }",
    "{'descr': '<U2147483647', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '<f8'), ('b', '|O')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': ('<f8', (2, 2)), 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': 5, 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 40 + "), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}",
    "{'shape': (1,)}",
    "__import__('os').system('touch fuzzcanary')",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)*3}",
    "(" * 3000,
    "[" * 90 + "]" * 90,
    "'" + "a" * 50_000 + "'",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",)}",
    "\x00",
    "",
)
"""Headers of arrays that lie, or are no headers."""


def npy_of(array: np.ndarray) -> bytes:
    """Return an array as a file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=array.dtype == object)
    return stream.getvalue()


def hostile_npy(draw: Draw, array: np.ndarray) -> bytes:
    """Return a damaged file of one array."""
    way = draw.random()
    if way < 0.35:
        header = draw.choice(HEADERS).encode("latin-1")
        version = draw.choice((b"\x01\0", b"\x02\0", b"\x03\0", b"\x09\0"))
        told = len(header) if draw.chance(0.9) else draw.choice((0, 5, 65535, 2**31))
        width = "<H" if version == b"\x01\0" else "<I"
        return (
            b"\x93NUMPY"
            + version
            + struct.pack(width, told % (1 << 8 * struct.calcsize(width)))
            + header
            + bytes(draw.randrange(64))
        )
    if way < 0.6:
        array = odd_array(draw, array)
    content = npy_of(array)
    return damaged(draw, content) if draw.chance(0.6) else content


def odd_array(draw: Draw, array: np.ndarray) -> np.ndarray:
    """Return an array of another shape or type, or with other values."""
    values: tuple[Value, ...] = (
        array.astype(draw.choice(("<f2", ">f8", "<i8", "u1", "?", "<c8", "U3",
        "S3"))) if array.dtype.kind in "fiu" else array,
        array[..., None], array.reshape(-1), array.reshape(-1)[:0], array.reshape(-1)[:1], np.asfortranarray(array),
        np.array(5), np.array("a"), np.array([None]),
        np.zeros((0, 3)), np.zeros((3, 0)), np.full(array.shape, math.nan), np.full(array.shape, math.inf),
        np.full(array.shape, 1e300),
        np.zeros(array.shape, [("a", "<f8")]), np.array([{}, 1], object), np.zeros(array.shape, "M8[s]"),
        np.zeros(array.shape, "V3"),
    )  # fmt: skip
    return np.asarray(draw.choice(values))


def hostile_npz(draw: Draw, arrays: dict[str, np.ndarray]) -> bytes:
    """Return a damaged file of several arrays."""
    files = {f"{name}.npy": npy_of(array) for name, array in arrays.items()}
    for _ in range(draw.few(3)):
        name = draw.choice(list(files))
        way = draw.randrange(6)
        if way == 0:
            del files[name]
        elif way <= 3:
            files[name] = hostile_npy(draw, arrays.get(name.removesuffix(".npy"), np.zeros(3)))
        elif way == 4:
            files[draw.choice(("../x.npy", "/x.npy", "p.npy", "a", name.upper(), "key.npy/"))] = files[name]
        else:
            files[name] = npy_of(np.zeros(draw.choice((10, 10**6)))) if draw.chance(0.3) else b""
        if not files:
            break
    stream = io.BytesIO()
    with zipfile.ZipFile(
        stream, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    ) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    content = stream.getvalue()
    return damaged(draw, content) if draw.chance(0.55) else content


def hostile_safetensors(draw: Draw, arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """Return a damaged file of tensors: eight bytes of length, JSON, bytes."""
    header: dict[str, Value] = {"__metadata__": metadata} if metadata else {}
    body = b""
    kinds = {"float32": "F32", "float64": "F64", "bool": "BOOL", "int64": "I64"}
    for name, array in arrays.items():
        content = array.tobytes()
        place = [len(body), len(body) + len(content)]
        header[name] = {"dtype": kinds[array.dtype.name], "shape": list(array.shape), "data_offsets": place}
        body += content
    if draw.chance(0.6):
        header = distorted(draw, header, wrong=_wrong_in_header)
    text = json_of(header)
    length = len(text) if draw.chance(0.9) else draw.choice((0, 1, 2**20, 2**32, 2**63, 2**64 - 1))
    content = struct.pack("<Q", length) + text + body
    return damaged(draw, content) if draw.chance(0.4) else content


def _wrong_in_header(draw: Draw) -> Value:
    own = (
        "F16",
        "BF16",
        "F8_E4M3",
        "U64",
        "I8",
        "F4",
        "C64",
        [0, 0],
        [0, 4],
        [4, 0],
        [0, 2**40],
        [2**62, 2**62],
        [-1],
        [2**33, 2**33],
    )
    return draw.choice(own) if draw.chance(0.6) else wrong_value(draw)

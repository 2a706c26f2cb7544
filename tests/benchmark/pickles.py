"""Pickles made by hand: as Python 2 wrote them, and as nobody would."""

import io
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emobench.benchmark.safe_pickle import reader, worker


def anonymous(content: bytes) -> mmap.mmap:
    """Return memory with a content."""
    memory = mmap.mmap(-1, max(1, len(content)))
    memory[: len(content)] = content
    return memory


def read_here(content: bytes) -> object:
    """Read a pickle as `read_pickle` does, but in this process."""
    sink, pickle = io.BytesIO(), anonymous(content)
    worker.read(pickle, sink)
    return reader._Tree(Path("here.pkl"), pickle, anonymous(sink.getvalue())).read()


def python2(value: object) -> bytes:
    """Return a pickle of protocol 2 as Python 2 wrote it: texts and bytes are both byte strings."""
    return b"\x80\x02" + _instructions(value) + b"."


def _instructions(value: object) -> bytes:
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        return _string(value.encode("latin-1"))
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        content = _string(value.tobytes())
        return b"cnumpy.core.multiarray\nscalar\n" + _dtype(value.dtype) + content + b"\x86R"
    if isinstance(value, set):
        return b"c__builtin__\nset\n" + _instructions(sorted(value)) + b"\x85R"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_instructions, value)) + b"t"
    if isinstance(value, Mapping):
        return b"}(" + b"".join(_instructions(part) for pair in value.items() for part in pair) + b"u"
    assert isinstance(value, list), value
    return b"](" + b"".join(map(_instructions, value)) + b"e"


def _string(content: bytes) -> bytes:
    short = len(content) < 256
    return (b"U" + bytes([len(content)]) if short else b"T" + struct.pack("<i", len(content))) + content


def _dtype(dtype: np.dtype) -> bytes:
    code, flags = ("O8", b"K?") if dtype.kind == "O" else (dtype.str[1:], b"K\0")
    size = dtype.itemsize if dtype.kind == "S" else -1
    made = b"cnumpy\ndtype\n" + _string(code.encode()) + b"K\x00K\x01\x87R"
    sizes = _instructions(size) + _instructions(-1 if size < 0 else 1)
    return made + b"(K\x03" + _string(dtype.str[:1].encode()) + b"NNN" + sizes + flags + b"tb"


def _array(array: np.ndarray) -> bytes:
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85" + _string(b"b") + b"tR"
    content = _instructions(array.ravel().tolist()) if array.dtype == object else _string(array.tobytes())
    return made + b"(K\x01" + _instructions(array.shape) + _dtype(array.dtype) + b"\x89" + content + b"tb"

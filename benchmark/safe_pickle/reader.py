"""Read a pickle from elsewhere: in a process of its own that has limits, and by names that are allowed.

What comes back are containers, numbers, strings and arrays, made here of what that process wrote: bytes, and a tree in
JSON. Arrays cannot be written to.
"""

import json
import math
import mmap
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import DataError
from .wording import MARK, Items, Tag

_CODE = "import sys; sys.path.append(sys.argv[1]); from {} import worker; worker.main(sys.argv[2:])"
_NEEDED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""Variables without which some systems start no Python."""
_TYPE = re.compile(r"[<>|=](b1|[iu][1248]|f[248]|c8|c16|[SU][0-9]{1,6})\Z", re.ASCII)
Json = Any
"""What JSON holds, of which only the process that wrote it knows more."""
_LAST_CHARACTER = 0x10FFFF
_MOST_FREE = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What reading a file may take."""

    size: int = 1 << 34
    """Bytes of the file."""
    seconds: int = 60
    """Until it is read; for large files a minute more per 256 MiB."""
    memory: int = _MOST_FREE
    """Bytes beside three times the size of the file. Not every system can hold a process to it; then only the size
    counts."""

    def seconds_for(self, size: int) -> int:
        """Return the seconds for a file of `size` bytes."""
        return self.seconds * (1 + (size >> 28))


def read_pickle(path: Path, *, limits: Limits | None = None) -> object:
    """Return what a pickle holds: None, numbers, strings, bytes, arrays and containers of these.

    `OrderedDict` and `defaultdict` come as `dict`, arrays in the byte order of the machine. Text of Python 2 is read as
    Latin-1. What the file mentions twice comes twice, but for arrays. What stands behind the first pickle of a file is
    not looked at. Arrays are views of the file, which therefore must not be cut short while they are in use; they may
    begin at any byte.

    Parameters
    ----------
    path
        A file of protocol 0 to 5.

    Raises
    ------
    DataError
        When it cannot be read, is damaged or too large, or holds anything else; names what that is. Nothing that it
        names has run then.
    """
    limits = limits or Limits()
    try:
        with path.open("rb") as file, _arena() as arena:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{path}: expected a file")
            if not 0 < status.st_size <= limits.size:
                raise DataError(f"{path}: expected 1 to {limits.size:,} bytes, got {status.st_size:,}")
            pickle = mmap.mmap(file.fileno(), status.st_size, access=mmap.ACCESS_READ)
            _let_work(path, file.fileno(), arena.fileno(), limits, status.st_size)
            written = mmap.mmap(arena.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    return _Tree(path, pickle, written).read()


def _arena() -> IO[bytes]:
    """Return a file without a name, in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("emobench"), "w+b", buffering=0)  # noqa: PTH123 (it has no path)
    return tempfile.TemporaryFile(buffering=0)


def _let_work(path: Path, file: int, arena: int, limits: Limits, size: int) -> None:
    """Let a process read the file and write into the arena."""
    seconds = limits.seconds_for(size)
    most = (limits.memory + 3 * size, seconds, limits.memory + size)
    folder = Path(__file__).parent
    try:
        done = subprocess.run(  # noqa: S603 (this very Python, no shell)
            [sys.executable, "-I", "-S", "-c", _CODE.format(folder.name), str(folder.parent), *map(str, most)],
            stdin=file,
            stdout=arena,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"{path}: expected it to be read within {seconds} s, and it was not") from None
    if done.returncode:
        why = "was killed, most likely because memory ran out" if done.returncode == -9 else "broke off"
        raise DataError(
            f"{path}: the process that read it {why} (code {done.returncode}); it is damaged, or means harm"
        )


class _Tree:
    """Makes values of what the process wrote."""

    def __init__(self, path: Path, pickle: mmap.mmap, written: mmap.mmap) -> None:
        """Take the pickle and what was written, which arrays go on using."""
        self._path, self._pickle, self._written = path, pickle, written
        self._arrays: list[np.ndarray] = []

    def read(self) -> object:
        """Return the value.

        Raises
        ------
        DataError
            When the process refused the pickle.
        """
        tail = 8 + len(MARK)
        assert self._written[-len(MARK) :] == MARK, "a process that ends well has said all it knows"
        start = len(self._written) - tail - int.from_bytes(self._written[-tail : -len(MARK)], "little")
        said = json.loads(self._written[start:-tail])
        if "refused" in said:
            raise DataError(f"{self._path}: {said['refused']}")
        for run in said["runs"]:
            self._arrays += self._run(*run)
        return self._value(said["tree"])

    def _run(
        self, code: str, shape: Sequence[int], fortran: bool, in_pickle: bool, starts: Sequence[int]
    ) -> list[np.ndarray]:
        """Return arrays whose bytes are in the pickle, or were written."""
        dtype, buffer = _dtype(code), self._pickle if in_pickle else self._written
        arrays = [np.ndarray(shape, dtype, buffer, start, None, "F" if fortran else "C") for start in starts]
        if dtype.kind in "bU":
            for array in arrays:
                self._require_readable(array)
        return arrays if dtype.isnative else [_native(array) for array in arrays]

    def _require_readable(self, array: np.ndarray) -> None:
        """Raise DataError for bits that are no truth value, or no character."""
        if array.dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
            raise DataError(f"{self._path}: expected truth values, got other bits")
        if array.dtype.kind == "U":
            codes = np.frombuffer(array.tobytes(), f"{array.dtype.byteorder}u4")
            if codes.max(initial=0) > _LAST_CHARACTER:
                raise DataError(f"{self._path}: expected text, got codes that are no characters")

    def _value(self, tree: Json) -> object:
        if not isinstance(tree, list):
            return tree
        tag, *rest = tree
        if tag == Tag.DICT:
            return dict(zip(self._items(rest[0]), self._items(rest[1]), strict=True))
        if tag in _CONTAINERS:
            return _CONTAINERS[tag](self._items(rest[0]))
        if tag == Tag.ARRAY:
            return self._arrays[rest[0]]
        if tag in (Tag.BYTES, Tag.BYTEARRAY):
            content = self._arrays[rest[0]].tobytes()
            return content if tag == Tag.BYTES else bytearray(content)
        if tag == Tag.SCALAR:
            return self._scalars(*rest)[0]
        if tag == Tag.COMPLEX:
            return complex(*rest)
        return self._objects(*rest)

    def _items(self, items: Json) -> Sequence[object]:
        form, *rest = items
        if form == Items.ARRAYS:
            return self._arrays[rest[0] : rest[0] + rest[1]]
        if form == Items.PICKED:
            return [self._arrays[index] for index in rest[0]]
        if form == Items.SCALARS:
            return self._scalars(*rest)
        values: list[Json] = rest[0]
        return values if form == Items.PLAIN else list(map(self._value, values))

    def _scalars(self, code: str, content: str) -> list[object]:
        dtype = _dtype(code)
        if not content:
            return [np.zeros(1, dtype)[0]]
        array = np.frombuffer(bytes.fromhex(content), dtype)
        self._require_readable(array)
        return list(_native(array))

    def _objects(self, shape: list[int], items: Json) -> np.ndarray:
        array = np.empty(math.prod(shape), object)
        # One by one: numpy would take lists for rows.
        for place, value in enumerate(self._items(items)):
            array[place] = value
        array.flags.writeable = False
        return array.reshape(shape)


_CONTAINERS = {Tag.LIST: list, Tag.TUPLE: tuple, Tag.SET: set, Tag.FROZENSET: frozenset}


def _dtype(code: str) -> np.dtype:
    """Return a type that holds no objects."""
    assert _TYPE.match(code), code
    return np.dtype(code)


def _native(array: np.ndarray) -> np.ndarray:
    """Return an array in the byte order of this machine, read-only."""
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    native.flags.writeable = False
    return native

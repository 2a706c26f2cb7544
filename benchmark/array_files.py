"""NPY, NPZ and safetensors files from anywhere: no pickles, and no memory for values that are not there.

numpy makes room for what a header says before it looks whether there is as much. Here the header is held against the
bytes of the file, and an archive may unfold to so much only.
"""

import io
import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib.format import MAGIC_PREFIX, read_array_header_1_0, read_array_header_2_0

from .reading import regular

ENDING = ".npy"
"""Of the files in an archive."""
FREE = 1 << 28
"""Bytes that the arrays of an archive may have, however small it is."""
UNFOLDED = 50
"""Bytes that they may have beside these, per byte of the archive."""
_MOST_AXES = 32
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_HEADERS = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}
_LAST_CHARACTER = 0x10FFFF


class Unreadable(ValueError):  # noqa: N818 (reads as what it is)
    """Why a file holds no arrays that can be read, in one line."""


class Arrays:
    """The arrays of an NPZ file, each read when it is asked for."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Take an archive that is open."""
        self._archive = archive
        self._members = {info.filename.removesuffix(ENDING): info for info in archive.infolist()}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arrays, in the order of the file."""
        return tuple(self._members)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return an array, read-only.

        Raises
        ------
        Unreadable
            When there is none of that name, or it is damaged, or holds objects of Python.
        """
        if name not in self._members:
            raise Unreadable(f"it has no array {name!r}")
        info = self._members[name]
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
            raise Unreadable(f"the array {name!r} is encrypted, or compressed in another way than numpy does")
        with _told(), self._archive.open(info) as file:
            return _read(file, info.file_size)


def read_array(path: Path) -> np.ndarray:
    """Return the array of an NPY file, read-only.

    Raises
    ------
    Unreadable
        When it is no such file, or damaged, or holds objects of Python.
    OSError
        When it cannot be opened, or is no regular file.
    """
    with regular(path).open("rb") as file, _told():
        return _read(file, path.stat().st_size)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file by name.

    Raises
    ------
    Unreadable
        When it is no such file, or damaged, or of numbers or shapes that numpy does not have.
    OSError
        When it cannot be opened, or is no regular file.
    """
    # Not at the top: what only reads NPY files needs none of it.
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(regular(path))
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(str(error).partition("\n")[0]) from None


@contextmanager
def opened_arrays(path: Path) -> Iterator[Arrays]:
    """Open an NPZ file.

    Raises
    ------
    Unreadable
        When it is none, or unfolds to far more than it holds.
    OSError
        When it cannot be opened, or is no regular file.
    """
    with regular(path).open("rb") as file:
        with _told():
            archive = zipfile.ZipFile(file)
        with archive:
            if sum(info.file_size for info in archive.infolist()) > FREE + UNFOLDED * path.stat().st_size:
                raise Unreadable("it unfolds to far more than it holds")
            yield Arrays(archive)


@contextmanager
def _told() -> Iterator[None]:
    """Say in one line what is wrong with a file."""
    try:
        yield
    except Unreadable:
        raise
    except Exception as error:  # whatever a damaged file makes those say that read it
        first = str(error).partition("\n")[0][:120] or type(error).__name__
        raise Unreadable(f"it is damaged, or none: {first}") from None


def _read(file: io.BufferedIOBase | IO[bytes], size: int) -> np.ndarray:
    """Return the array of a file of so many bytes."""
    # Of any other content numpy would say how to run it as a pickle.
    if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:
        raise Unreadable("it is none as numpy.save writes it")
    version = (*file.read(2),)
    if version not in _HEADERS:
        raise Unreadable(f"it is of version {'.'.join(map(str, version))}, expected 1.0 or 2.0")
    with warnings.catch_warnings():
        # Headers of Python 2 are read too.
        warnings.simplefilter("ignore", UserWarning)
        shape, fortran, dtype = _HEADERS[version](file)
    if dtype.hasobject or dtype.names is not None or dtype.subdtype is not None:
        raise Unreadable(f"it holds values of the type {str(dtype)[:60]}, expected numbers or texts")
    if len(shape) > _MOST_AXES or any(length < 0 for length in shape):
        raise Unreadable(f"it has the shape {str(shape)[:60]}, expected lengths from 0")
    expected, left = math.prod(shape) * dtype.itemsize, size - file.tell()
    if expected > left:
        raise Unreadable(f"it has {left:,} bytes where its shape and type make {expected:,}; is it complete?")
    content = file.read(expected)
    if dtype.kind == "U" and content and np.frombuffer(content, f"{dtype.byteorder}u4").max() > _LAST_CHARACTER:
        raise Unreadable("it holds codes that are no characters")
    return np.ndarray(shape, dtype, content, order="F" if fortran else "C")

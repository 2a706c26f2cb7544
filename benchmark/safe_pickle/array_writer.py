"""Bytes of arrays, written one behind the other, and where they are."""

import math
from collections.abc import Sequence
from io import BufferedIOBase
from typing import Any, NamedTuple

from .allowed import Array, Dtype
from .left_bytes import LeftBytes
from .wording import Refused, unwanted

AXES = 32
"""Most of an array."""
MOST_VALUES = 1 << 40
"""Product of the lengths of an array's axes, those of length 0 left out."""
_PIECE = 1 << 20
_ALIGNMENT = 16


class Form(NamedTuple):
    """What arrays have in common."""

    type: str
    """As numpy reads it."""
    shape: tuple[int, ...]
    """Lengths of the axes."""
    fortran: bool
    """Whether values lie side by side along the first axis."""


class States(NamedTuple):
    """What a pickle says arrays are made of, unchecked; one value per array."""

    shapes: tuple[object, ...]
    dtypes: tuple[object, ...]
    orders: tuple[object, ...]
    contents: tuple[object, ...]

    @property
    def of_objects(self) -> bool:
        """Whether values of any of them are objects of Python."""
        return any(isinstance(dtype, Dtype) and dtype.kind == "O" for dtype in {*self.dtypes})


class _Run(NamedTuple):
    """Arrays of one form, with indices that follow each other."""

    form: Form
    in_pickle: bool
    """Whether they were left in the pickle; else they were written."""
    starts: list[int]
    """Place of each."""


class ArrayWriter:
    """Writes each array once, however often it is met."""

    def __init__(self, sink: BufferedIOBase, left: LeftBytes, *, room: int) -> None:
        """Take where to write, what was left in the pickle, and how many bytes all arrays may have."""
        self._sink, self._left, self._room = sink, left, room
        self._indices: dict[int, int] = {}
        self._forms: dict[tuple[object, object, object], tuple[Form, int]] = {}
        self._runs: list[_Run] = []
        self._pending: list[bytes | bytearray] = []
        self._waiting = self._position = self._count = 0

    def runs(self) -> list[list[object]]:
        """Write what waits, and return where all is.

        Per run of arrays: type, shape, whether in Fortran's order, whether they are in the pickle itself, and the place
        of each there, or else in what was written.
        """
        self._flush()
        return [[*run.form, run.in_pickle, run.starts] for run in self._runs]

    def indices_of(self, arrays: Sequence[Array], states: States) -> list[int]:
        """Return the indices of one or more arrays of numbers or texts, counted over all runs.

        They are taken together wherever they can, as there may be a million.

        Raises
        ------
        Refused
            For contents that do not fit shape and type, and more of them than there is room for.
        """
        ids = [*map(id, arrays)]
        if len({*ids}) < len(ids) or not self._indices.keys().isdisjoint(ids):
            return [self._index_of(array) for array in arrays]
        *forms, contents = states
        if any(len({*each}) > 1 for each in forms):
            return [self._index_of(array) for array in arrays]
        form, length = self.form_of(*(each[0] for each in forms))
        first = self._add(form, length, contents)
        indices = [*range(first, first + len(arrays))]
        self._indices.update(zip(ids, indices, strict=True))
        return indices

    def index_of_bytes(self, content: bytes | bytearray) -> int:
        """Return the index of an array that is made for bytes."""
        length = len(self._left.content(content))
        return self._add(Form("|u1", (length,), False), length, [content])

    def form_of(self, shape: object, dtype: object, fortran: object) -> tuple[Form, int]:
        """Return the form of arrays, the same object for the same form, and the bytes that one has."""
        try:
            return self._forms[shape, dtype, fortran]
        except KeyError:
            return self._forms.setdefault((shape, dtype, fortran), _form(shape, dtype, fortran))

    def _index_of(self, array: Array) -> int:
        known = self._indices.get(id(array))
        return self.indices_of([array], states_of([array]))[0] if known is None else known

    def _add(self, form: Form, length: int, contents: Sequence[Any]) -> int:
        """Note the contents of arrays of one form, each of `length` bytes; return the index of the first."""
        self._room -= length * len(contents)
        if self._room < 0:
            raise Refused("expected arrays no larger than the file, got some that unfold to more")
        if not {*map(type, contents)} <= {str, bytes, bytearray}:
            raise unwanted("an array whose contents are not bytes")
        starts = self._left.find_all(contents, length)
        in_pickle = starts is not None
        starts = starts or [self._written(content, length) for content in contents]
        if not (self._runs and self._runs[-1].form is form and self._runs[-1].in_pickle == in_pickle):
            self._runs.append(_Run(form, in_pickle, []))
        self._runs[-1].starts.extend(starts)
        first, self._count = self._count, self._count + len(contents)
        return first

    def _written(self, content: str | bytes | bytearray, length: int) -> int:
        """Write the content of an array; return where it begins."""
        data = self._left.content(content)
        if len(data) != length:
            raise unwanted(f"an array of {len(data):,} bytes whose shape and type make {length:,}")
        start = self._position + -self._position % _ALIGNMENT
        self._pending.append(bytes(start - self._position))
        if length >= _PIECE:
            self._flush()
        self._pending.append(data)
        self._waiting += length
        self._position = start + length
        if self._waiting >= _PIECE:
            self._flush()
        return start

    def _flush(self) -> None:
        self._sink.write(self._pending[-1] if len(self._pending) == 1 else b"".join(self._pending))
        self._pending.clear()
        self._waiting = 0


def states_of(arrays: Sequence[Array]) -> States:
    """Return what one or more arrays are made of; numpy's own version number, which may come first, is left out."""
    states = [array[0] for array in arrays if len(array) == 1]
    if len(states) < len(arrays) or {*map(type, states)} != {tuple}:
        raise unwanted("an array without contents, or with several")
    columns = [*zip(*states, strict=False)]
    if len(columns) not in (4, 5):
        raise unwanted("an array that is not made of shape, type, order and contents")
    return States(*columns[-4:])


def _form(shape: object, dtype: object, fortran: object) -> tuple[Form, int]:
    if not isinstance(dtype, Dtype):
        raise unwanted("an array without a type")
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise unwanted("an array whose shape is not made of whole numbers from 0")
    values = math.prod(length for length in shape if length)
    if len(shape) > AXES or values > MOST_VALUES or not dtype.size:
        raise unwanted(f"an array of type {dtype.text} with {len(shape)} axes and {values:,} values")
    return Form(dtype.text, shape, bool(fortran)), math.prod(shape) * dtype.size

"""What a pickle held, written down for another process: arrays as bytes, the rest as a tree in JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from io import BufferedIOBase

from .allowed import Array, Scalar
from .array_writer import ArrayWriter, states_of
from .left_bytes import LeftBytes
from .wording import MARK, Items, Refused, Tag, shown, unwanted

DEEPEST = 100
"""Containers within containers; files in use have six."""
UNFOLDED = 32
"""Nodes and characters of the tree per byte of the pickle: what a pickle mentions twice, the tree repeats."""
FREE = 10_000
"""Nodes and characters beside these, and bytes of arrays beside those of the pickle."""
BITS = 4096
"""Most of a whole number."""
_NUMBERS = {bool, int, float, type(None)}
_CONTAINERS = {list: Tag.LIST, tuple: Tag.TUPLE, set: Tag.SET, frozenset: Tag.FROZENSET}


class Writer:
    """Writes bytes of arrays as it meets them, then JSON, its length in 8 bytes and `MARK`.

    The JSON is {"refused": why} or {"runs": …, "tree": …}; for runs see `ArrayWriter.runs`. The tree is a plain value,
    or a list that begins with a `Tag` and may hold lists that begin with `Items`.
    """

    def __init__(self, sink: BufferedIOBase, left: LeftBytes) -> None:
        """Take where to write, and what was left in the pickle."""
        self._sink, self._left, self._free = sink, left, UNFOLDED * left.size + FREE
        self._arrays = ArrayWriter(sink, left, room=left.size + FREE)

    def write(self, value: object) -> None:
        """Write all that `value` holds.

        Raises
        ------
        Refused
            When it holds something else than is expected, or in a form that nobody uses.
        """
        tree = self._tree(value, 0)
        self._end({"runs": self._arrays.runs(), "tree": tree})

    def refuse(self, why: str) -> None:
        """Write why nothing can be said."""
        self._end({"refused": why})

    def _end(self, said: Mapping[str, object]) -> None:
        text = json.dumps(said, separators=(",", ":")).encode()
        self._sink.write(text)
        self._sink.write(len(text).to_bytes(8, "little") + MARK)
        self._sink.flush()

    def _tree(self, value: object, depth: int) -> object:
        if depth > DEEPEST:
            raise Refused(f"expected at most {DEEPEST} containers within each other, got more")
        if isinstance(value, Array):
            return self._array(value, depth)
        if isinstance(value, Scalar):
            return [Tag.SCALAR, value.dtype.text, self._content(value).hex()]
        if isinstance(value, dict):
            return [Tag.DICT, self._items(list(value), depth), self._items(list(value.values()), depth)]
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_CONTAINERS[type(value)], self._items(list(value), depth)]
        if isinstance(value, (bytes, bytearray)):
            tag = Tag.BYTES if isinstance(value, bytes) else Tag.BYTEARRAY
            return [tag, self._arrays.index_of_bytes(value)]
        if isinstance(value, complex):
            return [Tag.COMPLEX, value.real, value.imag]
        return self._plain([value])[0]

    def _items(self, values: list[object], depth: int) -> list[object]:
        self._spend(len(values))
        kinds = {*map(type, values)}
        if kinds <= _NUMBERS or kinds == {str}:
            return [Items.PLAIN, self._plain(values)]
        if kinds == {Scalar}:
            scalars = [value for value in values if isinstance(value, Scalar)]
            types = {value.dtype.text for value in scalars}
            if len(types) == 1:
                return [Items.SCALARS, types.pop(), b"".join(map(self._content, scalars)).hex()]
        if kinds == {Array}:
            arrays = [value for value in values if isinstance(value, Array)]
            states = states_of(arrays)
            if not states.of_objects:
                return _arrays(self._arrays.indices_of(arrays, states))
        return [Items.TREES, [self._tree(value, depth + 1) for value in values]]

    def _array(self, array: Array, depth: int) -> object:
        states = states_of([array])
        if not states.of_objects:
            return [Tag.ARRAY, *self._arrays.indices_of([array], states)]
        ((shape, dtype, fortran, content),) = zip(*states, strict=True)
        form, _ = self._arrays.form_of(shape, dtype, fortran)
        if not isinstance(content, list) or len(content) != math.prod(form.shape):
            raise unwanted(f"an array of the shape {form.shape} with other contents than that many values")
        return [Tag.OBJECTS, form.shape, self._items(content, depth)]

    def _content(self, scalar: Scalar) -> bytes:
        """Return the bytes of a number or text of numpy."""
        content = self._left.content(scalar.content)
        self._spend(len(content))
        if len(content) != scalar.dtype.size:
            raise unwanted(f"a value of the type {scalar.dtype.text} in {len(content)} bytes")
        return content

    def _plain(self, values: Sequence[object]) -> list[object]:
        """Return values that JSON has, checked for their size."""
        return [self._text(value) if isinstance(value, str) else self._number(value) for value in values]

    def _text(self, value: str) -> str:
        text = self._left.text(value)
        self._spend(len(text))
        return text

    def _number(self, value: object) -> object:
        if type(value) not in _NUMBERS:
            raise unwanted(shown(value))
        if isinstance(value, int) and value.bit_length() > BITS:
            raise unwanted(f"a number of {value.bit_length():,} bits")
        return value

    def _spend(self, amount: int) -> None:
        self._free -= amount
        if self._free < 0:
            raise Refused("expected a tree of containers, got one that unfolds to far more than the file holds")


def _arrays(indices: list[int]) -> list[object]:
    first, count = indices[0], len(indices)
    return [Items.ARRAYS, first, count] if indices == [*range(first, first + count)] else [Items.PICKED, indices]

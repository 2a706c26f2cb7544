"""The names that a pickle may use, and what stands in their place.

A pickle names what is to be called, and with which arguments. Here no name leads to the object that bears it: each
leads to a stand-in of this module that knows the few arguments that containers, numbers, strings and arrays have, and
refuses all others. Stand-ins are frozen, as a pickle may also try to write into what it has named.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .wording import shown, unwanted

_WIDTHS = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8), "c": (8, 16)}
_KIND = re.compile(r"([<>|=]?)([biufcSUO])([0-9]{0,6})\Z", re.ASCII)


def find(module: str, name: str) -> object:
    """Return what stands in the place of a name.

    Raises
    ------
    Refused
        For each name that is not allowed; the message holds it.
    """
    try:
        return _ALLOWED[module, name]
    except KeyError:
        raise unwanted(_printable(f"{module}.{name}")) from None


class Array(list[object]):
    """In the place of an array: a list of its state, which numpy would be given (one item, unless forged)."""

    __slots__ = ()
    # Called once per array by C code only, as there may be a million; what it is given is read by the writer.
    __setstate__ = list.append


class Dtype:
    """In the place of the type of an array."""

    __slots__ = ("_order", "kind", "size")

    def __init__(self, text: object) -> None:
        """Read a type such as `f8` or `<U5`.

        Raises
        ------
        Refused
            For types of several parts, dates and pieces of memory.
        """
        found = _KIND.match(text) if isinstance(text, str) else None
        if not found:
            raise unwanted(f"an array of type {shown(text)}")
        self._order, self.kind, digits = found.groups()
        self.size = int(digits or (8 if self.kind == "O" else 0)) * (4 if self.kind == "U" else 1)
        """Bytes of one value."""
        if self.size not in _WIDTHS.get(self.kind, (self.size,)):
            raise unwanted(f"an array of type {shown(text)}")

    def __setstate__(self, state: object) -> None:
        """Take the byte order; types of several parts are refused."""
        if not isinstance(state, tuple) or len(state) != 8 or state[2:5] != (None, None, None):
            raise unwanted("an array of a type that is made of parts, or of dates")
        if state[1] not in ("<", ">", "|", "="):
            raise unwanted(f"an array of the byte order {shown(state[1])}")
        self._order = state[1]

    @property
    def text(self) -> str:
        """The type as numpy reads it."""
        return f"{self._order or '='}{self.kind}{self.size // 4 if self.kind == 'U' else self.size}"


class Scalar(NamedTuple):
    """In the place of a number or text of numpy."""

    dtype: Dtype
    content: str | bytes | bytearray
    """Its bytes; as text in Python 2."""


class Name:
    """In the place of a class that is only ever an argument."""

    __slots__ = ()


class Function:
    """In the place of something that is called; nothing can be written into it."""

    __slots__ = ("_work",)
    _work: Callable[..., object]

    def __init__(self, work: Callable[..., object]) -> None:
        """Take what is done when it is called."""
        object.__setattr__(self, "_work", work)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse."""
        raise unwanted("a change of what reads the file")

    def __call__(self, *arguments: object) -> object:
        """Do it; what does not go with the arguments is refused."""
        return self._work(*arguments)


class Reconstruct:
    """Makes an empty array; a class of its own, as it is called for each one."""

    __slots__ = ()

    def __call__(self, kind: object = None, shape: object = None, code: object = None) -> Array:
        """Return it; what shape and type numpy would begin with does not matter."""
        if kind is not _NDARRAY:
            raise unwanted("an array of a class other than numpy.ndarray")
        return Array()


def _scalar(dtype: object = None, content: object = None) -> Scalar:
    if not isinstance(dtype, Dtype) or dtype.kind == "O" or not isinstance(content, (str, bytes, bytearray)):
        raise unwanted("a value of numpy without type or content")
    return Scalar(dtype, content)


def _from_buffer(data: object, dtype: object, shape: object, order: object) -> Array:
    return Array([(shape, dtype, order == "F", data)])


def _encode(text: object = None, encoding: object = None) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise unwanted(f"_codecs.encode with {shown(text)} and {shown(encoding)}")
    return text.encode("latin-1")


def _bytes(*arguments: object) -> bytes:
    if len(arguments) == 1 and isinstance(arguments[0], (bytes, bytearray)):
        return bytes(arguments[0])
    return _encode(*arguments) if arguments else b""


def _items(arguments: tuple[object, ...]) -> Sequence[object]:
    """Return the items that a container is made of: one list or tuple, or nothing."""
    items = arguments[0] if len(arguments) == 1 else arguments
    if not isinstance(items, (list, tuple)):
        raise unwanted(f"a container made of {shown(items)}")
    return items


def _complex(real: object = None, imaginary: object = None) -> complex:
    if not isinstance(real, (int, float)) or not isinstance(imaginary, (int, float)):
        raise unwanted("a complex number made of other things than numbers")
    return complex(real, imaginary)


def _ordered(*arguments: object) -> dict[object, object]:
    """Return what an `OrderedDict` is made of; Python 2 lists its pairs."""
    pairs = _items(arguments)
    ordered: dict[object, object] = {}
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise unwanted("a dictionary made of other things than pairs")
        ordered[pair[0]] = pair[1]
    return ordered


def _defaulting(factory: object = None) -> dict[object, object]:
    """Return a dictionary; what its class would make of keys that are missing is of no use here."""
    if factory is not None and factory not in _TYPES.values():
        raise unwanted("a dictionary whose entries are made by something else than a container or number")
    return {}


_NDARRAY = Name()
_RECONSTRUCT, _SCALAR, _FROM_BUFFER = Reconstruct(), Function(_scalar), Function(_from_buffer)
_CALLED: Mapping[str, object] = {
    "set": Function(lambda *arguments: set(_items(arguments))),
    "frozenset": Function(lambda *arguments: frozenset(_items(arguments))),
    "bytes": Function(_bytes),
    "bytearray": Function(lambda *arguments: bytearray(_bytes(*arguments))),
    "complex": Function(_complex),
}
_TYPES: Mapping[str, object] = {
    **{name: Name() for name in ("list", "dict", "tuple", "int", "long", "float", "str", "unicode", "bool")},
    "set": _CALLED["set"],
}
_ALLOWED: Mapping[tuple[str, str], object] = {
    **{
        (f"{package}.{module}", name): stand_in
        for package in ("numpy.core", "numpy._core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _RECONSTRUCT),
            ("multiarray", "scalar", _SCALAR),
            ("numeric", "_frombuffer", _FROM_BUFFER),
        )
    },
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): Function(lambda text=None, align=False, copy=True: Dtype(text)),
    ("_codecs", "encode"): Function(_encode),
    ("collections", "OrderedDict"): Function(_ordered),
    ("collections", "defaultdict"): Function(_defaulting),
    # Python 2 says __builtin__, and has two names for whole numbers and texts.
    **{
        (module, name): stand_in
        for module in ("builtins", "__builtin__")
        for name, stand_in in {**_TYPES, **_CALLED}.items()
    },
}


def _printable(name: str) -> str:
    """Return a name from a file as it may be shown: short, on one line."""
    text = name if name.isascii() and name.isprintable() else ascii(name)
    return text if len(text) <= 80 else f"{text[:80]}…"

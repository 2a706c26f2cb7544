"""What both processes know: tags of the tree, and how it is said that something is refused."""

from enum import IntEnum

MARK = b"emobench"
"""Last bytes of what the worker writes."""


class Items(IntEnum):
    """How the items of a container are written."""

    PLAIN = 0
    """Numbers, texts, None: as they are."""
    TREES = 1
    """Each as a tree."""
    ARRAYS = 2
    """Arrays that follow each other: index of the first, count."""
    PICKED = 3
    """Arrays by index."""
    SCALARS = 4
    """Numbers or texts of one numpy type: type, bytes in hexadecimal."""


class Tag(IntEnum):
    """First entry of a list in the tree; what follows are its items, or what is said here."""

    LIST = 0
    TUPLE = 1
    SET = 2
    FROZENSET = 3
    DICT = 4
    """Items of the keys, items of the values."""
    OBJECTS = 5
    """An array of objects: shape, items."""
    ARRAY = 6
    """Index."""
    SCALAR = 7
    """Type, bytes in hexadecimal."""
    BYTES = 8
    """Index of an array of bytes."""
    BYTEARRAY = 9
    """Index of an array of bytes."""
    COMPLEX = 10
    """Real and imaginary part."""


class Refused(Exception):  # noqa: N818 (reads as what happened)
    """What the file holds is not taken; the text says why."""


def unwanted(what: str) -> Refused:
    """Return the refusal of something that is none of what is expected."""
    return Refused(f"expected only containers, numbers, strings and arrays, got {what}")


def shown(value: object) -> str:
    """Return a short text of printable characters for a text, or else what sort of thing a value is."""
    if isinstance(value, str):
        return ascii(value) if len(value) <= 60 else f"{value[:60]!a}…"
    kind = type(value).__name__
    return {"NoneType": "None", "Name": "a class", "Function": "a function"}.get(
        kind, f"a value of type {kind.lower()}"
    )

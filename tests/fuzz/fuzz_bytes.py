"""Damage to bytes, of whatever format: cut, flipped, doubled, swapped, numbers that lie, pieces of something else."""

import struct
from collections.abc import Callable, Sequence

from fuzz_draws import Draw

NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
"""Lengths and counts at which something ends."""
PIECES = (
    b"\0", b"\n", b"\r", b"\r\n", b"\t", b",", b";", b'"', b"'", b'""', b"\\", b"\x1a", b"\x1b[2J", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"\x80", b"\x93", b"=1+1", b"@SUM(A1)", b"-1", b"nan", b"inf", b"-inf",
    b"1e999", b"0x10", b"1_000", b"\xd9\xa3", b"../../../etc/passwd", b"{{7*7}}", b"${7*7}", b"%s%n", b"null",
    b"[" * 500,
    b"{" * 500, b"9" * 5000, b"a" * 70_000, b"PK\x03\x04", b"PAR1", b"\x93NUMPY", b"\x80\x04", b"[[", b"]]", b"#",
)  # fmt: skip
"""What means something in one format or another, or has broken a reader somewhere."""
LARGEST = 300_000
"""Bytes that an input may grow to."""


def damaged(draw: Draw, content: bytes, *, others: Sequence[bytes] = ()) -> bytes:
    """Return bytes with one or more pieces of damage; `others`: contents that pieces may come from."""
    changed = bytearray(content)
    for _ in range(draw.few()):
        _WAYS[draw.randrange(len(_WAYS))](draw, changed, others)
    return bytes(changed[:LARGEST])


def _place(draw: Draw, content: bytearray) -> int:
    """Return a place; ends of files, where formats keep what they are about, more often."""
    if not content:
        return 0
    if draw.chance(0.3):
        return draw.choice((draw.randrange(min(64, len(content))), max(0, len(content) - 1 - draw.randrange(64))))
    return draw.randrange(len(content))


def _slice(draw: Draw, content: bytearray) -> slice:
    start = _place(draw, content)
    return slice(start, start + draw.choice((1, 2, 4, 8, 16, 100, 1000, len(content))))


def _cut(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    del content[_place(draw, content) :]


def _flip(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    if content:
        content[_place(draw, content)] ^= 1 << draw.randrange(8)


def _set(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    if content:
        content[_place(draw, content)] = draw.randrange(256)


def _lie(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    width, number, place = draw.choice((1, 2, 4, 8)), draw.choice(NUMBERS), _place(draw, content)
    order = draw.choice("<>")
    told = struct.pack(f"{order}Q", number)
    content[place : place + width] = told[:width] if order == "<" else told[-width:]


def _insert(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    place = _place(draw, content)
    content[place:place] = draw.choice(PIECES)


def _overwrite(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    place, piece = _place(draw, content), draw.choice(PIECES)
    content[place : place + len(piece)] = piece


def _remove(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    del content[_slice(draw, content)]


def _double(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    piece, place = bytes(content[_slice(draw, content)]), _place(draw, content)
    content[place:place] = (piece * draw.choice((1, 1, 1, 2, 50)))[:LARGEST]


def _move(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    where = _slice(draw, content)
    piece = bytes(content[where])
    del content[where]
    place = _place(draw, content)
    content[place:place] = piece


def _splice(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    if others:
        other = bytearray(draw.choice(others))
        content[_slice(draw, content)] = other[_slice(draw, other)]


def _blank(draw: Draw, content: bytearray, others: Sequence[bytes]) -> None:
    where = _slice(draw, content)
    content[where] = bytes([draw.choice((0, 32, 255))]) * len(content[where])


_WAYS: tuple[Callable[[Draw, bytearray, Sequence[bytes]], None], ...] = (
    _cut, _flip, _flip, _set, _set, _lie, _lie, _insert, _insert, _overwrite, _remove, _double, _move, _splice, _blank,
)  # fmt: skip

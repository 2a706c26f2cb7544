"""A pickle without its long pieces: what is left to read is short, however much its arrays hold.

A pickle is a list of instructions, some with an argument whose length goes before it. Only these lengths are understood
here; what the instructions do is up to the unpickler, which gets them all but those that frame others.
"""

import mmap
import re

from .left_bytes import LEAVE, LeftBytes
from .wording import Refused

# Instructions without argument, and with one of 1, 2, 4 and 8 bytes. `++` remembers no way back: a run may be long.
# Of those that number an object (`r`), such with a number that costs little, whether it is true or not.
_PLAIN = re.compile(
    rb"(?s:[(012NQRabdelost)\]}u\x81\x85-\x89\x8f-\x94\x97\x98]|[Khq\x80\x82].|[M\x83]..|r.{3}\0|[Jj\x84].{4}|G.{8}){1,4096}+"
)
_LINES = {**dict.fromkeys(b"FILSVgpP", 1), **dict.fromkeys(b"ci", 2)}
"""Instructions whose argument is so many lines."""
_WIDTHS = {**dict.fromkeys(b"UC\x8c\x8a", 1), **dict.fromkeys(b"TBX\x8b", 4), **dict.fromkeys(b"\x8e\x8d\x96", 8)}
"""Instructions whose argument has its length before it, in so many bytes."""
_SHORT = {
    ord("T"): b"U\x20",
    ord("B"): b"C\x20",
    ord("X"): b"\x8c\x20",
    0x8D: b"\x8c\x20",
    0x8E: b"C\x20",
    0x96: b"\x96\x20\0\0\0\0\0\0\0",
}
"""What gives a token of 32 bytes the type that the long piece would have had."""
_UTF8 = (ord("X"), 0x8D)
_NUMBERED = (ord("p"), ord("r"))
_FRAME = 0x95
_STOP = ord(".")


def shortened(pickle: mmap.mmap, left: LeftBytes) -> bytes:
    """Return the pickle with tokens of `left` in the place of long pieces.

    Raises
    ------
    Refused
        When an instruction is none.
    EOFError
        When the pickle ends before it says so.
    """
    kept: list[bytes] = []
    begin = place = 0
    try:
        while pickle[place] != _STOP:
            plain = _PLAIN.match(pickle, place)
            if plain:
                place = plain.end()
                continue
            code = pickle[place]
            start, end = _argument(pickle, place, code)
            if code == _FRAME:
                kept.append(pickle[begin:place])
                begin = end
            elif code in _SHORT and end - start >= LEAVE:
                starts = _alike(pickle, begin, start, end - start)
                before = pickle[begin:place] + _SHORT[code]
                kept += [before + token for token in left.tokens(starts, end - start, is_utf8=code in _UTF8)]
                begin = end = starts[-1] + end - start
            place = end
    except IndexError:
        raise EOFError from None
    kept.append(pickle[begin : place + 1])
    return b"".join(kept)


def _alike(pickle: mmap.mmap, begin: int, start: int, length: int) -> list[int]:
    """Return the starts of pieces of one length before which the same instructions stand, from `begin` to `start` on.

    Such are the vectors of a list; what stands between them need not be taken apart each time.
    """
    known, starts, distance = pickle[begin:start], [start], start - begin
    end = start + length
    most = len(pickle) - distance - length
    while end <= most and pickle[end : end + distance] == known:
        starts.append(end + distance)
        end += distance + length
    return starts


def _argument(pickle: mmap.mmap, place: int, code: int) -> tuple[int, int]:
    """Return where the argument of an instruction begins, without its length, and where it ends."""
    start = place + 1
    width = _WIDTHS.get(code)
    if width:
        start += width
        end = start + int.from_bytes(pickle[start - width : start], "little")
    elif code == _FRAME:
        end = start + 8
    elif code == ord("r"):
        end = start + 4
    elif code in _LINES:
        end = start
        for _ in range(_LINES[code]):
            # `find` says -1 where no line ends.
            end = pickle.find(b"\n", end) + 1 or len(pickle) + 1
    else:
        raise Refused(f"it is no pickle, or damaged (at byte {place:,})")
    if end > len(pickle):
        raise EOFError
    if code in _NUMBERED and _number(code, pickle[start:end]) > place:
        raise Refused(f"it is no pickle, or damaged (at byte {place:,} it numbers more objects than it has)")
    return start, end


def _number(code: int, argument: bytes) -> int:
    """Return the number that an object gets: the unpickler makes room for so many, whatever there is."""
    try:
        return int(argument) if code == ord("p") else int.from_bytes(argument, "little")
    except ValueError:  # none, which the unpickler refuses
        return 0

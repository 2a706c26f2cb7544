"""Pickles that nobody would write: programs of random instructions, known gadgets, arrays that lie, bombs, damage."""

import io
import pickle
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzz_bytes import damaged
from fuzz_draws import Draw
from fuzz_gadgets import ALLOWED, called, named, text
from pickles import python2

MINUS = b"J\xff\xff\xff\xff"
TYPES = (
    b"f8", b"<f4", b">f8", b"f2", b"i1", b"<i8", b"u4", b"b1", b"?", b"c8", b"c16", b"S5", b"U3", b"U0", b"S0", b"O",
    b"O8", b"|O",
    b"V8", b"M8[ns]", b"m8", b"f16", b"g", b"f3", b"i4,O", b"f8,f8", b"(2,2)f8", b"U999999", b"S999999", b"U9999999",
    b"", b"f",
    b"object", b"float64", b"str", b"\xc3\xa9", b"f8\0", b"f8\n", b"=f8", b"!f8", b"@f8", b"a5", b"B", b"i0", b"i-4",
    b"f08",
)  # fmt: skip
ORDERS = (b"<", b">", b"|", b"=", b"", b"!", b"I", b"<<", b"\0")


def hostile_pickle(draw: Draw, *, deep: bool = False) -> bytes:
    """Return a pickle; `deep`: also such as exhaust the stack of whoever reads them."""
    return draw.made(
        (_program, _program, _gadget, _gadget, _array, _array, _damaged, _damaged, _plain, _deep if deep else _bomb)
    )


def _number(draw: Draw) -> bytes:
    return draw.choice(
        (
            b"K" + draw.randbytes(1), b"M" + draw.randbytes(2), b"J" + draw.randbytes(4), MINUS, b"N", b"\x88",
            b"\x89", b"I01\n",
            b"I" + str(draw.getrandbits(40)).encode() + b"\n", b"L5L\n", b"F1e999\n", b"Fnan\n",
            b"G" + draw.randbytes(8),
            b"\x8a\x08" + draw.randbytes(8), b"\x8a\0", b"J\xff\xff\xff\x7f", b"I" + b"9" * 400 + b"\n",
            b"\x8b\x10\0\0\0" + draw.randbytes(16), b"\x8b" + draw.randbytes(4), b"Iabc\n", b"F\n",
        )
    )  # fmt: skip


def _bytes(draw: Draw) -> bytes:
    """Return a text or bytes, sometimes of a length that is not there."""
    content = draw.choice(
        (b"", b"a", b"clean", b"\xff\xfe", b"\xed\xa0\x80", b"x" * 300, bytes(draw.randrange(600)), b"latin1")
    )
    told = len(content) if draw.chance(0.9) else draw.choice((0, 1, 255, 2**31 - 1, 2**32 - 1, 2**40, 2**63, 2**64 - 1))
    code, form = draw.choice(
        (
            (b"U", "<B"),
            (b"C", "<B"),
            (b"\x8c", "<B"),
            (b"T", "<I"),
            (b"B", "<I"),
            (b"X", "<I"),
            (b"\x8d", "<Q"),
            (b"\x8e", "<Q"),
            (b"\x96", "<Q"),
        )
    )
    if draw.chance(0.1):
        return draw.choice(
            (b"S'a'\n", b'S"a\n', b"S'\\x4'\n", b"Va\\u12\n", b"V\\ud800\n", b"Sa\n", b"S'" + b"a" * 400 + b"'\n")
        )
    return code + struct.pack(form, told % (1 << 8 * struct.calcsize(form))) + content


def _name(draw: Draw) -> bytes:
    return draw.choice(ALLOWED) if draw.chance(0.8) else named(draw)


def _leaf(draw: Draw) -> bytes:
    return draw.made((_number, _bytes, _bytes, _name, _memo, lambda _: array(draw) if draw.chance(0.3) else b"]"))


def _memo(draw: Draw) -> bytes:
    number = draw.choice((0, 1, 2, 3, 5, 200))
    return draw.choice((b"h" + bytes([number]), b"j" + struct.pack("<I", number), b"g%d\n" % number))


def _program(draw: Draw) -> bytes:
    """Return instructions that mostly find on the stack what they need."""
    parts = [draw.choice((b"", b"\x80\x02", b"\x80\x04", b"\x80\x05\x95" + draw.randbytes(1) + bytes(7), b"\x80\xff"))]
    for _ in range(draw.randrange(1, 40)):
        parts.append(_leaf(draw) if draw.chance(0.55) else draw.choice(_INSTRUCTIONS))
        if draw.chance(0.3):
            parts.append(
                draw.choice((b"\x94", b"q" + draw.randbytes(1), b"r" + draw.randbytes(4)[:1] + bytes(3), b"p1\n"))
            )
    return b"".join(parts) + draw.choice((b".", b".", b"l.", b"t.", b""))


_INSTRUCTIONS = (
    b"(", b"(", b"(", b")", b"]", b"}", b"\x8f", b"\x85", b"\x86", b"\x87", b"t", b"l", b"d", b"a", b"e", b"s", b"u",
    b"\x90", b"\x91",
    b"R", b"R", b"b", b"b", b"o", b"\x81", b"\x92", b"\x93", b"0", b"1", b"2", b"Q", b"Pid\n", b"\x82\x01",
    b"\x83\x01\x01",
    b"\x84\x01\0\0\0", b"\x97", b"\x98", b"cos\nsystem\n", b"ios\nsystem\n", b"\x95" + b"\xff" * 8, b"\x95" + bytes(8),
    b"\xff", b"\0",
)  # fmt: skip


def _gadget(draw: Draw) -> bytes:
    """Return a call that would run something, bare or inside of data."""
    call = called(draw)
    around = draw.choice(
        (b"%s", b"](%se", b"}(U\x01a%su", b"(%st", b"(K\x01%sK\x02l", b"%s0N", b"](K\x01%se\x85", b"\x8f(%s\x90")
    )
    start = draw.choice((b"", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"))
    return start + around.replace(b"%s", call) + b"."


def array(draw: Draw) -> bytes:
    """Return the instructions for an array, one or more parts of which may lie."""
    lies = draw.choice((0, 1, 1, 1, 2, 3))
    parts = {
        "dtype": b"f8",
        "order": b"<",
        "shape": b"K\x02\x85",
        "fortran": b"\x89",
        "data": b"C\x10" + bytes(16),
        "version": b"K\x01",
    }
    for part in draw.sample(list(parts), lies):
        parts[part] = _lie(draw, part)
    state = (
        b"(K\x03"
        + text(parts["order"])
        + draw.choice((b"NNN", b"NNN", b"NNN", b"N)N", b"})N", b"N(U\x01at}"))
        + MINUS * 2
        + b"K\0t"
    )
    dtype = (
        b"cnumpy\ndtype\n" + text(parts["dtype"]) + b"\x89\x88\x87R" + draw.choice((state + b"b", state + b"b", b""))
    )
    if draw.chance(0.15):
        return (
            draw.choice((b"cnumpy.core.multiarray\nscalar\n", b"cnumpy._core.multiarray\nscalar\n"))
            + dtype
            + parts["data"]
            + b"\x86R"
        )
    if draw.chance(0.1):
        return b"cnumpy._core.numeric\n_frombuffer\n(" + parts["data"] + dtype + parts["shape"] + text(b"C") + b"tR"
    kind = draw.choice(
        (b"cnumpy\nndarray\n",) * 9 + (b"cbuiltins\nlist\n", b"cnumpy\ndtype\n", b"cnumpy\nmatrix\n", b"N")
    )
    made = b"cnumpy.core.multiarray\n_reconstruct\n" + kind + b"K\0\x85C\x01b\x87R"
    return made + b"(" + parts["version"] + parts["shape"] + dtype + parts["fortran"] + parts["data"] + b"tb"


def _lie(draw: Draw, part: str) -> bytes:
    if part == "dtype":
        return draw.choice(TYPES)
    if part == "order":
        return draw.choice(ORDERS)
    if part == "shape":
        sizes = (
            b"K\0",
            b"K\x01",
            b"K\x02",
            b"K\x04",
            MINUS,
            b"J\xff\xff\xff\x7f",
            b"\x8a\x08" + b"\xff" * 7 + b"\x7f",
            b"N",
            b"\x88",
            b"G" + bytes(8),
        )
        return b"(" + b"".join(draw.choice(sizes) for _ in range(draw.choice((0, 1, 2, 3, 33, 70)))) + b"t"
    if part == "fortran":
        return draw.choice((b"\x88", b"K\x02", b"N", b"]", b"U\x01C", b"cbuiltins\nset\n"))
    if part == "version":
        return draw.choice((b"K\0", b"", b"N", b"K\x01K\x01"))
    return draw.choice(
        (
            _bytes(draw),
            _bytes(draw),
            b"]",
            b"](K\x01K\x02e",
            b"N",
            b"K\x05",
            b"](ccollections\nOrderedDict\n)Re",
            b"\x8c\x02\xc4\x80",
        )
    )


def _array(draw: Draw) -> bytes:
    made = b"".join(array(draw) for _ in range(draw.few(4)))
    return b"\x80\x04" + draw.choice((b"(%sl.", b"](%se.", b"}(K\x01(%stu.", b"(%st\x94h\0\x86.")).replace(b"%s", made)


def plain_value(draw: Draw, depth: int = 0) -> Any:  # whatever pickles of data hold
    """Return containers, numbers, texts and arrays."""
    if depth < 4 and draw.chance(0.6):
        inner = [plain_value(draw, depth + 1) for _ in range(draw.randrange(5))]
        return draw.choice((inner, tuple(inner), {str(n): one for n, one in enumerate(inner)}, dict(enumerate(inner))))
    kind = draw.choice(("<f4", ">f8", "<i8", "i1", "?", "<U3", "S4", "<c16", "O"))
    shape = tuple(draw.randrange(4) for _ in range(draw.randrange(4)))
    values = np.zeros(shape, kind)
    return draw.choice(
        (None, True, draw.random(), draw.getrandbits(70), -5, "é", "", b"ab", bytearray(b"c"), 1j, {1, 2},
        frozenset("a"), values, np.float32(2),
         np.asfortranarray(values), values.view(), "x" * 300, b"y" * 300)
    )  # fmt: skip


def _plain(draw: Draw) -> bytes:
    return _dumped(draw, plain_value(draw))


def _dumped(draw: Draw, value: Any) -> bytes:  # as `plain_value`
    if draw.chance(0.1) and isinstance(value, (list, tuple)):
        flat = [
            one
            for one in value
            if isinstance(one, (int, float, str, type(None))) and abs(one if isinstance(one, int) else 0) < 2**31
        ]
        return python2([one for one in flat if not isinstance(one, str) or one.isascii()])
    content = pickle.dumps(value, draw.randrange(6))
    return content.replace(b"numpy._core", b"numpy.core") if draw.chance(0.3) else content


def _damaged(draw: Draw) -> bytes:
    value = [plain_value(draw) for _ in range(3)]
    return damaged(draw, _dumped(draw, value), others=(called(draw), array(draw)))


def _doubled(code: bytes, times: int) -> bytes:
    return b"\x80\x04)" + b"".join(b"\x94h" + bytes([n]) + b"h" + bytes([n]) + code for n in range(times)) + b"."


def _bomb(draw: Draw) -> bytes:
    """Return little that would become much."""
    many = draw.choice((3, 30, 300, 3000))
    bombs: tuple[Callable[[], bytes], ...] = (
        lambda: _doubled(b"\x86", draw.randrange(1, 200)),
        lambda: b"\x80\x04]\x94" + b"h\0a" * many + b".",
        lambda: b"\x80\x04" + b"]" * many + b"a" * (many - 1) + b".",
        lambda: b"\x80\x04" + b"(" * many + b"t" * many + b".",
        lambda: b"\x80\x04X\xa0\x86\x01\0" + b"a" * 100_000 + b"\x94](" + b"h\0" * many + b"e.",
        lambda: b"\x80\x04" + array(draw) + b"\x94](" + b"h\0" * many + b"e.",
        lambda: b"\x80\x04Nr" + struct.pack("<I", draw.choice((2**16, 2**20))) + b".",
        lambda: b"\x80\x04\x8b" + struct.pack("<I", many) + b"\x7f" * many + b".",
        lambda: b"\x80\x04}(" + b"".join(b"\x8a\x0a" + (n * (2**61 - 1)).to_bytes(10, "little") + b"N"
        for n in range(many)) + b"u.",
        lambda: b"I" + b"7" * many * 3 + b"\n.",
        lambda: b"\x80\x04c_codecs\nencode\n" + b"X\x04\0\0\0\xc3\xa9\xc3\xa9" + text(draw.choice((b"latin1", b"zip",
        b"bz2", b"rot13", b"hex", b"unicode_escape", b"punycode", b"idna"))) + b"\x86R.",
        lambda: b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
        lambda: b"\x80\x02cbuiltins\nset\n](" + b"K\x01)\x86" * many + b"e\x85R.",
    )  # fmt: skip
    return draw.choice(bombs)()


def _deep(draw: Draw) -> bytes:
    """Return what would take the stack, all memory or all time of a process."""
    many = draw.choice((10_000, 300_000))
    bombs: tuple[Callable[[], bytes], ...] = (
        lambda: b"\x80\x04})" + b"\x85" * many + b"K\x01s.",
        lambda: b"\x80\x04Nr\xff\xff\xff\x7f.",
        lambda: b"\x80\x04(" + b"]" * many + b"l.",
        lambda: b"\x80\x04" + b"(" * many + b"t" * 100,
        lambda: b"\x80\x04})" + b"\x85\x94h\0\x86"[:2] * many + b"\x91.",
        lambda: b"c" + b"a." * many + b"\nb\n.",
    )
    return draw.choice((*bombs, lambda: _bomb(draw)))()


def dumped(value: Any) -> bytes:  # as `plain_value`
    """Return a plain pickle."""
    stream = io.BytesIO()
    pickle.dump(value, stream, 4)
    return stream.getvalue()

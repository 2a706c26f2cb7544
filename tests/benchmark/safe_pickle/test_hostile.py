"""Pickles that mean harm are refused in one line, and nothing of what they say is done."""

# One case a line, whatever its length: they are read one below the other.
# ruff: noqa: E501

import functools
import operator
import os
import pickle
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pickles import anonymous, read_here

from emobench.benchmark.errors import DataError
from emobench.benchmark.safe_pickle import worker
from emobench.benchmark.safe_pickle.left_bytes import LeftBytes
from emobench.benchmark.safe_pickle.reader import Limits, read_pickle
from emobench.benchmark.safe_pickle.scanner import shortened

WANTED = "expected only containers, numbers, strings and arrays, got "


class Reduced:
    """Pickles as the call of something."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> object:
        return self.call


def short(text: bytes) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text


def named(module: bytes, name: bytes) -> bytes:
    return short(module) + short(name) + b"\x93"


ARRAY = named(b"numpy.core.multiarray", b"_reconstruct") + named(b"numpy", b"ndarray") + b"K\0\x85C\x01b\x87R"
F8 = (
    named(b"numpy", b"dtype")
    + short(b"f8")
    + b"\x89\x88\x87R(K\x03"
    + short(b"<")
    + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
)
MINUS = b"J\xff\xff\xff\xff"


def array(
    *, shape: bytes = b"K\x01\x85", dtype: bytes = F8, order: bytes = b"\x89", data: bytes = b"C\x08" + bytes(8)
) -> bytes:
    """Return the instructions for an array."""
    return ARRAY + b"(K\x01" + shape + dtype + order + data + b"tb"


def dtype_of(text: bytes, state: bytes = b"") -> bytes:
    return named(b"numpy", b"dtype") + short(text) + b"\x89\x88\x87R" + state


def touching(canary: Path) -> dict[str, tuple[bytes, str]]:
    """Return pickles that would make a file, and what is said of each."""
    command, code = f"touch {canary}", f"open({str(canary)!r}, 'w').close()"
    each = {
        "os.system": (Reduced(os.system, command), "posix.system"),
        "subprocess": (Reduced(subprocess.Popen, ["touch", str(canary)]), "subprocess.Popen"),
        "eval": (Reduced(eval, code), "builtins.eval"),
        "exec": (Reduced(exec, code), "builtins.exec"),
        "open": (Reduced(open, str(canary), "w"), "io.open"),
        "getattr": (Reduced(getattr, Reduced(__import__, "os"), "system"), "builtins.getattr"),
        "import": (Reduced(__import__, "os"), "builtins.__import__"),
        "map": (Reduced(list, Reduced(map, eval, [code])), "builtins.map"),
        "partial": (Reduced(functools.partial, eval, code), "functools.partial"),
        "caller": (Reduced(operator.methodcaller, "system", command), "operator.methodcaller"),
        "in a list": ([1, {"a": Reduced(os.system, command)}], "posix.system"),
    }
    written = {
        f"{name} {protocol}": (pickle.dumps(value, protocol), f"{WANTED}{got}")
        for name, (value, got) in each.items()
        # Older protocols have other names for what is in `builtins`.
        for protocol in ((0, 2, 4) if got == "posix.system" else (4,))
    }
    told = command.encode()
    by_hand = {
        "inst": (b"(S'%s'\nios\nsystem\n." % told, "os.system"),
        "obj": (b"(cos\nsystem\nS'%s'\no." % told, "os.system"),
        "newobj": (b"\x80\x02cos\nsystem\nX" + struct.pack("<I", len(told)) + told + b"\x85\x81.", "os.system"),
        "build": (b"\x80\x02ctypes\nFunctionType\n}X\x01\0\0\0aNsb.", "types.FunctionType"),
        "dotted": (b"\x80\x04" + named(b"numpy", b"ndarray.__class__") + b".", "numpy.ndarray.__class__"),
        "numpy exec": (
            b"\x80\x04" + named(b"numpy.testing._private.utils", b"runstring") + b".",
            "numpy.testing._private.utils.runstring",
        ),
        "numpy load": (b"\x80\x04" + named(b"numpy", b"load") + short(told) + b"\x85R.", "numpy.load"),
        "numpy f2py": (b"\x80\x04" + named(b"numpy.f2py", b"compile") + b".", "numpy.f2py.compile"),
        "torch": (b"\x80\x04" + named(b"torch.storage", b"_load_from_bytes") + b".", "torch.storage._load_from_bytes"),
        "copyreg": (b"\x80\x02ccopy_reg\n_reconstructor\n.", "copy_reg._reconstructor"),
        "codecs": (b"\x80\x04" + named(b"_codecs", b"decode") + b".", "_codecs.decode"),
        "lines": (b"\x80\x04" + named(b"a\nb\x1b[31m", b"c") + b".", "'a\\nb\\x1b[31m.c'"),
        "long": (b"\x80\x04" + named(b"a" * 200, b"c") + b".", f"{'a' * 80}…"),
    }
    return written | {name: (content, f"{WANTED}{got}") for name, (content, got) in by_hand.items()}


@pytest.mark.parametrize("name", touching(Path("/canary")))
def test_a_command_is_refused_by_name_and_nothing_ran(name: str, tmp_path: Path) -> None:
    canary, path = tmp_path / "canary", tmp_path / "a.pkl"
    content, expected = touching(canary)[name]
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_pickle(path)
    assert str(caught.value) == f"{path}: {expected}"
    with pytest.raises(DataError) as caught:
        read_here(content)
    assert str(caught.value) == f"here.pkl: {expected}"
    assert not canary.exists()


def test_python_itself_would_have_run_it(tmp_path: Path) -> None:
    """Or else the tests above say nothing."""
    for name in ("os.system 4", "os.system 0", "eval 4", "inst", "obj"):
        content, _ = touching(tmp_path / "canary")[name]
        pickle.loads(content)
        (tmp_path / "canary").unlink()


ENCODE = named(b"_codecs", b"encode")
SETS = named(b"builtins", b"set")
REFUSED = {
    # What is allowed, with other arguments than containers, numbers, strings and arrays have.
    "another encoding": (ENCODE + short(b"YQ==") + short(b"base64") + b"\x86R", "_codecs.encode with 'YQ==' and 'base64'"),
    "encoding bytes": (ENCODE + b"C\x01a" + short(b"latin1") + b"\x86R", "_codecs.encode with a value of type bytes and 'latin1'"),
    "encoding rot13": (ENCODE + short(b"a" * 70) + short(b"rot13") + b"\x86R", f"_codecs.encode with '{'a' * 60}'… and 'rot13'"),
    "another class of array": (named(b"numpy.core.multiarray", b"_reconstruct") + SETS + b"K\0\x85C\x01b\x87R", "an array of a class other than numpy.ndarray"),
    "an array without contents": (ARRAY, "an array without contents, or with several"),
    "an array built twice": (array() + b"(K\x01K\x01\x85" + F8 + b"\x89C\x08" + bytes(8) + b"tb", "an array without contents, or with several"),
    "an array appended to": (ARRAY + b"K\x01a", "an array without contents, or with several"),
    "a short state": (ARRAY + b"(K\x01K\x01\x85tb", "an array that is not made of shape, type, order and contents"),
    "beyond the end": (array(shape=b"M\0\x01\x85"), "an array of 8 bytes whose shape and type make 2,048"),
    "beyond the end of left bytes": (array(shape=b"M\0\x01\x85", data=b"B\0\x02\0\0" + bytes(512)), "an array of 512 bytes whose shape and type make 2,048"),
    "beyond the end in text": (array(data=b"X\0\x02\0\0" + bytes(512)), "an array of 512 bytes whose shape and type make 8"),
    "a negative axis": (array(shape=MINUS + b"\x85"), "an array whose shape is not made of whole numbers from 0"),
    "an axis of truth": (array(shape=b"\x88\x85"), "an array whose shape is not made of whole numbers from 0"),
    "no shape": (array(shape=b"K\x01"), "an array whose shape is not made of whole numbers from 0"),
    "endless axes": (array(shape=b"(K\0" + b"J\xff\xff\xff\x7f" * 3 + b"t"), "an array of type <f8 with 4 axes and 9,903,520,300,447,984,150,353,281,023 values"),
    "many axes": (array(shape=b"(" + b"K\x01" * 40 + b"t"), "an array of type <f8 with 40 axes and 1 values"),
    "no type": (array(dtype=b"N"), "an array without a type"),
    "contents that are a number": (array(data=b"K\x01"), "an array whose contents are not bytes"),
    "objects as bytes": (array(dtype=dtype_of(b"O8")), "an array of the shape (1,) with other contents than that many values"),
    "too few objects": (array(dtype=dtype_of(b"O"), data=b"]"), "an array of the shape (1,) with other contents than that many values"),
    "a type of parts": (array(dtype=dtype_of(b"V8")), "an array of type 'V8'"),
    "a type of dates": (array(dtype=dtype_of(b"M8[ns]")), "an array of type 'M8[ns]'"),
    "a type of no such width": (array(dtype=dtype_of(b"f3")), "an array of type 'f3'"),
    "a type of objects in parts": (array(dtype=dtype_of(b"O,O")), "an array of type 'O,O'"),
    "a type of no text": (named(b"numpy", b"dtype") + b"N\x85R", "an array of type None"),
    "a type with fields": (dtype_of(b"f8", b"(K\x03" + short(b"<") + b"N)}MM\0K\x08K\0tb"), "an array of a type that is made of parts, or of dates"),
    "a type with a short state": (dtype_of(b"f8", b"K\x03\x85b"), "an array of a type that is made of parts, or of dates"),
    "a type of no byte order": (dtype_of(b"f8", b"(K\x03" + short(b"x") + b"NNN" + MINUS * 2 + b"K\0tb"), "an array of the byte order 'x'"),
    "empty texts": (array(dtype=dtype_of(b"U0"), shape=b"J\xff\xff\xff\x0f\x85", data=b"C\0"), "an array of type =U0 with 1 axes and 268,435,455 values"),
    "a type alone": (F8, "a value of type dtype"),
    "a scalar of objects": (named(b"numpy._core.multiarray", b"scalar") + dtype_of(b"O8") + b"C\x08" + bytes(8) + b"\x86R", "a value of numpy without type or content"),
    "a scalar without type": (named(b"numpy._core.multiarray", b"scalar") + b"N\x85R", "a value of numpy without type or content"),
    "a short scalar": (named(b"numpy._core.multiarray", b"scalar") + F8 + b"C\x01a\x86R", "a value of the type <f8 in 1 bytes"),
    "a buffer": (named(b"numpy._core.numeric", b"_frombuffer") + b"(C\x04aaaa" + F8 + b"K\x01\x85" + short(b"C") + b"tR", "an array of 4 bytes whose shape and type make 8"),
    "a set of text": (SETS + short(b"abc") + b"\x85R", "a container made of 'abc'"),
    "a set of a class": (SETS + named(b"numpy", b"ndarray") + b"\x85R", "a container made of a class"),
    "a class": (named(b"numpy", b"ndarray"), "a class"),
    "a function": (SETS, "a function"),
    "a great bytearray": (named(b"builtins", b"bytearray") + b"J\xff\xff\xff\x7f\x85R", "_codecs.encode with a value of type int and None"),
    "a complex text": (named(b"builtins", b"complex") + short(b"1j") + b"\x85R", "a complex number made of other things than numbers"),
    "a dictionary of no pairs": (named(b"collections", b"OrderedDict") + b"](K\x01K\x02e\x85R", "a dictionary made of other things than pairs"),
    "entries made by a function": (named(b"collections", b"defaultdict") + ENCODE + b"\x85R", "a dictionary whose entries are made by something else than a container or number"),
    "a change of a function": (ENCODE + b"N}" + short(b"_work") + SETS + b"s\x86b", "a change of what reads the file"),
    "a view of bytes": (b"\x96\x01\0\0\0\0\0\0\0a\x98", "a value of type memoryview"),
    "a great number": (b"\x8b\0\x04\0\0" + b"\x7f" * 1024, "a number of 8,191 bits"),
    "a reference outside": (b"K\x01Q", "a reference to something outside the file"),
    "a named reference outside": (b"Pabc\n", "a reference to something outside the file"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_allowed_is_allowed_for_data_only(name: str) -> None:
    content, got = REFUSED[name]
    with pytest.raises(DataError) as caught:
        read_here(b"\x80\x04" + content + b".")
    assert str(caught.value) == f"here.pkl: {WANTED}{got}"


BROKEN = {
    "no end": (b"\x80\x04K\x01", "it ends too early"),
    "a short argument": (b"\x80\x04J\x01", "it is no pickle, or damaged (at byte 2)"),
    "a short text": (b"\x80\x04\x8c\x05ab.", "it ends too early"),
    "a length beyond the file": (b"\x80\x04B\xff\xff\xff\x7fab.", "it ends too early"),
    "a length beyond any file": (b"\x80\x04\x8e" + b"\xff" * 8 + b"ab.", "it ends too early"),
    "a line without end": (b"\x80\x04cposix", "it ends too early"),
    "no instruction": (b"\x80\x04\xff.", "it is no pickle, or damaged (at byte 2)"),
    "text": (b"hello world", "it is no pickle, or damaged"),
    "a zip archive": (b"PK\x03\x04" + bytes(20), "it ends too early"),
    "a newer protocol": (b"\x80\x06N.", "it is no pickle, or damaged (unsupported pickle protocol: 6)"),
    "an empty stack": (b"\x80\x04.", "it is no pickle, or damaged"),
    "an entry of nothing": (b"\x80\x04h\x05.", "it is no pickle, or damaged (Memo value not found at index 5)"),
    "an extension": (b"\x80\x04\x82\x01.", "it is no pickle, or damaged (unregistered extension code 1)"),
    "a buffer from elsewhere": (b"\x80\x05\x97.", "it is no pickle, or damaged"),
    "a key that is a list": (b"\x80\x04}]K\x01s.", "it is no pickle, or damaged (unhashable type: 'list')"),
    "a call of a number": (b"\x80\x04K\x01)R.", "it is no pickle, or damaged ('int' object is not callable)"),
    "a class that is none": (b"\x80\x04" + named(b"numpy", b"ndarray") + b")\x81.", "it is no pickle, or damaged (NEWOBJ class argument must be a type"),
    "state for a number": (b"\x80\x04K\x01}" + short(b"a") + b"K\x02sb.", "it is no pickle, or damaged ('int' object has no attribute '__dict__')"),
    "more objects than bytes": (b"\x80\x04Nr\0\0\0\x01.", "it is no pickle, or damaged (at byte 3 it numbers more objects than it has)"),
    "more objects than bytes, in digits": (b"Np78555556\n.", "it is no pickle, or damaged (at byte 1 it numbers more objects than it has)"),
    "an object numbered by a word": (b"Npone\n.", "it is no pickle, or damaged"),
    "itself": (b"\x80\x04]\x94h\0a.", "expected at most 100 containers within each other, got more"),
    "itself twice": (b"\x80\x04]\x94(h\0h\0e.", "expected at most 100 containers within each other, got more"),
    "deep lists": (b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b".", "expected at most 100 containers within each other, got more"),
    "doubled tuples": (b"\x80\x04" + b")" + b"".join(b"\x94h" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(60)) + b".", "expected a tree of containers, got one that unfolds to far more than the file holds"),
    "a text many times": (b"\x80\x04X\xa0\x86\x01\0" + b"a" * 100_000 + b"\x94](" + b"h\0" * 1000 + b"e.", "expected a tree of containers, got one that unfolds to far more than the file holds"),
    "bytes many times": (b"\x80\x04B\xa0\x86\x01\0" + b"a" * 100_000 + b"\x94](" + b"h\0" * 1000 + b"e.", "expected arrays no larger than the file, got some that unfold to more"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_pickle_of_data_is_one_line(name: str) -> None:
    content, expected = BROKEN[name]
    with pytest.raises(DataError) as caught:
        read_here(content)
    assert str(caught.value).startswith(f"here.pkl: {expected}")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_large_file_may_number_many_objects() -> None:
    content = b"\x80\x04" + b"N0" * (1 << 23) + b"Nr\0\0\0\x01."
    source = anonymous(content)
    assert shortened(source, LeftBytes(source)) == content


MEMORY = 1 << 28
BOMBS: dict[str, Callable[[], bytes]] = {
    # Each would take more than `MEMORY`, or all time, or the stack of the process that reads it.
    "a great memo": lambda: b"\x80\x04Nr\xff\xff\xff\x7f.",
    "a great number of marks": lambda: b"\x80\x04" + b"(" * 20_000_000 + b"t" * 100,
    "deep tuples as a key": lambda: b"\x80\x04})" + b"\x85" * 3_000_000 + b"K\x01s.",
    "empty lists": lambda: b"\x80\x04(" + b"]" * 8_000_000 + b"l.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_the_process_that_reads_and_not_this_one(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(BOMBS[name]())
    with pytest.raises(DataError) as caught:
        read_pickle(path, limits=Limits(memory=MEMORY))
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_what_needs_more_memory_than_it_may_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(worker, "shortened", full)
    with pytest.raises(DataError, match=r"^here\.pkl: it needs more memory than a file of its size may$"):
        read_here(b"\x80\x04N.")

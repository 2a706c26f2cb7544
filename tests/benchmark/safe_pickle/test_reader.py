"""Pickles that hold what data are made of come back as they were."""

import collections
import gc
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pickles import anonymous, python2, read_here

from emobench.benchmark.errors import DataError
from emobench.benchmark.safe_pickle import reader, worker
from emobench.benchmark.safe_pickle.reader import Limits, read_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def same(first: object, second: object) -> bool:
    """Return whether two values are of the same types and equal, arrays by type, shape and content."""
    if isinstance(first, dict) and isinstance(second, dict):
        return same(list(first.items()), list(second.items()))
    if type(first) is not type(second):
        return False
    if isinstance(first, np.ndarray):
        assert isinstance(second, np.ndarray)
        second = second.astype(second.dtype.newbyteorder("="))
        if first.dtype == object:
            return first.shape == second.shape and same(first.ravel().tolist(), second.ravel().tolist())
        return (first.dtype, first.shape) == (second.dtype, second.shape) and first.tobytes() == second.tobytes()
    if isinstance(first, (set, frozenset)):
        assert isinstance(second, (set, frozenset))
        return sorted(map(repr, first)) == sorted(map(repr, second))
    if isinstance(first, (list, tuple)):
        assert isinstance(second, (list, tuple))
        return len(first) == len(second) and all(map(same, first, second))
    return repr(first) == repr(second)


def matrix(dtype: str) -> np.ndarray:
    return (np.arange(6).reshape(2, 3) % 2).astype(dtype)


def objects() -> np.ndarray:
    array = np.empty((2, 2), object)
    array[:] = [[{"a": matrix("f4")}, None], [[1, [2]], "text"]]
    return array


VALUES = {
    "plain": [None, True, False, 0, -1, 2**31, -(2**63), 2**200, 0.1, -0.0, float("inf"), "", "é\ud800\U0001f600\n\0"],
    "nan": float("nan"),
    "containers": {"a": [1, (2, (), [])], 3: {4, 5}, None: frozenset({"x"}), (1, ("b", 2.5)): {}, 1.5: set()},
    "bytes": [b"", b"\x00\xff" * 300, bytearray(b"abc"), bytearray(300), bytearray()],
    "complex": [1 + 2j, complex(0.0, float("inf"))],
    "ordered": collections.OrderedDict([("b", 1), ("a", [2])]),
    "defaulting": collections.defaultdict(list, {"a": [1]}),
    "counting": collections.defaultdict(int, {"a": 1}),
    "long text": {"é" * 300: "ü" * 1000, "b": ["x" * 300, "\ud800" * 100]},
    **{
        f"matrix {code}": matrix(code)
        for code in ("?", "i1", "u8", "<f2", ">f4", "<f8", "c8", "c16", "S3", "<U3", ">U300")
    },
    "order": [np.asfortranarray(np.arange(600.0).reshape(20, 30)), np.arange(600.0).reshape(20, 30)[::2, 1:]],
    "many axes": np.arange(480, dtype=np.float32).reshape(2, 3, 4, 20, 1),
    "nothing in it": [np.zeros((0, 5), "f4"), np.zeros(0, "i8"), np.zeros((2, 0), "U3")],
    "no axes": [np.array(1.5), np.array("word"), np.array(True)],
    "objects": [objects(), np.array([{"a": 1}, None], dtype=object)],
    "scalars": [
        np.float32(0.5),
        np.int64(-3),
        np.bool_(True),
        np.str_("word"),
        np.bytes_(b"ab"),
        np.str_(""),
        np.complex64(1j),
    ],
    "labels": [np.int64(1), np.int64(2), np.int64(3)],
    "long scalar": np.str_("word" * 200),
    "vectors": {f"d{d}": list(np.arange(d * 3000.0, d * 3000 + 1500).reshape(5, 300)) for d in range(40)},
    "uneven": {"a": [np.zeros(100, "f4"), np.zeros(101, "f4"), np.zeros(100, "f8")], "b": [np.ones(7)] * 3},
    "keys": {np.str_("Ses01"): 1, np.int64(2): 2, b"k" * 400: 3},
    "large": np.arange(500_000, dtype=np.float64).reshape(1000, 500),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", VALUES)
def test_every_protocol_gives_back_what_was_put_in(name: str, protocol: int) -> None:
    written = pickle.dumps(VALUES[name], protocol)
    assert same(read_here(written), pickle.loads(written))


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=400)
    | st.binary(max_size=400)
)
KEYS = st.integers() | st.text(max_size=20) | st.tuples(st.integers(), st.booleans())
TREES = st.recursive(
    LEAVES | st.lists(st.integers()) | st.frozensets(st.integers()),
    lambda parts: st.lists(parts) | st.dictionaries(KEYS, parts) | st.tuples(parts, parts) | st.lists(parts).map(tuple),
    max_leaves=30,
)


@settings(max_examples=60)
@given(tree=TREES, protocol=st.sampled_from(PROTOCOLS))
def test_whatever_is_harmless_reads_as_python_reads_it(tree: object, protocol: int) -> None:
    assert same(read_here(pickle.dumps(tree, protocol)), tree)


def refusal(content: bytes) -> str:
    """Return why a pickle is refused; empty: it is not."""
    try:
        read_here(content)
    except DataError as error:
        return str(error)
    return ""


@settings(max_examples=60)
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"\x80\x02", b"\x80\x04\x95", b"(lp0\n"]))
def test_no_bytes_do_anything_but_hold_data_or_get_refused(content: bytes, start: bytes) -> None:
    said = refusal(start + content)
    assert not said or (said.startswith("here.pkl: ") and "\n" not in said)


@settings(max_examples=60)
@given(tree=TREES, data=st.data())
def test_a_pickle_that_was_changed_in_one_byte_does_no_harm(tree: object, data: st.DataObject) -> None:
    written = bytearray(pickle.dumps(tree, data.draw(st.sampled_from(PROTOCOLS))))
    written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    assert "\n" not in refusal(bytes(written))


def test_files_of_python_2_are_read_with_one_byte_per_character() -> None:
    value = (
        {"Ses01": ["caf\xe9", "x" * 300], "Ses02": ["\xff"]},
        {"Ses01": [np.arange(100, dtype="f4"), np.arange(100, 200, dtype="f4")], "Ses02": [np.arange(3, dtype="f8")]},
        {"Ses01"},
        [np.int64(3), np.float32(0.1), 1.5, True, None, -7],
        np.array([["a", None]], dtype=object),
        np.array([b"ab", b"c"]),
    )
    assert same(read_here(python2(value)), value)
    assert same(pickle.loads(python2(value), encoding="latin1"), value)


def test_ordered_dictionaries_of_python_2_are_read() -> None:
    pairs = b"ccollections\nOrderedDict\n](](U\x01bK\x01e](U\x01aK\x02ee\x85R."
    assert same(read_here(b"\x80\x02" + pairs), {"b": 1, "a": 2})


def test_arrays_are_views_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([np.zeros(1000), np.zeros(3), objects()]))
    arrays = read_pickle(tmp_path / "a.pkl")
    assert isinstance(arrays, list)
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_an_array_that_is_mentioned_twice_is_one() -> None:
    array = np.arange(3)
    first, second, third = read_here(pickle.dumps([array, [array, array], np.arange(4)]))  # type: ignore[misc]  # three items
    assert first is second[0] is second[1]
    assert third.tolist() == [0, 1, 2, 3]


def test_a_file_is_read_by_another_process(tmp_path: Path) -> None:
    path = tmp_path / "name with spaces.pkl"
    for name in ("containers", "vectors", "objects", "long text"):
        path.write_bytes(pickle.dumps(VALUES[name]))
        assert same(read_pickle(path), VALUES[name])


def test_it_does_without_files_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(VALUES["scalars"]))
    assert same(read_pickle(tmp_path / "a.pkl"), VALUES["scalars"])


def test_what_cannot_be_a_pickle_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.pkl").touch()
    (tmp_path / "large.pkl").write_bytes(bytes(101))
    for path, expected in (
        (tmp_path / "none.pkl", "cannot read .*none.pkl: No such file or directory"),
        (tmp_path, "cannot read .*: Is a directory"),
        (Path("/dev/null"), "/dev/null: expected a file"),
        (tmp_path / "empty.pkl", "empty.pkl: expected 1 to 100 bytes, got 0"),
        (tmp_path / "large.pkl", "large.pkl: expected 1 to 100 bytes, got 101"),
    ):
        with pytest.raises(DataError, match=f"^.*{expected}$"):
            read_pickle(path, limits=Limits(size=100))


def test_reading_takes_no_longer_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [Limits(seconds=7).seconds_for(size) for size in (1, 2**28 - 1, 2**28, 2**30)] == [7, 7, 14, 35]
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(1))
    monkeypatch.setattr(reader, "_CODE", "import time; time.sleep(60) #{}")
    with pytest.raises(DataError, match=r"^.*a\.pkl: expected it to be read within 1 s, and it was not$"):
        read_pickle(tmp_path / "a.pkl", limits=Limits(seconds=1))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import os; os.kill(os.getpid(), 9) #{}", "was killed, most likely because memory ran out \\(code -9\\)"),
        ("import os; os.abort() #{}", f"broke off \\(code -{signal.SIGABRT:d}\\)"),
    ],
)
def test_a_process_that_dies_is_one_line(
    code: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(1))
    monkeypatch.setattr(reader, "_CODE", code)
    with pytest.raises(
        DataError, match=rf"^.*a\.pkl: the process that read it {expected}; it is damaged, or means harm$"
    ):
        read_pickle(tmp_path / "a.pkl")


def test_the_process_knows_nothing_of_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its variables nor its open files nor what it could import."""
    monkeypatch.setenv("EMOBENCH_SECRET", "x")
    seen: list[dict[str, object]] = []
    real = subprocess.run

    def spy(command: list[str], **options: object) -> object:
        seen.append(options)
        return real(command, **options)  # type: ignore[call-overload]  # as they were given

    monkeypatch.setattr(subprocess, "run", spy)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(1))
    assert read_pickle(tmp_path / "a.pkl") == 1
    (options,) = seen
    assert set(options["env"]) <= {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT"}  # type: ignore[call-overload]
    code = "import sys; sys.path.append({!r}); from safe_pickle import worker; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", code.format(str(Path(reader.__file__).parent.parent))]
    loaded = {
        name.partition(".")[0] for name in real(command, capture_output=True, text=True, check=True).stdout.split()
    }
    assert not loaded & {"numpy", "emobench", "subprocess", "socket", "ctypes", "site"}


def test_bits_that_are_no_values_are_refused() -> None:
    codes = np.array([0x110000], "u4").view("U1")
    truth = np.array([2], "u1").view("?")
    for wrong, expected in (
        (codes, "expected text, got codes that are no characters"),
        (truth, "expected truth values"),
    ):
        for value in (wrong, [wrong] * 2, np.tile(wrong, 300)):
            with pytest.raises(DataError, match=f"^here.pkl: {expected}"):
                read_here(pickle.dumps(value))


def test_types_are_checked_again_where_arrays_are_made() -> None:
    with pytest.raises(AssertionError):
        reader._dtype("|O")
    assert anonymous(b"")[:1] == b"\0"


@pytest.fixture
def _collector() -> Iterator[None]:
    yield
    gc.enable()


@pytest.mark.usefixtures("_collector")
def test_the_process_holds_itself_to_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", held.__setitem__)
    hard = {resource.RLIMIT_AS: 500, resource.RLIMIT_CPU: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda what: (0, hard.get(what, 1 << 40)))
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([1, 2]))
    with (tmp_path / "a.pkl").open("rb") as source, (tmp_path / "written").open("wb") as sink:
        worker.main(["1000", "7", "99"], source=source.fileno(), sink=sink.fileno())
    assert ended == [0]
    assert (tmp_path / "written").read_bytes().startswith(b'{"runs":[],"tree":[0,[0,[1,2]]]}')
    most = {
        resource.RLIMIT_AS: 500,
        resource.RLIMIT_CPU: 7,
        resource.RLIMIT_FSIZE: 99,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 3,
        resource.RLIMIT_NPROC: 0,
    }
    assert held == {what: (limit, limit) for what, limit in most.items()}


def test_systems_without_limits_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    worker.limit(0, 0, 0)


def test_a_process_under_its_limits_can_open_nothing(tmp_path: Path) -> None:
    """Neither a file nor another process, whatever it is made to do."""
    code = "import sys; sys.path.append({!r}); from safe_pickle import worker; worker.limit(1 << 28, 5, 0)\n"
    code = code.format(str(Path(reader.__file__).parent.parent))
    for attempt in ("open('/etc/passwd')", "__import__('socket').socket()", "bytearray(1 << 29)"):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import socket\n{code}{attempt}"], capture_output=True
        )
        assert done.returncode == 1, attempt
    touch = f"import os\n{code}os.system('/bin/touch {tmp_path}/canary')"
    subprocess.run([sys.executable, "-I", "-S", "-c", touch], capture_output=True, check=False)
    assert not (tmp_path / "canary").exists()

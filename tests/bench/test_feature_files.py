"""Reading pickled features: time beside `pickle.load`, and memory of both processes together beside the file.

Each reading is the first of its process, as a user's is: a second one finds memory that the first has left.
"""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from claims import Claims

from emobench.benchmark.randomness import Randomness

SIZE = 256 << 20
WIDTHS = {"text": 1024, "audio": 1582, "video": 342}
UTTERANCES = 49
"""Of a dialogue, as in IEMOCAP."""
READING = """
import os, sys, threading, time
import numpy, numpy._core.multiarray, numpy._core.numeric
import pickle
from pathlib import Path
from emobench.benchmark.safe_pickle.reader import read_pickle

def memory():
    total = 0
    for pid in (os.getpid(), *map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total / 1024

def watch():
    while not done.wait(0.01):
        seen.append(memory())

def read():
    if sys.argv[2] == "emobench":
        return read_pickle(Path(sys.argv[1]))
    with open(sys.argv[1], "rb") as file:
        return pickle.load(file)

def touched(value):
    if isinstance(value, numpy.ndarray):
        return float(value.ravel()[-1])
    return sum(map(touched, value.values() if isinstance(value, dict) else value))

done, seen, before = threading.Event(), [], memory()
if sys.argv[3] == "memory":
    watcher = threading.Thread(target=watch)
    watcher.start()
started = time.perf_counter()
value = read()
took = time.perf_counter() - started
touched(value)
if sys.argv[3] == "memory":
    done.set()
    watcher.join()
    print(max([*seen, memory()]) - before)
else:
    print(took)
sys.stdout.flush()
os._exit(0)
"""


def lists() -> object:
    """Return what IEMOCAP_features and its like hold: by dialogue a list of vectors."""
    rng = Randomness(0, ("bench", "lists")).generator()
    dialogues = SIZE // (4 * sum(WIDTHS.values()) * UTTERANCES)
    return tuple(
        {f"Ses{number:05}": list(rng.standard_normal((UTTERANCES, width), np.float32)) for number in range(dialogues)}
        for width in WIDTHS.values()
    )


def large() -> object:
    """Return a few large arrays."""
    rng = Randomness(0, ("bench", "large")).generator()
    return {name: rng.standard_normal((SIZE // 24 // 1024, 1024), np.float32) for name in "abcdef"}


FILES = [("lists of vectors", 4), ("lists of vectors", 2), ("large arrays", 4), ("large arrays", 2)]


@pytest.fixture(params=FILES, ids=[f"{what}, protocol {protocol}" for what, protocol in FILES])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Write a file; delete it afterwards."""
    what, protocol = request.param
    path = tmp_path / "features.pkl"
    with path.open("wb") as stream:
        pickle.dump(lists() if what == "lists of vectors" else large(), stream, protocol=protocol)
    yield f"{what}, protocol {protocol}", path
    path.unlink()


def asked(path: Path, *, reader: str, what: str) -> float:
    """Return seconds, or MiB beside those before, that a fresh process takes to read a file."""
    done = subprocess.run(
        [sys.executable, "-c", READING, str(path), reader, what], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="the system does not tell what memory is shared"
)
def test_feature_files_are_read_nearly_as_fast_as_by_pickle_itself(file: tuple[str, Path], claim: Claims) -> None:
    name, path = file
    times = [[asked(path, reader=reader, what="time") for reader in ("emobench", "pickle")] for _ in range(5)]
    ours, theirs = (median(each) for each in zip(*times, strict=True))
    claim(
        f"feature files: reading {name}",
        ours / theirs,
        at_most=1.5,
        reference="pickle.load, which does what the file says",
        measured=(ours, theirs),
    )
    size, taken = path.stat().st_size / 2**20, asked(path, reader="emobench", what="memory")
    claim(
        f"feature files: memory for {name}",
        taken / size,
        at_most=2.5,
        reference="size of the file",
        measured=(taken, size),
        unit="MiB",
    )

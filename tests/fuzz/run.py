"""Fuzz every reader: `tox -e fuzz`, or `tox -e fuzz -- --inputs 2000 --reader rules`.

Each input is made from the seed, the name of its reader and its number, so that it can be had again:
`--reader NAME --only NUMBER` reads that one and says what becomes of it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue

HERE = Path(__file__).parent
HELPERS = (HERE, *(HERE.parent / name for name in ("benchmark", "reports")))
"""Where the modules are that fuzzing needs."""
SIZE = 2_000
"""Inputs that one process reads; it takes seconds to begin."""
SLOW = {"pickle_child": 500, "shown_run": 200, "reported_run": 50, "scored_run": 300}
"""The same of readers that take longer."""


@dataclass
class Tally:
    """What became of the inputs of one reader."""

    kinds: Counter[str] = field(default_factory=Counter)
    seconds: tuple[float, int] = (0.0, -1)
    memory: tuple[float, int] = (0.0, -1)
    faults: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Batch:
    """Inputs that one process reads."""

    reader: str
    first: int
    end: int


def main(arguments: list[str] | None = None) -> int:
    """Read all inputs, print the table, and return 1 where there was a fault."""
    asked = _asked(arguments)
    sys.path[:0] = map(str, HELPERS)
    from fuzz_readers import READERS

    if asked.reader and asked.reader not in READERS:
        print(f"no reader {asked.reader!r}; there are: {', '.join(READERS)}")
        return 2
    if asked.only is not None:
        return _one(asked.reader, asked.seed, asked.only)
    chosen = {name: reader for name, reader in READERS.items() if asked.reader in ("", name)}
    whole = sum(reader.share for reader in chosen.values())
    tallies = {name: Tally() for name in chosen}
    waiting: Queue[Batch] = Queue()
    # Those that take longest first, so that all processes end at about the same time.
    for name, reader in sorted(chosen.items(), key=lambda pair: pair[0] not in SLOW):
        for batch in _batches(name, round(asked.inputs * reader.share / whole)):
            waiting.put(batch)
    threads = [threading.Thread(target=_work, args=(waiting, tallies, asked.seed)) for _ in range(asked.workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(_table(tallies))
    print(_faults(tallies))
    return int(any(tally.faults for tally in tallies.values()))


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=205_000, help="of all readers together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--reader", default="", help="only this one")
    parser.add_argument("--only", type=int, help="only the input of this number")
    return parser.parse_args(arguments)


def _batches(reader: str, inputs: int) -> list[Batch]:
    size = SLOW.get(reader, SIZE)
    return [Batch(reader, first, min(first + size, inputs)) for first in range(0, inputs, size)]


def _work(waiting: "Queue[Batch]", tallies: dict[str, Tally], seed: int) -> None:
    while True:
        try:
            batch = waiting.get_nowait()
        except Empty:
            return
        _read(batch, tallies[batch.reader], seed)
        there = sum(tally.kinds.total() for tally in tallies.values())
        faults = sum(len(tally.faults) for tally in tallies.values())
        print(f"{there:,} inputs, {faults:,} faults; just now {batch.reader} to {batch.end:,}", file=sys.stderr)


def _read(batch: Batch, tally: Tally, seed: int) -> None:
    """Let processes read a batch: where an input ends one, the next goes on behind it."""
    first = batch.first
    while first < batch.end:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            line = [sys.executable, "-X", "faulthandler", str(HERE / "fuzz_batch.py"), batch.reader]
            path = os.pathsep.join([*map(str, HELPERS), os.environ.get("PYTHONPATH", "")])
            done = subprocess.run(
                [*line, str(seed), str(first), str(batch.end), folder],
                capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
            now = Path(folder, "now")
            number = int(now.read_text()) if now.exists() else first
        told = done.stdout.splitlines()
        if told:
            _add(tally, said := json.loads(told[-1]))
            first = said["next"]
        if done.returncode:
            # What became of the last ones is lost with the process: they are read again, without this one.
            words = " | ".join(done.stderr.strip().splitlines()[-12:])
            tally.faults.append((number, f"the process ended with {done.returncode}: {words:.1500}"))
            tally.kinds["fault"] += 1
            _read(Batch(batch.reader, first, number), tally, seed)
            first = number + 1


_LOCK = threading.Lock()


def _add(tally: Tally, said: dict[str, dict[str, list[float]] | list[list[object]]]) -> None:
    with _LOCK:
        tally.kinds.update(said["kinds"])
        tally.seconds = max(tally.seconds, tuple(said["worst"]["seconds"]))
        tally.memory = max(tally.memory, tuple(said["worst"]["memory"]))
        tally.faults += map(tuple, said["faults"])


def _table(tallies: dict[str, Tally]) -> str:
    head = f"{'reader':<16}{'inputs':>9}{'results':>9}{'refused':>9}{'faults':>8}{'slowest s':>11}{'most MiB':>10}"
    lines = [head, "-" * len(head)]
    whole = Tally()
    for name, tally in tallies.items():
        lines.append(_line(name, tally))
        whole.kinds.update(tally.kinds)
        whole.seconds, whole.memory = max(whole.seconds, tally.seconds), max(whole.memory, tally.memory)
        whole.faults += tally.faults
    return "\n".join([*lines, "-" * len(head), _line("all", whole)])


def _line(name: str, tally: Tally) -> str:
    kinds = tally.kinds
    return (
        f"{name:<16}{kinds.total():>9,}{kinds['result']:>9,}{kinds['refused']:>9,}{len(tally.faults):>8,}"
        f"{tally.seconds[0]:>11.2f}{tally.memory[0] / 2**20:>10.0f}"
    )


def _faults(tallies: dict[str, Tally]) -> str:
    """Say each fault once, with how often it came and the first input that shows it."""
    found: dict[tuple[str, str], list[int]] = {}
    for name, tally in tallies.items():
        for number, text in sorted(tally.faults):
            found.setdefault((name, text), []).append(number)
    alike: dict[tuple[str, str], list[tuple[list[int], str]]] = {}
    for (name, text), numbers in found.items():
        alike.setdefault((name, text.partition(": ")[0]), []).append((numbers, text))
    lines = []
    for (name, _), those in alike.items():
        times, (numbers, text) = sum(len(numbers) for numbers, _ in those), min(those)
        lines.append(f"{name} {numbers[0]}, {times} times: {text}")
    return "\n".join(lines) or "no faults"


def _one(reader: str, seed: int, number: int) -> int:
    from fuzz_inputs import outcome_of, prepared
    from fuzz_readers import READERS
    from fuzz_watch import Watch

    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        os.environ["EMOBENCH_HOME"] = str(Path(folder, "home"))
        os.chdir(folder)
        with prepared(READERS[reader], Path(folder)) as make:
            outcome = outcome_of(number, reader, make, Path(folder, "input"), Watch(), seed=seed)
        os.chdir(HERE)
    print(f"{outcome.kind}: {outcome.text} ({outcome.seconds:.2f} s, {outcome.memory >> 20} MiB)")
    return int(outcome.kind == "fault")


if __name__ == "__main__":
    sys.exit(main())

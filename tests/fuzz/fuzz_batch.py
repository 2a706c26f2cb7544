"""A process that gives inputs to a reader: `python fuzz_batch.py READER SEED FIRST END FOLDER`.

It writes into FOLDER/now the number of the input at hand, so that whoever waits knows which one ended it, and to stdout
now and then what became of all so far: a line of JSON.
"""

import faulthandler
import json
import os
import sys
from pathlib import Path

PATIENCE = 60
"""Seconds after which an input has hung."""
TOLD = 100
"""After so many inputs it is told how far things are."""
MEMORY = 4 << 30
"""Bytes that the process may grow by."""


def main(name: str, seed: int, first: int, end: int, folder: Path) -> None:
    """Read all inputs of a batch."""
    from fuzz_inputs import outcome_of, prepared
    from fuzz_readers import READERS
    from fuzz_watch import Watch, limit_memory

    watch, now = Watch(), os.open(folder / "now", os.O_WRONLY | os.O_CREAT)
    os.environ["EMOBENCH_HOME"] = str(folder / "home")
    os.chdir(folder)
    kinds = {"result": 0, "refused": 0, "fault": 0}
    worst: dict[str, tuple[float, int]] = {"seconds": (0.0, -1), "memory": (0.0, -1)}
    faults: list[tuple[int, str]] = []
    with prepared(READERS[name], folder) as make:
        limit_memory(MEMORY)
        for number in range(first, end):
            os.pwrite(now, b"%20d" % number, 0)
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            outcome = outcome_of(number, name, make, folder / "input", watch, seed=seed)
            kinds[outcome.kind] += 1
            worst["seconds"] = max(worst["seconds"], (outcome.seconds, number))
            worst["memory"] = max(worst["memory"], (outcome.memory, number))
            if outcome.kind == "fault":
                faults.append((number, outcome.text))
            if (number + 1 - first) % TOLD == 0 or number + 1 == end:
                print(json.dumps({"next": number + 1, "kinds": kinds, "worst": worst, "faults": faults}), flush=True)
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    name, *numbers, folder = sys.argv[1:]
    main(name, *map(int, numbers), Path(folder))

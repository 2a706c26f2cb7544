"""Runs whose workers and whose driver are killed at random."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from executor_runs import FOLDER, plan_of

from emobench.benchmark.executors.execution import Execution
from emobench.benchmark.harness import execute
from emobench.benchmark.progress import PlainLines
from emobench.benchmark.run_folder import RunFolder

HERE = Path(__file__).parent
DRIVE = "import sys; from chaos_runs import drive; drive(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])"


def drive(folder: str, seeds: int, *models: str) -> None:
    """Be a driver: run with two workers, and say on standard error how far it is."""
    record = execute(
        plan_of(*models, seeds=seeds), RunFolder(Path(folder)), execution=Execution(workers=2), progress=PlainLines()
    )
    sys.exit(any(cell.state != "done" for cell in record.cells))


def disturbed(folder: Path, models: Sequence[str], *, seeds: int, kills: int, seed: int) -> Counter[str]:
    """Run until all is done and so many processes have been killed; return how many of which sort were."""
    rng = np.random.Generator(np.random.PCG64(seed))
    killed: Counter[str] = Counter()
    command = [sys.executable, "-c", DRIVE, str(folder), str(seeds), *models]
    environment = {**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{os.environ['PYTHONPATH']}"}
    while True:
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as driver:
            assert driver.stderr is not None
            lines = 0
            for _ in driver.stderr:
                lines += 1
                if killed.total() == kills or rng.random() < 0.5:
                    continue
                victims = workers_of(driver.pid)
                if victims and rng.random() < 0.7:
                    # It may have ended in the meantime.
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(rng.choice(victims)), signal.SIGKILL)
                        killed["worker"] += 1
                else:
                    driver.kill()
                    killed["driver"] += 1
                    break
        # What fell to the same blow three times has failed, and is made up for by the next run.
        if driver.returncode == 0:
            return killed
        assert driver.returncode in (1, -signal.SIGKILL)


def workers_of(driver: int) -> list[int]:
    """Return the worker processes of a driver, in the order in which they were started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == driver and b"spawn_main" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return sorted(found)


def wait_until_nobody_is_left() -> None:
    """Return when no process is left that was started for this test."""
    mark = f"{FOLDER}={os.environ[FOLDER]}".encode()
    while any(_is_marked(path, mark) for path in Path("/proc").glob("[0-9]*")):
        threading.Event().wait(0.05)


def _is_marked(process: Path, mark: bytes) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        return process.name != str(os.getpid()) and mark in (process / "environ").read_bytes()
    return False

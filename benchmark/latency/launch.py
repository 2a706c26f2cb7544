"""Start the process that measures a cell, and read what it says."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .. import fresh_python
from ..threads import VARIABLES
from .files import PartSamples
from .orders import FIELDS, Answer, Order
from .record import Cell

STARTING = 300.0
"""Seconds for starting, loading and counting, beside the measuring."""
COMPILING = 1800.0
"""Seconds for compiling."""


def measure_in_fresh_process(order: Order) -> tuple[Answer, tuple[PartSamples, ...]]:
    """Return the answer of a fresh process and its samples; one that dies or takes too long is a failed cell."""
    patience = STARTING + 3 * order.rules.limit + COMPILING * bool(order.cell.compiled)
    with tempfile.TemporaryDirectory(prefix="emobench-latency-") as folder:
        answer, samples = Path(folder, "answer.json"), Path(folder, "samples.npz")
        try:
            done = subprocess.run(  # noqa: S603 (this very Python, no shell)
                [*worker_command(), str(answer), str(samples), str(os.getpid())],
                input=order.model_dump_json(),
                env=environment(order.cell.threads),
                capture_output=True,
                text=True,
                # Whatever a model or a library prints, in whichever encoding.
                errors="replace",
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer(state="failed", why=f"its process did not end within {patience:g} s"), ()
        except OSError as error:  # no memory or no right to start one
            return Answer(state="failed", why=f"its process could not be started: {error.strerror or error}"), ()
        if not answer.exists():
            return Answer(state="failed", why=_death(done.returncode, done.stderr)), ()
        said = Answer.model_validate_json(answer.read_text(encoding="utf-8"))
        return said, _samples(samples, order.cell)


def worker_command() -> list[str]:
    """Return what to start: a Python that finds what this one finds, and nothing in the folder it is started from."""
    return fresh_python.command(f"{__package__}.worker")


def environment(threads: int) -> dict[str, str]:
    """Return the variables of this process with the number of threads, which numeric libraries read when they load."""
    return {**fresh_python.environment(), **dict.fromkeys((*VARIABLES, "NUMEXPR_NUM_THREADS"), str(threads))}


def _death(code: int, errors: str) -> str:
    if code == -9:
        return "its process was killed, most likely because memory ran out"
    if -code in set(signal.Signals):
        return f"its process was ended by {signal.Signals(-code).name}"
    last = [line.strip() for line in errors.splitlines() if line.strip()][-1:]
    return f"its process ended with code {code}" + "".join(f": {line[:300]}" for line in last)


def _samples(path: Path, cell: Cell) -> tuple[PartSamples, ...]:
    with np.load(path, allow_pickle=False) as arrays:
        return tuple(
            PartSamples(
                cell,
                part,
                **{
                    name: arrays[f"{part} {name}"].astype(np.int32 if name in ("turn", "block") else np.float32)
                    for name in FIELDS
                },
            )
            for part in ("whole", "forward")
            if f"{part} host" in arrays
        )

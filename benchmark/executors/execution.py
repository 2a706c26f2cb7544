"""Who computes a run, and how much may go wrong: nothing that changes a figure."""

import math
import re
from dataclasses import dataclass

from ..device import resolve_device
from ..errors import SpecError, suggestion

EXECUTORS = ("local", "ray")
"""Names of the executors: processes of this machine, a cluster."""
MOST_WORKERS = 1_000
_MOST_MEMORY = 1e18


@dataclass(frozen=True)
class Execution:
    """Who computes a run; the same bytes come out whatever is said here.

    Raises
    ------
    SpecError
        When a value is out of range; the line names the option as typed.
    """

    workers: int | None = None
    """Jobs that are computed at once, on this machine each by a process of its own, unless it is one and nothing limits
    its time; None: one, and on a cluster as many as it has room for."""
    executor: str = "local"
    """One of `EXECUTORS`."""
    address: str = ""
    """Of the cluster; empty: one is started on this machine."""
    memory: int = 0
    """Bytes that a cluster sets aside for each worker; 0: it does not."""
    gpus: float = 0.0
    """GPUs of a cluster for each worker, such as a quarter of one; 0: models run on the CPU there."""
    timeout: float | None = None
    """Seconds that a fit or a cell may take; None: any time."""
    retries: int = 2
    """How often a fit or cell is tried again after the worker that had it in hand was lost."""
    max_failures: int | None = None
    """More cells that fail end the run; None: none do."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.executor not in EXECUTORS:
            known = suggestion(self.executor, EXECUTORS)
            raise SpecError(f"expected --executor {' or '.join(EXECUTORS)}, got {self.executor!r}; {known}")
        if self.workers is not None and not 1 <= self.workers <= MOST_WORKERS:
            raise SpecError(f"expected --workers from 1 to {MOST_WORKERS}, got {self.workers}")
        if self.timeout is not None and not (0 < self.timeout < math.inf):
            raise SpecError(f"expected --timeout in seconds above 0, got {self.timeout:g}")
        if self.max_failures is not None and self.max_failures < 0:
            raise SpecError(f"expected --max-failures of 0 or more, got {self.max_failures}")
        self._check_cluster()

    def device(self, asked: str) -> str:
        """Return the class of device that models run on, `cpu` or `cuda`, for what `--device` says.

        Raises
        ------
        SpecError
            When the workers of a cluster are to have no GPU, or have one for nothing.
        NotApplicable
            When this machine is to compute and has none.
        """
        if self.executor == "local":
            return resolve_device(asked)
        if asked == "cpu" and self.gpus:
            raise SpecError("expected no --gpus-per-worker with --device cpu; leave one of the two out")
        if asked == "cuda" and not self.gpus:
            raise SpecError("expected --gpus-per-worker with --device cuda, such as --gpus-per-worker 1")
        return "cuda" if self.gpus else "cpu"

    @property
    def in_process(self) -> bool:
        """Whether no other process is needed."""
        return self.executor == "local" and self.workers in (None, 1) and self.timeout is None

    def _check_cluster(self) -> None:
        if self.executor == "local":
            typed = {"address": self.address, "memory-per-worker": self.memory, "gpus-per-worker": self.gpus}
            for name in (name for name, value in typed.items() if value):
                raise SpecError(f"--{name} goes with --executor ray; leave it out to compute on this machine")
        if not 0 <= self.memory < math.inf:
            raise SpecError(f"expected --memory-per-worker of 0 or more, got {self.memory}")
        if not 0 <= self.gpus < math.inf or (self.gpus > 1 and self.gpus != int(self.gpus)):
            raise SpecError(f"expected --gpus-per-worker as a part of one or a whole number, got {self.gpus:g}")


def memory_of(text: str) -> int:
    """Return the bytes that a text such as `4GB` or `512MiB` stands for.

    Raises
    ------
    SpecError
        When it stands for none.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([kMGT]i?)?B", text.strip())
    if not found:
        raise SpecError(f"expected --memory-per-worker such as 4GB or 512MiB, got {text!r}")
    number, unit = found.groups()
    base, power = 1024 if (unit or "").endswith("i") else 1000, " kMGT".index((unit or " ")[0])
    size = float(number) * float(base**power)
    if size > _MOST_MEMORY:
        raise SpecError(f"expected --memory-per-worker of an exabyte at most, got {text[:40]!r}")
    return round(size)

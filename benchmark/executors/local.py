"""Workers that are processes of this machine.

A process is started when a job finds none that is free, is given the plan once, and carries out one job after the
other. What belongs to a job alone it writes into the run folder itself; all else goes through the driver.
"""

import pickle
from collections.abc import Sequence
from itertools import chain
from multiprocessing.connection import wait
from types import TracebackType

from ..plan import Plan
from ..run_folder import RunFolder
from .jobs import Event, Job
from .local_worker import LocalWorker


class LocalExecutor:
    """Processes of this machine; see `base.Executor`."""

    def __init__(self, plan: Plan, folder: RunFolder, *, workers: int) -> None:
        """Start nothing yet."""
        self._plan = plan
        self._folder = folder
        self._slots = workers
        self._pickled = b""
        self._workers: list[LocalWorker] = []

    @property
    def slots(self) -> int:
        """How many jobs can be in hand at once."""
        return self._slots

    def __enter__(self) -> "LocalExecutor":
        """Pack the plan for the workers."""
        self._pickled = pickle.dumps(self._plan, protocol=pickle.HIGHEST_PROTOCOL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all workers: those without a job by asking, the others by force."""
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def submit(self, number: int, job: Job) -> None:
        """Give a job to a worker that is free, or to a new one."""
        free = (worker for worker in self._workers if worker.number is None and worker.is_alive)
        worker = next(free, None)
        if worker is None:
            worker = LocalWorker(self._folder, self._pickled)
            self._workers.append(worker)
        worker.take(number, job)

    def events(self, seconds: float) -> Sequence[tuple[int, Event]]:
        """Return what workers told since, and which of them are lost."""
        wait(list(chain.from_iterable(worker.watched for worker in self._workers)), timeout=seconds)
        # All of them: where a worker leaves children that hold its pipes, nothing tells of its death.
        told = [event for worker in self._workers for event in worker.told()]
        self._workers = [worker for worker in self._workers if not worker.has_ended]
        return told

    def kill(self, number: int, why: str) -> None:
        """End the worker that has a job in hand."""
        for worker in self._workers:
            if worker.number == number:
                worker.kill(why)

    def stop(self) -> None:
        """Ask the workers that have a job in hand to tell what they have, and end."""
        for worker in self._workers:
            worker.stop()

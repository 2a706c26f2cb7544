"""A worker on a cluster: it computes in a folder of its own, and keeps what there is to tell until the driver asks.

Nothing of the cluster's library is needed here. The driver asks again and again (`told`), so that what it knows of a
worker that dies is whole, and a worker that is ahead of it waits.
"""

import platform
import queue
import threading
from contextlib import nullcontext
from typing import NamedTuple

from ..errors import RunFolderError
from ..own_folder import own_folder
from ..plan import Plan
from ..run_folder import RunFolder
from ..threads import threads_held
from .build import Build, look
from .jobs import Began, Event, Finished, Job, Lost, Progressed
from .parcels import PART, File, Part, parts_of, put_files
from .worker import carry_out

_PARTS_AHEAD = 4
"""What a worker keeps before it waits for the driver."""


class Task(NamedTuple):
    """A job with what a worker needs for it, beside the plan."""

    job: Job
    files: tuple[File, ...]
    """What the run folder holds of it."""
    build: Build | None
    """What the driver is made of; None: the worker is a thread of the driver itself."""


class Worker:
    """Carries out one job after the other, each in a thread."""

    def __init__(self, plan: Plan) -> None:
        """Have nothing to do."""
        self._plan = plan
        self._parts: queue.Queue[Part] = queue.Queue(_PARTS_AHEAD)
        self._one_at_a_time = threading.Lock()
        self._progress: Progressed | None = None
        self._stopping = threading.Event()
        self._whole = True
        """Whether what was told so far are whole events."""

    def start(self, task: Task) -> list[Part]:
        """Begin a job; return what there is to tell so far, which is nothing."""
        threading.Thread(target=self._work, args=(task,), name="emobench job", daemon=True).start()
        return []

    def told(self, seconds: float) -> list[Part]:
        """Return what there is to tell, hardly more than one part; wait for it, but not longer."""
        parts: list[Part] = []
        try:
            parts.append(self._parts.get(timeout=seconds))
            while sum(len(part.content) for part in parts) < PART:
                parts.append(self._parts.get_nowait())
        except queue.Empty:
            pass
        if parts:
            self._whole = parts[-1].last
        elif self._whole:  # nothing comes in the middle of an event
            parts += self._latest_progress()
        return parts

    def stop(self) -> None:
        """End the job as soon as its files can take it, and tell what there is."""
        self._stopping.set()

    def _work(self, task: Task) -> None:
        self._tell(self._outcome(task))

    def _outcome(self, task: Task) -> Finished | Lost:
        other = look(task.build) if task.build is not None else ""
        if other:
            return Lost(other, again=True)
        # In the driver they are held already.
        held = threads_held(self._plan.options.threads) if task.build is not None else nullcontext()
        try:
            with own_folder("worker") as path, held:
                folder = RunFolder(path)
                put_files(folder, task.files)
                carry_out(self._plan, task.job, folder, tell=self._tell, progress=self._tell_progress, sends_files=True)
        except RunFolderError as error:  # a disk of this machine: that of another may have room
            return Lost(f"{platform.node()}: {error}", again=True)
        except KeyboardInterrupt:
            return Lost("stopped", again=True)
        except SystemExit as error:  # a process of its own would have ended
            return Lost(f"the worker ended with exit code {error.code}", again=True)
        except BaseException as error:  # whatever it is, the driver waits to hear of it
            return Lost(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", again=False)
        return Finished()

    def _tell(self, event: Event) -> None:
        """Keep an event until the driver asks, and wait with it for the driver where there is much to tell."""
        if isinstance(event, Began) and self._stopping.is_set():
            raise KeyboardInterrupt
        with self._one_at_a_time:
            for part in (*self._latest_progress(), *parts_of(event)):
                self._parts.put(part)

    def _tell_progress(self, what: str, done: int, total: int) -> None:
        """Keep how far it is: only the last of it matters when the driver asks."""
        if self._stopping.is_set():
            raise KeyboardInterrupt
        self._progress = Progressed(what, done, total)

    def _latest_progress(self) -> list[Part]:
        progress, self._progress = self._progress, None
        return [*parts_of(progress)] if progress is not None else []

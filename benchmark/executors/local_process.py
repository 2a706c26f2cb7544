"""What runs in a worker process of this machine."""

import contextlib
import os
import pickle
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread

from ..errors import EmobenchError
from ..fitting import ending
from ..plan import Plan
from ..run_folder import RunFolder
from ..threads import threads_held
from .jobs import Began, Event, Finished, Job, Lost, Progressed
from .worker import carry_out

STOP = b"stop"
"""What the driver sends through the pipe of its life to have what is done told."""

PRINTED, ERRORS = 1, 2
"""File descriptors of standard output and error."""


class Ready:
    """The process is there and waits for the plan."""


def serve(jobs: Connection, life: Connection, output: Connection, folder: Path) -> None:
    """Carry out jobs until there are no more, or the driver dies."""
    # A group of its own, so that what a model starts can be ended together with it.
    os.setsid()
    _write_to(output)
    telling = _Telling(jobs)
    Thread(target=_watch, args=(life, telling.stopping), name="emobench driver", daemon=True).start()
    jobs.send(Ready())
    plan: Plan = pickle.loads(jobs.recv_bytes())  # noqa: S301 (the driver's own)
    with threads_held(plan.options.threads):
        while (job := jobs.recv()) is not None:
            # What an earlier job said is not to blame for what happens to this one.
            os.ftruncate(ERRORS, 0)
            telling.tell(_outcome(plan, job, RunFolder(folder), telling))


def kill_group(leader: int | None) -> None:
    """Kill what a worker has started, and the worker, by force; nothing where all of it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if leader is not None:
            os.killpg(leader, signal.SIGKILL)


class _Telling:
    """Tells the driver; threads of a model may do so too."""

    def __init__(self, jobs: Connection) -> None:
        self.stopping = Flag()
        """Whether to stop as soon as the files can take it."""
        self._jobs = jobs
        self._lock = Lock()

    def tell(self, event: Event) -> None:
        """Tell the driver; raise KeyboardInterrupt instead of beginning anything when it wants to stop."""
        if self.stopping.is_set() and isinstance(event, Began | Progressed):
            raise KeyboardInterrupt
        with self._lock:
            self._jobs.send(event)

    def progress(self, what: str, done: int, total: int) -> None:
        """Tell how far it is."""
        self.tell(Progressed(what, done, total))


def _outcome(plan: Plan, job: Job, folder: RunFolder, telling: _Telling) -> Finished | Lost:
    try:
        carry_out(plan, job, folder, tell=telling.tell, progress=telling.progress)
    except EmobenchError as error:  # the run folder; it will not be better for the next
        return Lost(str(error), again=False)
    except Exception as error:  # a fault of this package: the others go on
        return Lost(ending(error).why, again=False)
    except KeyboardInterrupt:
        if telling.stopping.is_set():
            return Lost("stopped", again=True)
        raise
    return Finished()


def _watch(life: Connection, stopping: Flag) -> None:
    """End this process, and what it has started, as soon as the driver is gone."""
    with contextlib.suppress(EOFError, OSError):
        while life.recv_bytes():
            stopping.set()
    kill_group(os.getpid())


def _write_to(output: Connection) -> None:
    """Write what this process prints to a file instead."""
    for number in (PRINTED, ERRORS):
        os.dup2(output.fileno(), number)
    output.close()

"""A worker process as the driver sees it: started, given jobs, listened to, ended."""

import contextlib
import fcntl
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from types import ModuleType

from ..run_folder import RunFolder
from .jobs import Event, Finished, Job, Lost
from .local_process import STOP, Ready, kill_group, serve

SECONDS_TO_END = 5.0
"""What a worker without a job gets to end by itself."""
LONGEST_LINE = 200
"""Characters of what a worker said last, in the reason of its loss."""


class LocalWorker:
    """A process and the two pipes to it.

    Jobs and events go through one. The other carries nothing but the wish to stop, and ends with the driver, however
    that ends.
    """

    def __init__(self, folder: RunFolder, plan: bytes) -> None:
        """Start the process; `plan`: what it is given as soon as it is there, pickled."""
        self.number: int | None = None
        """The job in hand; None: none."""
        self.has_ended = False
        """Whether the process is gone, and all that it told has been heard."""
        self._plan = plan
        self._job: Job | None = None
        self._is_ready, self._is_heard = False, True
        self._why = ""
        self._output = _Output()
        context = get_context("spawn")
        self._jobs, jobs = context.Pipe()
        life, self._life = context.Pipe(duplex=False)
        output = self._output.for_child()
        arguments = (jobs, life, output, folder.path)
        self._process = context.Process(target=serve, args=arguments, name="emobench worker")
        with _no_main(), _no_interrupts():
            self._process.start()
        # A pipe ends when nobody has its other end any more.
        jobs.close()
        life.close()
        output.close()

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.is_alive()

    @property
    def watched(self) -> list[Connection | int]:
        """What is ready when there is something to hear."""
        return [*[self._jobs] * self._is_heard, self._process.sentinel]

    def take(self, number: int, job: Job) -> None:
        """Take a job in hand, as soon as the process is there."""
        self.number, self._job = number, job
        if self._is_ready:
            self._send_job()

    def told(self) -> Iterator[tuple[int, Event]]:
        """Yield what the process told since, and at its end that it is lost."""
        # First of all: what it told before it died is in the pipe by then.
        is_gone = not self.is_alive
        for said in self._said():
            if isinstance(said, Ready):
                self._is_ready = True
                self._send(lambda: self._jobs.send_bytes(self._plan))
                self._send_job()
            elif self.number is not None:
                number = self.number
                if isinstance(said, Finished | Lost):
                    self.number = None
                yield number, said
        if is_gone:
            kill_group(self._process.pid)
            if self.number is not None:
                yield self.number, Lost(self._why or self._fate(), again=True)
            self._close()

    def kill(self, why: str) -> None:
        """End the process and what it has started by force; `why` is told of its job."""
        self._why = why
        self._process.kill()
        kill_group(self._process.pid)

    def stop(self) -> None:
        """Ask a process that has a job to tell what it has, and end."""
        if self.number is not None:
            self._send(lambda: self._life.send_bytes(STOP))

    def dismiss(self) -> None:
        """Let the process end: by asking where it has no job, else by force."""
        if self.number is None:
            self._send(lambda: self._jobs.send(None))
        else:
            self.kill("")

    def end(self) -> None:
        """Wait for the end of the process, and see to it."""
        self._process.join(SECONDS_TO_END)
        self.kill("")
        self._process.join()
        self._close()

    def _said(self) -> Iterator[Ready | Event]:
        try:
            while self._is_heard and self._jobs.poll():
                yield self._jobs.recv()
        except (EOFError, OSError):  # it died, maybe in the middle of a word
            self._is_heard = False

    def _send_job(self) -> None:
        job, self._job = self._job, None
        self._send(lambda: self._jobs.send(job))

    def _send(self, send: Callable[[], None]) -> None:
        # Whoever is dead does not listen; that is told of soon.
        with contextlib.suppress(OSError):
            send()

    def _fate(self) -> str:
        """Return how the process ended, and what it said last."""
        code, said = self._process.exitcode or 0, self._output.last_line()
        if code >= 0:
            ended = f"the worker ended with exit code {code}"
        else:
            names = {number.value: number.name for number in signal.Signals}
            name = names.get(-code, f"signal {-code}")
            ended = f"the worker was killed by {name}{' (out of memory?)' * (name == 'SIGKILL')}"
        return f"{ended}: {said}" if said else ended

    def _close(self) -> None:
        self.has_ended = True
        self._process.close()
        self._jobs.close()
        self._life.close()
        self._output.close()


class _Output:
    """What a process writes to its standard output and error: a file without a name, so that nobody can leave it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed by `close`)
        # Reading moves the place at which both are; writing is at the end all the same.
        fcntl.fcntl(self._file, fcntl.F_SETFL, fcntl.fcntl(self._file, fcntl.F_GETFL) | os.O_APPEND)

    def for_child(self) -> Connection:
        """Return its descriptor once more, in the shape in which a process that is started can be given one."""
        return Connection(os.dup(self._file.fileno()))

    def last_line(self) -> str:
        """Return the last line that says something; empty: none does."""
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, size - 10 * LONGEST_LINE))
        lines = self._file.read().decode(errors="replace").splitlines()
        said = (" ".join("".join(filter(str.isprintable, line)).split()) for line in reversed(lines))
        return next(filter(None, said), "")[:LONGEST_LINE]

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """Have no main module: a worker needs nothing of the script that was started, and would run it once more."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """Have a process that is started now never hear of Ctrl-C, which is meant for the driver."""
    # It would let interrupts through itself, were it started with the process.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

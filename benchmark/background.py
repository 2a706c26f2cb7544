"""Threads beside the calling one: one that makes things ahead of their use, never many; one that does one thing."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition, Thread
from typing import NamedTuple


class _Part(NamedTuple):
    """One thing that a job made, or how the job ended."""

    job: int
    made: tuple[object, ...]
    """Empty: the job has ended."""
    error: BaseException | None


class Background:
    """Carries out jobs one after the other on a thread of its own, at most `most` things ahead of whoever takes them.

    A job is a function that returns an iterator; what is raised while it makes things is raised to whoever takes them,
    and the next job goes on. On leaving the context the thread ends, however far it got.
    """

    def __init__(self, jobs: Iterable[Callable[[], Iterator[object]]], *, most: int) -> None:
        """Start nothing yet."""
        self._jobs = jobs
        self._most = most
        self._parts: deque[_Part] = deque()
        self._changed = Condition()
        self._stopped = False
        self._thread = Thread(target=self._work, name="emobench ahead", daemon=True)

    def __enter__(self) -> "Background":
        """Start."""
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop after the thing in hand, and wait for that."""
        with self._changed:
            self._stopped = True
            self._parts.clear()
            self._changed.notify_all()
        self._thread.join()

    def job(self, number: int) -> Iterator[object]:
        """Yield what the job of that place makes, from 0, in growing order; what is left of those before is dropped."""
        while True:
            part = self._take()
            if part.job < number:
                continue
            if part.error is not None:
                raise part.error
            if not part.made:
                return
            yield part.made[0]

    def _take(self) -> _Part:
        with self._changed:
            while not self._parts:
                self._changed.wait()
            part = self._parts.popleft()
            # One thread that wakes the other for every single thing holds both up.
            if len(self._parts) <= self._most // 2:
                self._changed.notify_all()
        return part

    def _work(self) -> None:
        for number, job in enumerate(self._jobs):
            error = None
            try:
                for thing in job():
                    if not self._put(_Part(number, (thing,), None)):
                        return
            except BaseException as raised:  # whoever takes decides what it costs
                error = raised
            if not self._put(_Part(number, (), error)):
                return

    def _put(self, part: _Part) -> bool:
        """Add a part as soon as there is room; return False when nobody wants any more."""
        with self._changed:
            while len(self._parts) >= self._most and not self._stopped:
                self._changed.wait()
            if self._stopped:
                return False
            self._parts.append(part)
            self._changed.notify_all()
        return True


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do something on a thread of its own while the caller does something else.

    On leaving the context it is done. What it raised is raised then, unless the caller failed as well.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="emobench meanwhile") as thread:
        done = thread.submit(work)
        yield
    done.result()

"""What the driver asks of those who compute."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, runtime_checkable

from .jobs import Event, Job


@runtime_checkable
class Executor(Protocol):
    """Workers that carry out jobs; a context, at whose end no worker is left."""

    @property
    def slots(self) -> int:
        """How many jobs can be in hand at once, at least 1; it may change while nodes come and go."""
        ...

    def __enter__(self) -> "Executor":
        """Get ready to start workers."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all workers, whatever they do."""
        ...

    def submit(self, number: int, job: Job) -> None:
        """Give a job to a worker; `number` names it in what is told of it. Only while a slot is free."""
        ...

    def events(self, seconds: float) -> Sequence[tuple[int, Event]]:
        """Return what was told since, with the number of the job; wait for it, but not longer than `seconds`.

        Every job ends with one `Finished` or `Lost`, after which nothing more is told of it.
        """
        ...

    def kill(self, number: int, why: str) -> None:
        """End the worker that has a job in hand, by force; `Lost(why, again=True)` is told of it."""
        ...

    def stop(self) -> None:
        """Ask all workers to tell what they have and end; those that do not hear are ended by `__exit__`.

        What they tell is still to be had from `events`, and of every job `Finished` or `Lost`.
        """
        ...

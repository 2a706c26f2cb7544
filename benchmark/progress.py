"""Progress of long work: a moving bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

SECONDS_BETWEEN_LINES = 5.0
"""How often a plain line about the same piece of work is printed."""


@runtime_checkable
class Progress(Protocol):
    """Called with what is done, how far, of how many."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show it."""
        ...


def silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


class PlainLines:
    """One line when a piece of work begins and ends, and every few seconds between, on standard error."""

    def __init__(self) -> None:
        """Begin with no work seen."""
        self._printed: dict[str, float] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        """Print a line if it is time for one."""
        now = time.monotonic()
        printed = self._printed.get(what)
        if printed is None or done == total or now - printed >= SECONDS_BETWEEN_LINES:
            self._printed[what] = now
            print(f"{what}: {done}/{total}", file=sys.stderr, flush=True)  # noqa: T201 (this is the terminal's side)


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Progress]:
    """Yield the progress that fits standard error: bars on a terminal, lines elsewhere, nothing if `quiet`."""
    if quiet:
        yield silent
    elif not sys.stderr.isatty():
        yield PlainLines()
    else:
        with _bars() as progress:
            yield progress


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=12), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total, visible=done < total)

        yield show

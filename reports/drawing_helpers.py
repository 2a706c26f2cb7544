"""Many figures drawn in several processes: the same bytes as in one, sooner where there are cores to spare.

A helper is a fresh Python, which takes a second to start; this process draws meanwhile, from the first figure on, and
helpers take figures from the end. Whatever goes wrong with a helper costs time and nothing else: what it was asked for
is drawn here.
"""

import contextlib
import pickle
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from ..benchmark import fresh_python
from ..benchmark.cores import cores
from .drawing_jobs import Contents, Job, contents_of
from .theme import Theme

WORTH = 24
"""Drawings for which it is worth it to start a helper."""
MOST = 3
"""Helpers, each of which takes 150 MB."""
PATIENCE = 120.0
"""Seconds that a helper may take for a figure when there is nothing left to do here."""

Done = Callable[[int, Contents], None]
"""Takes the place of a job among the others and what was drawn."""


def nothing() -> None:
    """Do nothing."""


def draw_all(
    jobs: Sequence[Job],
    theme: Theme,
    done: Done,
    *,
    helpers: int | None = None,
    meanwhile: Callable[[], object] = nothing,
) -> None:
    """Draw figures and call `done` after each, in no order.

    Parameters
    ----------
    helpers
        How many processes to start beside this one; None: what cores and figures are worth.
    meanwhile
        What this process does before it draws: helpers begin sooner.

    Raises
    ------
    Exception
        What the function of a figure raises, or `meanwhile`.
    """
    waiting = deque(range(len(jobs)))
    answers: SimpleQueue[tuple[int, Contents | None]] = SimpleQueue()
    with theme.active(), contextlib.ExitStack() as crew:
        for _ in range(_worth(jobs) if helpers is None else helpers):
            with contextlib.suppress(OSError):
                crew.enter_context(contextlib.closing(_Helper(jobs, theme, waiting, answers)))
        meanwhile()
        for _ in jobs:
            try:
                place, contents = waiting.popleft(), None
            except IndexError:
                place, contents = _answered(answers, crew)
            done(place, contents_of(jobs[place], theme) if contents is None else contents)


def _worth(jobs: Sequence[Job]) -> int:
    drawings = sum(len(job.kinds) for job in jobs)
    return min(cores() - 1, MOST, drawings // WORTH)


def _answered(
    answers: SimpleQueue[tuple[int, Contents | None]], crew: contextlib.ExitStack
) -> tuple[int, Contents | None]:
    """Return what a helper drew, or could not; those that take too long are ended, and then could not."""
    try:
        return answers.get(timeout=PATIENCE)
    except Empty:
        crew.close()
        return answers.get()


class _Helper:
    """A process that draws, and the thread that waits for it."""

    def __init__(
        self,
        jobs: Sequence[Job],
        theme: Theme,
        waiting: deque[int],
        answers: SimpleQueue[tuple[int, Contents | None]],
    ) -> None:
        """Start both.

        Raises
        ------
        OSError
            When no process can be started.
        """
        self._jobs, self._theme, self._waiting, self._answers = jobs, theme, waiting, answers
        self._process = subprocess.Popen(  # noqa: S603 (this very Python, no shell)
            fresh_python.command(f"{__package__}.drawing_process"),
            env=fresh_python.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End process and thread; what was asked for and not drawn is answered by None."""
        self._process.kill()
        self._thread.join()
        # What could not be written any more is lost, as it should be.
        with contextlib.suppress(OSError), self._process:
            pass

    def _run(self) -> None:
        # It takes nothing before all is loaded, so that nobody waits for that.
        if self._answer_to(self._theme) is None:
            return
        with contextlib.suppress(IndexError):
            while True:
                place = self._waiting.pop()
                contents = self._answer_to(self._jobs[place])
                self._answers.put((place, contents))
                if contents is None:
                    return

    # `Any`: True or what was drawn, as `drawing_process` says.
    def _answer_to(self, question: Theme | Job) -> Any:
        """Return what the process answers; None where it is gone, or where the question or the answer is lost."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(question, self._process.stdin)
            self._process.stdin.flush()
            return pickle.load(self._process.stdout)  # noqa: S301 (from the process that this one started)
        except Exception:
            # A pipe that is closed, half an answer, or a figure's function that cannot be sent.
            return None

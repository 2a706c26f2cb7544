"""A process that draws figures for another one: it reads jobs and answers with what it drew, until there are no more.

What it reads comes from the process that started it, and from nowhere else.
"""

import gc
import os
import pickle
import sys
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO

from .drawing_jobs import Contents, Job, contents_of
from .theme import Theme

Stream = BinaryIO | BufferedIOBase
"""Of bytes."""


def serve(questions: Stream, answers: Stream) -> None:
    """Read a theme, say that all is loaded, and answer each job; by None where it cannot be drawn here.

    Parameters
    ----------
    questions
        One pickle of a theme, then one per job; ends when the other process has no more, or is gone.
    answers
        One pickle of True, then one per job.
    """
    try:
        theme: Theme = pickle.load(questions)  # noqa: S301 (from the process that started this one)
        _answer(answers, value=True)
        with theme.active():
            while True:
                job: Job = pickle.load(questions)  # noqa: S301 (likewise)
                _answer(answers, value=_drawn(job, theme))
    except (EOFError, BrokenPipeError):
        # The other process ended, or is about to.
        return


def _drawn(job: Job, theme: Theme) -> Contents | None:
    try:
        return contents_of(job, theme)
    except Exception:
        # Whatever is wrong with a figure, the other process draws it and says so.
        return None


def _answer(answers: Stream, *, value: object) -> None:
    pickle.dump(value, answers)
    answers.flush()


def main() -> None:
    """Serve the process that started this one; what a library prints goes nowhere."""
    # Figures are full of cycles; looking for them after every few hundred objects takes a tenth of the time.
    gc.set_threshold(100_000)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers, Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()

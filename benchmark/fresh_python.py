"""How a fresh process of this very Python is started, which finds the modules that this one finds."""

import os
import signal
import sys

_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


def command(module: str) -> list[str]:
    """Return what to start: a module, and nothing in the folder it is started from."""
    return [sys.executable, "-P", "-m", module]


def environment() -> dict[str, str]:
    """Return the variables of this process, with where it finds modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.curdir for entry in sys.path)}


def end_with(parent: int) -> None:
    """Have this process, which that one started, killed as soon as that one is gone; a system without prctl lets it be.

    A thread that waits for the parent would do as well, but not in a process that measures time.
    """
    # Not at the top: who starts a process needs none of it.
    import ctypes

    control = getattr(ctypes.CDLL(None), "prctl", None)
    if control is None:
        return
    control(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before
        os.kill(os.getpid(), signal.SIGKILL)

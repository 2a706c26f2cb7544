"""How a fresh process of this very Python is started, which finds the modules that this one finds."""

import os
import sys


def command(module: str) -> list[str]:
    """Return what to start: a module, and nothing in the folder it is started from."""
    return [sys.executable, "-P", "-m", module]


def environment() -> dict[str, str]:
    """Return the variables of this process, with where it finds modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.curdir for entry in sys.path)}

"""How many threads computing uses: another number changes last bits, so it is set, not left to the machine.

Torch is not imported for that. Pools that are loaded already are set, those loaded later read the environment, and
what computes with torch asks `held_threads` (see `training.threads`).
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .cores import allowed_cores

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Of the environment, which numeric libraries read when they load."""

_held: list[int] = []


def held_threads() -> int | None:
    """Return the number that is held; None: none is, and everybody uses as many as they like."""
    return _held[-1] if _held else None


@contextmanager
def threads_held(number: int) -> Iterator[None]:
    """Let torch, BLAS and OpenMP use so many threads in this process, and put all back afterwards."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in VARIABLES}
    of_torch = _threads_of_torch()
    _held.append(number)
    os.environ.update(dict.fromkeys(VARIABLES, str(number)))
    try:
        with threadpool_limits(limits=number):
            _tell_torch(number)
            yield
    finally:
        _held.pop()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _tell_torch(of_torch)


def _threads_of_torch() -> int:
    """Return how many threads torch uses, or, where it is not imported, would use."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    asked = os.environ.get(VARIABLES[0], "")
    return int(asked) if asked.isdecimal() and int(asked) else allowed_cores()


def _tell_torch(number: int) -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(number)

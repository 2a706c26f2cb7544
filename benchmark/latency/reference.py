"""The reference operation: one fixed matrix product, timed among the model's iterations in the same process.

Latencies as ratios to it can be held against those of another machine, as far as a model is like a matrix product; and
since it never changes, what changes in its time while a model is measured is the machine's doing: interference.
"""

import statistics
from collections.abc import Callable

from .devices import Stopwatch

SIZES = {"cpu": 256, "cuda": 4096}
"""Rows of the two square matrices, of 32-bit floats whatever the model uses: milliseconds or less on either device."""
UNTIMED = 4
"""Products before those that are timed: of the first few each is slower than the next, by what the model left of the
caches (25, 4, 2 and 1 % above the sixth, docs/latency.md)."""
REPEATS = 5
"""Products that are timed; their median counts."""


def reference_for(device: str, stopwatch: Stopwatch) -> Callable[[], float]:
    """Return what times the product and returns its milliseconds: on a device those of the device, else the host's."""
    import torch

    size = SIZES[device]
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(size, size, generator=generator).to(device) for _ in range(2))
    # A place for the product, so that nothing is allocated while a model's memory is watched.
    product = torch.empty(size, size, device=device)

    def once() -> float:
        elapsed = stopwatch.time(lambda: torch.mm(left, right, out=product))
        return elapsed.host if device == "cpu" else elapsed.device

    def timed() -> float:
        for _ in range(UNTIMED):
            once()
        return statistics.median(once() for _ in range(REPEATS))

    return timed


def name_of_reference(device: str) -> str:
    """Return what the operation is.

    Examples
    --------
    >>> name_of_reference("cpu")
    'product of two 256 × 256 matrices of 32-bit floats'
    """
    return f"product of two {SIZES[device]} × {SIZES[device]} matrices of 32-bit floats"

"""How many threads torch uses on the CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL = 2_000_000
"""Networks of fewer parameters are computed by one thread: their steps take milliseconds, and threads that wait for
each other at the end of every operation gain little on a quiet machine and cost many times the whole on a busy one."""


_fixed = False


def fix_threads(threads: int) -> None:
    """Let this process use so many threads from now on, whatever the network."""
    global _fixed
    torch.set_num_threads(threads)
    _fixed = True


@contextmanager
def threads_for(network: nn.Module) -> Iterator[None]:
    """Use as many threads as suit the network, and put the number back afterwards; none of it after `fix_threads`."""
    if _fixed:
        yield
        return
    before = torch.get_num_threads()
    small = sum(parameter.numel() for parameter in network.parameters()) < SMALL
    torch.set_num_threads(1 if small else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)

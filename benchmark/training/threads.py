"""How many threads torch uses on the CPU where nobody has said it: as many as suit the network."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import nn

from ..threads import held_threads

SMALL = 2_000_000
"""Networks of fewer parameters are computed by one thread: their steps take milliseconds, and threads that wait for
each other at the end of every operation gain little on a quiet machine and cost many times the whole on a busy one."""


def suits_one_thread(network: nn.Module) -> bool:
    """Return whether a network is small; counting takes a quarter of a millisecond, so who asks often remembers."""
    return sum(parameter.numel() for parameter in network.parameters()) < SMALL


def threads_for(network: nn.Module) -> AbstractContextManager[None]:
    """Use as many threads as suit the network, and put the number back afterwards; see `one_thread`."""
    return one_thread(suits_one_thread(network))


@contextmanager
def one_thread(wanted: bool = True) -> Iterator[None]:
    """Use one thread, or, where that is not wanted, as many as before; put the number back afterwards.

    A number that is held (see `benchmark.threads`) is used instead.
    """
    held = held_threads()
    if held is not None:
        # Torch may have been imported since.
        if torch.get_num_threads() != held:
            torch.set_num_threads(held)
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1 if wanted else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)

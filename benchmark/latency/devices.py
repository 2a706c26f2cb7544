"""Stopwatches: what one iteration takes, on the processor and on a device that works on its own.

A CUDA device is given work and the program goes on. A loop that reads the host's clock without waiting measures how
fast work is handed over, not how fast it is done; one that waits after every small operation measures the waiting.
Here an iteration has one pair of events, between which the device's own clock runs, and one synchronise at its end,
before the host's clock is read: the device time is what the device was busy with (gaps in which it waited for the host
included), the host time is what a user waits for.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol, cast, runtime_checkable

Work = Callable[[], object]
"""One iteration."""
Clock = Callable[[], int]
"""Nanoseconds, monotonic."""


class Elapsed(NamedTuple):
    """What one iteration took."""

    host: float
    """Milliseconds a user waits."""
    device: float
    """Milliseconds between the two events on the device; NaN where there is no such device."""


@runtime_checkable
class Stopwatch(Protocol):
    """Times one iteration."""

    def time(self, work: Work) -> Elapsed:
        """Do the work once and return what it took."""
        ...


@runtime_checkable
class Event(Protocol):
    """A mark in the device's queue of work."""

    def record(self) -> None:
        """Put the mark at the end of the queue."""
        ...

    def elapsed_time(self, later: "Event") -> float:
        """Return the milliseconds from this mark to a later one, both of them passed."""
        ...


@runtime_checkable
class EventDevice(Protocol):
    """A device that works through a queue: `torch.cuda`, or a stand-in of the tests."""

    def event(self) -> Event:
        """Return a new mark."""
        ...

    def synchronize(self) -> None:
        """Wait until the queue is empty."""
        ...


class HostStopwatch:
    """The host's clock around the work; for work that is done when the call returns."""

    def __init__(self, clock: Clock = time.perf_counter_ns) -> None:
        """Keep the clock."""
        self._clock = clock

    def time(self, work: Work) -> Elapsed:
        """Do the work once and return what it took."""
        clock = self._clock
        started = clock()
        work()
        return Elapsed((clock() - started) / 1e6, math.nan)


class DeviceStopwatch:
    """Both clocks: one pair of events and one synchronise for each iteration."""

    def __init__(self, device: EventDevice, clock: Clock = time.perf_counter_ns) -> None:
        """Make the pair of events, which is used again and again: it is read before it is set anew."""
        self._device, self._clock = device, clock
        self._first, self._last = device.event(), device.event()

    def time(self, work: Work) -> Elapsed:
        """Do the work once, wait for it and return what it took.

        The queue is empty when this is called, because the call before ended with a synchronise. Setting the second
        event is part of the host's time, a few microseconds.
        """
        clock = self._clock
        self._first.record()
        started = clock()
        work()
        self._last.record()
        self._device.synchronize()
        host = clock() - started
        return Elapsed(host / 1e6, self._first.elapsed_time(self._last))


class CudaDevice:
    """The current CUDA device of torch."""

    def event(self) -> Event:
        """Return an event that keeps the time."""
        from torch import cuda

        # torch does not type the constructor of its events.
        return cast("Event", cuda.Event(enable_timing=True))  # type: ignore[no-untyped-call]

    def synchronize(self) -> None:
        """Wait for the device."""
        from torch import cuda

        cuda.synchronize()


def stopwatch_for(device: str) -> Stopwatch:
    """Return the stopwatch for `cpu` or `cuda`, at an empty queue."""
    if device == "cpu":
        return HostStopwatch()
    cuda = CudaDevice()
    stopwatch = DeviceStopwatch(cuda)
    cuda.synchronize()
    return stopwatch

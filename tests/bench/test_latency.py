"""Whether the timer tells the truth: operations of known duration, and how often it says the same twice.

What an operation really took it notes itself, so the timer can be held against it on a machine that is busy too. That a
sleep of 10 ms takes 10 ms is the system's promise, which only a quiet machine keeps: where the suite's own watch finds
interference, that part is skipped and says what was found. On a CUDA device `torch.cuda._sleep` waits for a number of
the device's cycles, which is timed against one long wait.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
from claims import Claims

from emobench.benchmark.latency.devices import Stopwatch, Work, stopwatch_for
from emobench.benchmark.latency.interference import during
from emobench.benchmark.latency.percentiles import bounded
from emobench.benchmark.latency.timing import Rules, Step, Timed, measure
from emobench.benchmark.randomness import Randomness

RULES = Rules(iterations=60, seconds=0.3, limit=60)
REPEATS = 30
"""Iterations each of which is held against what the work noted itself."""
TRUE, AGAIN = 0.05, 0.10
"""How far p50 may be from the known duration, and from that of a second measurement."""


def sleep(milliseconds: float) -> None:
    time.sleep(milliseconds / 1000)


def busy(milliseconds: float) -> None:
    end = time.perf_counter_ns() + int(1e6 * milliseconds)
    while time.perf_counter_ns() < end:
        pass


@dataclass
class Noting:
    """Work that notes by itself how long it took."""

    work: Work
    milliseconds: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        started = time.monotonic_ns()
        self.work()
        self.milliseconds.append((time.monotonic_ns() - started) / 1e6)


class Measured(NamedTuple):
    """One measurement."""

    p50: float
    ratio: float
    """Median over single iterations of what the stopwatch says over what the work noted itself."""
    flags: tuple[str, ...]
    """What interfered."""


def timed(work: Work, stopwatch: Stopwatch) -> Timed:
    order = Randomness(0, ("bench", "latency")).generator()
    return measure([[Step(work, 0)]], stopwatch, RULES, reference=lambda: 1.0, order=order)


def measured(work: Work) -> Measured:
    stopwatch, noting = stopwatch_for("cpu"), Noting(work)
    found = timed(work, stopwatch)
    samples, host = found.samples, np.array(found.samples.host)
    record = during([found.span], reference=[1.0], host=host, turn=np.array(samples.turn))
    ratios = [stopwatch.time(noting).host / noting.milliseconds[-1] for _ in range(REPEATS)]
    p50 = bounded(host, 50)
    assert p50 is not None
    return Measured(p50.value, float(np.median(ratios)), tuple(flag.text for flag in record.flags))


@pytest.mark.parametrize("kind", [sleep, busy])
@pytest.mark.parametrize("milliseconds", [2.0, 10.0, 30.0])
def test_operations_of_known_duration_come_back(
    claim: Claims, kind: Callable[[float], None], milliseconds: float
) -> None:
    first, second = both = [measured(partial(kind, milliseconds)) for _ in range(2)]
    name = f"timer: {kind.__name__} of {milliseconds:g} ms"
    worst = max((one.ratio for one in both), key=lambda ratio: abs(ratio - 1))
    claim(f"{name}, said against noted", worst, within=TRUE, reference="what the operation noted itself")
    interference = [text for one in both for text in one.flags]
    if interference:
        pytest.skip(f"timed truly, but not held against {milliseconds:g} ms: {interference[0]}")
    for number, one in enumerate(both, 1):
        sides = (one.p50, milliseconds)
        claim(
            f"{name}, p50 of measurement {number}",
            one.p50 / milliseconds,
            within=TRUE,
            reference=f"{milliseconds:g} ms",
            measured=sides,
            unit="ms",
        )
    claim(
        f"{name}, p50 again",
        second.p50 / first.p50,
        within=AGAIN,
        reference="p50 of the first measurement",
        measured=(second.p50, first.p50),
        unit="ms",
    )


def test_the_stopwatch_costs_next_to_nothing(claim: Claims) -> None:
    empty = float(np.median(timed(lambda: None, stopwatch_for("cpu")).samples.host))
    claim("timer: the stopwatch alone", empty / 0.005, at_most=1, reference="5 µs", measured=(empty, 0.005), unit="ms")


def test_a_device_is_waited_for(claim: Claims) -> None:
    from torch import cuda

    if not cuda.is_available():
        pytest.skip(
            "no CUDA device: the logic of its stopwatch is tested with a made-up one, its truth is not measured"
        )
    stopwatch = stopwatch_for("cuda")
    cycles = 50_000_000
    sleeping = lambda count: lambda: cuda._sleep(count)  # noqa: E731 (two lines of work)
    stopwatch.time(sleeping(cycles))
    long = stopwatch.time(sleeping(20 * cycles)).device / 20
    found = timed(sleeping(cycles), stopwatch).samples
    host, device = float(np.median(found.host)), float(np.median(found.device))
    for name, found_ms in (("host", host), ("device", device)):
        claim(
            f"timer: torch.cuda._sleep, {name}",
            found_ms / long,
            within=TRUE,
            reference="one long wait",
            measured=(found_ms, long),
            unit="ms",
        )

"""The loop that measures: warm-up until the median settles, then at least n iterations and at least t seconds.

Work comes as units: steps that belong together and follow each other (the turns of a dialogue, or one step alone).

Warm-up. First all units once, so that every shape of input was seen; then windows of at least `LEAST_WARM_UP` steps,
always the same, until the medians of two windows in a row differ by at most `SETTLED`. What never settles is measured
all the same, and said.

With a compiled model the first pass is always whole, since it compiles, and the limit below counts from its end. With
CUDA graphs there are three such passes: torch runs a shape of input once, records it the second time and then replays.

Measuring. Passes over all units, in a new order each time. It goes on until there are n iterations whose times sum to
t seconds, and ends at the hard limit at the latest, which is noted. In between, about `BLOCKS` times, the reference
operation is timed; the unit after it is first done once without being timed, because the reference has driven the
model's weights out of the caches. All samples are kept: nothing is trimmed, the slowest least of all.

Garbage collection is left on, as it is in an interface: its pauses are part of what a user waits for. It runs once
before the first sample, and how often it ran in between is recorded (`interference`).
"""

import gc
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .devices import Clock, Elapsed, Stopwatch, Work
from .interference import Span, snapshot
from .record import WarmUpRecord

LEAST_WARM_UP = 10
"""Steps of a window of the warm-up."""
SETTLED = 0.05
"""Relative difference of the medians of two windows in a row up to which they count as equal."""
MOST_WINDOWS = 50
"""Windows after which the warm-up is given up as not settling."""
BLOCKS = 10
"""About how often the reference is timed between first and last."""
SHARE_OF_WARM_UP = 0.5
"""Share of the hard limit that the warm-up may take."""


class Step(NamedTuple):
    """One iteration."""

    call: Work
    turn: int
    """Position in its dialogue, from 0, of the utterance whose answer is wanted; −1: of several."""


Unit = Sequence[Step]
"""Steps that have to follow each other, from first to last."""


@dataclass(frozen=True)
class Rules:
    """When to end."""

    iterations: int = 300
    """At least so many."""
    seconds: float = 2.0
    """At least so long, as the sum of the iterations."""
    limit: float = 60.0
    """Seconds after which the measuring ends whatever is still missing."""


@dataclass
class Samples:
    """All samples, in the order in which they were taken; grows while it is measured."""

    turn: list[int] = field(default_factory=list)
    """As in `Step`."""
    block: list[int] = field(default_factory=list)
    """Number of the block between two timings of the reference, from 0."""
    host: list[float] = field(default_factory=list)
    """Milliseconds waited for."""
    device: list[float] = field(default_factory=list)
    """Milliseconds on the device; NaN without one."""
    milliseconds: float = 0.0
    """Sum of those waited for."""

    def add(self, step: Step, block: int, elapsed: Elapsed) -> None:
        """Keep one sample."""
        self.turn.append(step.turn)
        self.block.append(block)
        self.host.append(elapsed.host)
        self.device.append(elapsed.device)
        self.milliseconds += elapsed.host

    def enough(self, rules: Rules, *, share: float = 1.0) -> bool:
        """Return whether there are as many, and as long, as the rules want, or that share of it."""
        return len(self.host) >= share * rules.iterations and self.milliseconds >= share * 1000 * rules.seconds


class Timed(NamedTuple):
    """All that was measured."""

    warm_up: WarmUpRecord
    samples: Samples
    reference: tuple[float, ...]
    """Milliseconds of the reference: before the first block, between blocks, after the last."""
    notes: tuple[str, ...]
    """What a reader has to know."""
    span: Span
    """From the end of the warm-up to the last sample."""


def measure(
    units: Sequence[Unit],
    stopwatch: Stopwatch,
    rules: Rules,
    *,
    reference: Callable[[], float],
    order: np.random.Generator,
    whole_passes: int = 0,
    clock: Clock = time.perf_counter_ns,
) -> Timed:
    """Warm up, then time the units.

    Parameters
    ----------
    units
        One or more, none of them empty.
    reference
        Times the reference operation and returns its milliseconds.
    order
        Draws the order of the units, anew for each pass.
    whole_passes
        Passes of the warm-up that are whole however long they take; the hard limit counts from their end.
    clock
        Tells how much time has passed in all, for the hard limit.
    """
    limit = Limit(rules.limit, clock)
    warm_up = warmed_up(units, stopwatch, limit, whole_passes=whole_passes)
    gc.collect()
    samples, since, before = Samples(), Samples(), snapshot()
    medians, notes = [reference()], _notes(warm_up)
    passes = _passes(units, order)
    while True:
        unit = next(passes)
        if since.enough(rules, share=1 / BLOCKS):
            medians.append(reference())
            since = Samples()
            for step in unit:
                stopwatch.time(step.call)
        for step in unit:
            elapsed = stopwatch.time(step.call)
            since.add(step, 0, elapsed)
            samples.add(step, len(medians) - 1, elapsed)
        if samples.enough(rules):
            break
        if limit.share() >= 1:
            notes.append(
                f"ended at the limit of {rules.limit:g} s, after {len(samples.host)} of {rules.iterations} iterations "
                f"and {samples.milliseconds / 1000:.1f} of {rules.seconds:g} s"
            )
            break
    medians.append(reference())
    return Timed(warm_up, samples, tuple(medians), tuple(notes), Span(before, snapshot()))


class Limit:
    """The hard limit of a measurement, which runs from when it is made."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        """Begin."""
        self._seconds, self._clock = seconds, clock
        self._began = clock()

    def restart(self) -> None:
        """Begin anew."""
        self._began = self._clock()

    def share(self) -> float:
        """Return how much of it has passed; 1: all."""
        return (self._clock() - self._began) / (1e9 * self._seconds)


def warmed_up(units: Sequence[Unit], stopwatch: Stopwatch, limit: Limit, *, whole_passes: int = 0) -> WarmUpRecord:
    """Do all units once, then the first of them until their median settles, or for half of the limit.

    So many `whole_passes` over all units are always whole, and the limit runs from their end.
    """
    first_pass: list[float] = []
    unseen = list(units)
    while unseen and (whole_passes or not first_pass or limit.share() < SHARE_OF_WARM_UP):
        first_pass += [stopwatch.time(step.call).host for step in unseen.pop(0)]
    for step in itertools.chain.from_iterable([*units] * (whole_passes - 1)):
        stopwatch.time(step.call)
    if whole_passes:
        limit.restart()
    window, iterations, settled = _window(units), len(first_pass) * max(1, whole_passes), False
    windows, before = 0, math.inf
    while not settled and windows < MOST_WINDOWS and limit.share() < SHARE_OF_WARM_UP:
        median = statistics.median(stopwatch.time(step.call).host for step in window)
        iterations += len(window)
        settled, before, windows = abs(median - before) <= SETTLED * median, median, windows + 1
    return WarmUpRecord(
        iterations=iterations,
        settled=settled,
        first=first_pass[0],
        seconds=sum(first_pass) / 1000,
        complete=not unseen,
    )


def _window(units: Sequence[Unit]) -> list[Step]:
    """Return the first steps, whole units only, over and over until there are enough."""
    window: list[Step] = []
    again = itertools.cycle(units)
    while len(window) < LEAST_WARM_UP:
        window += next(again)
    return window


def _passes(units: Sequence[Unit], order: np.random.Generator) -> Iterator[Unit]:
    while True:
        for place in order.permutation(len(units)).tolist():
            yield units[place]


def _notes(warm_up: WarmUpRecord) -> list[str]:
    unseen = ["the warm-up ended before it had seen every input"] * (not warm_up.complete)
    return unseen + ["the median did not settle in the warm-up"] * (not warm_up.settled)

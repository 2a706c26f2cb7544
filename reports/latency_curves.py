"""Single latencies as curves: by percentile, and by turn with neighbouring turns put together where they are few."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ..benchmark.latency.files import PartSamples
from ..benchmark.latency.percentiles import bounded, iterations_needed
from ..benchmark.latency.record import PercentileRecord, SummaryRecord

TURN_PERCENTS = (50.0, 95.0)
"""What is shown by turn."""
WIDTHS = (1, 2, 5, 10, 20, 50, 100)
"""Turns that may be put together."""
ENOUGH = 0.75
"""Share of the latencies that have to lie in groups large enough for every percentile, of each model."""
_STEPS = 100


@dataclass(frozen=True)
class Mark:
    """A percentile where it is drawn."""

    at: float
    """On the axis: percent, middle of the turns, batch size or milliseconds."""
    value: float
    low: float | None
    """None: no lower bound."""
    high: float | None


@dataclass(frozen=True)
class TurnGroup:
    """The latencies of some neighbouring turns."""

    first: int
    last: int
    """From 0; equal to the first: one turn."""
    iterations: int
    found: PercentileRecord | None
    """The percentile; None: too few latencies."""

    @property
    def name(self) -> str:
        """The turns, counted from 1."""
        return f"{self.first + 1}" if self.first == self.last else f"{self.first + 1}–{self.last + 1}"

    @property
    def middle(self) -> float:
        """Where it stands, turns counted from 1."""
        return (self.first + self.last) / 2 + 1


def marks_of(summary: SummaryRecord) -> tuple[Mark, ...]:
    """Return the percentiles of a summary."""
    return tuple(Mark(one.percent, one.value, one.low, one.high) for one in summary.percentiles)


def line_of(samples: PartSamples | None, summary: SummaryRecord) -> tuple[tuple[float, float], ...]:
    """Return percent and milliseconds up to the highest percentile that has a bound; without samples the marks alone.

    Steps are even on a scale that widens with every nine, so that the tail is as fine as the rest.
    """
    marks = marks_of(summary)
    if samples is None or not marks:
        return tuple((one.at, one.value) for one in marks)
    steps = np.linspace(0, -np.log10(1 - marks[-1].at / 100), _STEPS)
    percents = 100 * (1 - 10**-steps)
    values = np.percentile(samples.host.astype(np.float64), percents)
    return tuple(zip(percents.tolist(), values.tolist(), strict=True))


def width_of(those: Iterable[PartSamples], percent: float) -> int:
    """Return how many turns have to be put together for most groups of every model to be large enough."""
    turns = [one.turn for one in those]
    for width in WIDTHS:
        if all(_share_enough(of // width, iterations_needed(percent)) >= ENOUGH for of in turns):
            return width
    return WIDTHS[-1]


def by_turn(samples: PartSamples, percent: float, width: int) -> tuple[TurnGroup, ...]:
    """Return a percentile by groups of so many turns; of the last group only the turns that there are."""
    last = int(samples.turn.max())
    found = []
    for group in np.unique(samples.turn // width).tolist():
        values = samples.host[samples.turn // width == group].astype(np.float64)
        end = min((group + 1) * width - 1, last)
        found.append(TurnGroup(group * width, end, len(values), bounded(values, percent)))
    return tuple(found)


def turn_marks(groups: Sequence[TurnGroup]) -> tuple[Mark, ...]:
    """Return where a percentile is drawn, for groups that have latencies enough."""
    pairs = ((one, one.found) for one in groups)
    return tuple(Mark(one.middle, found.value, found.low, found.high) for one, found in pairs if found is not None)


def _share_enough(groups: Int[np.ndarray, " iterations"], needed: int) -> float:
    _, counts = np.unique(groups, return_counts=True)
    return float(counts[counts >= needed].sum() / counts.sum())

"""What a metric is: sums over utterances and a function of their totals, or a function of a ranking.

A metric that is a function of per-dialogue sums gets its bootstrap interval from one matrix product (see
`benchmark.bootstrap`): `statistic` turns predictions into utterances × sums, the engine adds them up per dialogue and
per draw, and `value` turns totals into figures, for all draws at once. Metrics that share a statistic share the work.

A rank metric is no function of sums. Its `ranking` sorts the utterances once, the engine counts what lies above each
threshold in each of fewer draws, and `value` turns counts into figures. A composed metric puts together the figures of
another metric on several views of the same predictions, such as slices of them, or stressed and clean input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from typing_extensions import TypeIs

from .ranked import Order, Ranked
from .scored import Scored as Scored  # part of the interface

Need = Literal["clean input", "clean", "removals", "coalitions", "posterior", "weights", "validation", "hidden"]
"""What a metric may need beside the predictions of its own condition; `clean input`: that this is the clean one."""

Floor = Literal["none", "noise", "posterior"]
"""What even the best model shows: nothing in particular; the noise of labels redrawn from the model's own probabilities
(the statistic is then a `RedrawnStatistic`); or the figure of the exact posterior on the same data."""

Direction = Literal["higher", "lower", "zero", "none"]
"""What is better: higher, lower, nearer to zero, or neither."""


@runtime_checkable
class Statistic(Protocol):
    """A frozen (hashable) dataclass: equal statistics are computed once, whoever asks for them."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return what each utterance adds to each sum."""
        ...


@runtime_checkable
class RedrawnStatistic(Statistic, Protocol):
    """A statistic that knows its totals when labels are redrawn from the model's own probabilities."""

    def redrawn_totals(
        self, scored: Scored, *, redraws: int, generator: np.random.Generator
    ) -> Float[np.ndarray, "redraws sums"]:
        """Return the totals over all utterances, one row per redraw."""
        ...


@dataclass(frozen=True)
class NoiseFloor:
    """What a perfectly calibrated model would show on a sample of this size (labels redrawn from its own p)."""

    mean: float
    """Mean over the redraws."""
    high: float
    """95th percentile over the redraws: a figure below it is not evidence of miscalibration."""


@runtime_checkable
class Metric(Protocol):
    """A plug-in: a frozen dataclass whose fields are the arguments (`ece:bins=10`).

    The class may also say `variants: ClassVar[tuple[str, ...]]`: the spec texts that its bare name stands for when all
    metrics are computed; without it, the bare name alone. And `norm_of_gaps: ClassVar[bool] = True`: the figure is a
    norm (convex, and λ times as large where all gaps are) of the gaps of bins, right ones − sum of confidence, and the
    sums of its statistic begin with three kinds per bin: utterances, right ones, sums of confidence. It then gets an
    interval made for such figures (`benchmark.gap_intervals`). Or `without_interval: ClassVar[bool] = True`: none is
    known that holds the truth of its figures as often as it says. Or `few_draws: ClassVar[bool] = True`: its figures
    are many, points of a curve or bins of a distribution, and are resampled as seldom as rank metrics are.
    """

    title: ClassVar[str]
    """How tables and figures name it, such as `Weighted F1`."""
    unit: ClassVar[str]
    """Unit; empty: a plain number."""
    range: ClassVar[tuple[float, float]]
    """Smallest and largest possible value; may be infinite."""
    direction: ClassVar[Direction]
    """What is better."""
    needs: ClassVar[frozenset[Need]]
    """What it needs beside the predictions of its own condition; a condition that lacks it has no such figure."""
    floor: ClassVar[Floor]
    """What the figure is held against."""

    @property
    def statistic(self) -> Statistic:
        """What is summed."""
        ...

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Name the figures that `value` returns: `("",)` for one, class names, names of removals, and so on."""
        ...

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the figures from totals; NaN where one is not defined (such as no neighbouring turns)."""
        ...


@runtime_checkable
class Ranking(Protocol):
    """A frozen (hashable) dataclass: equal rankings are counted once, whoever asks for them."""

    def __call__(self, scored: Scored, dialogues: int) -> tuple[Order, ...]:
        """Return one order of the utterances of so many dialogues, or several orders, such as one per class."""
        ...


@runtime_checkable
class RankMetric(Protocol):
    """A plug-in: a figure that depends on the order of the utterances by a score. It may have `variants`, as above."""

    title: ClassVar[str]
    """How tables and figures name it."""
    unit: ClassVar[str]
    """Unit; empty: a plain number."""
    range: ClassVar[tuple[float, float]]
    """Smallest and largest possible value."""
    direction: ClassVar[Direction]
    """What is better."""
    needs: ClassVar[frozenset[Need]]
    """What it needs beside the predictions of its own condition."""

    @property
    def ranking(self) -> Ranking:
        """By what utterances are ranked."""
        ...

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Name the figures that `value` returns."""
        ...

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return the figures of every draw; NaN where one is not defined."""
        ...


@runtime_checkable
class View(Protocol):
    """A frozen (hashable) dataclass: equal views are looked at once."""

    def __call__(self, scored: Scored) -> Scored:
        """Return the same predictions, or some of their rows, or others on the same utterances.

        Indices of dialogues stay what they are, so that all views meet the same draws.
        """
        ...


@runtime_checkable
class ComposedMetric(Protocol):
    """A plug-in: figures of another metric on several views of the same predictions, put together."""

    @property
    def title(self) -> str:
        """How tables and figures name it."""
        ...

    @property
    def unit(self) -> str:
        """Unit; empty: a plain number."""
        ...

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest possible value; may be infinite."""
        ...

    @property
    def direction(self) -> Direction:
        """What is better."""
        ...

    @property
    def needs(self) -> frozenset[Need]:
        """What it needs beside the predictions of its own condition."""
        ...

    @property
    def floor(self) -> Floor:
        """What the figures are held against: `none`, or where `value` shows views side by side, that of the metric."""
        ...

    @property
    def of(self) -> "Metric | RankMetric":
        """The other metric."""
        ...

    def views(self, scored: Scored) -> tuple[View, ...]:
        """Return on what it is measured."""
        ...

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Name the figures that `combine` returns."""
        ...

    def combine(self, figures: Sequence[Float[np.ndarray, "*draws _"]]) -> Float[np.ndarray, "*draws parts"]:
        """Return the figures from those of the other metric on each view."""
        ...


@runtime_checkable
class ReadsFile(Protocol):
    """A metric that reads a file which an argument names."""

    def content_key(self) -> str:
        """Return a text that changes when the content of the file does; empty: no file is named.

        Raises
        ------
        DataError
            When it cannot be read.
        """
        ...

    def require_classes(self, classes: tuple[str, ...]) -> None:
        """Raise DataError where the file does not fit data with these classes."""
        ...


ConditionMetric = Metric | RankMetric | ComposedMetric
"""A metric of one condition."""


def is_rank(metric: object) -> TypeIs[RankMetric]:
    """Return whether a metric is of a ranking."""
    return _is(metric, RankMetric)


def is_composed(metric: object) -> TypeIs[ComposedMetric]:
    """Return whether a metric is made of another one."""
    return _is(metric, ComposedMetric)


# Asked for every figure of every cell, and Python before 3.12 takes 15 µs to see whether an object fits a protocol.
@cache
def _is(metric: object, kind: type) -> bool:
    return isinstance(metric, kind)


@runtime_checkable
class CurveMetric(Protocol):
    """A plug-in: a figure of a whole degradation curve, that is of another metric over the rungs of a ladder."""

    title: ClassVar[str]
    """How tables and figures name it."""
    unit: ClassVar[str]
    """Unit; empty: a plain number."""
    range: ClassVar[tuple[float, float]]
    """Smallest and largest possible value; may be infinite."""
    direction: ClassVar[Direction]
    """What is better where higher is better for the metric of the curve; the other way round where lower is."""

    @property
    def metric(self) -> str:
        """Spec text of the metric whose curve it is; one figure, that is `parts` of `("",)`."""
        ...

    def summarise(
        self,
        severities: Float[np.ndarray, " rungs"],
        figures: Float[np.ndarray, "*draws rungs"],
        direction: Direction,
    ) -> Float[np.ndarray, "*draws"]:
        """Return the figure of the curve.

        Parameters
        ----------
        severities
            Increasing; the first is 0, the clean input; two or more.
        figures
            The metric at each severity.
        direction
            What is better for that metric.
        """
        ...

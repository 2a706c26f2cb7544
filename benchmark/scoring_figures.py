"""From the predictions of one cell to all its figures: values, bootstrap draws and floors."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from .bootstrap import Intervals, intervals
from .gap_intervals import gap_intervals
from .metrics.base import ConditionMetric, Need, Scored, is_composed
from .scoring_floors import floors_of
from .scoring_samples import joined, sampled


class Name(NamedTuple):
    """Which figure."""

    metric: str
    """Canonical text of the metric."""
    part: str
    """Its part; empty: the figure itself."""


@dataclass(frozen=True, eq=False)
class Figures:
    """Figures of one cell, or their means over draws or seeds, with what their intervals are made of."""

    names: tuple[Name, ...]
    """Which they are."""
    value: Float[np.ndarray, " figures"]
    """On the sample itself; NaN: not defined."""
    draws: Float[np.ndarray, "draws figures"]
    """In each bootstrap draw; NaN in those that were not made."""
    drawn: Int64[np.ndarray, " figures"]
    """How many draws were made, the first ones: fewer for rank metrics."""
    jackknife: Float[np.ndarray, "dialogues figures"]
    """With one dialogue left out."""
    floor: Float[np.ndarray, " figures"]
    """What the figure is held against; NaN: nothing."""
    floor_high: Float[np.ndarray, " figures"]
    """95th percentile of the noise floor; NaN: none."""
    draw_sd: Float[np.ndarray, " figures"]
    """Standard deviation (n − 1) over the draws of the stress; NaN: one draw."""
    shrunken: Mapping[Name, Float[np.ndarray, "shares fewer"]] = field(default_factory=dict)
    """Of each figure that is a norm of gaps: what `gap_intervals` needs."""
    bare: frozenset[Name] = frozenset()
    """Figures without an interval: see `Metric`."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Smallest and largest possible value by metric; of one that is not named neither is known."""

    @cached_property
    def intervals(self) -> Intervals:
        """The intervals of all figures: of norms of gaps by `gap_intervals`, of all others by `bootstrap.intervals`.

        That of a calibration error that is within its noise floor reaches down to 0: on a sample of this size a perfect
        model shows as much. No interval goes beyond what its figure can be.
        """
        low, high = np.full_like(self.value, np.nan), np.full_like(self.value, np.nan)
        of_gaps = np.array([name in self.shrunken for name in self.names], dtype=bool)
        bare = np.array([name in self.bare for name in self.names], dtype=bool)
        for count in np.unique(self.drawn).tolist():
            alike = (self.drawn == count) & ~of_gaps & ~bare
            draws = self.draws[:count] if alike.all() else self.draws.T[alike, :count].T
            low[alike], high[alike] = intervals(self.value[alike], draws, self.jackknife[:, alike])
        norms = np.flatnonzero(of_gaps)
        populations = [self.shrunken[self.names[place]] for place in norms]
        low[norms], high[norms] = gap_intervals(
            self.value[norms], self.draws[:, norms], self.jackknife[:, norms], populations
        )
        low = np.where((self.value <= self.floor_high) & ~np.isnan(low), 0.0, low)
        least, most = self._ends
        # A sum may be off the range by a rounding error; the interval holds the figure all the same.
        low, high = np.maximum(low, np.fmin(least, self.value)), np.minimum(high, np.fmax(most, self.value))
        return Intervals(np.where(bare, np.nan, low), np.where(bare, np.nan, high))

    @property
    def _ends(self) -> Float[np.ndarray, "2 figures"]:
        """Smallest and largest possible value of each figure."""
        ends = [self.ranges.get(name.metric, (-np.inf, np.inf)) for name in self.names]
        return np.array(ends, dtype=np.float64).reshape(-1, 2).T

    def of_metrics(self, wanted: Container[str]) -> "Figures":
        """Return those of the metrics that are wanted."""
        return self._take([place for place, name in enumerate(self.names) if name.metric in wanted])

    def only(self, wanted: Container[Name]) -> "Figures":
        """Return those of the figures that are wanted, in the order they have here."""
        return self._take([place for place, name in enumerate(self.names) if name in wanted])

    def _take(self, places: Sequence[int]) -> "Figures":
        if len(places) == len(self.names):
            return self
        names = tuple(self.names[place] for place in places)
        return Figures(
            names=names,
            value=self.value[places],
            draws=self.draws[:, places],
            drawn=self.drawn[places],
            jackknife=self.jackknife[:, places],
            floor=self.floor[places],
            floor_high=self.floor_high[places],
            draw_sd=self.draw_sd[places],
            shrunken={name: self.shrunken[name] for name in names if name in self.shrunken},
            bare=self.bare.intersection(names),
            ranges=self.ranges,
        )


def figures_of(
    scored: Scored,
    metrics: Mapping[str, ConditionMetric],
    weights: Float[np.ndarray, "draws dialogues"],
    *,
    generator: np.random.Generator | None,
) -> Figures:
    """Return all figures of one cell; metrics whose needs it does not meet are left out.

    Parameters
    ----------
    weights
        How often each dialogue is drawn in each draw.
    generator
        For the noise floors; None: no floors of any kind.
    """
    able = {text: metric for text, metric in metrics.items() if _meets(scored, metric)}
    of_metric = sampled(scored, able, weights)
    names = tuple(Name(text, part) for text, metric in able.items() for part in metric.parts(scored))
    floors = floors_of(scored, able, generator)
    return Figures(
        names=names,
        value=joined([one.whole for one in of_metric.values()], 1)[0],
        draws=joined([_filled(one.draws, len(weights)) for one in of_metric.values()], len(weights)),
        drawn=np.array([len(of_metric[name.metric].draws) for name in names], dtype=np.int64),
        jackknife=joined([one.jackknife for one in of_metric.values()], weights.shape[1]),
        floor=np.array([floor.mean for floor in floors]),
        floor_high=np.array([floor.high for floor in floors]),
        draw_sd=np.full(len(floors), np.nan),
        shrunken={
            Name(text, part): one.shrunken[..., place]
            for text, one in of_metric.items()
            if one.shrunken is not None
            for place, part in enumerate(able[text].parts(scored))
        },
        bare=frozenset(name for name in names if _is_bare(able[name.metric])),
        ranges={text: metric.range for text, metric in able.items()},
    )


def _is_bare(metric: ConditionMetric) -> bool:
    """Return whether a metric, or the one that it shows side by side, says that its figures have no interval."""
    inner = metric.of if is_composed(metric) and metric.floor == "noise" else metric
    return bool(getattr(inner, "without_interval", False))


def mean_of_draws(several: Iterable[Figures]) -> Figures:
    """Return the mean over the draws of a stress, and the standard deviation over them, one draw at a time in memory.

    Bootstrap draws are averaged one by one, so the interval is that of the mean figure over test samples: what the
    stress leaves to chance is in `draw_sd`, not in the interval.
    """
    values: list[np.ndarray] = []
    total: Figures | None = None
    for figures in several:
        values.append(figures.value)
        total = figures if total is None else _sum(total, figures)
    assert total is not None
    count = len(values)
    if count == 1:
        return total
    return replace(_scaled(total, 1 / count), draw_sd=np.asarray(np.std(values, axis=0, ddof=1)))


def mean_of_seeds(several: Sequence[Figures]) -> Figures:
    """Return the mean over seeds of the figures that all of them have.

    Draws are averaged draw by draw, so the interval is that of the mean figure over test samples. The redraws behind
    the noise floors of several seeds are of the same utterances, so their percentiles are averaged too. Of the
    standard deviations over the draws of a stress the root of the mean square is taken.
    """
    if len(several) == 1:
        return several[0]
    common = set.intersection(*(set(figures.names) for figures in several))
    alike = [figures.only(common) for figures in several]
    draw_sd = np.sqrt(np.mean([np.square(figures.draw_sd) for figures in alike], axis=0))
    return replace(_scaled(reduce(_sum, alike), 1 / len(alike)), draw_sd=draw_sd)


def _sum(one: Figures, other: Figures) -> Figures:
    return Figures(
        names=one.names,
        value=one.value + other.value,
        draws=one.draws + other.draws,
        drawn=one.drawn,
        jackknife=one.jackknife + other.jackknife,
        floor=one.floor + other.floor,
        floor_high=one.floor_high + other.floor_high,
        draw_sd=one.draw_sd,
        shrunken={name: of + other.shrunken[name] for name, of in one.shrunken.items()},
        bare=one.bare,
        ranges=one.ranges,
    )


def _scaled(figures: Figures, factor: float) -> Figures:
    return replace(
        figures,
        value=figures.value * factor,
        draws=figures.draws * factor,
        jackknife=figures.jackknife * factor,
        floor=figures.floor * factor,
        floor_high=figures.floor_high * factor,
        shrunken={name: of * factor for name, of in figures.shrunken.items()},
    )


def _meets(scored: Scored, metric: ConditionMetric) -> bool:
    there = {
        "clean input": scored.on_clean_input,
        "clean": scored.clean is not None,
        "removals": bool(scored.removals),
        "coalitions": bool(scored.coalitions),
        "posterior": scored.posterior is not None,
        "weights": bool(scored.modality_weights),
        "validation": scored.validation is not None,
        "hidden": scored.hidden is not None,
    }
    inner = metric.of.needs if is_composed(metric) else frozenset[Need]()
    return all(there[need] for need in metric.needs | inner)


def _filled(draws: Float[np.ndarray, "fewer parts"], rows: int) -> Float[np.ndarray, "draws parts"]:
    """Return the draws, and NaN in those that were not made."""
    if len(draws) == rows:
        return draws
    filled = np.full((rows, draws.shape[1]), np.nan)
    filled[: len(draws)] = draws
    return filled

"""From the predictions of one cell to all its figures: values, bootstrap draws and floors."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from .bootstrap import Intervals, acceleration, interval
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
    draws: tuple[Float[np.ndarray, " _"], ...]
    """Of each, in the bootstrap draws that were made, the first ones: fewer of them for rank metrics."""
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
        skewed = acceleration(self.jackknife)
        for place in np.flatnonzero(~of_gaps & ~bare).tolist():
            low[place], high[place] = interval(
                self.draws[place], float(self.value[place]), float(skewed[place]), dialogues=len(self.jackknife)
            )
        norms = np.flatnonzero(of_gaps)
        populations = [self.shrunken[self.names[place]] for place in norms]
        low[norms], high[norms] = gap_intervals(
            self.value[norms], self._padded(norms.tolist()), self.jackknife[:, norms], populations
        )
        low = np.where((self.value <= self.floor_high) & ~np.isnan(low), 0.0, low)
        least, most = self._ends
        # A sum may be off the range by a rounding error; the interval holds the figure all the same.
        low, high = np.maximum(low, np.fmin(least, self.value)), np.minimum(high, np.fmax(most, self.value))
        return Intervals(np.where(bare, np.nan, low), np.where(bare, np.nan, high))

    @property
    def drawn(self) -> Int64[np.ndarray, " figures"]:
        """How many draws were made of each."""
        return np.array([len(draws) for draws in self.draws], dtype=np.int64)

    @property
    def padded_draws(self) -> Float[np.ndarray, "draws figures"]:
        """The draws of all figures side by side; NaN in those that were not made."""
        return self._padded(range(len(self.names)))

    def _padded(self, places: Sequence[int]) -> Float[np.ndarray, "draws figures"]:
        wanted = [self.draws[place] for place in places]
        side_by_side = np.full((len(wanted), max(map(len, wanted), default=0)), np.nan)
        for row, draws in zip(side_by_side, wanted, strict=True):
            row[: len(draws)] = draws
        return side_by_side.T

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
            draws=tuple(self.draws[place] for place in places),
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
    there = _there(scored)
    able = {text: metric for text, metric in metrics.items() if _needs(metric) <= there}
    of_metric = sampled(scored, able, weights)
    parts = {text: metric.parts(scored) for text, metric in able.items()}
    bare = {text for text, metric in able.items() if _is_bare(metric)}
    names = tuple(Name(text, part) for text, own in parts.items() for part in own)
    floors = floors_of(scored, able, generator)
    return Figures(
        names=names,
        value=joined([one.whole for one in of_metric.values()], 1)[0],
        draws=tuple(column for one in of_metric.values() for column in one.draws.T),
        jackknife=joined([one.jackknife for one in of_metric.values()], weights.shape[1]),
        floor=np.array([floor.mean for floor in floors]),
        floor_high=np.array([floor.high for floor in floors]),
        draw_sd=np.full(len(floors), np.nan),
        shrunken={
            Name(text, part): one.shrunken[..., place]
            for text, one in of_metric.items()
            if one.shrunken is not None
            for place, part in enumerate(parts[text])
        },
        bare=frozenset(name for name in names if name.metric in bare),
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
        draws=tuple(a + b for a, b in zip(one.draws, other.draws, strict=True)),
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
        draws=tuple(draws * factor for draws in figures.draws),
        jackknife=figures.jackknife * factor,
        floor=figures.floor * factor,
        floor_high=figures.floor_high * factor,
        shrunken={name: of * factor for name, of in figures.shrunken.items()},
    )


def _there(scored: Scored) -> frozenset[Need]:
    """Return what there is beside the predictions themselves."""
    there: dict[Need, bool] = {
        "clean input": scored.on_clean_input,
        "clean": scored.clean is not None,
        "removals": bool(scored.removals),
        "coalitions": bool(scored.coalitions),
        "posterior": scored.posterior is not None,
        "weights": bool(scored.modality_weights),
        "validation": scored.validation is not None,
        "hidden": scored.hidden is not None,
    }
    return frozenset(need for need, is_there in there.items() if is_there)


def _needs(metric: ConditionMetric) -> frozenset[Need]:
    return metric.needs | metric.of.needs if is_composed(metric) else metric.needs

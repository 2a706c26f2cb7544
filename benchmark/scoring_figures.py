"""From the predictions of one cell to all its figures: values, bootstrap draws and floors."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .bootstrap import Intervals, intervals, left_out, per_dialogue, resampled
from .metrics.base import Metric, NoiseFloor, Scored, Statistic
from .noise_floor import REDRAWS, floors, redrawn_totals


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
    """In each bootstrap draw."""
    jackknife: Float[np.ndarray, "dialogues figures"]
    """With one dialogue left out."""
    floor: Float[np.ndarray, " figures"]
    """What the figure is held against; NaN: nothing."""
    floor_high: Float[np.ndarray, " figures"]
    """95th percentile of the noise floor; NaN: none."""
    draw_sd: Float[np.ndarray, " figures"]
    """Standard deviation (n − 1) over the draws of the stress; NaN: one draw."""

    @cached_property
    def intervals(self) -> Intervals:
        """The intervals of all figures.

        That of a calibration error that is within its noise floor reaches down to 0: on a sample of this size a perfect
        model shows as much. Bootstrap draws cannot tell, for they resample the noise as well.
        """
        low, high = intervals(self.value, self.draws, self.jackknife)
        return Intervals(np.where((self.value <= self.floor_high) & ~np.isnan(low), 0.0, low), high)

    def of_metrics(self, wanted: Container[str]) -> "Figures":
        """Return those of the metrics that are wanted."""
        return self._take([place for place, name in enumerate(self.names) if name.metric in wanted])

    def only(self, wanted: Container[Name]) -> "Figures":
        """Return those of the figures that are wanted, in the order they have here."""
        return self._take([place for place, name in enumerate(self.names) if name in wanted])

    def _take(self, places: Sequence[int]) -> "Figures":
        if len(places) == len(self.names):
            return self
        return Figures(
            names=tuple(self.names[place] for place in places),
            value=self.value[places],
            draws=self.draws[:, places],
            jackknife=self.jackknife[:, places],
            floor=self.floor[places],
            floor_high=self.floor_high[places],
            draw_sd=self.draw_sd[places],
        )


def figures_of(
    scored: Scored,
    metrics: Mapping[str, Metric],
    weights: Float[np.ndarray, "draws dialogues"],
    *,
    generator: np.random.Generator,
) -> Figures:
    """Return all figures of one cell; metrics whose needs it does not meet are left out.

    Parameters
    ----------
    weights
        How often each dialogue is drawn in each draw.
    generator
        For the noise floors.
    """
    able = {text: metric for text, metric in metrics.items() if _meets(scored, metric)}
    totals = _Totals.of(scored, dict.fromkeys(metric.statistic for metric in able.values()), weights)
    parts = {text: metric.parts(scored) for text, metric in able.items()}
    whole, draws, jackknife = (
        _joined([metric.value(sums[metric.statistic]) for metric in able.values()], rows)
        for sums, rows in ((totals.whole, 1), (totals.draws, len(weights)), (totals.jackknife, weights.shape[1]))
    )
    floors = _floors(scored, able, generator)
    return Figures(
        names=tuple(Name(text, part) for text, those in parts.items() for part in those),
        value=whole[0],
        draws=draws,
        jackknife=jackknife,
        floor=np.array([floor.mean for floor in floors]),
        floor_high=np.array([floor.high for floor in floors]),
        draw_sd=np.full(len(floors), np.nan),
    )


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
        jackknife=one.jackknife + other.jackknife,
        floor=one.floor + other.floor,
        floor_high=one.floor_high + other.floor_high,
        draw_sd=one.draw_sd,
    )


def _scaled(figures: Figures, factor: float) -> Figures:
    return replace(
        figures,
        value=figures.value * factor,
        draws=figures.draws * factor,
        jackknife=figures.jackknife * factor,
        floor=figures.floor * factor,
        floor_high=figures.floor_high * factor,
    )


@dataclass(frozen=True, eq=False)
class _Totals:
    """Totals by statistic: of the sample, of every draw, and with one dialogue left out."""

    whole: Mapping[Statistic, np.ndarray]
    draws: Mapping[Statistic, np.ndarray]
    jackknife: Mapping[Statistic, np.ndarray]

    @classmethod
    def of(cls, scored: Scored, statistics: Iterable[Statistic], weights: np.ndarray) -> "_Totals":
        sums = {statistic: per_dialogue(statistic(scored), scored.dialogue) for statistic in statistics}
        # One product for all: a matrix product gains from width.
        ends = np.cumsum([columns.shape[1] for columns in sums.values()])[:-1]
        drawn = np.split(resampled(weights, _joined(list(sums.values()), weights.shape[1])), ends, axis=1)
        return cls(
            whole={statistic: columns.sum(axis=0, keepdims=True) for statistic, columns in sums.items()},
            draws=dict(zip(sums, drawn, strict=True)),
            jackknife={statistic: left_out(columns) for statistic, columns in sums.items()},
        )


def _meets(scored: Scored, metric: Metric) -> bool:
    there = {
        "clean": scored.clean is not None,
        "removals": bool(scored.removals),
        "posterior": scored.posterior is not None,
        "weights": bool(scored.modality_weights),
    }
    return all(there[need] for need in metric.needs)


def _joined(columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """Put columns beside each other, each column in one piece of memory."""
    return np.concatenate([column.T for column in columns]).T if columns else np.empty((rows, 0))


def _floors(scored: Scored, metrics: Mapping[str, Metric], generator: np.random.Generator) -> list[NoiseFloor]:
    """Return a floor for every part of every metric."""
    redrawn: dict[Statistic, np.ndarray] = {}
    found: list[NoiseFloor] = []
    for metric in metrics.values():
        parts = metric.parts(scored)
        if metric.floor == "noise":
            if metric.statistic not in redrawn:
                redrawn[metric.statistic] = redrawn_totals(metric, scored, redraws=REDRAWS, generator=generator)
            found += floors(metric.value(redrawn[metric.statistic]))
        elif metric.floor == "posterior" and (best := _comparable_posterior(metric, scored)) is not None:
            totals = metric.statistic(best).sum(axis=0)
            found += [NoiseFloor(float(value), np.nan) for value in metric.value(totals)]
        else:
            found += [NoiseFloor(np.nan, np.nan)] * len(parts)
    return found


def _comparable_posterior(metric: Metric, scored: Scored) -> Scored | None:
    """Return the exact posterior if it was asked under the removals that the metric looks at."""
    posterior = scored.posterior
    return posterior if posterior is not None and metric.parts(posterior) == metric.parts(scored) else None

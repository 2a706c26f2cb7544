"""From the predictions of one cell to all its figures: values, bootstrap draws and floors."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
    """Figures of one cell, or their means over seeds, with what their intervals are made of."""

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

    @cached_property
    def intervals(self) -> Intervals:
        """The intervals of all figures."""
        return intervals(self.value, self.draws, self.jackknife)

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
    )


def mean_of(several: Sequence[Figures]) -> Figures:
    """Return the mean over seeds of the figures that all of them have.

    Draws are averaged draw by draw, so the interval is that of the mean figure over test samples. The redraws behind
    the noise floors of several seeds are of the same utterances, so their percentiles are averaged too.
    """
    if len(several) == 1:
        return several[0]
    common = set.intersection(*(set(figures.names) for figures in several))
    alike = [figures.only(common) for figures in several]
    return Figures(
        names=alike[0].names,
        value=np.mean([figures.value for figures in alike], axis=0),
        draws=np.mean([figures.draws for figures in alike], axis=0),
        jackknife=np.mean([figures.jackknife for figures in alike], axis=0),
        floor=np.mean([figures.floor for figures in alike], axis=0),
        floor_high=np.mean([figures.floor_high for figures in alike], axis=0),
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
        elif metric.floor == "posterior" and (best := _comparable_posterior(scored)) is not None:
            totals = metric.statistic(best).sum(axis=0)
            found += [NoiseFloor(float(value), np.nan) for value in metric.value(totals)]
        else:
            found += [NoiseFloor(np.nan, np.nan)] * len(parts)
    return found


def _comparable_posterior(scored: Scored) -> Scored | None:
    """Return the exact posterior if it was asked under the same removals."""
    posterior = scored.posterior
    return posterior if posterior is not None and [*posterior.removals] == [*scored.removals] else None

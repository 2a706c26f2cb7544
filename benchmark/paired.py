"""Differences of figures between models, conditions or runs, on the same draws of the same dialogues.

Dialogues are drawn once per data set (`benchmark.scoring`), so the draws of two figures belong together: their
difference, draw by draw and with each dialogue left out, gives interval and p of the difference. What is hard about a
dialogue is hard for both, and goes away.

A figure that ranks utterances is drawn fewer times than others; its difference is over the first draws, those that both
sides have.

A figure over several draws of a stress and several training seeds is their mean, as in results.parquet. The interval
then tells how the difference would vary over other test dialogues, for these trained models. With `training=True` it
also tells how it would vary over other trainings: each draw gets an error from Student's t distribution, of the size
of the standard error over the seeds. Where both have the same seeds their differences are taken seed by seed
(n − 1 degrees of freedom); otherwise the two variances are added (Welch, Biometrika 1947).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from .bootstrap import LEVEL
from .errors import SpecError
from .metrics.base import Direction
from .multiplicity import Split
from .paired_intervals import Uncertainty, by_draws, chosen, kinked, smooth, variance_of
from .paired_sources import Cell, Place, Source, require_same_data
from .randomness import Randomness
from .scoring_figures import Name
from .scoring_metrics import asked_for

_SIGN: Mapping[Direction, int] = {"higher": 1, "lower": -1, "zero": -1, "none": 0}


class Of(NamedTuple):
    """A cell of a run."""

    source: Source
    """The run."""
    place: Place
    """Which of its cells."""


@dataclass(frozen=True)
class Difference:
    """One figure of one cell minus the same figure of another, the reference."""

    run: str
    """Folder of the run."""
    place: Place
    """Whose figure it is."""
    reference_run: str
    """Folder of the run of the reference."""
    reference: Place
    """Whose figure is subtracted."""
    metric: str
    """Canonical text."""
    part: str
    """Part of the metric; empty: the figure itself."""
    direction: Direction
    """What is better."""
    value: float
    """The figure."""
    reference_value: float
    """That of the reference."""
    difference: float
    """Figure − reference; of figures that are best at zero, of their distances from zero. NaN: not defined."""
    low: float
    """Lower end of the interval of the difference (see `paired_intervals`); NaN: none."""
    high: float
    """Upper end."""
    level: float
    """Level of the interval, such as 0.95."""
    lower_bound: float
    """One-sided: the difference is above it at this level. With `upper_bound` it is the interval at 2·level − 1."""
    upper_bound: float
    """One-sided: the difference is below it at this level."""
    p: float
    """Two-sided p of "there is no difference" (see `paired_intervals`); not corrected. NaN: none."""
    standard_error: float
    """Of the difference over test dialogues, and with `training` over seeds."""
    seed_error: float
    """Standard error of the difference over training seeds; part of interval, p and `standard_error` if asked for.
    NaN: one of the two has one seed only, though another would change it."""
    draws: int
    """How many bootstrap draws are behind interval and p: of rank metrics the first ones that both have."""
    utterances: int
    """How many were scored."""
    dialogues: int
    """How many dialogues they belong to."""
    split: Split
    """Where the variance of the figure itself comes from."""
    note: str = ""
    """What makes the two less comparable; empty: nothing."""

    @property
    def loss(self) -> float:
        """How much worse it is than the reference; below 0: better; NaN where neither direction is better."""
        return _oriented(self.direction, self.difference)

    @property
    def loss_low(self) -> float:
        """The smallest loss in the interval."""
        return _oriented(self.direction, self.high if _SIGN[self.direction] > 0 else self.low)

    @property
    def loss_high(self) -> float:
        """The largest loss in the interval."""
        return _oriented(self.direction, self.low if _SIGN[self.direction] > 0 else self.high)


def difference(
    of: Of, reference: Of, metric: str, part: str = "", *, level: float = LEVEL, training: bool = False
) -> Difference:
    """Return one difference; `differences` is faster for many.

    Raises
    ------
    UnknownName, RunFolderError
        As in `differences`.
    SpecError
        When there is no such metric, or a cell lacks what it needs or has no such part.
    """
    found = {one.part: one for one in differences([(of, reference)], [metric], level=level, training=training)}
    if part not in found:
        wanted = f"{metric} of {part}" if part else metric
        raise SpecError(
            f"{wanted} is not known of {of.place.model} under {of.place.condition} and {reference.place.model} under "
            f"{reference.place.condition}; known parts of {metric}: {', '.join(map(repr, found)) or 'none'}"
        )
    return found[part]


def differences(
    pairs: Iterable[tuple[Of, Of]], metrics: Sequence[str], *, level: float = LEVEL, training: bool = False
) -> Iterator[Difference]:
    """Yield the differences of all pairs, first minus second, metric by metric and part by part.

    Each cell is computed once and kept until its last use, so pairs that share a cell should follow each other. A
    figure that one of the two does not have is left out.

    Parameters
    ----------
    pairs
        A condition may be a family, such as `modality_drop:rate=*`: it has the figures of whole curves.
    metrics
        Spec texts.
    level
        Of the intervals.
    training
        Whether to count what another training would change.

    Raises
    ------
    SpecError, UnknownName
        When there is no such metric, model, data set or condition.
    RunFolderError
        When a cell is not done, two cells are not of the same utterances, or a folder is damaged.
    """
    listed = list(pairs)
    asked = asked_for(metrics)
    draws = max((of.source.record.draws for pair in listed for of in pair), default=0)
    uses = Counter((id(of.source), of.place) for pair in listed for of in pair)
    cells: dict[tuple[int, Place], Cell] = {}
    for pair in listed:
        require_same_data(*pair[0], *pair[1])
        keys = [(id(of.source), of.place) for of in pair]
        for of, key in zip(pair, keys, strict=True):
            if key not in cells:
                cells[key] = of.source.cell(of.place, asked, draws)
        yield from compare_cells(*(cells[key] for key in keys), level=level, training=training)
        for key in keys:
            uses[key] -= 1
            if not uses[key]:
                cells.pop(key, None)


def compare_cells(cell: Cell, reference: Cell, *, level: float = LEVEL, training: bool = False) -> list[Difference]:
    """Return the differences of all figures that both cells have; both are of the same dialogues and draws."""
    common = [name for name in cell.figures.names if name in set(reference.figures.names)]
    directions = [cell.directions[name.metric] for name in common]
    one, other = (_Numbers.of(each, common, directions) for each in (cell, reference))
    value, draws, jackknife = one.value - other.value, one.draws - other.draws, one.jackknife - other.jackknife
    error, freedom = _over_seeds(one, other)
    extra = np.where(np.isfinite(error), error, 0) if training else np.zeros_like(error)
    is_kinked = np.array([name.metric in cell.kinked for name in common], dtype=bool)

    def told_of(count: int, those: np.ndarray) -> Uncertainty:
        of = value[those], draws[:count, those], jackknife[:, those]
        more, degrees = extra[those], freedom[those]
        told = smooth(of[0], of[1] + _training_errors(count, more, degrees), of[2], level=level)
        told = told._replace(standard_error=np.sqrt(variance_of(of[1]) + more**2))
        return chosen(is_kinked[those], kinked(*of, level=level, error=more, freedom=degrees), told)

    drawn = np.minimum(one.drawn, other.drawn)
    told = by_draws(drawn, told_of)
    seed_variance = one.variance_over_seeds() * len(cell.of_seeds)
    values = [each.figures.only(set(common)) for each in (cell, reference)]
    return [
        Difference(
            run=cell.run,
            place=cell.place,
            reference_run=reference.run,
            reference=reference.place,
            metric=name.metric,
            part=name.part,
            direction=directions[i],
            value=float(values[0].value[values[0].names.index(name)]),
            reference_value=float(values[1].value[values[1].names.index(name)]),
            difference=float(value[i]),
            low=float(told.low[i]),
            high=float(told.high[i]),
            level=level,
            lower_bound=float(told.lower_bound[i]),
            upper_bound=float(told.upper_bound[i]),
            p=float(told.p[i]),
            standard_error=float(told.standard_error[i]),
            seed_error=float(error[i]),
            draws=int(drawn[i]),
            utterances=cell.utterances,
            dialogues=cell.dialogues,
            split=Split(float(seed_variance[i]), float(cell.sample_variance[cell.figures.names.index(name)])),
            note=_note(cell, reference),
        )
        for i, name in enumerate(common)
    ]


@dataclass(frozen=True, eq=False)
class _Numbers:
    """The figures that two cells have in common, in the same order; those best at zero as distances from zero."""

    value: Float[np.ndarray, " figures"]
    draws: Float[np.ndarray, "draws figures"]
    drawn: Int64[np.ndarray, " figures"]
    jackknife: Float[np.ndarray, "dialogues figures"]
    of_seeds: Mapping[int, Float[np.ndarray, " figures"]]
    deterministic: bool

    def variance_over_seeds(self) -> Float[np.ndarray, " figures"]:
        """Return the variance of the mean over training seeds; NaN: not known from one seed."""
        if len(self.of_seeds) > 1:
            return np.asarray(np.var([*self.of_seeds.values()], axis=0, ddof=1) / len(self.of_seeds))
        return np.full_like(self.value, 0 if self.deterministic else np.nan)

    @classmethod
    def of(cls, cell: Cell, common: Sequence[Name], directions: Sequence[Direction]) -> "_Numbers":
        places = [cell.figures.names.index(name) for name in common]
        distance = np.array([direction == "zero" for direction in directions], dtype=bool)

        def taken(array: np.ndarray) -> np.ndarray:
            columns = array[..., places]
            return np.where(distance, np.abs(columns), columns)

        return cls(
            value=taken(cell.figures.value),
            draws=taken(cell.figures.padded_draws),
            drawn=cell.figures.drawn[places],
            jackknife=taken(cell.figures.jackknife),
            of_seeds={seed: taken(values) for seed, values in cell.of_seeds.items()},
            deterministic=cell.deterministic,
        )


def _over_seeds(one: _Numbers, other: _Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Return standard error of the mean difference over seeds, and its degrees of freedom; NaN: not known."""
    if one.of_seeds.keys() == other.of_seeds.keys() and len(one.of_seeds) > 1:
        apart = [one.of_seeds[seed] - other.of_seeds[seed] for seed in one.of_seeds]
        error = np.std(apart, axis=0, ddof=1) / np.sqrt(len(apart))
        return np.asarray(error), np.full_like(one.value, len(apart) - 1)
    parts = [numbers.variance_over_seeds() for numbers in (one, other)]
    variance = parts[0] + parts[1]
    below = sum(part**2 / max(1, len(numbers.of_seeds) - 1) for part, numbers in zip(parts, (one, other), strict=True))
    # Without any variance there is no error to draw, whatever its freedom.
    freedom = np.divide(variance**2, below, out=np.ones_like(variance), where=below > 0)
    return np.sqrt(variance), freedom


def _training_errors(
    draws: int, error: Float[np.ndarray, " figures"], freedom: Float[np.ndarray, " figures"]
) -> Float[np.ndarray, "_ _"]:
    """Return what to add to each draw: t-distributed, the same numbers for every pair."""
    generator = Randomness(0, ("training errors",)).generator()
    return np.asarray(error * generator.standard_t(freedom, (draws, len(error)))) if error.any() else np.zeros((1, 1))


def _oriented(direction: Direction, value: float) -> float:
    return -_SIGN[direction] * value if _SIGN[direction] else np.nan


def _note(cell: Cell, reference: Cell) -> str:
    """Return in what the inputs of two cells differ that are meant to be the same."""
    same_stress = cell.place.condition == reference.place.condition
    if not same_stress or not (cell.stress and reference.stress) or cell.stress == reference.stress:
        return ""
    return f"stress {cell.stress} against {reference.stress}"

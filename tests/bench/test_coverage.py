"""How often the intervals of a model's figures hold the truth, over many simulated test sets.

Confidences have one distribution, predicted classes are as unequal as the emotions of MELD, and the model is
over-confident by a known amount. In clustered test sets the utterances of a dialogue are right or wrong together. The
truth is the figure of the population. Prints what it finds; docs/intervals.md shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.special import ndtri

from emobench.benchmark.bootstrap import weights
from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.metrics.bins import EqualMassBins
from emobench.benchmark.metrics.statistics import TopLabelBins
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.scoring_figures import figures_of, mean_of_seeds
from emobench.benchmark.scoring_metrics import asked_for

SAMPLES, DRAWS, BINS = 500, 1_000, 15
SMOOTH = ("weighted_f1", "macro_f1", "accuracy", "brier", "nll")
GAPS = ("ece", "rmsce", "adaptive_ece", "mce")
METRICS = asked_for((*SMOOTH, *GAPS)).metrics
PREDICTED = np.array([0.47, 0.17, 0.13, 0.10, 0.08, 0.03, 0.02])
"""How often each of seven classes is predicted."""
REST = np.array([0.35, 0.25, 0.15, 0.12, 0.08, 0.05])
"""How what the predicted class leaves over is shared by the others: none of them gets as much as the predicted."""
CLUSTERED = 0.2
"""Correlation of what makes two utterances of a dialogue right."""


@dataclass(frozen=True)
class World:
    """A population and how large samples of it are."""

    dialogues: int
    utterances: int
    gap: float
    """Confidence above accuracy; the true ECE, but for where accuracy would be below 0."""
    clustered: bool = True
    seeds: int = 1
    """Models whose mean is looked at: of one kind, right and confident together for the most part."""


class Sample:
    """One test set, as several models see it."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        """Draw what the models share."""
        extra = rng.integers(0, world.dialogues, world.utterances - world.dialogues)
        self.dialogue = np.sort(np.concatenate([np.arange(world.dialogues), extra]))
        self._world, self._rng, size = world, rng, world.utterances
        together = CLUSTERED if world.clustered else 0.0
        luck = np.sqrt(together) * rng.normal(size=world.dialogues)[self.dialogue]
        self._luck = luck + np.sqrt(1 - together) * rng.normal(size=size)
        self._base = rng.beta(5, 2, size)
        self._top = rng.choice(len(PREDICTED), size, p=PREDICTED)
        self._others = rng.permuted(np.tile(np.arange(1, len(PREDICTED)), (size, 1)), axis=1)
        self._other = rng.choice(len(REST), size, p=REST)

    def seen(self) -> tuple[Scored, np.ndarray]:
        """Return what one model says, and how often each of its utterances is right over many samples."""
        world, rng, rows = self._world, self._rng, np.arange(len(self.dialogue))
        own = world.seeds > 1
        other = own & (rng.random(len(rows)) < 0.3)
        spread = np.where(other, rng.beta(5, 2, len(rows)), self._base)
        luck = np.sqrt(0.7) * self._luck + np.sqrt(0.3) * rng.normal(size=len(rows)) if own else self._luck
        confidence = 1 / 3 + 2 / 3 * spread
        chance = np.clip(confidence - world.gap, 0, 1)
        others = (self._top[:, None] + self._others) % len(PREDICTED)
        probabilities = np.empty((len(rows), len(PREDICTED)))
        probabilities[rows, self._top] = confidence
        probabilities[rows[:, None], others] = (1 - confidence)[:, None] * REST
        label = np.where(luck < ndtri(chance), self._top, others[rows, self._other])
        scored = Scored(
            probabilities=probabilities,
            label=label,
            dialogue=self.dialogue,
            turn=rows,
            speaker=np.zeros(len(rows), np.int64),
            classes=tuple("abcdefg"),
        )
        return scored, chance


@cache
def truth(gap: float) -> dict[str, float]:
    """Return the figures of the population; of calibration errors, without the chance of right and wrong."""
    scored, chance = Sample(
        World(1, 1_000_000, gap, clustered=False), Randomness(0, ("coverage", "truth")).generator()
    ).seen()
    found = {}
    for text, metric in METRICS.items():
        if text in SMOOTH:
            parts = np.array_split(np.arange(len(chance)), 50)
            totals = sum(metric.statistic(rows_of(scored, part)).sum(axis=0) for part in parts)
        else:
            of = (EqualMassBins if text == "adaptive_ece" else TopLabelBins)(BINS).bin_of(scored.confidence)
            columns = np.stack([np.ones(len(chance)), chance, scored.confidence])
            totals = np.concatenate([np.bincount(of, weights=column, minlength=BINS) for column in columns])
        found[text] = float(metric.value(totals)[0])
    return found


def rows_of(scored: Scored, rows: np.ndarray) -> Scored:
    return Scored(
        probabilities=scored.probabilities[rows],
        label=scored.label[rows],
        dialogue=scored.dialogue[rows],
        turn=scored.turn[rows],
        speaker=scored.speaker[rows],
        classes=scored.classes,
    )


@dataclass(frozen=True)
class Found:
    """What became of the intervals of one figure."""

    truth: float
    held: float
    """Share that hold the truth."""
    below: float
    """Share that lie below it."""
    above: float
    """Share that lie above it."""
    mean: float
    """Of the figure itself."""
    width: float
    """Mean width."""


def coverage(world: World) -> dict[str, Found]:
    true = truth(world.gap)
    drawn = weights(world.dialogues, DRAWS, Randomness(0, ("coverage", "draws")))
    low, high, value = (np.empty((SAMPLES, len(METRICS))) for _ in range(3))
    for sample in range(SAMPLES):
        rng = Randomness(sample, ("coverage", str(world))).generator()
        test_set = Sample(world, rng)
        figures = mean_of_seeds(
            [figures_of(test_set.seen()[0], METRICS, drawn, generator=rng) for _ in range(world.seeds)]
        )
        assert [name.metric for name in figures.names] == list(METRICS)
        value[sample], (low[sample], high[sample]) = figures.value, figures.intervals
    assert ((low <= value) & (value <= high)).all()
    return {
        text: Found(
            truth=true[text],
            held=float(((low <= true[text] + 1e-9) & (true[text] <= high))[:, place].mean()),
            below=float((true[text] > high[:, place]).mean()),
            above=float((true[text] + 1e-9 < low[:, place]).mean()),
            mean=float(value[:, place].mean()),
            width=float((high - low)[:, place].mean()),
        )
        for place, text in enumerate(METRICS)
    }


MELD, SMALL = (280, 2610), (60, 600)
WORLDS = [
    *(World(*size, gap) for size in (MELD, SMALL) for gap in (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)),
    *(World(*size, gap, clustered=False) for size in (MELD, SMALL) for gap in (0.0, 0.02, 0.1)),
    *(World(*size, gap, seeds=3) for size, gap in ((MELD, 0.02), (SMALL, 0.02), (SMALL, 0.1))),
]
NOISE = 2 * np.sqrt(0.95 * 0.05 / SAMPLES)
"""Two standard errors of a share of 95 % among so many samples."""
LEAST, MOST = 0.93, 0.97
CLEAR = 0.05
"""Calibration errors from here on stand out of the noise of both sizes of sample; smaller ones are held more often."""


@pytest.fixture(scope="module")
def coverages() -> dict[World, dict[str, Found]]:
    """Return all that is measured, and print it."""
    found = {world: coverage(world) for world in WORLDS}
    for world, figures in found.items():
        print(f"\n{world}")  # noqa: T201 (what was measured)
        for text, one in figures.items():
            held = f"held {one.held:.1%}, interval below {one.below:.1%}, above {one.above:.1%}"
            print(f"{text}: truth {one.truth:.4f}, mean {one.mean:.4f}, {held}, width {one.width:.4f}")  # noqa: T201
    return found


def shares(found: Mapping[World, Mapping[str, Found]], text: str, *, least_gap: float = 0) -> np.ndarray:
    """Return how often the intervals of a figure held the truth, by world."""
    return np.array([of[text].held for world, of in found.items() if world.gap >= least_gap])


@pytest.mark.parametrize("text", SMOOTH)
def test_smooth_figures_hold_the_truth_as_often_as_they_say(
    coverages: dict[World, dict[str, Found]], text: str
) -> None:
    held = shares(coverages, text)
    assert LEAST <= held.mean() <= MOST
    assert held.min() >= LEAST - NOISE
    assert held.max() <= MOST + NOISE


@pytest.mark.parametrize("text", ["ece", "rmsce", "adaptive_ece"])
def test_calibration_errors_hold_the_truth_no_less_often(coverages: dict[World, dict[str, Found]], text: str) -> None:
    clear, every = shares(coverages, text, least_gap=CLEAR), shares(coverages, text)
    assert LEAST <= clear.mean() <= MOST
    assert every.min() >= LEAST - NOISE
    assert every.mean() >= LEAST

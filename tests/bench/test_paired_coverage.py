"""How often paired intervals hold the true difference, and p cries wolf, on simulated pairs of models.

Dialogues are drawn independently, utterances of a dialogue share how hard it is, and so do the two models. The truth is
the figure on very many dialogues. Prints what it finds.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from emobench.benchmark.bootstrap import weights
from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.paired import compare_cells
from emobench.benchmark.paired_intervals import variance_of
from emobench.benchmark.paired_sources import Cell, Place, kinked_metrics
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.scoring_figures import figures_of
from emobench.benchmark.scoring_metrics import Asked, asked_for

PAIRS, DIALOGUES, DRAWS, CLASSES = 400, 150, 2_000, 4
METRICS = ("nll", "brier", "weighted_f1", "ece", "rmsce", "signed_gap")


ONE_BIN = ("mce", "mce:bins=5")
"""The error of one bin, which is another bin in other draws: nothing holds these as often as it says."""


@dataclass(frozen=True)
class Model:
    """Logits are `scale` times those of a calibrated model that knows `skill` of the gold class."""

    skill: float
    scale: float = 1.0


def sampled(models: tuple[Model, Model], dialogues: int, generator: np.random.Generator) -> tuple[Scored, Scored]:
    lengths = generator.integers(3, 15, dialogues)
    dialogue = np.repeat(np.arange(dialogues), lengths)
    rows = len(dialogue)
    label = generator.choice(CLASSES, rows, p=[0.5, 0.25, 0.15, 0.1])
    easy = generator.normal(0, 0.7, dialogues)[dialogue]
    shared = generator.normal(size=(rows, CLASSES))
    found = []
    for model in models:
        noise = 0.7 * shared + np.sqrt(1 - 0.7**2) * generator.normal(size=(rows, CLASSES))
        logits = noise.copy()
        logits[np.arange(rows), label] += model.skill + easy
        odds = np.exp(model.scale * logits)
        found.append(
            Scored(
                probabilities=odds / odds.sum(axis=1, keepdims=True),
                label=label,
                dialogue=dialogue,
                turn=np.arange(rows),
                speaker=np.zeros(rows, np.int64),
                classes=tuple("abcd"),
            )
        )
    return found[0], found[1]


def cell(scored: Scored, asked: Asked, drawn: np.ndarray) -> Cell:
    figures = figures_of(scored, asked.metrics, drawn, generator=None)
    return Cell(
        run="",
        place=Place("", ""),
        figures=figures,
        of_seeds={0: figures.value},
        sample_variance=variance_of(figures.padded_draws),
        deterministic=True,
        kinked=kinked_metrics(asked),
        directions={text: metric.direction for text, metric in asked.metrics.items()},
        utterances=len(scored.label),
        dialogues=drawn.shape[1],
    )


def shares(models: tuple[Model, Model], metrics: tuple[str, ...] = METRICS) -> dict[str, tuple[float, float, float]]:
    """Return by metric: true difference, share of intervals that hold it, share of p below 5 %."""
    asked = asked_for(metrics)
    many = 30_000
    large = [
        cell(one, asked, np.ones((2, many))) for one in sampled(models, many, Randomness(0, ("truth",)).generator())
    ]
    truth = [one.difference for one in compare_cells(*large)]
    drawn = weights(DIALOGUES, DRAWS, Randomness(0, ("pairs",)))
    holds, low_p = np.zeros(len(metrics)), np.zeros(len(metrics))
    for pair in range(PAIRS):
        two = sampled(models, DIALOGUES, Randomness(0, ("pair", str(pair))).generator())
        for place, one in enumerate(compare_cells(*(cell(each, asked, drawn) for each in two))):
            holds[place] += one.low <= truth[place] <= one.high
            low_p[place] += one.p < 0.05
    return {metric: (truth[place], holds[place] / PAIRS, low_p[place] / PAIRS) for place, metric in enumerate(metrics)}


@pytest.mark.parametrize(
    "models",
    [(Model(1.5), Model(1.5)), (Model(1.7), Model(1.4)), (Model(1.5, 1.6), Model(1.5))],
    ids=["alike", "one-better", "one-overconfident"],
)
def test_paired_intervals_hold_the_truth_as_often_as_they_say(models: tuple[Model, Model]) -> None:
    for metric, (truth, holds, low_p) in shares(models).items():
        print(  # noqa: T201 (what was measured)
            f"{metric}: true difference {truth:+.4f}, held by {holds:.1%} of {PAIRS}, p < .05 in {low_p:.1%}"
        )
        # Four standard errors of a share of 95 % among so many pairs.
        assert holds >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / PAIRS)
        if models[0] == models[1]:
            assert low_p <= 0.05 + 4 * np.sqrt(0.95 * 0.05 / PAIRS)


@pytest.mark.parametrize(
    "models",
    [(Model(1.5), Model(1.5)), (Model(3.5), Model(3.0)), (Model(0.6, 1.5), Model(0.4)), (Model(2.5, 3.0), Model(2.5))],
    ids=["alike", "confident", "weak", "one-overconfident"],
)
def test_of_the_largest_error_of_a_bin_they_hold_less(models: tuple[Model, Model]) -> None:
    for metric, (truth, holds, low_p) in shares(models, ONE_BIN).items():
        print(  # noqa: T201 (what was measured)
            f"{metric}: true difference {truth:+.4f}, held by {holds:.1%} of {PAIRS}, p < .05 in {low_p:.1%}"
        )
        assert holds >= 0.75

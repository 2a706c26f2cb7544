"""How often the gate fails a build whose model has not changed, and how often it sees a loss.

Labels are drawn from a known posterior; a model's logits are those of the posterior with an error of its own, part of
which it makes under all conditions. Two models with independent errors of one size are identical but for noise.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from emobench.benchmark.bootstrap import weights
from emobench.benchmark.gate.accepted_record import AcceptedFigure
from emobench.benchmark.gate.joint import Joint
from emobench.benchmark.gate.questions import Question, excess_of, loss_of
from emobench.benchmark.gate.rules import Rule
from emobench.benchmark.gate.sentences import Subject
from emobench.benchmark.gate.sides import Figure, from_text
from emobench.benchmark.gate.verdicts import Verdict
from emobench.benchmark.metrics.base import Direction, Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.scoring_figures import Figures, figures_of, mean_of_seeds
from emobench.benchmark.scoring_metrics import asked_for

CLASSES = 4
DIRECTIONS: Mapping[str, Direction] = {"ece": "lower", "weighted_f1": "higher", "nll": "lower"}
DRAWS = 500
PAIRS = 500
METRICS = asked_for(tuple(DIRECTIONS)).metrics


@dataclass(frozen=True)
class World:
    """One test set and the resamples of it."""

    dialogue: np.ndarray
    label: np.ndarray
    logits: np.ndarray
    drawn: np.ndarray
    hard: tuple[float, ...]
    """Per condition the share of the evidence that is left."""


def world(rng: np.random.Generator, *, dialogues: int, conditions: int) -> World:
    dialogue = np.repeat(np.arange(dialogues), rng.integers(4, 13, dialogues))
    # Turns of a dialogue are alike, so dialogues have to be resampled, not utterances.
    mood = rng.normal(size=(dialogues, CLASSES))[dialogue]
    logits = 1.2 * (mood + rng.normal(size=mood.shape))
    label = (softmax(logits).cumsum(axis=1) < rng.random((len(logits), 1))).sum(axis=1).clip(max=CLASSES - 1)
    drawn = weights(dialogues, DRAWS, Randomness(int(rng.integers(1 << 40))))
    return World(dialogue, label, logits, drawn, tuple(np.linspace(1, 0.3, conditions)))


def trained(
    rng: np.random.Generator,
    of: World,
    *,
    seeds: int = 1,
    luck: float = 0.0,
    sharpen: Callable[[int], float] = lambda c: 1,
) -> list[list[Figures]]:
    """Return the figures of one model by condition and training seed.

    `luck` is the standard deviation over trainings of its log temperature; `sharpen` multiplies logits by condition.
    """
    common = [rng.normal(size=of.logits.shape) * 0.4 for _ in range(seeds)]
    temperatures = np.exp(luck * rng.normal(size=seeds))
    found = []
    for condition, hard in enumerate(of.hard):
        figures = []
        for error, temperature in zip(common, temperatures, strict=True):
            own = error + rng.normal(size=error.shape) * 0.4
            probabilities = softmax((hard * of.logits + own) * temperature * sharpen(condition))
            figures.append(figures_of(scored(of, probabilities), METRICS, of.drawn, generator=None))
        found.append(figures)
    return found


def model(rng: np.random.Generator, of: World, **training: Any) -> list[dict[str, Figure]]:  # as in `trained`
    """Return the figures of one model by condition."""
    return [side(figures) for figures in trained(rng, of, **training)]


def side(figures: Sequence[Figures]) -> dict[str, Figure]:
    """Return the figures of one condition as a check has them from predictions."""
    mean = mean_of_seeds(figures)
    return {
        name.metric: Figure(
            float(mean.value[place]),
            mean.draws[:, place],
            {seed: float(one.value[place]) for seed, one in enumerate(figures)},
        )
        for place, name in enumerate(mean.names)
    }


def side_from_text(figures: Sequence[Figures], condition: str) -> dict[str, Figure]:
    """Return the same as a check has them from the text of a baseline alone."""
    mean = mean_of_seeds(figures)
    low, high = mean.intervals
    sd = np.std([one.value for one in figures], axis=0, ddof=1) if len(figures) > 1 else np.full_like(low, np.nan)
    return {
        name.metric: from_text(
            AcceptedFigure(
                value=float(mean.value[place]),
                low=float(low[place]),
                high=float(high[place]),
                seed_sd=float(sd[place]),
                seeds=len(figures),
            ),
            ("model", "data", condition, name.metric),
            DRAWS,
        )
        for place, name in enumerate(mean.names)
    }


def scored(of: World, probabilities: np.ndarray) -> Scored:
    zeros = np.zeros(len(of.label), np.int64)
    return Scored(
        probabilities=probabilities,
        label=of.label,
        dialogue=of.dialogue,
        turn=zeros,
        speaker=zeros,
        classes=tuple("abcd"),
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def build(
    of: World, run: Sequence[Mapping[str, Figure]], baseline: Sequence[Mapping[str, Figure]], rules: Sequence[Rule]
) -> list[Verdict]:
    """Do what a check does with what it has read."""
    dialogues, joint, questions = of.drawn.shape[1], Joint(DRAWS), []
    for number, rule in enumerate(rules, 1):
        direction = DIRECTIONS[rule.metric]
        for condition, (mine, theirs) in enumerate(zip(run, baseline, strict=True)):
            subject = Subject("model", "data", str(condition), rule.metric, direction)
            figure, reference = mine[rule.metric], theirs[rule.metric]
            questions.append(Question(number, rule, "loss", subject, "", figure.value, reference.value))
            joint.add(loss_of(figure, reference, direction, dialogues=dialogues, about=("data", "model")))
    answers = zip(questions, joint.lower_ends(), joint.errors, strict=True)
    return [question.answer(float(low), error=e, quantile=joint.quantile) for question, low, e in answers]


def strict() -> list[Rule]:
    """Any loss at all, of any of three figures."""
    return [Rule(metric=metric, max_loss=0.0) for metric in DIRECTIONS]


def false_alarms(purpose: str, *, dialogues: int, conditions: int, seeds: int, luck: float) -> float:
    alarms = 0
    for pair in range(PAIRS):
        rng = Randomness(pair, ("gate", purpose)).generator()
        of = world(rng, dialogues=dialogues, conditions=conditions)
        run, baseline = (model(rng, of, seeds=seeds, luck=luck) for _ in range(2))
        alarms += any(verdict.status == "regression" for verdict in build(of, run, baseline, strict()))
    return alarms / PAIRS


@pytest.mark.parametrize(
    ("dialogues", "conditions", "seeds", "luck"),
    [(60, 1, 1, 0.0), (60, 40, 1, 0.0), (15, 8, 1, 0.0), (60, 8, 2, 0.1), (60, 8, 3, 0.1), (60, 8, 3, 0.0)],
)
def test_a_build_whose_model_is_the_same_seldom_fails(dialogues: int, conditions: int, seeds: int, luck: float) -> None:
    share = false_alarms("same", dialogues=dialogues, conditions=conditions, seeds=seeds, luck=luck)
    what = f"{dialogues} dialogues, {conditions} conditions × 3 metrics, {seeds} seeds, luck {luck}"
    say(f"false alarms, {what}: {share:.1%} of {PAIRS} pairs")
    assert share <= 0.05


@pytest.mark.parametrize(("dialogues", "conditions", "seeds", "luck"), [(60, 1, 1, 0.0), (60, 8, 3, 0.1)])
def test_without_predictions_builds_fail_no_more_often_and_losses_are_seen_less(
    dialogues: int, conditions: int, seeds: int, luck: float
) -> None:
    """A baseline of which only the text is there: the same, and a loss of ECE that the predictions would show."""
    pairs, alarms, seen = PAIRS // 5, 0, {"paired": 0, "text": 0}
    rule = Rule(metric="ece", max_loss=0.02, min_effect=0.005)
    for pair in range(pairs):
        rng = Randomness(pair, ("gate", "text")).generator()
        of = world(rng, dialogues=dialogues, conditions=conditions)
        same = model(rng, of, seeds=seeds, luck=luck)
        worse = model(rng, of, seeds=seeds, luck=luck, sharpen=lambda c: 1.4)
        accepted = trained(rng, of, seeds=seeds, luck=luck)
        text = [side_from_text(figures, str(condition)) for condition, figures in enumerate(accepted)]
        alarms += any(verdict.status == "regression" for verdict in build(of, same, text, strict()))
        for how, baseline in (("paired", [*map(side, accepted)]), ("text", text)):
            seen[how] += any(verdict.status == "regression" for verdict in build(of, worse, baseline, [rule]))
    shares = ", ".join(f"{how} {count / pairs:.1%}" for how, count in seen.items())
    say(f"{conditions} conditions, {seeds} seeds: false alarms of the text {alarms / pairs:.1%}, seen: {shares}")
    assert alarms / pairs <= 0.05
    assert seen["text"] <= seen["paired"]


def sharpened(conditions: Sequence[int], by: float) -> Callable[[int], float]:
    """Return what makes a model over-confident under some conditions."""
    return lambda condition: by if condition in conditions else 1.0


def true_losses(conditions: int, hit: Sequence[int], by: float) -> list[float]:
    """Return how much the ECE grows under each of the conditions, on a sample so large that chance is nothing."""
    rng = Randomness(0, ("gate", "truth")).generator()
    of = world(rng, dialogues=8000, conditions=conditions)
    sides = [model(Randomness(1).generator(), of, sharpen=sharpen) for sharpen in (sharpened(hit, by), lambda c: 1.0)]
    return [sides[0][condition]["ece"].value - sides[1][condition]["ece"].value for condition in hit]


@pytest.mark.parametrize(
    ("dialogues", "conditions", "hit", "by", "seeds", "luck"),
    [
        (60, 1, (0,), 1.4, 1, 0.0),
        (60, 40, tuple(range(40)), 1.4, 1, 0.0),
        (280, 40, (39,), 1.6, 1, 0.0),
        (120, 8, (0,), 1.8, 3, 0.1),
    ],
)
def test_a_loss_that_the_rule_does_not_allow_is_seen(
    dialogues: int, conditions: int, hit: tuple[int, ...], by: float, seeds: int, luck: float
) -> None:
    """ECE, by `max_loss = 0.02` and `min_effect = 0.005`; the candidate is over-confident under some conditions."""
    rule = Rule(metric="ece", max_loss=0.02, min_effect=0.005)
    seen, seen_from, pairs = 0, [], PAIRS // 5
    for pair in range(pairs):
        rng = Randomness(pair, ("gate", "loss")).generator()
        of = world(rng, dialogues=dialogues, conditions=conditions)
        run = model(rng, of, seeds=seeds, luck=luck, sharpen=sharpened(hit, by))
        baseline = model(rng, of, seeds=seeds, luck=luck)
        verdicts = [verdict for place, verdict in enumerate(build(of, run, baseline, [rule])) if place in hit]
        seen += any(verdict.status == "regression" for verdict in verdicts)
        seen_from += [verdict.seen_from for verdict in verdicts if verdict.seen_from is not None]
    losses = true_losses(conditions, hit, by)
    of_what = f"{len(hit)} of {conditions} conditions, {seeds} seeds"
    what = f"{dialogues} dialogues, {of_what}, true loss {min(losses):.3f} to {max(losses):.3f}"
    say(f"seen, {what}: {seen / pairs:.1%} of {pairs} pairs (said: from {np.median(seen_from):.3f} on)")
    assert seen / pairs >= 0.8


@pytest.mark.parametrize(("dialogues", "conditions"), [(15, 1), (60, 1), (60, 8)])
def test_noise_alone_is_not_beyond_a_limit(dialogues: int, conditions: int) -> None:
    """A perfectly calibrated model, and a limit of its ECE far below what so small a sample shows."""
    rule, alarms, beyond = Rule(metric="ece", limit=0.01), 0, 0
    for pair in range(PAIRS):
        rng = Randomness(pair, ("gate", "limit")).generator()
        of = world(rng, dialogues=dialogues, conditions=1)
        joint, questions = Joint(DRAWS), []
        for condition in range(conditions):
            # Calibrated too: the posterior when the last classes cannot be told apart.
            merged = softmax(of.logits)
            if condition % 2:
                merged[:, 2:] = merged[:, 2:].mean(axis=1, keepdims=True)
            one = scored(of, merged)
            figures = figures_of(one, {"ece": METRICS["ece"]}, of.drawn, generator=rng)
            figure = Figure(float(figures.value[0]), figures.draws[:, 0], {0: float(figures.value[0])})
            subject = Subject("model", "data", str(condition), "ECE", "lower")
            questions.append(Question(1, rule, "limit", subject, "", figure.value, 0.01, float(figures.floor[0])))
            joint.add(excess_of(figure, "lower", 0.01, dialogues=dialogues, biased=True, about=("data", "model")))
        ends = zip(questions, joint.lower_ends(), joint.errors, strict=True)
        answers = [question.answer(float(low), error=e, quantile=joint.quantile) for question, low, e in ends]
        alarms += any(verdict.status == "regression" for verdict in answers)
        beyond += any(verdict.value is not None and verdict.value > 0.01 for verdict in answers)
    what = f"{dialogues} dialogues, {conditions} conditions"
    say(f"false alarms of a limit, {what}: {alarms / PAIRS:.1%} of {PAIRS}; beyond it in {beyond / PAIRS:.0%}")
    assert alarms / PAIRS <= 0.05


def say(figure: str) -> None:
    """Show a figure; pytest shows it with `-s`."""
    sys.stdout.write(f"\n{figure}\n")

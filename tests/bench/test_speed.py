"""Speed of statistics, command line and stresses, as ratios measured in one run.

The references are what one would write without emobench. Ratios, unlike seconds, hold on other machines.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
from claims import Claims
from netcal.metrics import ECE, MCE
from pytest_benchmark.fixture import BenchmarkFixture
from random_splits import CLASSES, DIALOGUES, UTTERANCES, WIDTHS, random_split
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from emobench.baselines.rage_fusion import RageFusion
from emobench.benchmark.bootstrap import weights
from emobench.benchmark.conditions import Condition, expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.metrics.base import RankMetric, Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import KINDS as PLUGINS
from emobench.benchmark.registry import PROTOCOLS, make, names
from emobench.benchmark.scoring_figures import figures_of
from emobench.benchmark.scoring_metrics import asked_for
from emobench.benchmark.scoring_samples import RANK_DRAWS
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.task import Task
from emobench.protocols.base import DataFacts, FeatureStatistics, StressProtocol

DRAWS = 10_000
KINDS = ("noise:kind=impulse", "noise:kind=babble", "noise:rate=0.5", "occlusion:kind=scattered", "occlusion:kind=band")
"""What no protocol's own ladder holds, and takes another path."""


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median time of a piece of work."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return median(times)


def predictions(*purpose: str) -> Scored:
    """Return calibrated random predictions at the size of MELD's test split."""
    rng = Randomness(0, ("bench", *purpose)).generator()
    extra = rng.integers(0, DIALOGUES, UTTERANCES - DIALOGUES)
    dialogue = np.sort(np.concatenate([np.arange(DIALOGUES), extra]))
    probabilities, clean = rng.dirichlet(np.full(CLASSES, 0.5), (2, UTTERANCES))
    label = (probabilities.cumsum(axis=1) < rng.random((UTTERANCES, 1))).sum(axis=1).clip(max=CLASSES - 1)
    return Scored(
        probabilities=probabilities,
        label=label,
        dialogue=dialogue,
        turn=np.arange(UTTERANCES) - np.searchsorted(dialogue, dialogue),
        speaker=np.zeros(UTTERANCES, np.int64),
        classes=tuple("abcdefg"),
        clean=clean,
    )


@pytest.fixture(scope="module")
def scored() -> Scored:
    """Return the predictions of one condition."""
    return predictions()


def rows_of(draw: np.ndarray, scored: Scored) -> np.ndarray:
    """Return the utterances of a draw, written out."""
    return np.repeat(np.arange(UTTERANCES), draw[scored.dialogue].astype(int))


def by_libraries(scored: Scored, rows: np.ndarray) -> None:
    """Compute with scikit-learn, netcal and numpy what the default metrics say of one draw of one condition."""
    probabilities, gold = scored.probabilities[rows], scored.label[rows]
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = predicted == gold
    precision_recall_fscore_support(gold, predicted, labels=range(CLASSES), zero_division=0.0)
    for average in ("weighted", "macro"):
        f1_score(gold, predicted, average=average, labels=range(CLASSES), zero_division=0.0)
    accuracy_score(gold, predicted)
    balanced_accuracy_score(gold, predicted)
    confusion_matrix(gold, predicted, labels=range(CLASSES))
    ECE(15).measure(confidence, right.astype(int))
    MCE(15).measure(confidence, right.astype(int))
    np.square(probabilities - np.eye(CLASSES)[gold]).sum(axis=1).mean()
    -np.log(probabilities[np.arange(len(gold)), gold].clip(1e-12)).mean()


def test_all_sums_of_41_conditions_with_their_intervals(benchmark: BenchmarkFixture, claim: Claims) -> None:
    """All default metrics that are sums, 41 conditions, 10,000 draws, against a loop over scikit-learn and netcal.

    Intervals and noise floors are counted on this side only; the loop, timed on 20 draws, has fewer metrics.
    """
    resamples = weights(DIALOGUES, DRAWS, Randomness(0, ("bootstrap",)))
    metrics = {text: metric for text, metric in asked_for(()).metrics.items() if not isinstance(metric, RankMetric)}
    conditions = [predictions(str(number)) for number in range(41)]

    def all_figures() -> None:
        for scored in conditions:
            _ = figures_of(scored, metrics, resamples, generator=np.random.default_rng(0)).intervals

    benchmark.pedantic(all_figures, rounds=3, warmup_rounds=1)
    rows, looped = [rows_of(draw, conditions[0]) for draw in resamples[:20]], 20
    one = seconds(lambda: [by_libraries(conditions[0], row) for row in rows], repeats=3) / looped
    ours, loop = benchmark.stats.stats.median, one * DRAWS * len(conditions)
    claim(
        "statistics: all sums of 41 conditions, 10,000 draws",
        loop / ours,
        at_least=500,
        reference="a loop over scikit-learn and netcal",
        measured=(ours, loop),
    )


@pytest.mark.parametrize(("metric", "least"), [("ece", 10), ("weighted_f1", 50)])
def test_one_metric(benchmark: BenchmarkFixture, claim: Claims, scored: Scored, metric: str, least: float) -> None:
    """10,000 draws of one metric with their interval, per draw, against netcal's ECE or scikit-learn's weighted F1.

    Also once on the sample itself, where most of the time goes into what all draws share.
    """
    resamples = weights(DIALOGUES, DRAWS, Randomness(0, ("bootstrap",)))
    made = asked_for((metric,)).metrics
    benchmark(lambda: figures_of(scored, made, resamples, generator=None).intervals)

    def theirs(rows: np.ndarray) -> None:
        predicted = scored.probabilities[rows].argmax(axis=1)
        if metric == "ece":
            ECE(15).measure(scored.probabilities[rows].max(axis=1), (predicted == scored.label[rows]).astype(int))
        else:
            f1_score(scored.label[rows], predicted, average="weighted")

    rows = [rows_of(draw, scored) for draw in resamples[:20]]
    loop = seconds(lambda: [theirs(row) for row in rows], repeats=5) / len(rows)
    once = seconds(lambda: made[metric].value(made[metric].statistic(scored).sum(axis=0)), repeats=99)
    ours = benchmark.stats.stats.median
    benchmark.extra_info["the library's on one sample, times as long"] = round(loop / once, 1)
    claim(
        f"statistics: {metric}, 10,000 draws",
        loop * DRAWS / ours,
        at_least=least,
        reference=f"a loop over {'netcal' if metric == 'ece' else 'scikit-learn'}",
        measured=(ours, loop * DRAWS),
    )


def test_metrics_that_rank(benchmark: BenchmarkFixture, claim: Claims, scored: Scored) -> None:
    """500 draws and the jackknife of all rank metrics that are computed by default, against scikit-learn's AUROC."""
    resamples = weights(DIALOGUES, DRAWS, Randomness(0, ("bootstrap",)))
    metrics = {text: metric for text, metric in asked_for(()).metrics.items() if isinstance(metric, RankMetric)}
    benchmark(lambda: figures_of(scored, metrics, resamples, generator=None).intervals)
    right, looped = scored.predicted == scored.label, 20
    rows = [draw[scored.dialogue] for draw in resamples[:looped]]
    loop = seconds(lambda: [roc_auc_score(right, scored.confidence, sample_weight=row) for row in rows], repeats=3)
    ours, theirs = benchmark.stats.stats.median, loop / looped * (RANK_DRAWS + DIALOGUES)
    claim(
        "statistics: all rank metrics, 500 draws and jackknife",
        theirs / ours,
        at_least=3,
        reference="a loop over scikit-learn's AUROC alone",
        measured=(ours, theirs),
    )


@pytest.mark.parametrize("arguments", ["--help", "run --help", *(f"list {kind}" for kind in (*PLUGINS, "suites"))])
def test_the_command_line_answers_at_once(benchmark: BenchmarkFixture, claim: Claims, arguments: str) -> None:
    """Help and lists, against an interpreter that imports typer and rich, and against the clock."""
    command = [sys.executable, "-m", "emobench", *arguments.split()]
    bare = [sys.executable, "-c", "import typer, rich"]
    benchmark.pedantic(lambda: subprocess.run(command, check=True, capture_output=True), rounds=9, warmup_rounds=1)
    ours, theirs = benchmark.stats.stats.median, seconds(lambda: subprocess.run(bare, check=True), repeats=9)
    name, limit = f"command line: emobench {arguments}", 0.4 if "--help" in arguments else 0.6
    reference = 'python -c "import typer, rich"'
    claim(name, ours / theirs, at_most=2, reference=reference, measured=(ours, theirs))
    claim(f"{name}, by the clock", ours / limit, at_most=1, reference=f"{limit:g} seconds", measured=(ours, limit))


@pytest.fixture(scope="module")
def split() -> Conversations:
    """Return random conversations of MELD's size."""
    return random_split("split", WIDTHS)


def stresses(split: Conversations) -> dict[str, Condition]:
    """Return the last rung of every ladder, which concerns all modalities where one does.

    Attacks are left out, for they predict; so is what repeats dialogues, whose time is that of copying them.
    """
    found = {}
    for text in (*names(PROTOCOLS), *KINDS):
        protocol = make(PROTOCOLS, text)
        if isinstance(protocol, StressProtocol) and not protocol.repeats:
            found[text] = expand(text, DataFacts.of(split)).conditions[-1]
    return found


def test_a_stress_takes_less_time_than_a_forward_pass(
    benchmark: BenchmarkFixture, claim: Claims, split: Conversations
) -> None:
    """Each stress on a split of MELD's size, against RAGE-Fusion predicting it."""
    task = Task.of(split)
    model = NetworkModel(RageFusion().network(task), task, "cpu")
    model.predict(split)
    benchmark(model.predict, split)
    training = FeatureStatistics.of(split)
    times = {}
    for text, condition in stresses(split).items():
        # One pass beside each stress: what else the machine does slows both.
        took, forward = (
            seconds(work, repeats=9)
            for work in (lambda c=condition: c.apply(split, seed=0, training=training), lambda: model.predict(split))
        )
        times[text] = (took, forward)
    for text, (took, forward) in times.items():
        claim(
            f"stress: {text}",
            took / forward,
            at_most=1,
            reference="a forward pass of RAGE-Fusion",
            measured=(1000 * took, 1000 * forward),
            unit="ms",
        )

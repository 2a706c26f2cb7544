"""Speed, as ratios measured in one run; `tox -e bench` prints the table.

The references are what one would write without emobench. Ratios, unlike seconds, hold on other machines.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.metrics import f1_score, roc_auc_score

from emobench.baselines.rage_fusion import RageFusion
from emobench.benchmark.bootstrap import weights
from emobench.benchmark.conditions import Condition, expand
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.metrics.base import RankMetric, Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import PROTOCOLS, make, names
from emobench.benchmark.scoring_figures import figures_of
from emobench.benchmark.scoring_metrics import asked_for
from emobench.benchmark.scoring_samples import RANK_DRAWS
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.task import Task
from emobench.protocols.base import DataFacts, FeatureStatistics, StressProtocol

DIALOGUES, UTTERANCES, CLASSES, DRAWS = 280, 2610, 7, 10_000  # MELD's test split
WIDTHS = {"text": 1024, "audio": 300, "video": 342}
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


@pytest.fixture(scope="module")
def scored() -> Scored:
    """Return calibrated random predictions at the size of MELD's test split."""
    rng = Randomness(0, ("bench",)).generator()
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


def test_all_sums_of_a_condition_with_their_intervals(benchmark: BenchmarkFixture, scored: Scored) -> None:
    """10,000 draws of all metrics that are sums, against a loop over scikit-learn for weighted F1 alone."""
    resamples = weights(DIALOGUES, DRAWS, Randomness(0, ("bootstrap",)))
    metrics = {text: metric for text, metric in asked_for(()).metrics.items() if not isinstance(metric, RankMetric)}

    def all_figures() -> object:
        return figures_of(scored, metrics, resamples, generator=np.random.default_rng(0)).intervals

    benchmark(all_figures)
    predicted, looped = scored.predicted, 20
    rows = [np.repeat(np.arange(UTTERANCES), draw[scored.dialogue].astype(int)) for draw in resamples[:looped]]
    loop = seconds(lambda: [f1_score(scored.label[row], predicted[row], average="weighted") for row in rows], repeats=3)
    ratio = loop / looped * DRAWS / benchmark.stats.stats.median
    benchmark.extra_info["loop over scikit-learn, weighted F1 alone, times as long"] = round(ratio)
    assert ratio > 100


def test_metrics_that_rank(benchmark: BenchmarkFixture, scored: Scored) -> None:
    """500 draws and the jackknife of all rank metrics that are computed by default, against scikit-learn's AUROC."""
    resamples = weights(DIALOGUES, DRAWS, Randomness(0, ("bootstrap",)))
    metrics = {text: metric for text, metric in asked_for(()).metrics.items() if isinstance(metric, RankMetric)}
    benchmark(lambda: figures_of(scored, metrics, resamples, generator=None).intervals)
    right, looped = scored.predicted == scored.label, 20
    rows = [draw[scored.dialogue] for draw in resamples[:looped]]
    loop = seconds(lambda: [roc_auc_score(right, scored.confidence, sample_weight=row) for row in rows], repeats=3)
    samples = RANK_DRAWS + DIALOGUES
    ratio = loop / looped * samples / benchmark.stats.stats.median
    benchmark.extra_info["loop over scikit-learn, one AUROC alone, times as long"] = round(ratio, 1)
    assert ratio > 3


def test_the_command_line_answers_at_once(benchmark: BenchmarkFixture) -> None:
    """`emobench --help`, against an interpreter that imports what draws the help."""
    help_command = [sys.executable, "-m", "emobench", "--help"]
    bare = [sys.executable, "-c", "import typer, rich"]
    benchmark(lambda: subprocess.run(help_command, check=True, capture_output=True))
    ratio = benchmark.stats.stats.median / seconds(lambda: subprocess.run(bare, check=True), repeats=9)
    benchmark.extra_info["times a bare interpreter with typer and rich"] = round(ratio, 2)
    assert ratio < 4


@pytest.fixture(scope="module")
def split() -> Conversations:
    """Return random conversations of MELD's size."""
    rng = Randomness(0, ("bench", "split")).generator()
    dialogue = np.sort(np.concatenate([np.arange(DIALOGUES), rng.integers(0, DIALOGUES, UTTERANCES - DIALOGUES)]))
    there = {modality: np.ones(UTTERANCES, bool) for modality in WIDTHS}
    return Conversations(
        data="random",
        split="test",
        classes=tuple("abcdefg"),
        features={m: rng.standard_normal((UTTERANCES, width), np.float32) for m, width in WIDTHS.items()},
        observed=there,
        present=there,
        dialogue=dialogue,
        speaker=rng.integers(0, 3, UTTERANCES),
        label=rng.integers(0, CLASSES, UTTERANCES),
        target=np.arange(UTTERANCES),
        utterance_ids=tuple(f"utterance_{row}" for row in range(UTTERANCES)),
        dialogue_ids=tuple(f"dialogue_{number}" for number in range(DIALOGUES)),
    )


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


def test_a_stress_takes_less_time_than_a_forward_pass(benchmark: BenchmarkFixture, split: Conversations) -> None:
    """Each stress on a split of MELD's size, against RAGE-Fusion predicting it."""
    task = Task.of(split)
    model = NetworkModel(RageFusion().network(task), task, "cpu")
    model.predict(split)
    benchmark(model.predict, split)
    training = FeatureStatistics.of(split)
    ratios = {}
    for text, condition in stresses(split).items():
        # One pass beside each stress: what else the machine does slows both.
        took, forward = (
            seconds(work, repeats=9)
            for work in (lambda c=condition: c.apply(split, seed=0, training=training), lambda: model.predict(split))
        )
        ratios[text] = round(took / forward, 2)
    benchmark.extra_info["times a forward pass"] = ratios
    assert max(ratios.values()) < 1, ratios

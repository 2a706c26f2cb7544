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
from sklearn.metrics import f1_score

from emobench.benchmark.bootstrap import weights
from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.scoring_figures import figures_of
from emobench.benchmark.scoring_metrics import asked_for

DIALOGUES, UTTERANCES, CLASSES, DRAWS = 280, 2610, 7, 10_000  # MELD's test split


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


def test_all_figures_of_a_condition_with_their_intervals(benchmark: BenchmarkFixture, scored: Scored) -> None:
    """10,000 draws of everything, against a loop over scikit-learn for weighted F1 alone."""
    resamples = weights(DIALOGUES, DRAWS, Randomness(0, ("bootstrap",)))
    metrics = asked_for(()).metrics

    def all_figures() -> object:
        return figures_of(scored, metrics, resamples, generator=np.random.default_rng(0)).intervals

    benchmark(all_figures)
    predicted, looped = scored.predicted, 20
    rows = [np.repeat(np.arange(UTTERANCES), draw[scored.dialogue].astype(int)) for draw in resamples[:looped]]
    loop = seconds(lambda: [f1_score(scored.label[row], predicted[row], average="weighted") for row in rows], repeats=3)
    ratio = loop / looped * DRAWS / benchmark.stats.stats.median
    benchmark.extra_info["loop over scikit-learn, weighted F1 alone, times as long"] = round(ratio)
    assert ratio > 100


def test_the_command_line_answers_at_once(benchmark: BenchmarkFixture) -> None:
    """`emobench --help`, against an interpreter that imports what draws the help."""
    help_command = [sys.executable, "-m", "emobench", "--help"]
    bare = [sys.executable, "-c", "import typer, rich"]
    benchmark(lambda: subprocess.run(help_command, check=True, capture_output=True))
    ratio = benchmark.stats.stats.median / seconds(lambda: subprocess.run(bare, check=True), repeats=9)
    benchmark.extra_info["times a bare interpreter with typer and rich"] = round(ratio, 2)
    assert ratio < 4

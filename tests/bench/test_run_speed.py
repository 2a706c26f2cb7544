"""What a run costs beside the model.

The run has 40 conditions beside clean input, on the test split of `simulated` (200 dialogues, 2,284 utterances): 41
conditions, 75 inputs with the draws of those that are random. Its model predicts at once, so that all of its time is
ours; it is held against SURE at the size of its paper (176 million parameters) predicting the same inputs. Of that
model's time only the predictions are counted: what it takes to train it would make every share smaller.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest
from claims import Claims
from pytest_benchmark.fixture import BenchmarkFixture

from emobench.baselines.sure import Sure
from emobench.benchmark import api
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.task import Task

PROTOCOLS = ("modality_drop", "context_removal", "misalignment", "order", "turn_loss", "speaker_confusion")
CONDITIONS, INPUTS = 41, 75
SOME = 16
"""Dialogues that SURE is timed on; its time on all of them is taken to be in proportion to the utterances."""


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return a command line, and run it once."""
    words = ["run", "--model", "late_fusion", "--data", "simulated", "-q"]
    words += [word for protocol in PROTOCOLS for word in ("--protocol", protocol)]
    words += ["--out", str(tmp_path_factory.mktemp("runs") / "run")]
    full = [sys.executable, "-m", "emobench", *words]
    subprocess.run(full, check=True)
    return full


@pytest.fixture(scope="module")
def run(command: list[str]) -> Path:
    """Return the folder of the run."""
    folder = Path(command[-1])
    record = RunFolder(folder).read_record()
    assert len(record.conditions) == CONDITIONS
    assert sum(record.stress_draws if one.random else 1 for one in record.conditions) == INPUTS
    return folder


@pytest.fixture(scope="module")
def predicting() -> dict[str, float]:
    """Return the seconds that SURE takes to predict all inputs, by preset."""
    splits = Simulated(train=SOME, validation=SOME, test=SOME).load()
    whole = len(Simulated().load().test)
    sizes = {"paper": Sure(preset="paper"), "suite": Sure(preset="suite")}
    return {name: _pass(splits.test, sure) * whole / len(splits.test) * INPUTS for name, sure in sizes.items()}


def _pass(conversations: Conversations, sure: Sure) -> float:
    """Return how long SURE takes to predict these conversations once."""
    task = Task.of(conversations)
    model = NetworkModel(sure.network(task), task, "cpu")
    model.predict(conversations)
    times = []
    for _ in range(3):
        started = time.perf_counter()
        model.predict(conversations)
        times.append(time.perf_counter() - started)
    return median(times)


def _claim(claim: Claims, what: str, benchmark: BenchmarkFixture, predicting: dict[str, float], at_most: float) -> None:
    """Claim a share of the model's time at the paper's size; note that at the suite's."""
    ours, model = benchmark.stats.stats.median, predicting["paper"]
    benchmark.extra_info["% of predicting with SURE, preset=suite"] = round(100 * ours / predicting["suite"], 2)
    reference = "SURE (preset=paper) predicting 41 conditions"
    claim(f"run: {what}", ours / model, at_most=at_most, reference=reference, measured=(ours, model))


def test_statistics_and_report_beside_the_model(
    benchmark: BenchmarkFixture, claim: Claims, run: Path, predicting: dict[str, float]
) -> None:
    """All figures and all reports of the run, against SURE's predictions."""

    def score_and_report() -> None:
        (run / "results.parquet").unlink()
        api.score(run)
        api.report(run)

    benchmark.pedantic(score_and_report, rounds=3, warmup_rounds=1)
    _claim(claim, "statistics and reports", benchmark, predicting, 0.05)


@pytest.mark.parametrize("words", ["score", "report"])
def test_a_stored_run_again(
    benchmark: BenchmarkFixture, claim: Claims, run: Path, predicting: dict[str, float], words: str
) -> None:
    """`emobench score` and `emobench report`, a process each, against the first run."""

    def again() -> None:
        if words == "score":
            (run / "results.parquet").unlink()
        subprocess.run([sys.executable, "-m", "emobench", words, str(run), "-q"], check=True)

    benchmark.pedantic(again, rounds=3, warmup_rounds=1)
    _claim(claim, f"emobench {words} on a stored run", benchmark, predicting, 1 / 20)


def test_a_repeated_run(
    benchmark: BenchmarkFixture,
    claim: Claims,
    command: list[str],
    run: Path,
    predicting: dict[str, float],
    tmp_path: Path,
) -> None:
    """The same command once more, which finds that nothing is to do, against the first run."""
    shutil.copytree(run, tmp_path / "copy")
    full = [*command[:-1], str(tmp_path / "copy")]
    subprocess.run(full, check=True)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "copy").rglob("*")}
    benchmark.pedantic(lambda: subprocess.run(full, check=True), rounds=5, warmup_rounds=1)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "copy").rglob("*")} == before
    _claim(claim, "emobench run once more", benchmark, predicting, 1 / 50)

"""What the harness adds to the network's own time and to memory, as ratios measured in one run.

The bare forward loop: the same network, in inference mode with as many threads, over the same batches, all of them
made beforehand; softmax in double precision and the copy to numpy included, since a prediction is nothing without.
Beside it the harness stresses, takes digests, makes batches, puts rows in order, writes down what each stress did, and
writes both files. A quiet machine with two cores or more is needed: one computes, the other makes inputs ahead.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
import torch
from claims import Claims
from pytest_benchmark.fixture import BenchmarkFixture
from random_splits import WIDTHS, random_split

from emobench.benchmark.background import meanwhile
from emobench.benchmark.condition_predictions import ConditionPredictions
from emobench.benchmark.conditions import Condition, expand_all
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.models import make_model
from emobench.benchmark.plan import Options, Plan
from emobench.benchmark.prediction_store import PredictionStore
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_state import Combination, RunState
from emobench.benchmark.training.batches import make_batch, prediction_batches
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.task import Task
from emobench.benchmark.training.threads import threads_for
from emobench.protocols.base import DataFacts

SIZES = {"simulated": {"text": 64, "audio": 32, "video": 32}, "MELD": WIDTHS}
PROTOCOLS = ("removals", "modality_drop", "noise")
CLOSE, TOY = 1.10, 1.3
"""Times the bare loops: for a network of the size of M3Net or SURE, and for one that takes next to no time."""
ROUNDS = 3
LONG_ENOUGH, MOST_ROUNDS = 60.0, 9
"""Seconds after which the conditions are measured no more often, and rounds: one of few seconds says little."""


def splits(widths: str) -> DataSplits:
    """Return the same random conversations for training, validation and test."""
    split = random_split(widths, SIZES[widths])
    return DataSplits(split.change(split="train"), split.change(split="validation"), split)


def untrained(text: str, data: DataSplits) -> NetworkModel:
    """Return a model with its first weights: what it says takes as long as what a trained one says."""
    task = Task.of(data.train)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return NetworkModel(make_model(text).network(task).eval(), task, "cpu")


def bare_seconds(fitted: NetworkModel, state: RunState, of: Combination, conditions: tuple[Condition, ...]) -> float:
    """Return the time of the bare forward loops over the batches of every condition."""
    seconds = 0.0
    for condition in conditions:
        stressed = state.stressed(of, condition, 0)
        batches = [make_batch(stressed, dialogues, device="cpu") for dialogues in prediction_batches(stressed)]
        started = time.perf_counter()
        with torch.inference_mode(), threads_for(fitted.network):
            for batch in batches:
                torch.softmax(fitted.network(batch).logits.double(), dim=-1).cpu().numpy()
        seconds += time.perf_counter() - started
    return seconds


def harness_seconds(fitted: NetworkModel, state: RunState, of: Combination, conditions: tuple[Condition, ...]) -> float:
    """Return the time in which the harness predicts the conditions and writes everything down."""
    started = time.perf_counter()
    draws = {condition.text: 1 for condition in conditions}
    with (
        PredictionStore(state.folder.predictions_path(*of), draws) as store,
        ConditionPredictions(state, of, fitted, store, conditions) as predictions,
    ):
        for condition in conditions:
            predictions.predict(condition)
        with meanwhile(state.write_stresses):
            store.flush()
        state.write()
    seconds = time.perf_counter() - started
    assert {cell.state for cell in state.cells.values()} == {"done"}
    return seconds


@pytest.mark.parametrize(
    ("text", "widths", "most"),
    [
        ("m3net", "simulated", CLOSE),
        ("sure", "simulated", CLOSE),
        ("m3net", "MELD", CLOSE),
        ("sure", "MELD", CLOSE),
        ("m3net:preset=paper_meld", "MELD", CLOSE),
        ("rage_fusion", "simulated", TOY),
        ("rage_fusion", "MELD", TOY),
    ],
)
def test_conditions_take_as_long_as_their_forward_passes(
    benchmark: BenchmarkFixture, claim: Claims, tmp_path: Path, text: str, widths: str, most: float
) -> None:
    """All conditions of removals, modality drop and noise, against as many bare forward loops."""
    data = splits(widths)
    conditions = expand_all(PROTOCOLS, {"random": DataFacts.of(data.test)})["random"].conditions
    options = Options(stress_draws=1, device="cpu")
    plan = Plan((text,), PROTOCOLS, {"random": data}, {"random": conditions}, options)
    of, fitted = Combination(text, "random", 0), untrained(text, data)

    def states() -> Iterator[RunState]:
        for number in range(MOST_ROUNDS + 1):
            state = RunState.begin(plan, RunFolder(tmp_path / str(number)))
            state.cell_key(of, conditions[0])  # the key of all code, which a process takes once
            yield state

    each = states()
    ratios, bare, whole = [], [], []
    first = next(each)
    bare_seconds(fitted, first, of, conditions[:2])
    # Half of the bare loops before and half after, every other condition each: what else the machine does slows both.
    for state in each:
        before = bare_seconds(fitted, first, of, conditions[::2])
        whole.append(harness_seconds(fitted, state, of, conditions))
        bare.append(before + bare_seconds(fitted, first, of, conditions[1::2]))
        ratios.append(whole[-1] / bare[-1])
        if len(ratios) >= ROUNDS and sum(bare) + sum(whole) > LONG_ENOUGH:
            break
    benchmark.pedantic(harness_seconds, (fitted, first, of, conditions), rounds=1)
    benchmark.extra_info["conditions"] = len(conditions)
    claim(
        f"harness: {text}, {widths} widths, {len(conditions)} conditions",
        median(ratios),
        at_most=most,
        reference="as many bare forward loops",
        measured=(median(whole), median(bare)),
    )


@pytest.mark.parametrize("text", ["rage_fusion", "m3net", "sure"])
def test_batches_against_one_dialogue_at_a_time(benchmark: BenchmarkFixture, claim: Claims, text: str) -> None:
    """Predicting a split in batches of dialogues of like length, against dialogue after dialogue."""
    data = splits("simulated")
    fitted = untrained(text, data)
    single = [data.test.take_dialogues([dialogue]) for dialogue in range(data.test.dialogues)]
    fitted.predict(data.test)
    benchmark.pedantic(fitted.predict, (data.test,), rounds=5, warmup_rounds=1)
    rounds = []
    for _ in range(ROUNDS):
        times = []
        for inputs in ([data.test], single):
            started = time.perf_counter()
            for one in inputs:
                fitted.predict(one)
            times.append(time.perf_counter() - started)
        rounds.append(times)
    ours, theirs = (median(times[way] for times in rounds) for way in (0, 1))
    claim(
        f"harness: {text}, batched prediction",
        median(single / batched for batched, single in rounds),
        at_least=2.5,
        reference="one dialogue at a time",
        measured=(ours, theirs),
    )


RUN = """
import sys
from pathlib import Path
from emobench.benchmark.harness import execute
from emobench.benchmark.plan import Options, Request, make_plan
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.scoring import score

def peak():
    # Not getrusage: its figure begins with that of the process that started this one.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

text, folder, wanted = sys.argv[1], RunFolder(Path(sys.argv[2])), int(sys.argv[3])
protocols = [f"modality_drop:rate={number / 1000:g}" for number in range(1, wanted)]
data = "simulated:train=60,validation=20,test=230"
options = Options(stress_draws=1, device="cpu", metrics=("weighted_f1", "ece"), draws=1000)
record = execute(make_plan(Request((text,), protocols, (data,), options)), folder)
assert len({cell.condition for cell in record.cells}) == wanted
after_run = peak()
score(folder)
print(after_run, peak())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, where Linux states a process's peak")
@pytest.mark.parametrize("text", ["late_fusion", "rage_fusion:epochs=1"])
def test_memory_does_not_grow_with_the_number_of_conditions(
    benchmark: BenchmarkFixture, claim: Claims, tmp_path: Path, text: str
) -> None:
    """Peak memory of a whole run and of scoring it, 100 conditions against 10, each in a fresh process."""

    def peaks(conditions: int) -> list[int]:
        command = [sys.executable, "-c", RUN, text, str(tmp_path / str(conditions)), str(conditions)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return [int(word) for word in done.stdout.split()]

    few = benchmark.pedantic(peaks, (10,), rounds=1)
    many = peaks(100)
    for what, small, big in zip(("a run", "a run and its scores"), few, many, strict=True):
        claim(
            f"memory: {text}, {what}, 100 conditions",
            big / small,
            at_most=1.10,
            reference="10 conditions",
            measured=(big / 1024, small / 1024),
            unit="MiB",
        )

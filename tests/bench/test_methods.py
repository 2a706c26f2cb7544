"""What a training method costs: an epoch with it, as a ratio to an epoch of plain training, in one run.

The seconds are of the processor, so that what else the machine does changes little. The plain model that CMERC trains
for its curriculum comes on top, once: as much as a plain training.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import pytest
from claims import Claims
from pytest_benchmark.fixture import BenchmarkFixture

from emobench.baselines.base import FitContext
from emobench.baselines.trained import Trained
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.models import make_model
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.training.companions import Companion, Course

ROUNDS = 3


@dataclass(eq=False)
class Clock(Companion):
    """Takes the processor's time from the beginning of every epoch to its last step."""

    started: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def companion(self, course: Course) -> Companion:
        """Be the method, too."""
        return self

    def before_epoch(self, epoch: int) -> None:
        """Start."""
        self.started = time.process_time()

    def after_epoch(self, epoch: int) -> None:
        """Stop."""
        self.seconds.append(time.process_time() - self.started)


def epoch_seconds(text: str, splits: DataSplits) -> float:
    """Return the seconds of the last epoch of a training, on all dialogues; the first pays for what is set up once."""
    model, clock = make_model(text), Clock()
    inner, methods = (model.model, model.methods) if isinstance(model, Trained) else (model, ())
    # The clock starts first and, as what is done after an epoch is not of its steps, need not stop last.
    context = FitContext(seed=0, methods=(clock, *methods))
    inner.fit(splits.train, splits.validation, context=context)
    return clock.seconds[-1]


@pytest.mark.parametrize("model", ["m3net:epochs=2", "sdt:epochs=2"])
@pytest.mark.parametrize(
    ("method", "at_most"),
    [
        ("cmerc:curriculum=false", 4.0),
        ("cmerc:curriculum=false,context=strict", 6.0),
        ("crl", 1.3),
        ("cml", 3.6),
        ("fmfp", 2.4),
    ],
)
def test_an_epoch_against_a_plain_one(
    benchmark: BenchmarkFixture, claim: Claims, model: str, method: str, at_most: float
) -> None:
    """A training epoch on the default simulated data, with a method and without."""
    splits: DataSplits = make(DATASETS, "simulated").load()
    texts: dict[str, Callable[[], float]] = {
        "plain": lambda: epoch_seconds(model, splits),
        method: lambda: epoch_seconds(f"{model}+{method}", splits),
    }
    # Side by side, round after round: what else the machine does slows all alike.
    rounds = [{name: run() for name, run in texts.items()} for _ in range(ROUNDS)]
    times = {name: median(seconds[name] for seconds in rounds) for name in texts}
    benchmark.pedantic(texts[method], rounds=1)
    ours, plain, name = times[method], times["plain"], model.removesuffix(":epochs=2")
    claim(
        f"methods: {name}+{method}, an epoch",
        ours / plain,
        at_most=at_most,
        reference="a plain epoch",
        measured=(ours, plain),
    )

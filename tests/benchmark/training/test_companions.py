"""The places at which a training method can change a training run."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from jaxtyping import Int64
from torch import Tensor

from emobench.baselines.trained import AlongTraining
from emobench.benchmark.conversations import DataSplits
from emobench.benchmark.training.companions import Companion, Course, Step
from emobench.benchmark.training.options import TrainingOptions
from tests.baselines.methods.toy import Toy, course_of, fit, step_of, weights

TRAINING = TrainingOptions(epochs=3, batch_dialogues=4, learning_rate=0.02, shuffle=False)


@dataclass(frozen=True)
class Given(AlongTraining):
    """A method that is the companion it is given."""

    what: Companion

    def companion(self, course: Course) -> Companion:
        return self.what


@dataclass(eq=False)
class Diary(Companion):
    """Writes down what happens; minimises `weight` times the sum of squares of the logits along."""

    weight: float = 0.0
    twice: bool = False
    written: list[str] = field(default_factory=list)

    def before_epoch(self, epoch: int) -> None:
        self.written.append(f"before {epoch}")

    def loss(self, step: Step) -> Tensor | None:
        self.written.append(f"step {step.dialogues.tolist()}{' again' * step.again}")
        return self.weight * step.output.logits.square().sum() if self.weight else None

    def with_gradient(self, again: Callable[[], object]) -> None:
        if self.twice:
            again()
        self.written.append("gradient")

    def after_epoch(self, epoch: int) -> None:
        self.written.append(f"after {epoch}")


class First(Companion):
    """Takes few dialogues at first."""

    def dialogues(self, epoch: int) -> Int64[np.ndarray, " chosen"] | None:
        return {1: np.array([2, 5]), 2: np.array([1, 2, 5, 6, 7])}.get(epoch)


def test_the_course_of_a_run(small_splits: DataSplits) -> None:
    diary = Diary()
    fit(Toy(training=TRAINING), small_splits, Given(diary), Given(First()))
    steps = [["step [2, 5]"], ["step [1, 2, 5, 6]", "step [7]"], ["step [0, 1, 2, 3]", "step [4, 5, 6, 7]"]]
    expected = []
    for epoch, of_epoch in enumerate(steps, 1):
        expected += [f"before {epoch}", *(line for step in of_epoch for line in (step, "gradient")), f"after {epoch}"]
    assert diary.written == expected


def test_a_further_pass_is_marked(small_splits: DataSplits) -> None:
    diary = Diary(twice=True)
    fit(Toy(training=TRAINING), small_splits, Given(diary))
    assert diary.written[:5] == [
        "before 1",
        "step [0, 1, 2, 3]",
        "step [0, 1, 2, 3] again",
        "gradient",
        "step [4, 5, 6, 7]",
    ]


def test_one_that_changes_nothing_leaves_plain_training(small_splits: DataSplits) -> None:
    recipe = Toy(training=TRAINING, dropout=0.3)
    alone, along = fit(recipe, small_splits), fit(recipe, small_splits, Given(Companion()))
    assert weights(along) == weights(alone)
    assert along.record.epochs == alone.record.epochs
    assert Companion().notes() == {}
    assert not Companion.keeps_last


def test_losses_add_up(small_splits: DataSplits) -> None:
    recipe = Toy(training=TRAINING)
    both = fit(recipe, small_splits, Given(Diary(0.01)), Given(Companion()), Given(Diary(0.02)))
    one = fit(recipe, small_splits, Given(Diary(0.03)))
    for name, array in both.state().arrays.items():
        assert array == pytest.approx(one.state().arrays[name], abs=1e-6)
    assert weights(one) != weights(fit(recipe, small_splits))


def test_rows_of_a_step_are_those_of_the_training_split(small_splits: DataSplits) -> None:
    course = course_of(Toy(), small_splits)
    step, train = step_of(course, [6, 0, 3]), course.train
    assert step.rows.shape == step.batch.label.shape
    valid = step.batch.valid.numpy()
    assert torch.equal(torch.from_numpy(train.label[step.rows])[step.batch.valid], step.batch.label[step.batch.valid])
    assert step.rows[~valid].tolist() == [0] * int((~valid).sum())
    # Dialogues of 4, 6, 2, 5, 3, 7, 1 and 6 turns.
    assert step.rows[0, 0] == 27
    assert step.rows[1].tolist() == [0, 1, 2, 3, 0][: step.rows.shape[1]]
    assert step.rows[2, :5].tolist() == [12, 13, 14, 15, 16]

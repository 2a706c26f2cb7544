"""The trainer, with a network that follows a script."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from emobench.baselines.base import FitContext, TrainingRecord
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import DataError, EmobenchError
from emobench.benchmark.training.batches import Batch, Output
from emobench.benchmark.training.companions import Companion, Course
from emobench.benchmark.training.network_model import fit_network
from emobench.benchmark.training.options import TrainingOptions
from emobench.benchmark.training.recipe import Loss
from emobench.benchmark.training.task import Task

Make = Callable[..., Conversations]


class Scripted(nn.Module):
    """Gets as many turns right as the script of the split says for the epoch; the steps taken are part of its state."""

    def __init__(self, scripts: tuple[list[int], list[int]]) -> None:
        super().__init__()
        self.scripts = scripts
        self.weight = nn.Parameter(torch.zeros(2))
        self.steps: Tensor
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def forward(self, batch: Batch) -> Output:
        if self.training:
            self.steps += 1
            return Output(self.weight.expand(*batch.label.shape, 2))
        # The first feature says which split it is.
        script = self.scripts[int(batch.features["text"][0, 0, 0])]
        right = torch.arange(batch.label.shape[1]) < script[int(self.steps) - 1]
        answer = torch.where(right, batch.label, 1 - batch.label)
        return Output(nn.functional.one_hot(answer, 2).float() * 9)


SHORT = TrainingOptions(epochs=6, patience=2, batch_dialogues=99)


@dataclass(frozen=True)
class Script:
    """A recipe."""

    validation: list[int]
    test: list[int] = field(default_factory=lambda: [0] * 9)
    training: TrainingOptions = SHORT
    factor: float = 1.0

    def network(self, task: Task) -> nn.Module:
        return Scripted((self.validation, self.test))

    def objective(self, task: Task) -> Loss:
        return lambda output, batch: self.factor * (output.logits[..., 0] - 3).square().mean()

    def options(self) -> TrainingOptions:
        return self.training


@pytest.fixture
def splits(small: Make) -> list[Conversations]:
    """Return training, validation and test: one dialogue of ten turns, the first feature 0, and on test 1."""
    return [
        small(lengths=(10,), modalities=("text",)).change(
            classes=("no", "yes"),
            label=np.array([0, 1] * 5),
            features={"text": np.full((10, 1), split == "test", np.float32)},
        )
        for split in ("train", "validation", "test")
    ]


def fit(recipe: Script, splits: list[Conversations], **context: object) -> tuple[TrainingRecord, int]:
    train, validation, test = splits
    made = replace(FitContext(seed=0, monitor=test), **context)  # type: ignore[arg-type]  # fields of the context
    model = fit_network(recipe, train, validation, context=made)
    return model.record, int(model.network.steps)  # type: ignore[arg-type]  # a buffer


class TestEarlyStopping:
    def test_keeps_the_weights_of_the_best_epoch_and_stops_after_the_patience(
        self, splits: list[Conversations]
    ) -> None:
        record, steps = fit(Script([2, 4, 8, 6, 8, 9]), splits)
        # Epoch 5 is as good as epoch 3, not better; 6 is never reached.
        assert (record.chosen_epoch, len(record.epochs), steps) == (3, 5, 3)

    def test_without_a_better_epoch_the_first_is_kept(self, splits: list[Conversations]) -> None:
        record, steps = fit(Script([5, 4, 3]), splits)
        assert (record.chosen_epoch, len(record.epochs), steps) == (1, 3, 1)

    def test_ends_with_the_last_epoch(self, splits: list[Conversations]) -> None:
        record, steps = fit(Script([1, 2, 3, 4, 5, 6]), splits)
        assert (record.chosen_epoch, len(record.epochs), steps) == (6, 6, 6)


class TestSelection:
    script = Script(validation=[2, 8, 6, 6], test=[5, 6, 7, 9])

    def test_optimism_is_recorded_and_decides_nothing(self, splits: list[Conversations]) -> None:
        record, steps = fit(self.script, splits)
        assert (record.selection, record.chosen_epoch, steps) == ("validation", 2, 2)
        scores = [epoch.test["weighted_f1"] for epoch in record.epochs]
        assert record.selection_optimism == pytest.approx(scores[3] - scores[1])
        assert scores[3] - scores[1] > 0.2
        assert record.notes["selected by"] == "validation weighted_f1"

    def test_on_test_is_marked(self, splits: list[Conversations]) -> None:
        long = replace(self.script, test=[5, 6, 7, 9, 1, 1], validation=[2, 8, 6, 6, 6, 6])
        record, steps = fit(long, splits, selection="test")
        assert (record.selection, record.chosen_epoch, steps) == ("test", 4, 4)
        assert record.selection_optimism == pytest.approx(
            record.epochs[3].test["weighted_f1"] - record.epochs[1].test["weighted_f1"]
        )
        assert record.notes["selected by"] == "test weighted_f1"

    def test_on_test_needs_a_test_split(self, splits: list[Conversations]) -> None:
        with pytest.raises(EmobenchError, match=r"^expected a test split to choose the epoch on, got none; type --sel"):
            fit(self.script, splits, selection="test", monitor=None)

    def test_without_a_monitor_there_is_no_optimism(self, splits: list[Conversations]) -> None:
        record, _ = fit(self.script, splits, monitor=None)
        assert record.selection_optimism is None
        assert record.epochs[0].test == {}

    def test_validation_without_labels_is_refused(self, splits: list[Conversations]) -> None:
        train, validation, test = splits
        unlabelled = validation.change(label=np.full(10, -1))
        with pytest.raises(DataError, match=r"^small: expected labels in the validation split to choose by, got none$"):
            fit(self.script, [train, unlabelled, test])


@pytest.fixture
def steps_seen() -> Iterator[list[tuple[float, float]]]:
    """Collect (learning rate, norm of the gradient) at every step of any optimiser."""
    seen: list[tuple[float, float]] = []

    def note(optimiser: torch.optim.Optimizer, *_: object) -> None:
        group = optimiser.param_groups[0]
        seen.append((group["lr"], float(torch.cat([p.grad.flatten() for p in group["params"]]).norm())))

    handle = register_optimizer_step_pre_hook(note)
    yield seen
    handle.remove()


class TestSteps:
    def test_the_learning_rate_follows_the_schedule(
        self, splits: list[Conversations], steps_seen: list[tuple[float, float]]
    ) -> None:
        options = TrainingOptions(epochs=5, learning_rate=0.1, warm_up=0.4, batch_dialogues=99)
        fit(Script([1] * 5, training=options), splits)
        assert [rate for rate, _ in steps_seen] == pytest.approx([0.05, 0.1, 0.1, 0.1 * 2 / 3, 0.1 / 3])

    def test_a_long_gradient_is_clipped_and_a_short_one_is_not(
        self, splits: list[Conversations], steps_seen: list[tuple[float, float]]
    ) -> None:
        options = TrainingOptions(epochs=1, batch_dialogues=99, clip=0.5)
        # d/dw of factor·(w − 3)² at w = 0 is −6·factor.
        for factor, norm in ((1.0, 0.5), (0.01, 0.06)):
            fit(Script([1], training=options, factor=factor), splits)
            assert steps_seen[-1][1] == pytest.approx(norm, rel=1e-4)
        fit(Script([1], training=replace(options, clip=0.0)), splits)
        assert steps_seen[-1][1] == pytest.approx(6, rel=1e-4), "0: no limit"

    def test_the_recorded_loss_is_that_of_training(self, splits: list[Conversations]) -> None:
        record, _ = fit(Script([1], training=TrainingOptions(epochs=1)), splits)
        assert record.epochs[0].train_loss == pytest.approx(9.0)

    def test_a_loss_that_is_not_finite_says_what_to_do(self, splits: list[Conversations]) -> None:
        with pytest.raises(EmobenchError) as caught:
            fit(Script([1], factor=float("nan")), splits)
        assert str(caught.value) == (
            "expected a finite training loss, got nan in epoch 1; type a smaller learning_rate than 0.0005"
        )

    def test_so_does_the_step_after_the_last_loss(
        self, splits: list[Conversations], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def spoil(network: Scripted, batch: Batch) -> Output:
            output = network.answer(batch)
            return output if network.training else Output(output.logits * torch.nan)

        monkeypatch.setattr(Scripted, "answer", Scripted.forward, raising=False)
        monkeypatch.setattr(Scripted, "forward", spoil)
        with pytest.raises(EmobenchError) as caught:
            fit(Script([1]), splits)
        assert str(caught.value) == (
            "expected probabilities after epoch 1, got numbers that are none; type a smaller learning_rate than 0.0005"
        )


def test_progress_is_told_every_epoch(splits: list[Conversations]) -> None:
    told: list[tuple[str, int, int]] = []
    fit(Script([3, 2, 1]), splits, progress=lambda *what: told.append(what))
    assert told == [("training, epoch", number, 6) for number in (1, 2, 3)]


def test_an_interrupt_passes_and_leaves_nothing_changed(splits: list[Conversations]) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    threads, state = torch.get_num_threads(), torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        fit(Script([1]), splits, progress=interrupt)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


@dataclass(frozen=True)
class Along:
    """A method that is the companion it is given."""

    what: Companion

    def companion(self, course: Course) -> Companion:
        return self.what


class Lasting(Companion):
    """Keeps the last epoch, whose learning rate is a tenth."""

    keeps_last: ClassVar[bool] = True

    def learning_rate_share(self, share: float, *, epoch: int) -> float:
        return 0.1 if epoch == 4 else share


class Late(Companion):
    """Begins with one dialogue of two."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def dialogues(self, epoch: int) -> Int64[np.ndarray, " chosen"] | None:
        return np.array([1]) if epoch <= self.epochs else None


class TestCompanions:
    def test_the_last_epoch_is_kept_whatever_the_scores_and_the_patience(self, splits: list[Conversations]) -> None:
        script = Script(validation=[2, 9, 3, 4], test=[5, 6, 9, 7], training=replace(SHORT, epochs=4, patience=1))
        record, steps = fit(script, splits, methods=(Along(Lasting()),))
        assert (record.chosen_epoch, len(record.epochs), steps) == (4, 4, 4)
        scores = [epoch.test["weighted_f1"] for epoch in record.epochs]
        assert record.selection_optimism == pytest.approx(scores[2] - scores[3])
        assert record.notes["selected by"] == "nothing: the weights at the end"
        # Chosen on test or on validation, it is the same.
        assert fit(script, splits, methods=(Along(Lasting()),), selection="test")[0].chosen_epoch == 4

    def test_the_learning_rate_is_the_companions_to_change(
        self, splits: list[Conversations], steps_seen: list[tuple[float, float]]
    ) -> None:
        options = TrainingOptions(epochs=5, learning_rate=0.2, warm_up=0, schedule="constant", batch_dialogues=99)
        fit(Script([1] * 5, training=options), splits, methods=(Along(Lasting()),))
        assert [rate for rate, _ in steps_seen] == pytest.approx([0.2, 0.2, 0.2, 0.02, 0.2])

    def test_the_schedule_counts_the_steps_that_will_be_taken(
        self, splits: list[Conversations], steps_seen: list[tuple[float, float]]
    ) -> None:
        train, *others = splits
        train = train.change(dialogue=np.repeat([0, 1], 5), dialogue_ids=("a", "b"))
        options = TrainingOptions(epochs=3, learning_rate=1.0, warm_up=0, batch_dialogues=1)
        fit(Script([1] * 5, training=options), [train, *others], methods=(Along(Late(1)),))
        # One step, then two and two.
        assert [rate for rate, _ in steps_seen] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])

    @pytest.mark.parametrize(("late", "epochs"), [(0, 3), (1, 3), (2, 4), (4, 6)])
    def test_patience_begins_when_all_dialogues_take_part(
        self, late: int, epochs: int, splits: list[Conversations]
    ) -> None:
        train, *others = splits
        train = train.change(dialogue=np.repeat([0, 1], 5), dialogue_ids=("a", "b"))
        script = Script([9, 1, 1, 1, 1, 1, 1, 1], training=replace(SHORT, epochs=8))
        record, _ = fit(script, [train, *others], methods=(Along(Late(late)),))
        assert (record.chosen_epoch, len(record.epochs)) == (1, epochs)

"""FMFP: sharpness-aware steps by hand, and the mean of the weights of the last epochs."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emobench.baselines.methods.cmerc import Cmerc
from emobench.baselines.methods.crl import Crl
from emobench.baselines.methods.fmfp import PLUGIN, Fmfp
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.training.batches import make_batch
from emobench.benchmark.training.companions import Course
from emobench.benchmark.training.options import TrainingOptions
from tests.baselines.methods.toy import Toy, course_of, fit, step_of, weights

Make = Callable[..., Conversations]


class Bowl(nn.Module):
    """The loss Σ a w² / 2, whose gradient is a w, in two parameters; one more has no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.tensor([3.0]))
        self.idle = nn.Parameter(torch.tensor([5.0]))
        self.passes = 0

    def loss(self) -> Tensor:
        self.passes += 1
        a = torch.tensor([2.0, 1.0])
        return (a * self.first.square()).sum() / 2 + 4 * self.second.square().sum() / 2

    def gradient(self) -> None:
        self.zero_grad(set_to_none=True)
        self.loss().backward()


def epochs(count: int) -> TrainingOptions:
    return TrainingOptions(epochs=count, batch_dialogues=3, learning_rate=0.05, patience=1)


@pytest.fixture
def course(small_splits: DataSplits) -> Course:
    return course_of(Toy(training=epochs(8)), small_splits)


class TestSharpnessAwareStep:
    def test_by_hand(self, course: Course) -> None:
        bowl = Bowl()
        bowl.gradient()
        Fmfp(rho=0.5).companion(replace(course, network=bowl)).with_gradient(bowl.gradient)
        # g = (2, 2, 12), of length √152; at w + .5 g/‖g‖ the gradient is a (w + .5 g/‖g‖).
        length = np.sqrt(152)
        assert bowl.first.grad is not None
        assert bowl.second.grad is not None
        expected = [2 * (1 + 0.5 * 2 / length), 2 + 0.5 * 2 / length]
        assert bowl.first.grad.tolist() == pytest.approx(expected)
        assert bowl.second.grad.tolist() == pytest.approx([4 * (3 + 0.5 * 12 / length)])
        assert bowl.idle.grad is None
        assert bowl.first.tolist() == [1, 2], "the weights are put back"
        assert bowl.second.tolist() == [3]
        assert bowl.passes == 2

    def test_without_rho_there_is_no_second_pass(self, course: Course) -> None:
        bowl = Bowl()
        bowl.gradient()
        Fmfp(rho=0).companion(replace(course, network=bowl)).with_gradient(bowl.gradient)
        assert bowl.passes == 1

    def test_a_gradient_of_zero_has_no_direction(self, course: Course) -> None:
        bowl = Bowl()
        with torch.no_grad():
            bowl.first.zero_()
            bowl.second.zero_()
        bowl.gradient()
        Fmfp().companion(replace(course, network=bowl)).with_gradient(bowl.gradient)
        assert bowl.passes == 1

    def test_the_second_pass_leaves_the_statistics_of_batch_normalisation_alone(self, small_splits: DataSplits) -> None:
        course = course_of(Toy(norm=True), small_splits)
        norm, step = course.network.norm, step_of(course)
        assert isinstance(norm, nn.BatchNorm1d)
        assert norm.num_batches_tracked is not None
        course.objective(step.output, step.batch).backward()
        before = {name: value.clone() for name, value in norm.named_buffers()}
        inside: list[int] = []

        def again() -> None:
            course.network(step.batch)
            assert norm.num_batches_tracked is not None
            inside.append(int(norm.num_batches_tracked))

        Fmfp().companion(course).with_gradient(again)
        assert inside == [2], "normalised by the batch, as in the first"
        assert all(torch.equal(value, before[name]) for name, value in norm.named_buffers())

    def test_an_error_in_the_second_pass_leaves_the_statistics_as_they_were(self, small_splits: DataSplits) -> None:
        course = course_of(Toy(norm=True), small_splits)
        step = step_of(course)
        course.objective(step.output, step.batch).backward()
        before = {name: value.clone() for name, value in course.network.named_buffers()}

        def again() -> None:
            course.network(step.batch)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Fmfp().companion(course).with_gradient(again)
        assert all(torch.equal(value, before[name]) for name, value in course.network.named_buffers())


class TestAveraging:
    def test_the_last_quarter_at_half_of_the_rate(self, course: Course) -> None:
        companion = Fmfp().companion(course)
        assert companion.averaged == 2
        assert companion.notes() == {"fmfp epochs averaged": 2}
        assert [companion.learning_rate_share(0.9, epoch=epoch) for epoch in range(5, 9)] == [0.9, 0.9, 0.5, 0.5]

    def test_the_mean_of_the_last_epochs_is_the_model(self, course: Course) -> None:
        companion = Fmfp(averaging=0.5).companion(course)
        kept: list[list[Tensor]] = []
        for epoch in range(1, 9):
            with torch.no_grad():
                for parameter in course.network.parameters():
                    parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(epoch)))
            kept.append([parameter.detach().clone() for parameter in course.network.parameters()])
            companion.after_epoch(epoch)
            if epoch < 8:
                assert all(map(torch.equal, course.network.parameters(), kept[-1])), (
                    "training goes on from where it was"
                )
        for place, parameter in enumerate(course.network.parameters()):
            mean = sum(values[place].double() for values in kept[4:]) / 4
            assert torch.allclose(parameter.double(), mean, atol=1e-6)

    @pytest.mark.parametrize(("averaging", "count"), [(0.0, 0), (0.125, 1)])
    def test_none_and_one_are_the_last_weights(self, averaging: float, count: int, course: Course) -> None:
        companion = Fmfp(averaging=averaging).companion(course)
        assert companion.averaged == count
        before = [parameter.detach().clone() for parameter in course.network.parameters()]
        for epoch in range(1, 9):
            companion.after_epoch(epoch)
        assert all(map(torch.equal, course.network.parameters(), before))

    def test_statistics_of_batch_normalisation_are_taken_anew(self, small_splits: DataSplits) -> None:
        course = course_of(Toy(norm=True, dropout=0.5, training=epochs(4)), small_splits)
        norm = course.network.norm
        assert isinstance(norm, nn.BatchNorm1d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        Fmfp().companion(course).after_epoch(4)
        given: list[Tensor] = []
        course.network.eval()
        handle = norm.register_forward_hook(lambda layer, inputs, output: given.append(inputs[0].detach()))
        for first in (0, 3, 6):
            course.network(make_batch(course.train, np.arange(first, min(first + 3, 8)), device="cpu"))
        handle.remove()
        means, variances = [rows.mean(dim=0) for rows in given], [rows.var(dim=0) for rows in given]
        assert torch.allclose(norm.running_mean, torch.stack(means).mean(dim=0), atol=1e-6)
        assert torch.allclose(norm.running_var, torch.stack(variances).mean(dim=0), atol=1e-5)
        assert norm.momentum == 0.1, "as it was"

    def test_statistics_are_of_the_mean_weights(self, small_splits: DataSplits) -> None:
        course = course_of(Toy(norm=True, training=epochs(2)), small_splits)
        companion = Fmfp(averaging=0.99).companion(course)
        companion.after_epoch(1)
        with torch.no_grad():
            for parameter in course.network.parameters():
                parameter.mul_(3)
        companion.after_epoch(2)
        other = deepcopy(course.network)
        Fmfp(averaging=0.99).companion(replace(course, network=other, options=epochs(1))).after_epoch(1)
        for (name, mine), theirs in zip(course.network.named_buffers(), other.buffers(), strict=True):
            assert torch.allclose(mine.float(), theirs.float(), atol=1e-6), name


class TestTraining:
    def test_without_both_it_is_plain_training_to_the_last_epoch(self, small_splits: DataSplits) -> None:
        recipe = Toy(dropout=0.3, training=replace(epochs(5), patience=99))
        plain = fit(recipe, small_splits)
        kept = fit(recipe, small_splits, Fmfp(rho=0, averaging=0))
        assert kept.record.epochs == plain.record.epochs
        assert kept.record.chosen_epoch == 5
        # With a single epoch the last is also the best, and the weights are the same, too.
        single = Toy(dropout=0.3, training=epochs(1))
        assert weights(fit(single, small_splits, Fmfp(rho=0, averaging=0))) == weights(fit(single, small_splits))

    def test_it_goes_to_the_last_epoch_and_chooses_none(self, small_splits: DataSplits) -> None:
        record = fit(Toy(training=epochs(8)), small_splits, Fmfp()).record
        assert len(record.epochs) == 8, "a patience of 1 has no say"
        assert (record.chosen_epoch, record.selection) == (8, "validation")
        assert record.notes["selected by"] == "nothing: the weights at the end"
        assert record.notes["fmfp epochs averaged"] == 2
        scores = [epoch.test["weighted_f1"] for epoch in record.epochs]
        assert record.selection_optimism == pytest.approx(max(scores) - scores[-1])

    def test_the_last_scores_are_those_of_the_model(self, small_splits: DataSplits) -> None:
        model = fit(Toy(training=epochs(8), norm=True), small_splits, Fmfp())
        p = model.predict(small_splits.test).probabilities
        gold = small_splits.test.label
        assert model.record.epochs[-1].test["nll"] == pytest.approx(-np.log(p[np.arange(len(gold)), gold]).mean())

    def test_each_part_changes_it(self, small_splits: DataSplits) -> None:
        methods = (Fmfp(rho=0, averaging=0), Fmfp(averaging=0), Fmfp(rho=0), Fmfp(), Fmfp(averaging_rate=0.1))
        found = {weights(fit(Toy(training=epochs(4)), small_splits, method))["last.weight"] for method in methods}
        assert len(found) == 5

    @pytest.mark.parametrize("other", [Cmerc(curriculum=False), Crl()])
    def test_the_second_gradient_is_of_all_that_is_minimised(
        self, other: Cmerc | Crl, small_splits: DataSplits
    ) -> None:
        # The order in which methods are written changes nothing but the order of a sum.
        recipe = Toy(training=epochs(2))
        one, two = fit(recipe, small_splits, Fmfp(), other), fit(recipe, small_splits, other, Fmfp())
        assert all(
            np.allclose(array, two.state().arrays[name], atol=1e-6) for name, array in one.state().arrays.items()
        )
        assert not np.allclose(
            one.network.last.weight.detach(), fit(recipe, small_splits, Fmfp()).network.last.weight.detach(), atol=1e-6
        )  # type: ignore[union-attr,operator]  # it is a Toy

    def test_defaults(self) -> None:
        assert PLUGIN is Fmfp
        assert (Fmfp().rho, Fmfp().averaging, Fmfp().averaging_rate) == (0.05, 0.25, 0.5)

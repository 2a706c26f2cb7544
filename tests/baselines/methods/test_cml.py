"""CML: a chain of ever poorer inputs, the loss of all of them, and the penalty on confidence that grows."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from emobench.baselines.methods.cml import PLUGIN, Cml
from emobench.baselines.methods.cml_companion import gain
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.training.batches import Batch, Output
from tests.baselines.methods.toy import Toy, course_of, fit, log_p_under, step_of, weights

Make = Callable[..., Conversations]


def logits_of(*rows: list[float]) -> Tensor:
    """Return log probabilities that a gradient can be taken of."""
    return torch.tensor(rows, dtype=torch.float64).log().requires_grad_()


class TestGain:
    # Gold is class 0: both right; rich right, poor wrong; rich wrong, poor right; both wrong; right, less sure.
    label = torch.zeros(5, dtype=torch.int64)
    rich = ([0.6, 0.4], [0.6, 0.4], [0.4, 0.6], [0.3, 0.7], [0.9, 0.1])
    poor = ([0.8, 0.2], [0.1, 0.9], [0.9, 0.1], [0.1, 0.9], [0.6, 0.4])

    def test_ungated_by_hand(self) -> None:
        found = gain(logits_of(*self.rich), logits_of(*self.poor), self.label, gated=False)
        assert found.item() == pytest.approx((0.2 + 0.3 + 0.3 + 0.2 + 0) / 5)

    def test_gated_by_hand(self) -> None:
        rich, poor = logits_of(*self.rich), logits_of(*self.poor)
        found = gain(rich, poor, self.label, gated=True)
        assert found.item() == pytest.approx((0.2 + 0.3 + 0 + 0.2 + 0) / 5)
        found.backward()
        assert rich.grad is not None
        assert poor.grad is not None
        # Both are pushed where the richer is right, the poorer alone where both are wrong, else none.
        assert rich.grad.abs().sum(dim=1).bool().tolist() == [True, True, False, False, False]
        assert poor.grad.abs().sum(dim=1).bool().tolist() == [True, True, False, True, False]

    @pytest.mark.parametrize("gated", [True, False])
    def test_equal_confidence_is_nothing_and_has_no_gradient(self, gated: bool) -> None:
        # κ is .7 on both sides, of the same class and of another, right and wrong.
        rich = logits_of([0.7, 0.3], [0.7, 0.3], [0.3, 0.7])
        poor = logits_of([0.7, 0.3], [0.3, 0.7], [0.3, 0.7])
        found = gain(rich, poor, self.label[:3], gated=gated)
        found.backward()
        assert found.item() == pytest.approx(0, abs=1e-12)
        same = logits_of([0.7, 0.3], [0.3, 0.7])
        gain(same, same.detach(), self.label[:2], gated=gated).backward()
        assert same.grad is not None
        assert not same.grad.any()

    @pytest.mark.parametrize("gated", [True, False])
    def test_of_no_utterances_is_nothing(self, gated: bool) -> None:
        nothing = torch.zeros(0, 3)
        assert gain(nothing, nothing, self.label[:0], gated=gated).item() == 0


class TestChain:
    def test_inputs_are_nested_and_one_modality_is_left(self, small_splits: DataSplits) -> None:
        course = course_of(Toy(), small_splits)
        seen: list[frozenset[str]] = []

        class Spying(torch.nn.Module):
            def forward(self, batch: Batch) -> Output:
                seen.append(frozenset(name for name, told in batch.observed.items() if told.any()))
                output: Output = course.network(batch)
                return output

        step, orders = step_of(course), set()
        for steps, count in ((1, 1), (2, 2), (9, 2)):
            companion = Cml(steps=steps).companion(replace(course, network=Spying()))
            for _ in range(40):
                seen[:] = [frozenset({"text", "audio", "video"})]
                companion.loss(step)
                assert [len(left) for left in seen] == [3, 2, 1][: count + 1]
                assert all(poorer < richer for richer, poorer in pairwise(seen))
                orders.add(tuple(companion.order))
        assert len({order for order in orders if len(order) == 2}) == 6, "every order comes"

    @pytest.mark.parametrize("gated", [True, False])
    def test_loss_against_loops(self, gated: bool, small_splits: DataSplits) -> None:
        train = small_splits.train
        label = np.where(np.arange(len(train)) % 6 == 1, -1, train.label)
        course = course_of(Toy(), DataSplits(train.change(label=label), small_splits.validation, small_splits.test))
        companion, step = Cml(weight=0.7, gated=gated).companion(course), step_of(course)
        found = companion.loss(step)
        first, second = companion.order
        stresses = ("", f"modality_drop:drop={first}", f"modality_drop:drop={first}/{second}")
        said = [log_p_under(course.network, course.train, stress) for stress in stresses]
        weight = np.array([course.train.label.tolist().count(c) for c in range(3)]) ** -0.5
        losses, penalty = [], 0.0
        rows = np.flatnonzero(label >= 0)
        for one in said:
            total = sum(-weight[label[row]] * one[row, label[row]] for row in rows)
            losses.append(total / sum(weight[label[row]] for row in rows))
        for rich, poor in pairwise(said):
            for row in rows:
                right, too = rich[row].argmax() == label[row], poor[row].argmax() == label[row]
                if not gated or right or not too:
                    penalty += max(0.0, np.exp(poor[row].max()) - np.exp(rich[row].max())) / len(rows)
        assert penalty > 0.01
        assert found is not None
        # What is added to the loss of the whole input makes it the mean over the chain, and the penalty.
        assert found.item() == pytest.approx(np.mean(losses) - losses[0] + 0.7 * penalty, rel=1e-4)

    def test_each_loss_is_of_its_own_input(self, small_splits: DataSplits) -> None:
        given: list[int] = []
        course = course_of(Toy(), small_splits)

        def objective(output: Output, batch: Batch) -> Tensor:
            given.append(sum(bool(told.any()) for told in batch.observed.values()))
            return output.logits.sum() * 0

        Cml().companion(replace(course, objective=objective)).loss(step_of(course))
        assert given == [3, 2, 1]

    def test_a_second_pass_of_a_step_goes_the_same_way(self, small_splits: DataSplits) -> None:
        course = course_of(Toy(), small_splits)
        companion, step = Cml().companion(course), step_of(course)
        for _ in range(5):
            companion.loss(step)
            order = companion.order
            companion.loss(replace(step, again=True))
            assert companion.order is order

    def test_a_step_without_labels_adds_nothing(self, small_splits: DataSplits) -> None:
        course = course_of(Toy(), small_splits)
        step = step_of(course)
        unknown = replace(step, batch=replace(step.batch, label=torch.full_like(step.batch.label, -1)))
        loss = Cml().companion(course).loss(unknown)
        assert loss is not None
        assert loss.item() == 0


def test_one_modality_is_not_enough(small: Make) -> None:
    train = small(modalities=("audio",))
    with pytest.raises(NotApplicable) as caught:
        Cml().companion(course_of(Toy(), DataSplits(train, train, train)))
    assert str(caught.value) == "cml: expected two modalities or more, got audio alone; leave out +cml"


def test_it_trains(small_splits: DataSplits) -> None:
    assert PLUGIN is Cml
    assert (Cml().weight, Cml().gated, Cml().steps) == (0.1, True, 2)
    found = {
        weights(fit(Toy(), small_splits, *methods))["last.weight"]
        for methods in ((), (Cml(weight=0),), (Cml(weight=9),))
    }
    assert len(found) == 3

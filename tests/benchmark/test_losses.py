"""Losses against values worked out by hand."""

import math

import pytest
import torch

from emobench.benchmark.losses import class_weights, latency_hinge, stability, weighted_focal

LOG3 = math.log(3)


class TestClassWeights:
    def test_square_root_of_the_inverse_share_with_mean_one(self) -> None:
        # Shares .8 and .2: 1/√.8 : 1/√.2 is 1 : 2.
        assert class_weights((8, 2), power=0.5).tolist() == pytest.approx([2 / 3, 4 / 3])

    def test_power_zero_is_no_weighting(self) -> None:
        assert class_weights((8, 2, 1), power=0.0).tolist() == [1, 1, 1]

    def test_a_class_that_does_not_occur_changes_nothing(self) -> None:
        assert class_weights((8, 0, 2), power=1.0).tolist() == pytest.approx([0.4, 0.0, 1.6])


class TestWeightedFocal:
    # p = (¾, ¼) in the first turn, (½, ½) in the second.
    logits = torch.tensor([[[LOG3, 0.0], [0.0, 0.0]]])

    def test_is_the_mean_over_turns_of_the_formula(self) -> None:
        loss = weighted_focal(self.logits, torch.tensor([[0, 1]]), weights=torch.tensor([0.5, 1.5]), gamma=2.0)
        expected = (0.5 * 0.25**2 * -math.log(0.75) + 1.5 * 0.5**2 * math.log(2)) / 2
        assert float(loss) == pytest.approx(expected)

    def test_gamma_zero_is_cross_entropy(self) -> None:
        label = torch.tensor([[1, 0]])
        loss = weighted_focal(self.logits, label, weights=torch.ones(2), gamma=0.0)
        assert float(loss) == pytest.approx(float(torch.nn.functional.cross_entropy(self.logits[0], label[0])))

    def test_turns_without_a_label_are_left_out(self) -> None:
        loss = weighted_focal(self.logits, torch.tensor([[0, -1]]), weights=torch.ones(2), gamma=1.0)
        assert float(loss) == pytest.approx(0.25 * -math.log(0.75))

    def test_without_any_label_it_is_zero(self) -> None:
        assert float(weighted_focal(self.logits, torch.tensor([[-1, -1]]), weights=torch.ones(2), gamma=2.0)) == 0

    @pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
    def test_the_gradient_of_a_certain_prediction_is_finite(self, gamma: float) -> None:
        logits = torch.tensor([[[200.0, 0.0]]], requires_grad=True)
        weighted_focal(logits, torch.tensor([[0]]), weights=torch.ones(2), gamma=gamma).backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        assert torch.isfinite(logits.grad).all()


class TestStability:
    # p = (¾, ¼), (½, ½), then (¼, ¾).
    logits = torch.tensor([[[LOG3, 0.0], [0.0, 0.0], [0.0, LOG3]]])
    first = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    second = 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75)

    def test_is_the_mean_divergence_to_the_next_turn(self) -> None:
        assert float(stability(self.logits, torch.ones(1, 3, dtype=torch.bool))) == pytest.approx(
            (self.first + self.second) / 2
        )

    def test_padding_is_no_neighbour(self) -> None:
        valid = torch.tensor([[True, True, False]])
        assert float(stability(self.logits, valid)) == pytest.approx(self.first)

    def test_without_neighbours_it_is_zero(self) -> None:
        assert float(stability(self.logits[:, :1], torch.ones(1, 1, dtype=torch.bool))) == 0

    def test_the_sum_is_per_dialogue(self) -> None:
        both = self.logits.expand(2, 3, 2)
        valid = torch.tensor([[True, True, True], [True, True, False]])
        assert float(stability(both, valid, over="sum")) == pytest.approx((2 * self.first + self.second) / 2)

    def test_backward_swaps_the_two(self) -> None:
        valid = torch.tensor([[True, True, False]])
        expected = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(2)
        assert float(stability(self.logits, valid, direction="backward")) == pytest.approx(expected)

    def test_gradients_flow_through_both_turns(self) -> None:
        logits = self.logits.clone().requires_grad_()
        stability(logits, torch.tensor([[True, True, False]])).backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        assert logits.grad[0, 0].abs().sum() > 0
        assert logits.grad[0, 1].abs().sum() > 0
        assert logits.grad[0, 2].abs().sum() == 0


class TestLatency:
    def test_the_hinge_is_what_exceeds_the_budget(self) -> None:
        assert latency_hinge(12.0, 10.0) == 2.0
        assert latency_hinge(9.0, 10.0) == 0.0

    def test_its_gradient_is_zero_so_it_cannot_be_optimised(self) -> None:
        """A measured time is a constant to autograd: with any weight the gradients are those without the term."""
        layer = torch.nn.Linear(2, 2)
        gradients = []
        for weight in (0.0, 1000.0):
            layer.zero_grad()
            (layer(torch.ones(1, 2)).sum() + weight * latency_hinge(12.0, 10.0)).backward()
            assert layer.weight.grad is not None
            gradients.append(layer.weight.grad.clone())
        assert torch.equal(*gradients)
        term = torch.tensor(latency_hinge(12.0, 10.0), requires_grad=True) + 0 * layer.weight.detach().sum()
        gradient: object = torch.autograd.grad(term, layer.weight, allow_unused=True)[0]
        assert gradient is None

"""Losses against values worked out by hand."""

import math
from typing import Literal

import pytest
import torch

from emobench.benchmark.losses import (
    class_weights,
    classification_loss,
    consistency,
    latency_hinge,
    released_focal,
    stability,
    supervised_contrastive,
    weighted_cross_entropy,
    weighted_focal,
)
from emobench.benchmark.training.batches import Batch, Output

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


class TestWeightedCrossEntropy:
    logits = torch.tensor([[[LOG3, 0.0], [0.0, 0.0], [5.0, 1.0]]])

    def test_divides_by_the_sum_of_the_weights(self) -> None:
        loss = weighted_cross_entropy(self.logits, torch.tensor([[0, 1, -1]]), weights=torch.tensor([0.5, 1.5]))
        assert float(loss) == pytest.approx((0.5 * -math.log(0.75) + 1.5 * math.log(2)) / 2)

    def test_without_any_label_it_is_zero_and_has_a_gradient(self) -> None:
        logits = self.logits.clone().requires_grad_()
        loss = weighted_cross_entropy(logits, torch.full((1, 3), -1), weights=torch.ones(2))
        loss.backward()  # type: ignore[no-untyped-call]
        assert float(loss.detach()) == 0
        assert logits.grad is not None
        assert float(logits.grad.abs().sum()) == 0


def best_probability(truth: float, classes: int) -> float:
    """Return the probability of the first class at which the expected released focal loss is least.

    The first class is true with probability `truth`, each of the others equally often.
    """
    steps = torch.linspace(0.001, 0.999, 9981, dtype=torch.float64)
    log_p, log_rest = steps.log(), ((1 - steps) / (classes - 1)).log()
    gold_first = (1 - log_p) ** 2.5 * -log_p - (classes - 1) * log_rest
    gold_other = -log_p + (1 - log_rest) ** 2.5 * -log_rest - (classes - 2) * log_rest
    return float(steps[(truth * gold_first + (1 - truth) * gold_other).argmin()])


class TestReleasedFocal:
    def test_is_the_mean_over_all_cells_of_the_formula(self) -> None:
        logits = torch.tensor([[[LOG3, 0.0], [0.0, 0.0], [1.0, 2.0]]])
        loss = released_focal(logits, torch.tensor([[0, 1, -1]]), gamma=2.0)
        gold, half = math.log(0.75), math.log(0.5)
        cells = [(1 - gold) ** 2 * -gold, -math.log(0.25), -half, (1 - half) ** 2 * -half]
        assert float(loss) == pytest.approx(sum(cells) / 4)

    @pytest.mark.parametrize(("classes", "best"), [(7, 0.529), (6, 0.553)])
    def test_a_certain_turn_is_best_answered_by_little_more_than_one_half(self, classes: int, best: float) -> None:
        logits = torch.zeros(1, 1, classes, dtype=torch.float64, requires_grad=True)
        optimiser = torch.optim.LBFGS([logits], max_iter=200, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimiser.zero_grad()
            loss = released_focal(logits, torch.tensor([[0]]))
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimiser.step(closure)  # type: ignore[no-untyped-call]
        assert float(torch.softmax(logits.detach(), dim=-1)[0, 0, 0]) == pytest.approx(best, abs=5e-4)

    @pytest.mark.parametrize(("truth", "answer"), [(0.9, 0.434), (0.8, 0.378), (0.65, 0.318), (0.5, 0.268)])
    def test_a_true_probability_is_answered_by_a_smaller_one(self, truth: float, answer: float) -> None:
        assert best_probability(truth, 7) == pytest.approx(answer, abs=5e-4)

    def test_it_pushes_the_other_classes_even_where_the_gold_one_is_certain(self) -> None:
        logits = torch.tensor([[[30.0, 0.0, 0.0]]], requires_grad=True)
        released_focal(logits, torch.tensor([[0]])).backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        assert float(logits.grad[0, 0, 1]) < -0.1

    def test_without_any_label_it_is_zero(self) -> None:
        assert float(released_focal(torch.zeros(1, 2, 3), torch.full((1, 2), -1))) == 0


class TestSupervisedContrastive:
    vectors = torch.tensor([[2.0, 0.0], [1.0, 1.0], [0.0, 3.0], [-1.0, 0.0]])
    label = torch.tensor([0, 0, 0, 1])

    def literal(self, positives: str, weights: tuple[float, ...]) -> float:
        unit = [[1.0, 0.0], [math.sqrt(0.5)] * 2, [0.0, 1.0], [-1.0, 0.0]]
        similar = [[math.exp(sum(a * b for a, b in zip(u, v, strict=True)) / 0.5) for v in unit] for u in unit]
        terms = []
        for i in range(3):  # the last one has no positive
            others = [j for j in range(4) if j != i]
            near = [j for j in others if j < 3]
            below = sum(similar[i][j] for j in others)
            if positives == "outside":
                terms.append(weights[i] * -sum(math.log(similar[i][j] / below) for j in near) / len(near))
            else:
                terms.append(weights[i] * -math.log(sum(similar[i][j] for j in near) / below))
        return sum(terms) / 3

    @pytest.mark.parametrize("positives", ["outside", "inside"])
    @pytest.mark.parametrize("weights", [None, (1.0, 2.0, 3.0, 4.0)])
    def test_is_the_formula(self, positives: Literal["outside", "inside"], weights: tuple[float, ...] | None) -> None:
        loss = supervised_contrastive(
            self.vectors,
            self.label,
            temperature=0.5,
            weights=None if weights is None else torch.tensor(weights),
            positives=positives,
        )
        assert float(loss) == pytest.approx(self.literal(positives, weights or (1.0,) * 4))

    @pytest.mark.parametrize("positives", ["outside", "inside"])
    def test_its_gradient_is_finite(self, positives: Literal["outside", "inside"]) -> None:
        vectors = self.vectors.clone().requires_grad_()
        supervised_contrastive(vectors, self.label, temperature=0.07, positives=positives).backward()  # type: ignore[no-untyped-call]
        assert vectors.grad is not None
        assert bool(torch.isfinite(vectors.grad).all())
        assert float(vectors.grad.abs().sum()) > 0

    def test_without_positives_it_is_zero(self) -> None:
        assert float(supervised_contrastive(self.vectors, torch.arange(4), temperature=0.07)) == 0


def test_consistency_is_the_mean_divergence_of_valid_turns() -> None:
    teacher, student = torch.tensor([[[LOG3, 0.0], [9.0, 0.0]]]), torch.zeros(1, 2, 2)
    valid = torch.tensor([[True, False]])
    assert float(consistency(teacher, student, valid)) == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert float(consistency(teacher, student, torch.zeros(1, 2, dtype=torch.bool))) == 0


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "released_focal"])
def test_losses_by_name(name: Literal["cross_entropy", "focal", "released_focal"]) -> None:
    logits, label = torch.tensor([[[LOG3, 0.0], [0.0, 0.0]]]), torch.tensor([[0, 1]])
    batch = Batch({}, {}, torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, 2, dtype=torch.int64), label)
    weights = class_weights((3, 1), power=1.0)
    expected = {
        "cross_entropy": weighted_cross_entropy(logits, label, weights=weights),
        "focal": weighted_focal(logits, label, weights=weights, gamma=1.5),
        "released_focal": released_focal(logits, label, gamma=1.5),
    }
    loss = classification_loss(name, (3, 1), gamma=1.5, class_power=1.0)(Output(logits), batch)
    assert float(loss) == pytest.approx(float(expected[name]))

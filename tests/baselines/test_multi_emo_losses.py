"""What MultiEMO minimises beside cross-entropy, added up one pair at a time."""

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch

from emobench.baselines.multi_emo import MultiEmo
from emobench.baselines.multi_emo_losses import sample_weighted_focal_contrastive, sample_weights, soft_hgr
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.losses import supervised_contrastive
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.task import Task

Make = Callable[..., Conversations]


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def literal_contrast(z: np.ndarray, y: list[int], w: list[float], tau: float, gamma: float) -> float:
    unit = [v / math.sqrt(v @ v) for v in z]
    anchors = []
    for i in range(len(y)):
        bottom = sum(math.exp(unit[i] @ unit[k] / tau) for k in range(len(y)) if k != i)
        terms = []
        for j in range(len(y)):
            if j != i and y[j] == y[i]:
                p = math.exp(unit[i] @ unit[j] / tau) / bottom
                terms.append((1 - p) ** gamma * math.log(p))
        if terms:
            anchors.append(-w[i] * sum(terms) / len(terms))
    return sum(anchors) / len(anchors)


def literal_pair(f: np.ndarray, g: np.ndarray) -> float:
    n, width = f.shape
    f_mean, g_mean = f.sum(axis=0) / n, g.sum(axis=0) / n
    inner = sum((f[row] - f_mean) @ (g[row] - g_mean) for row in range(n)) / (n - 1)
    cov_f, cov_g = np.cov(f.T).reshape(width, width), np.cov(g.T).reshape(width, width)
    trace = sum(cov_f[a, b] * cov_g[b, a] for a in range(width) for b in range(width))
    return float(trace / 2 - inner)


class TestContrastive:
    def value(self, vectors: torch.Tensor, label: list[int], **arguments: Any) -> float:
        chosen = {"weights": torch.ones(len(label)).to(vectors), "temperature": 0.8, "focus": 2.0} | arguments
        return sample_weighted_focal_contrastive(vectors, torch.tensor(label), **chosen).item()

    @pytest.mark.parametrize("tau", [0.1, 0.8])
    @pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
    def test_it_is_the_sum_over_pairs(self, tau: float, gamma: float) -> None:
        z, y = drawn(8, 5), [0, 1, 0, 2, 1, 0, 3, 1]
        w = torch.tensor([1.0, 2.0, 1.0, 4.0, 2.0, 1.0, 8.0, 2.0], dtype=torch.float64)
        got = self.value(z, y, weights=w, temperature=tau, focus=gamma)
        assert got == pytest.approx(literal_contrast(z.numpy(), y, w.tolist(), tau, gamma))

    def test_without_focus_and_weights_it_is_the_supervised_contrastive_loss(self) -> None:
        z, y = drawn(8, 5), [0, 1, 0, 2, 1, 0, 3, 1]
        known = supervised_contrastive(z, torch.tensor(y), temperature=0.3).item()
        assert self.value(z, y, temperature=0.3, focus=0.0) == pytest.approx(known)

    def test_the_length_of_a_vector_does_not_matter(self) -> None:
        z, y = drawn(6, 3), [0, 1, 0, 1, 0, 1]
        assert self.value(z, y) == pytest.approx(self.value(z * drawn(6, 1, seed=1).exp(), y))

    @pytest.mark.parametrize("label", [[], [2], [0, 1, 2]])
    def test_without_a_positive_it_is_zero_and_so_is_its_gradient(self, label: list[int]) -> None:
        z = drawn(len(label), 4).requires_grad_()
        loss = sample_weighted_focal_contrastive(
            z, torch.tensor(label, dtype=torch.int64), weights=torch.ones(len(label)), temperature=0.8, focus=2.0
        )
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        assert loss.item() == 0
        assert z.grad is not None
        assert not z.grad.any()

    def test_alike_and_far_from_the_others_it_is_what_the_docstring_says(self) -> None:
        one, other = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 0.0])
        z = torch.stack([one] * 4 + [other] * 4).double()
        y = [0] * 4 + [1] * 4
        expected = (1 - 1 / 3) ** 2 * math.log(3)
        assert self.value(z, y, temperature=0.05) == pytest.approx(expected)

    def test_the_gradient_is_finite_at_small_temperatures(self) -> None:
        # e^200 is more than a float holds.
        z = torch.eye(4).requires_grad_()
        loss = sample_weighted_focal_contrastive(
            z, torch.tensor([0, 0, 1, 1]), weights=torch.ones(4), temperature=0.005, focus=2.0
        )
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        assert z.grad is not None
        assert torch.isfinite(z.grad).all()

    @pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
    def test_two_of_one_label_alone_are_sure_of_each_other(self, gamma: float) -> None:
        z = drawn(2, 3).requires_grad_()
        loss = sample_weighted_focal_contrastive(
            z, torch.tensor([1, 1]), weights=torch.ones(2).double(), temperature=0.8, focus=gamma
        )
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        assert loss.item() == pytest.approx(0, abs=1e-12)
        assert z.grad is not None
        assert torch.isfinite(z.grad).all()

    def test_positives_that_are_found_count_less_with_focus(self) -> None:
        near, far = torch.tensor([[1.0, 0.0], [1.0, 0.1]]), torch.tensor([[1.0, 0.0], [-1.0, 0.1]])
        rest = torch.tensor([[0.0, 1.0], [0.0, -1.0]])
        y = [0, 0, 1, 2]
        found, lost = (
            self.value(torch.cat([pair, rest]).double(), y) / self.value(torch.cat([pair, rest]).double(), y, focus=0.0)
            for pair in (near, far)
        )
        assert found < lost < 1


class TestSampleWeights:
    def test_they_are_powers_of_the_inverse_shares(self) -> None:
        assert sample_weights([1, 3, 4], power=1.0).tolist() == pytest.approx([8, 8 / 3, 2])
        assert sample_weights([1, 3, 4], power=0.5).tolist() == pytest.approx([8**0.5, (8 / 3) ** 0.5, 2**0.5])

    def test_a_class_that_does_not_occur_has_none(self) -> None:
        assert sample_weights([2, 0], power=0.0).tolist() == [1, 0]


class TestSoftHGR:
    def everywhere(self, vectors: torch.Tensor) -> float:
        return soft_hgr(vectors, torch.ones(vectors.shape[:2], dtype=torch.bool)).item()

    @pytest.mark.parametrize(("rows", "width"), [(7, 3), (2, 4), (3, 1)])
    @pytest.mark.parametrize("modalities", [1, 2, 3])
    def test_it_is_the_sum_over_pairs(self, modalities: int, rows: int, width: int) -> None:
        vectors = drawn(modalities, rows, width) + 3
        pairs = combinations(vectors.numpy(), 2)
        assert self.everywhere(vectors) == pytest.approx(sum(literal_pair(f, g) for f, g in pairs))

    def test_a_pair_is_over_the_rows_that_both_have(self) -> None:
        vectors = drawn(3, 9, 2)
        there = torch.tensor([[1, 1, 1, 1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0, 1, 1, 0]])
        x = vectors.numpy()
        # The last two pairs have one row in common each: no covariance.
        assert soft_hgr(vectors, there.bool()).item() == pytest.approx(literal_pair(x[0, 2:6], x[1, 2:6]))

    @pytest.mark.parametrize(("rows", "width"), [(9, 3), (3, 5)])
    def test_it_is_least_for_equal_and_white_vectors(self, rows: int, width: int) -> None:
        centred = drawn(rows, rows) - drawn(rows, rows).mean(dim=0)
        left, _, _ = torch.linalg.svd(centred)
        rank = min(width, rows - 1)
        white = torch.zeros(rows, width, dtype=torch.float64)
        white[:, :rank] = left[:, :rank] * math.sqrt(rows - 1)
        assert self.everywhere(torch.stack([white, white])) == pytest.approx(-rank / 2)
        for scale in (0.9, 1.1):
            assert self.everywhere(torch.stack([white, white * scale])) > -rank / 2

    @pytest.mark.parametrize("scale", [0.1, 0.5, 1.0, 2.0])
    def test_it_keeps_its_bound(self, scale: float) -> None:
        for seed in range(20):
            assert self.everywhere(drawn(2, 4, 6, seed=seed) * scale) >= -3 / 2

    def test_it_is_zero_where_one_is_constant(self) -> None:
        vectors = drawn(2, 5, 3)
        vectors[1] = 2.0
        assert self.everywhere(vectors) == pytest.approx(0)

    def test_its_gradient_is_zero_without_a_pair(self) -> None:
        vectors = drawn(1, 4, 3).requires_grad_()
        soft_hgr(vectors, torch.ones(1, 4, dtype=torch.bool)).backward()  # type: ignore[no-untyped-call]  # untyped
        assert vectors.grad is not None
        assert not vectors.grad.any()


class TestJoint:
    def case(self, small: Make) -> tuple[Batch, Output]:
        """Return two dialogues of unlike length, one label unknown, and what a network might say of them."""
        conversations = small(lengths=(4, 2))
        conversations = conversations.change(label=np.array([0, -1, 1, 0, 1, 0]))
        batch = make_batch(conversations, np.arange(2), device="cpu")
        there = batch.valid.expand(3, 2, 4).clone()
        there[1, 0, 0] = False
        parts = {"fused": drawn(2, 4, 5).float(), "modalities": drawn(3, 2, 4, 3).float(), "there": there}
        return batch, Output(drawn(2, 4, 3, seed=1).float(), auxiliary=parts)

    @pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.2, 0.4, 0.4), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)])
    def test_it_is_the_weighted_sum(self, small: Make, weights: tuple[float, float, float]) -> None:
        batch, output = self.case(small)
        task = Task({"text": 4, "audio": 5, "video": 6}, (30, 10, 0), 2)
        classification, contrastive, correlation = weights
        model = MultiEmo(
            classification=classification,
            contrastive=contrastive,
            correlation=correlation,
            contrastive_temperature=0.4,
            focus=1.5,
            sample_weight=0.5,
            class_power=0.0,
        )
        valid = batch.valid.numpy()
        label = batch.label.numpy()
        places = [(d, t) for d, t in np.argwhere(label >= 0)]
        log_p = torch.log_softmax(output.logits.double(), dim=-1).numpy()
        y = [int(label[place]) for place in places]
        entropy = -np.mean([log_p[place][own] for place, own in zip(places, y, strict=True)])
        z = output.auxiliary["fused"].double().numpy()[tuple(np.transpose(places))]
        w = [(40 / (30, 10)[own]) ** 0.5 for own in y]
        contrast = literal_contrast(z, y, w, 0.4, 1.5)
        f = output.auxiliary["modalities"].double().numpy()
        alike = 0.0
        for a, b in combinations(range(3), 2):
            both = valid.copy()
            both[0, 0] = 1 not in (a, b)
            alike += literal_pair(f[a][both], f[b][both])
        expected = classification * entropy + contrastive * contrast + correlation * alike
        assert model.objective(task)(output, batch).item() == pytest.approx(expected, rel=1e-5)

"""Layers that torch baselines share."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.layers import (
    Standardiser,
    disregard,
    drop_modalities,
    masked_softmax,
    stacked,
)

Make = Callable[..., Conversations]


class TestStandardiser:
    def test_observed_training_rows_get_mean_zero_and_deviation_one(self, small: Make) -> None:
        train = small(lengths=(20,), modalities=("text",))
        observed = np.arange(20) < 15
        layer = Standardiser("text", 4)
        layer.learn(train.with_modalities(observed={"text": observed}))
        rows = layer(torch.tensor(train.features["text"][observed]))
        assert rows.mean(dim=0).tolist() == pytest.approx([0] * 4, abs=1e-6)
        assert rows.std(dim=0, correction=0).tolist() == pytest.approx([1] * 4, abs=1e-5)

    def test_a_constant_feature_is_shifted_only(self, small: Make) -> None:
        train = small(lengths=(20,), modalities=("text",))
        features = train.features["text"].copy()
        features[:, 1] = 0.1
        layer = Standardiser("text", 4)
        layer.learn(train.with_modalities(features={"text": features}))
        assert layer.scale[1] == 1
        assert layer(torch.full((1, 4), 1.1))[0, 1].item() == pytest.approx(1.0)

    def test_a_modality_that_is_never_observed_stays_as_it_is(self, small: Make) -> None:
        train = small(modalities=("text",))
        layer = Standardiser("text", 4)
        layer.learn(train.with_modalities(observed={"text": np.zeros(len(train), bool)}))
        assert torch.equal(layer(torch.eye(4)), torch.eye(4))


class TestDisregard:
    def test_what_is_concealed_is_zero_whatever_it_was(self) -> None:
        rows = torch.tensor([[1.0, float("inf"), -3.0]])
        concealed = torch.tensor([[False, True, True]])
        assert disregard(rows, concealed).tolist() == [[1, 0, 0]]

    def test_it_passes_no_gradient_there(self) -> None:
        rows = torch.tensor([[1.0, 2.0]], requires_grad=True)
        disregard(rows, torch.tensor([[False, True]])).sum().backward()  # type: ignore[no-untyped-call]  # torch
        assert rows.grad is not None
        assert rows.grad.tolist() == [[1, 0]]

    def test_without_a_mask_nothing_is_done(self) -> None:
        rows = torch.eye(2)
        assert disregard(rows, None) is rows


class TestMaskedSoftmax:
    def test_shares_what_is_allowed(self) -> None:
        weights = masked_softmax(torch.tensor([1.0, 1.0, 9.0]), torch.tensor([True, True, False]))
        assert weights.tolist() == [0.5, 0.5, 0.0]

    def test_is_zero_with_a_finite_gradient_where_nothing_is_allowed(self) -> None:
        scores = torch.tensor([1.0, 2.0], requires_grad=True)
        weights = masked_softmax(scores, torch.tensor([False, False]))
        weights.sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        assert weights.tolist() == [0, 0]
        assert scores.grad is not None
        assert scores.grad.tolist() == [0, 0]


def test_stacked_keeps_the_order_asked_for() -> None:
    masks = {"text": torch.tensor([[True]]), "audio": torch.tensor([[False]])}
    assert stacked(masks, ("audio", "text")).tolist() == [[[False, True]]]


class TestDropModalities:
    def draw(self, told: list[bool], rate: float, times: int = 20_000) -> torch.Tensor:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return drop_modalities(torch.tensor(told).expand(times, -1), rate=rate)

    @pytest.mark.parametrize("rate", [0.2, 0.9, 1.0])
    def test_at_least_one_is_kept(self, rate: float) -> None:
        assert self.draw([True, True, True], rate).any(dim=-1).all()

    def test_each_is_dropped_at_the_rate_but_for_the_last(self) -> None:
        # P(kept) = .8 + .2·P(the others dropped)·P(it is the largest) = .8 + .2³/3.
        kept = self.draw([True, True, True], 0.2).float().mean(dim=0)
        assert kept.tolist() == pytest.approx([0.8 + 0.2**3 / 3] * 3, abs=0.01)

    def test_the_last_one_is_each_equally_often(self) -> None:
        kept = self.draw([True, False, True], 1.0).float().mean(dim=0)
        assert kept.tolist() == pytest.approx([0.5, 0, 0.5], abs=0.015)

    def test_rate_zero_keeps_all_that_is_observed(self) -> None:
        assert (self.draw([True, False, True], 0.0, 50) == torch.tensor([True, False, True])).all()

    def test_what_is_not_observed_stays_so(self) -> None:
        assert not self.draw([False, False], 0.2, 50).any()

"""The layers that conversation models share."""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import Batch, make_batch
from emobench.benchmark.training.conversation_layers import (
    ClassShares,
    FeatureInput,
    Recurrent,
    SinusoidalPositions,
    SpeakerEmbedding,
    pairs,
)
from emobench.benchmark.training.task import Task

Make = Callable[..., Conversations]


def batch_of(conversations: Conversations) -> Batch:
    return make_batch(conversations, np.arange(conversations.dialogues), device="cpu")


@pytest.fixture
def conversations(small: Make) -> Conversations:
    return small(lengths=(4, 2, 3))


class TestFeatureInput:
    def test_what_is_not_observed_or_concealed_is_zero(self, conversations: Conversations) -> None:
        observed = {name: flags.copy() for name, flags in conversations.observed.items()}
        observed["audio"][1] = False
        hidden = np.zeros(conversations.features["text"].shape, bool)
        hidden[2, 0] = True
        told = conversations.with_modalities(
            features=conversations.features, observed=observed, present=conversations.present
        ).change(concealed={"text": hidden})
        layer = FeatureInput(Task.of(told), standardise=False, modality_dropout=0.5).eval()
        seen = layer(batch_of(told))
        assert layer.modalities == tuple(told.modalities)
        audio, text = (layer.modalities.index(name) for name in ("audio", "text"))
        assert not seen.features[audio][0, 1].any()
        assert seen.features[text][0, 2, 0] == 0
        assert seen.features[text][0, 2, 1] == told.features["text"][2, 1]
        assert seen.there[0, :, audio].tolist() == [True, False, True, True]
        assert not seen.there[1, 2:].any(), "padding is not there"

    def test_training_drops_modalities_and_keeps_one(self, conversations: Conversations) -> None:
        layer = FeatureInput(Task.of(conversations), standardise=False, modality_dropout=0.9)
        torch.manual_seed(0)
        seen = layer(batch_of(conversations))
        valid = batch_of(conversations).valid
        assert seen.there[valid].any(dim=-1).all()
        assert not seen.there[valid].all()
        for place, rows in enumerate(seen.features):
            assert not rows[~seen.there[..., place]].any()

    def test_chosen_modalities_in_the_order_named(self, conversations: Conversations) -> None:
        layer = FeatureInput(
            Task.of(conversations), standardise=True, modality_dropout=0.0, modalities=("audio", "text")
        )
        for standardiser in layer.standardisers:
            standardiser.learn(conversations)
        seen = layer(batch_of(conversations))
        valid = batch_of(conversations).valid
        assert [rows.shape[-1] for rows in seen.features] == [conversations.widths[m] for m in ("audio", "text")]
        for rows in seen.features:
            assert torch.allclose(rows[valid].mean(dim=0), torch.zeros(rows.shape[-1]), atol=1e-5)


def test_where_nothing_is_known_the_shares_of_training_are_said(conversations: Conversations) -> None:
    task = Task.of(conversations)
    known = torch.tensor([[True, False]])
    logits = torch.randn(1, 2, task.classes)
    said = ClassShares(task)(logits, known)
    assert torch.equal(said[0, 0], logits[0, 0])
    assert torch.softmax(said[0, 1], dim=-1).tolist() == pytest.approx(task.shares)


def test_speakers_beyond_those_of_training_share_a_vector(conversations: Conversations) -> None:
    task = Task.of(conversations)
    layer = SpeakerEmbedding(task, 3)
    vectors = layer(torch.tensor([[0, task.speakers, task.speakers + 5]]))
    assert torch.equal(vectors[0, 1], vectors[0, 2])
    assert not torch.equal(vectors[0, 0], vectors[0, 1])


def test_positions_are_those_of_the_formula() -> None:
    rows = SinusoidalPositions(4)(torch.zeros(1, 3, 4))
    expected = [[math.sin(t), math.cos(t), math.sin(t / 100), math.cos(t / 100)] for t in range(3)]
    assert torch.allclose(rows[0], torch.tensor(expected), atol=1e-6)


class TestRecurrent:
    rows = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    valid = torch.tensor([[True] * 4, [True] * 2 + [False] * 2, [True] * 3 + [False]])

    @pytest.mark.parametrize("kind", ["lstm", "gru"])
    def test_a_dialogue_is_read_as_if_it_were_alone(self, kind: str) -> None:
        layer = Recurrent(kind, 5, 2, layers=2).eval()  # type: ignore[arg-type]  # one of the two
        states = layer(self.rows, self.valid)
        assert states.shape == (3, 4, 4)
        for dialogue, length in enumerate((4, 2, 3)):
            alone = layer.layer(self.rows[dialogue : dialogue + 1, :length])[0][0]
            assert torch.allclose(states[dialogue, :length], alone, atol=1e-6)
            assert not states[dialogue, length:].any()

    @pytest.mark.parametrize("kind", ["lstm", "gru"])
    @pytest.mark.parametrize("bidirectional", [True, False])
    @pytest.mark.parametrize("training", [True, False])
    def test_states_and_gradients_are_those_of_packed_sequences(
        self, kind: Literal["lstm", "gru"], bidirectional: bool, training: bool
    ) -> None:
        torch.manual_seed(0)
        layer = Recurrent(kind, 5, 6, layers=3, bidirectional=bidirectional).train(training)
        slopes = torch.randn(3, 6, 12 if bidirectional else 6)
        valid = functional.pad(self.valid, (0, 2))

        def packed(rows: torch.Tensor) -> torch.Tensor:
            sequences = pack_padded_sequence(rows, valid.sum(dim=1), batch_first=True, enforce_sorted=False)
            return pad_packed_sequence(layer.layer(sequences)[0], batch_first=True, total_length=6)[0]

        found = []
        for states_of in (lambda rows: layer(rows, valid), packed):
            # What padding holds must not count.
            rows = functional.pad(self.rows, (0, 0, 0, 2), value=7.0).requires_grad_()
            states = states_of(rows)
            layer.zero_grad()
            (states * slopes).sum().backward()
            found.append([states, rows.grad, *(parameter.grad for parameter in layer.parameters())])
        for ours, theirs in zip(*found, strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-6, atol=1e-6)

    def test_what_is_dropped_between_layers_does_not_reach_the_second(self) -> None:
        layer = Recurrent("gru", 5, 2, layers=2, dropout=0.9999)
        torch.manual_seed(0)
        assert torch.equal(layer(self.rows, self.valid), layer(-self.rows, self.valid))
        layer.eval()
        assert not torch.allclose(layer(self.rows, self.valid), layer(-self.rows, self.valid))

    def test_unpacked_its_backward_direction_begins_on_padding(self) -> None:
        layer = Recurrent("gru", 5, 2, packed=False)
        expected = layer.layer(self.rows)[0]
        assert torch.equal(layer(self.rows, self.valid), expected)
        layer.packed = True
        assert not torch.allclose(layer(self.rows, self.valid)[1, :2], expected[1, :2])

    def test_one_direction_knows_nothing_of_what_follows(self) -> None:
        layer = Recurrent("lstm", 5, 3, bidirectional=False)
        changed = self.rows.clone()
        changed[:, 3] = 9
        assert layer(self.rows, self.valid).shape[-1] == 3
        assert torch.equal(layer(changed, self.valid)[0, :3], layer(self.rows, self.valid)[0, :3])

    def test_dropout_is_between_layers_only(self) -> None:
        assert isinstance(Recurrent("gru", 5, 2, dropout=0.5).layer, nn.GRU)
        assert Recurrent("gru", 5, 2, dropout=0.5).layer.dropout == 0
        assert Recurrent("gru", 5, 2, layers=2, dropout=0.5).layer.dropout == 0.5


def test_pairs_are_turns_of_one_dialogue_and_allowed(conversations: Conversations) -> None:
    mask = pairs(batch_of(conversations))
    assert mask[1].tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]
    linked = conversations.change(links=Context("all"))
    assert torch.equal(pairs(batch_of(linked)), torch.eye(4, dtype=torch.bool).expand(3, 4, 4))

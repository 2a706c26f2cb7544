"""Removal on batches, against the stresses on conversations that do the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.network_baseline import NetworkBaseline
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.models import make_model
from emobench.benchmark.training import removed
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.conversation_layers import pairs
from emobench.benchmark.training.removed import kept_pairs, read_remainders, remainders, without_modality
from emobench.benchmark.training.task import Task
from tests.baselines.literal import shaken
from tests.baselines.methods.toy import Toy, log_p_under

Make = Callable[..., Conversations]
MODELS = ("toy", "m3net:width=8,encoder_width=8,dropout=0", "dialogue_rnn:width=8,emotion_width=6,projection=5")
CONTEXTS: tuple[Literal["intra", "inter"], ...] = ("intra", "inter")

every_model = pytest.mark.parametrize("text", MODELS)


def network_of(text: str, train: Conversations) -> nn.Module:
    """Return a network with weights that say much."""
    recipe = Toy() if text == "toy" else make_model(text)
    assert isinstance(recipe, Toy | NetworkBaseline)
    return shaken(lambda: recipe.network(Task.of(train)))


def batch_of(conversations: Conversations) -> Batch:
    return make_batch(conversations, np.arange(conversations.dialogues), device="cpu")


def rows_of(logits: torch.Tensor, batch: Batch) -> np.ndarray:
    """Return the probabilities of the turns, in the order of the rows."""
    p: np.ndarray = torch.softmax(logits.double(), dim=-1)[batch.valid].numpy()
    return p


@pytest.fixture
def talk(small: Make) -> Conversations:
    """Dialogues of which some utterances lack a modality; three speakers, one dialogue of a single turn."""
    clean = small(lengths=(5, 1, 7, 3))
    speaker = np.array([0, 1, 0, 2, 1, 0, 0, 1, 1, 0, 2, 0, 1, 0, 0, 0])
    there = np.arange(len(clean)) % 4 > 0
    return clean.change(speaker=speaker).with_modalities(
        features={"audio": clean.features["audio"] * there[:, None]},
        observed={"audio": there},
        present={"audio": there},
    )


class TestWithoutModality:
    @every_model
    @pytest.mark.parametrize("modality", ["text", "audio"])
    @pytest.mark.parametrize("operator", ["missing", "mean"])
    @torch.no_grad()
    def test_is_what_modality_drop_does(
        self, text: str, modality: str, operator: Literal["missing", "mean"], talk: Conversations
    ) -> None:
        network, batch = network_of(text, talk), batch_of(talk)
        how = {"missing": "", "mean": ",fill=mean,signal=silent"}[operator]
        expected = np.exp(log_p_under(network, talk, f"modality_drop:drop={modality}{how}"))
        after = without_modality(batch, modality, operator=operator)
        assert rows_of(network(after).logits, batch) == pytest.approx(expected, abs=1e-6)
        assert not np.allclose(rows_of(network(batch).logits, batch), expected, atol=1e-3)

    def test_nothing_else_changes(self, talk: Conversations) -> None:
        batch = batch_of(talk)
        after = without_modality(batch, "text", operator="missing")
        assert not after.observed["text"].any()
        assert not after.features["text"].any()
        assert after.features["audio"] is batch.features["audio"]
        assert after.observed["audio"] is batch.observed["audio"]
        assert batch.observed["text"].any(), "the batch given stays as it is"

    def test_means_by_hand(self, small: Make) -> None:
        clean = small(lengths=(2, 4), modalities=("text",))
        text = np.array([[1.0], [5], [2], [4], [9], [0]], np.float32)
        seen = np.array([True, True, True, True, False, True])
        batch = batch_of(
            clean.with_modalities(features={"text": text}, observed={"text": seen}, present={"text": seen})
        )
        mean = without_modality(batch, "text", operator="mean")
        assert mean.features["text"][..., 0].tolist() == [[3, 3, 0, 0], [2, 2, 2, 2]]
        # As released: over the four turns of the batch, padding among them.
        padded = without_modality(batch, "text", operator="padded_mean")
        assert padded.features["text"][..., 0].tolist() == [[1.5, 1.5, 0, 0], [1.5, 1.5, 1.5, 1.5]]
        assert mean.observed is batch.observed

    def test_the_mean_of_nothing_is_zero(self, small: Make) -> None:
        clean, nowhere = small(lengths=(2,)), np.zeros(2, bool)
        batch = batch_of(clean.with_modalities(observed={"text": nowhere}))
        for operator in ("mean", "padded_mean"):
            assert not without_modality(batch, "text", operator=operator).features["text"].any()  # type: ignore[arg-type]


class TestContext:
    @every_model
    @pytest.mark.parametrize("context", CONTEXTS)
    @torch.no_grad()
    def test_what_remains_is_what_strict_removal_leaves(
        self, text: str, context: Literal["intra", "inter"], talk: Conversations
    ) -> None:
        network, batch = network_of(text, talk), batch_of(talk)
        expected = np.exp(log_p_under(network, talk, f"context_removal:context={context}"))
        found = read_remainders(network, remainders(batch, kept_pairs(batch, context), batch.valid))
        assert torch.softmax(found.double(), dim=-1).numpy() == pytest.approx(expected, abs=1e-6)
        assert not np.allclose(rows_of(network(batch).logits, batch), expected, atol=1e-3)

    @pytest.mark.parametrize("text", MODELS[:2])
    @pytest.mark.parametrize("context", CONTEXTS)
    @torch.no_grad()
    def test_the_pairwise_mask_is_that_of_graph_removal(
        self, text: str, context: Literal["intra", "inter"], talk: Conversations
    ) -> None:
        network, batch = network_of(text, talk), batch_of(talk)
        expected = np.exp(log_p_under(network, talk, f"context_removal:context={context},mode=graph"))
        after = network(replace(batch, links=kept_pairs(batch, context)))
        assert rows_of(after.logits, batch) == pytest.approx(expected, abs=1e-6)

    def test_both_together_leave_the_turn_alone(self, talk: Conversations) -> None:
        batch = batch_of(talk)
        both = kept_pairs(batch, "intra") & kept_pairs(batch, "inter")
        assert torch.equal(both, torch.eye(7, dtype=torch.bool).expand(4, 7, 7))
        assert torch.equal(kept_pairs(batch, "intra") | kept_pairs(batch, "inter"), pairs(batch))

    def test_a_speaker_alone_loses_nothing_by_inter_and_all_by_intra(self, small: Make) -> None:
        batch = batch_of(small(lengths=(4, 2)).change(speaker=np.ones(6, np.int64)))
        assert torch.equal(kept_pairs(batch, "inter"), pairs(batch))
        assert torch.equal(kept_pairs(batch, "intra"), torch.eye(4, dtype=torch.bool).expand(2, 4, 4))

    @every_model
    @torch.no_grad()
    def test_a_single_turn_loses_nothing(self, text: str, small: Make) -> None:
        talk = small(lengths=(1, 1, 1))
        network, batch = network_of(text, talk), batch_of(talk)
        for context in CONTEXTS:
            kept = kept_pairs(batch, context)
            assert torch.equal(kept, pairs(batch))
            found = read_remainders(network, remainders(batch, kept, batch.valid))
            assert torch.allclose(found, network(batch).logits[:, 0], atol=1e-6)

    def test_what_a_mask_forbids_already_stays_forbidden(self, talk: Conversations) -> None:
        batch = batch_of(talk)
        nobody = torch.eye(7, dtype=torch.bool).expand(4, 7, 7)
        assert torch.equal(kept_pairs(replace(batch, links=nobody), "inter"), nobody)


class TestRemainders:
    def test_by_hand(self, small: Make) -> None:
        clean = small(lengths=(4, 2), modalities=("text",)).change(
            speaker=np.array([0, 1, 0, 1, 0, 0]), features={"text": np.arange(6, dtype=np.float32)[:, None] + 1}
        )
        batch = batch_of(clean)
        targets = torch.tensor([[True, False, True, True], [True, False, False, False]])
        of = remainders(batch, kept_pairs(batch, "inter"), targets)
        # Turns 0 and 2 of the first dialogue have the same remainder; nobody asks for turn 1.
        read = [
            of.batch.features["text"][number, place].item() for number, place in zip(of.number, of.place, strict=True)
        ]
        assert read == [1, 3, 4, 5]
        left = {
            tuple(rows[valid].flatten().tolist())
            for rows, valid in zip(of.batch.features["text"], of.batch.valid, strict=True)
        }
        assert left == {(1, 3), (2, 4), (5, 6)}
        assert len(of.batch.valid) == 3
        assert of.number[0] == of.number[1]

    def test_shorter_remainders_are_padded_as_batches_are(self, small: Make) -> None:
        clean = small(lengths=(3, 1)).change(speaker=np.array([1, 1, 0, 2]))
        hidden = {"text": np.ones((4, 4), bool)}
        batch = batch_of(clean.change(concealed=hidden))
        of = remainders(batch, kept_pairs(batch, "inter"), batch.valid)
        got, padding = of.batch, ~of.batch.valid
        assert got.valid.sum(dim=1).sort().values.tolist() == [1, 1, 2]
        assert not got.features["text"][padding].any()
        assert not got.observed["text"][padding].any()
        assert not got.concealed["text"][padding].any()
        assert got.concealed["text"][got.valid].all()
        assert (got.speaker[padding] == 0).all()
        assert (got.label[padding] == -1).all()
        assert sorted(got.label[got.valid].tolist()) == sorted(clean.label.tolist())
        assert got.links is None

    def test_some_at_a_time_give_the_same(self, talk: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
        batch = batch_of(talk)
        network = network_of("toy", talk)
        sizes: list[int] = []

        class Counting(nn.Module):
            def forward(self, batch: Batch) -> Output:
                sizes.append(len(batch.valid))
                assert batch.concealed.keys() == {"text"}
                output: Output = network(batch)
                return output

        hidden = replace(batch, concealed={"text": torch.zeros_like(batch.features["text"], dtype=torch.bool)})
        remains = remainders(hidden, kept_pairs(batch, "intra"), batch.valid)
        whole = read_remainders(Counting(), remains)
        monkeypatch.setattr(removed, "ROWS", 2 * remains.batch.valid.shape[1])
        assert torch.allclose(read_remainders(Counting(), remains), whole, atol=1e-6)
        assert sizes[0] == len(remains.batch.valid) > 4
        assert max(sizes[1:]) == 2
        # Longer than all rows together: one at a time.
        monkeypatch.setattr(removed, "ROWS", 1)
        assert torch.allclose(read_remainders(network, remains), whole, atol=1e-6)

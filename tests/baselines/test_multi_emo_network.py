"""The network of MultiEMO against its equations, worked out one modality and one turn at a time."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.base import FitContext
from emobench.baselines.multi_emo import MultiEmo
from emobench.baselines.multi_emo_network import MultiEMONetwork, Switches, asked_in_turn
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.models import make_model
from emobench.benchmark.training.batches import make_batch
from emobench.benchmark.training.layers import Standardiser
from emobench.benchmark.training.task import Task
from tests.baselines.literal import (
    Weights,
    accuracy_after_training,
    echo,
    hidden_turns,
    norm,
    only_rows,
    output,
    rows_of,
    shaken,
    sigmoid,
    softmax,
    weights_of,
)

Make = Callable[..., Conversations]
PLAIN = Switches(
    width=6,
    state_width=5,
    layers=2,
    heads=3,
    feed_forward=7,
    text_context=True,
    normed=False,
    masked=True,
    recurrent_dropout=0.2,
    dropout=0.2,
    mask_aware=False,
    standardise=False,
    modality_dropout=0.0,
)
SUITE = replace(PLAIN, mask_aware=True, normed=True)
VARIANTS = {
    "plain": PLAIN,
    "suite": SUITE,
    "text as it is": replace(PLAIN, text_context=False),
    "suite, text as it is": replace(SUITE, text_context=False, layers=1),
}
THREE = ("text", "audio", "video")


def network(conversations: Conversations, switches: Switches) -> nn.Module:
    return shaken(lambda: MultiEMONetwork(Task.of(conversations), switches))


def several_speakers(conversations: Conversations, most: int) -> Conversations:
    return conversations.change(speaker=(np.arange(len(conversations)) ** 2 + 1) % most)


def partly_observed(conversations: Conversations) -> Conversations:
    """Leave each modality of each turn with a chance of two in three, and nothing of the third turn."""
    rng = np.random.default_rng(0)
    observed = {name: rng.random(len(conversations)) < 2 / 3 for name in conversations.modalities}
    for flags in observed.values():
        flags[2] = False
    return conversations.with_modalities(observed=observed)


def gru(w: Weights, cell: str, lane: int, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    name = f"context.{cell}_cell"
    i = np.split(x @ w[f"{name}.input_weight"][lane] + w[f"{name}.input_bias"][lane][0], 3)
    s = np.split(h @ w[f"{name}.state_weight"][lane] + w[f"{name}.state_bias"][lane][0], 3)
    reset, update = sigmoid(i[0] + s[0]), sigmoid(i[1] + s[1])
    return np.asarray(update * h + (1 - update) * np.tanh(i[2] + reset * s[2]))


def emotion_states(w: Weights, lane: int, turns: list[tuple[np.ndarray, int, bool]]) -> np.ndarray:
    """Work a DialogueRNN out in one direction; a turn that is not there changes nothing, and reads its speaker."""
    past: list[np.ndarray] = []
    hidden = w["context.global_cell.state_weight"].shape[1]
    carried = np.zeros(w["context.emotion_cell.state_weight"].shape[1])
    party = {speaker: np.zeros(hidden) for _, speaker, _ in turns}
    found = []
    for u, speaker, here in turns:
        if here:
            context = np.zeros(hidden)
            if past:
                alpha = softmax(np.array([g @ (u @ w["context.query"][lane]) for g in past]))
                context = sum((a * g for a, g in zip(alpha, past, strict=True)), start=context)
            last = past[-1] if past else np.zeros(hidden)
            past.append(gru(w, "global", lane, np.concatenate([u, party[speaker]]), last))
            party[speaker] = gru(w, "party", lane, np.concatenate([u, context]), party[speaker])
        found.append(gru(w, "emotion", lane, party[speaker], carried))
        carried = found[-1] if here else carried
    return np.array(found)


def attention(w: Weights, name: str, own: int, asking: np.ndarray, asked: np.ndarray, heads: int) -> np.ndarray:
    """Work one attention out; where nothing may be asked, only the last bias is told."""

    def linear(layer: str, x: np.ndarray) -> np.ndarray:
        return np.asarray(x @ w[f"{name}.{layer}.weight"][own] + w[f"{name}.{layer}.bias"][own][0])

    size = asking.shape[1] // heads
    rows = []
    for row in asking:
        told = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            scores = [linear("query", row)[part] @ linear("key", other)[part] / math.sqrt(size) for other in asked]
            values = [linear("value", other)[part] for other in asked]
            told.append(softmax(np.array(scores)) @ np.array(values) if len(asked) else np.zeros(size))
        rows.append(linear("output", np.concatenate(told)))
    return np.array(rows)


def literal_contexts(
    w: Weights, names: list[str], features: list[np.ndarray], speakers: list[int], there: np.ndarray, switches: Switches
) -> list[np.ndarray]:
    """Work steps 1 and 2 out for one dialogue."""
    contexts, lane = [], 0
    for m, (name, rows) in enumerate(zip(names, features, strict=True)):
        x = rows @ w[f"projections.{m}.0.weight"].T + w[f"projections.{m}.0.bias"]
        if switches.normed:
            x = np.array([norm(row, w[f"projections.{m}.1.weight"], w[f"projections.{m}.1.bias"]) for row in x])
        if name == "text" and not switches.text_context:
            contexts.append(x * there[m][:, None])
            continue
        turns = list(zip(x, speakers, there[m].tolist(), strict=True))
        forwards, backwards = emotion_states(w, lane, turns), emotion_states(w, lane + 1, turns[::-1])[::-1]
        contexts.append(np.concatenate([forwards, backwards], axis=1))
        lane += 2
    return contexts


def literal_dialogue(w: Weights, c: list[np.ndarray], there: np.ndarray, switches: Switches) -> tuple[np.ndarray, ...]:
    """Work steps 3 to 5 out for one dialogue: logits, z, and the vectors of all modalities side by side."""
    f = list(c)
    for layer in range(switches.layers):
        for m in range(len(c)):
            others = [n for n in range(len(c)) if n != m] or [m]
            for stage, n in enumerate(others):
                told = attention(w, f"layers.{layer}.attentions.{stage}", m, f[m], c[n][there[n]], switches.heads)
                f[m] = normed(w, f"layers.{layer}.norms.{stage}", m, f[m] + told)
            first, second = (f"layers.{layer}.feed_forward.{place}" for place in (0, 3))
            inner = np.maximum(0, f[m] @ w[f"{first}.weight"][m] + w[f"{first}.bias"][m][0])
            added = inner @ w[f"{second}.weight"][m] + w[f"{second}.bias"][m][0]
            f[m] = normed(w, f"layers.{layer}.norm", m, f[m] + added)
    beside = np.concatenate(f, axis=1)
    z = beside @ w["fusion.weight"].T + w["fusion.bias"]
    hidden = np.maximum(0, z @ w["hidden.weight"].T + w["hidden.bias"])
    return hidden @ w["output.weight"].T + w["output.bias"], z, beside


def normed(w: Weights, name: str, own: int, rows: np.ndarray) -> np.ndarray:
    return np.array([norm(row, w[f"{name}.weight"][own][0], w[f"{name}.bias"][own][0]) for row in rows])


def literal(made: nn.Module, conversations: Conversations, switches: Switches) -> tuple[np.ndarray, ...]:
    w, found = weights_of(made), []
    names = list(conversations.modalities)
    for first, last in zip(conversations.starts[:-1], conversations.starts[1:], strict=True):
        rows = slice(first, last)
        seen = np.array([conversations.observed[name][rows] for name in names])
        features = [conversations.features[name][rows] * seen[m][:, None] for m, name in enumerate(names)]
        there = seen if switches.mask_aware else np.ones_like(seen)
        speakers = conversations.speaker[rows].tolist()
        contexts = literal_contexts(w, names, [x.astype(np.float64) for x in features], speakers, there, switches)
        found.append(literal_dialogue(w, contexts, there, switches))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("modalities", [THREE, ("video", "text"), ("text",), ("audio",)])
@pytest.mark.parametrize("complete", [True, False])
def test_the_output_is_that_of_the_equations(
    small: Make, variant: str, modalities: tuple[str, ...], complete: bool
) -> None:
    conversations = several_speakers(small(lengths=(6, 1, 4), modalities=modalities), 3)
    conversations = conversations if complete else partly_observed(conversations)
    made = network(conversations, VARIANTS[variant])
    got = output(made, conversations)
    logits, fused, vectors = literal(made, conversations, VARIANTS[variant])
    known = np.ones(len(conversations), bool)
    if VARIANTS[variant].mask_aware:
        someone = np.any(list(conversations.observed.values()), axis=0)
        known = np.concatenate([np.full(6, someone[:6].any()), someone[6:7], np.full(4, someone[7:].any())])
    assert np.allclose(rows_of(got.logits, conversations)[known], logits[known], atol=1e-4)
    assert np.allclose(rows_of(got.auxiliary["fused"], conversations), fused, atol=1e-4)
    beside = got.auxiliary["modalities"].permute(1, 2, 0, 3).flatten(2)
    assert np.allclose(rows_of(beside, conversations), vectors, atol=1e-4)


def test_each_modality_asks_the_others_in_their_order() -> None:
    assert asked_in_turn(3) == [[1, 0, 0], [2, 2, 1]]
    assert asked_in_turn(2) == [[1, 0]]
    assert asked_in_turn(1) == [[0]]


def test_a_modality_takes_part_in_the_correlations_where_it_is_observed(small: Make) -> None:
    conversations = partly_observed(small(lengths=(6, 3)))
    for switches in (SUITE, PLAIN):
        there = output(network(conversations, switches), conversations).auxiliary["there"]
        for m, flags in enumerate(conversations.observed.values()):
            assert np.array_equal(rows_of(there[m], conversations), flags | (not switches.mask_aware))
        assert not there[:, 1, 3:].any()


class TestOneDialogue:
    @pytest.mark.parametrize("variant", VARIANTS)
    def test_it_does_not_depend_on_the_company(self, small: Make, variant: str) -> None:
        conversations = several_speakers(small(lengths=(3, 1, 12, 5)), 3)
        made = network(conversations, VARIANTS[variant])
        together = rows_of(output(made, conversations).logits, conversations)
        alone = [conversations.take_dialogues([place]) for place in range(4)]
        apart = np.concatenate([rows_of(output(made, one).logits, one) for one in alone])
        assert np.allclose(together, apart, atol=1e-5)

    def test_as_released_padding_is_asked(self, small: Make) -> None:
        conversations = small(lengths=(3, 6))
        released = replace(PLAIN, masked=False)
        made = network(conversations, released)
        together = output(made, conversations).logits
        short, long = (conversations.take_dialogues([place]) for place in range(2))
        assert torch.allclose(output(made, long).logits[0], together[1], atol=1e-5)
        assert not torch.allclose(output(made, short).logits[0], together[0, :3], atol=1e-3)
        # Alone there is no padding, and the switch changes nothing.
        expected, _, _ = literal(made, short, PLAIN)
        assert np.allclose(output(made, short).logits[0], expected, atol=1e-4)

    def test_what_is_aware_asks_no_padding_either_way(self, small: Make) -> None:
        conversations = partly_observed(small(lengths=(3, 6)))
        made = network(conversations, SUITE)
        other = network(conversations, replace(SUITE, masked=False))
        assert torch.equal(output(made, conversations).logits[0, :3], output(other, conversations).logits[0, :3])

    def test_speakers_are_interchangeable(self, small: Make) -> None:
        conversations = several_speakers(small(lengths=(7, 4)), 3)
        made = network(conversations, SUITE)
        renamed = conversations.change(speaker=np.array([4, 0, 2])[conversations.speaker])
        merged = conversations.change(speaker=np.zeros_like(conversations.speaker))
        first, second, third = (rows_of(output(made, x).logits, x) for x in (conversations, renamed, merged))
        assert np.allclose(first, second, atol=1e-6)
        assert not np.allclose(first, third, atol=1e-3)

    def test_a_long_one(self, small: Make) -> None:
        conversations = small(lengths=(200,))
        assert torch.isfinite(output(network(conversations, SUITE), conversations).logits).all()


class TestMaskAware:
    @pytest.mark.parametrize("variant", ["suite", "suite, text as it is"])
    def test_a_turn_of_which_nothing_is_observed_is_as_if_it_were_not_there(self, small: Make, variant: str) -> None:
        conversations = several_speakers(small(lengths=(6, 3, 4)), 3)
        gone = [0, 3, 4, 8]
        made = network(conversations, VARIANTS[variant])
        kept = np.ones(len(conversations), bool)
        kept[gone] = False
        got = rows_of(output(made, hidden_turns(conversations, gone)).logits, conversations)
        without = only_rows(conversations, kept)
        assert np.allclose(got[kept], rows_of(output(made, without).logits, without), atol=1e-5)
        assert not np.allclose(got[kept], rows_of(output(made, conversations).logits, conversations)[kept], atol=1e-3)

    def test_its_own_answer_comes_from_the_others(self, small: Make) -> None:
        conversations = hidden_turns(small(lengths=(5,)), [2])
        made = network(conversations, SUITE)
        other = {name: rows[:, ::-1].copy() for name, rows in conversations.features.items()}
        first, second = (output(made, x) for x in (conversations, conversations.with_modalities(features=other)))
        assert not torch.allclose(first.logits[0, 2], second.logits[0, 2], atol=1e-4)

    def test_the_value_of_what_is_not_observed_does_not_matter(self, small: Make) -> None:
        hit = partly_observed(small(lengths=(5, 2)))
        made = network(hit, SUITE)
        noise = {
            name: np.where(hit.observed[name][:, None], rows, rows + 9).astype(np.float32)
            for name, rows in hit.features.items()
        }
        assert torch.equal(output(made, hit).logits, output(made, hit.with_modalities(features=noise)).logits)

    def test_with_nothing_of_a_dialogue_it_says_the_class_shares(self, small: Make) -> None:
        conversations = small(lengths=(3, 4))
        shares = np.bincount(conversations.label, minlength=3) / 7
        got = output(network(conversations, SUITE), hidden_turns(conversations, [0, 1, 2]))
        assert np.allclose(torch.softmax(got.logits[0, :3], dim=-1), shares, atol=1e-6)
        assert not np.allclose(torch.softmax(got.logits[1], dim=-1), shares, atol=1e-3)


class TestLinks:
    @pytest.mark.parametrize("masked", [True, False])
    @pytest.mark.parametrize("rule", [Context("intra"), Context("past"), Context("distant", 2)])
    def test_without_recurrence_a_turn_depends_on_those_that_it_may_draw_on(
        self, small: Make, rule: Context, masked: bool
    ) -> None:
        conversations = several_speakers(small(lengths=(6,), modalities=("text",)), 3).change(links=rule)
        switches = replace(SUITE, text_context=False, masked=masked, layers=3)
        made = network(conversations, switches)
        mask = rule.mask(conversations.speaker, np.arange(6))
        before = output(made, conversations).logits[0]
        for source in range(6):
            louder = {name: rows.copy() for name, rows in conversations.features.items()}
            louder["text"][source] += np.arange(louder["text"].shape[1])
            after = output(made, conversations.with_modalities(features=louder)).logits[0]
            assert np.array_equal((before != after).any(dim=-1).numpy(), mask[:, source])

    def test_context_still_flows_along_the_recurrence_and_it_says_so(self, small: Make) -> None:
        conversations = small(lengths=(5,)).change(links=Context("all"))
        made = network(conversations, SUITE)
        assert made.honours_links
        assert made.links_leak == "the DialogueRNNs over the turns of each modality"
        before = output(made, conversations).logits[0]
        assert not torch.equal(before, output(made, conversations.change(links=None)).logits[0])
        louder = {name: rows.copy() for name, rows in conversations.features.items()}
        for rows in louder.values():
            rows[0] += np.arange(rows.shape[1])
        after = output(made, conversations.with_modalities(features=louder)).logits[0]
        assert (before != after).any(dim=-1).all()

    def test_a_turn_that_nothing_reaches_says_the_class_shares(self, small: Make) -> None:
        conversations = small(lengths=(4, 3)).change(links=Context("all"))
        hit = hidden_turns(conversations, [1])
        got = torch.softmax(output(network(conversations, SUITE), hit).logits, dim=-1)
        shares = np.bincount(conversations.label, minlength=3) / 7
        assert np.allclose(got[0, 1], shares, atol=1e-6)
        assert not np.allclose(got[0, 0], shares, atol=1e-3)


@pytest.mark.parametrize("switches", [*VARIANTS.values(), replace(SUITE, modality_dropout=0.5)])
def test_every_parameter_and_feature_has_a_finite_gradient(small: Make, switches: Switches) -> None:
    conversations = hidden_turns(several_speakers(small(lengths=(6, 1, 4)), 3), [2, 6])
    made = network(conversations, switches).train()
    batch = make_batch(conversations, np.arange(3), device="cpu")
    for rows in batch.features.values():
        rows.requires_grad_()
    torch.manual_seed(0)
    model = MultiEmo(contrastive=1.0, correlation=0.1)
    model.objective(Task.of(conversations))(made(batch), batch).backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name
    assert all(rows.grad is not None and torch.isfinite(rows.grad).all() for rows in batch.features.values())


def test_features_are_standardised_first(small: Make) -> None:
    conversations = small(lengths=(5, 4))
    made = network(conversations, replace(SUITE, standardise=True))
    scaled = {name: (7 * rows - 3).astype(np.float32) for name, rows in conversations.features.items()}
    answers = []
    for data in (conversations, conversations.with_modalities(features=scaled)):
        for layer in made.modules():
            if isinstance(layer, Standardiser):
                layer.learn(data)
        answers.append(output(made, data).logits)
    assert torch.allclose(*answers, atol=1e-4)


def test_hidden_vectors_come_before_the_last_layer(small: Make) -> None:
    conversations = small()
    made = network(conversations, PLAIN)
    got = output(made, conversations)
    assert got.hidden is not None
    assert torch.allclose(made.get_submodule("output")(got.hidden), got.logits)
    assert not got.modality_weights


@pytest.mark.parametrize("rate", ["dropout", "recurrent_dropout"])
def test_dropout_is_for_training_only(small: Make, rate: str) -> None:
    conversations = small(lengths=(8,))
    made = network(conversations, replace(PLAIN, **{"dropout": 0.0, "recurrent_dropout": 0.0, rate: 0.5}))
    assert torch.equal(output(made, conversations).logits, output(made, conversations).logits)
    assert not torch.equal(output(made.train(), conversations).logits, output(made, conversations).logits)


def test_it_learns_what_only_the_dialogue_tells(small: Make) -> None:
    train, test = echo(small, "train"), echo(small, "test")
    switches = replace(SUITE, width=24, state_width=16, feed_forward=24, layers=1, dropout=0.0, recurrent_dropout=0.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert accuracy_after_training(MultiEMONetwork(Task.of(train), switches), train, test, steps=40) > 0.8


def test_it_trains_on_a_data_set(small_splits: DataSplits) -> None:
    fitted = make_model("multi_emo:width=8,state_width=6,feed_forward=8,epochs=2").fit(
        small_splits.train, small_splits.validation, context=FitContext(seed=0)
    )
    assert len(fitted.record.epochs) == 2
    assert np.isfinite(fitted.predict(small_splits.test).probabilities).all()

"""The network of MiSTER-E against its equations, worked out turn by turn."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.mister_e_network import MisterENetwork, Switches, neighbourhoods
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import Batch, make_batch
from emobench.benchmark.training.task import Task
from tests.baselines.literal import (
    Weights,
    accuracy_after_training,
    echo,
    hidden_turns,
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
    layers=2,
    blocks=2,
    attention_width=4,
    heads=2,
    dropout=0.2,
    attention_dropout=0.1,
    fusion_dropout=0.5,
    gate="mlp",
    gate_temperature=2.0,
    packed=True,
    masked=True,
    mask_aware=False,
    standardise=False,
    modality_dropout=0.0,
)
SUITE = replace(PLAIN, mask_aware=True, layers=1, blocks=1, gate_temperature=1.0)
VARIANTS = {
    "plain": PLAIN,
    "suite": SUITE,
    "linear gate": replace(PLAIN, gate="linear", heads=1),
    "released": replace(PLAIN, packed=False, masked=False),
}


def network(conversations: Conversations, switches: Switches) -> nn.Module:
    return shaken(lambda: MisterENetwork(Task.of(conversations), switches))


def linear(w: Weights, name: str, x: np.ndarray) -> np.ndarray:
    return np.asarray(w[f"{name}.weight"] @ x + w[f"{name}.bias"])


def layer_norm(w: Weights, name: str, x: np.ndarray, eps: float) -> np.ndarray:
    return np.asarray((x - x.mean()) / np.sqrt(x.var() + eps) * w[f"{name}.weight"] + w[f"{name}.bias"])


def gru(w: Weights, prefix: str, inputs: np.ndarray) -> np.ndarray:
    """Work one direction of one layer out; gates in torch's order: reset, update, new."""
    layer, suffix = prefix.rsplit("|", 1)
    of_input, of_state, input_bias, state_bias = (
        w[f"{layer}.recurrent.layer.{kind}_{suffix}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    h = np.zeros(of_state.shape[1])
    states = []
    for x in inputs:
        (r, z, n), (sr, sz, sn) = (np.split(part, 3) for part in (of_input @ x + input_bias, of_state @ h + state_bias))
        reset, keep = sigmoid(r + sr), sigmoid(z + sz)
        h = (1 - keep) * np.tanh(n + reset * sn) + keep * h
        states.append(h)
    return np.array(states)


def context(w: Weights, name: str, x: np.ndarray, layers: int) -> np.ndarray:
    turns = len(x)
    c = []
    for i in range(turns):
        total = 0.0
        for place, taps in enumerate((1, 3, 5)):
            read = [x[j] if 0 <= j < turns else np.zeros_like(x[0]) for j in range(i - taps // 2, i + taps // 2 + 1)]
            total = total + np.maximum(0, linear(w, f"{name}.convolutions.{place}", np.concatenate(read)))
        c.append(total)
    h = np.array(c)
    for layer in range(layers):
        back = gru(w, f"{name}|l{layer}_reverse", h[::-1])[::-1]
        h = np.concatenate([gru(w, f"{name}|l{layer}", h), back], axis=1)
    return np.array([h_i + linear(w, f"{name}.skip", x_i) for h_i, x_i in zip(h, x, strict=True)])


def attention(w: Weights, name: str, asking: np.ndarray, asked: np.ndarray, heads: int) -> np.ndarray:
    def part(place: int, x: np.ndarray) -> np.ndarray:
        return linear(w, f"{name}.projected.{place}", linear(w, f"{name}.narrowed.{place}", x))

    made = []
    for y in asking:
        q = part(0, y)
        keys, values = ([part(place, other) for other in asked] for place in (1, 2))
        size = len(q) // heads
        got = []
        for head in range(heads):
            s = slice(head * size, (head + 1) * size)
            shares = softmax(np.array([q[s] @ key[s] / np.sqrt(size) for key in keys]))
            got.append(sum(share * value[s] for share, value in zip(shares, values, strict=True)))
        added = linear(w, f"{name}.widened", linear(w, f"{name}.joined", np.concatenate(got)))
        made.append(layer_norm(w, f"{name}.norm", y + added, 1e-6))
    return np.array(made)


def literal_dialogue(w: Weights, features: list[np.ndarray], switches: Switches) -> dict[str, np.ndarray]:
    h = [context(w, f"contexts.{place}", x, switches.layers) for place, x in enumerate(features)]
    y = [np.array([linear(w, f"fusion.inputs.{m}", row) for row in x]) for m, x in enumerate(features)]
    for block in range(switches.blocks):
        text, audio = y
        y = [
            attention(w, f"fusion.cross.{2 * block}", text, audio, switches.heads),
            attention(w, f"fusion.cross.{2 * block + 1}", audio, text, switches.heads),
        ]
        y = [attention(w, f"fusion.own.{2 * block + m}", y[m], y[m], switches.heads) for m in (0, 1)]
    vectors = [y[m] + np.array([linear(w, f"fusion.skips.{m}", row) for row in x]) for m, x in enumerate(features)]
    joined = [layer_norm(w, "head.0", np.concatenate(pair), 1e-5) for pair in zip(*vectors, strict=True)]
    h.append(np.array([np.maximum(0, linear(w, "head.1", row)) for row in joined]))
    logits, gates = [], []
    for turn in zip(*h, strict=True):
        said = [linear(w, f"outputs.{expert}", vector) for expert, vector in enumerate(turn)]
        scores = np.concatenate(said)
        if switches.gate == "mlp":
            scores = linear(w, "gate.2", np.maximum(0, linear(w, "gate.0", scores)))
        else:
            scores = linear(w, "gate", scores)
        gates.append(softmax(scores / switches.gate_temperature))
        logits.append(sum(g * one for g, one in zip(gates[-1], said, strict=True)))
    return {"logits": np.array(logits), "gate": np.array(gates), "vectors": np.stack(vectors, axis=1)}


def literal(made: nn.Module, conversations: Conversations, switches: Switches) -> dict[str, np.ndarray]:
    w = weights_of(made)
    features = [conversations.features[name].astype(np.float64) for name in ("text", "audio")]
    starts = conversations.starts
    parts = [
        literal_dialogue(w, [x[first:last] for x in features], switches) for first, last in itertools.pairwise(starts)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@pytest.mark.parametrize("variant", VARIANTS)
def test_everything_is_as_in_the_equations(small: Make, variant: str) -> None:
    conversations = small(lengths=(7, 1, 4, 2))
    made = network(conversations, VARIANTS[variant])
    got, expected = output(made, conversations), literal(made, conversations, VARIANTS[variant])
    assert np.allclose(rows_of(got.logits, conversations), expected["logits"], atol=1e-5)
    assert np.allclose(rows_of(got.auxiliary["gate"], conversations), expected["gate"], atol=1e-5)
    assert np.allclose(rows_of(got.auxiliary["vectors"], conversations), expected["vectors"], atol=1e-5)


def test_gate_weights_sum_to_one_and_are_of_experts(small: Make) -> None:
    conversations = small(lengths=(5, 2))
    got = output(network(conversations, SUITE), conversations)
    assert got.auxiliary["gate"].shape == (2, 5, 3)
    assert np.allclose(rows_of(got.auxiliary["gate"].sum(dim=-1), conversations), 1, atol=1e-6)
    assert not got.modality_weights


def test_a_hot_gate_weighs_all_alike(small: Make) -> None:
    conversations = small()
    got = output(network(conversations, replace(PLAIN, gate_temperature=1e6)), conversations)
    assert np.allclose(rows_of(got.auxiliary["gate"], conversations), 1 / 3, atol=1e-4)


def test_video_and_speakers_do_not_matter(small: Make) -> None:
    conversations = small()
    made = network(conversations, SUITE)
    other = conversations.change(
        features={**conversations.features, "video": conversations.features["video"] + 1},
        speaker=1 - conversations.speaker,
    )
    assert torch.equal(output(made, conversations).logits, output(made, other).logits)


def test_the_order_of_modalities_in_the_data_does_not_matter(small: Make) -> None:
    conversations = small(modalities=("text", "audio"))
    turned = conversations.change(
        **{name: dict(reversed(getattr(conversations, name).items())) for name in ("features", "observed", "present")}
    )
    made = network(conversations, SUITE)
    same = MisterENetwork(Task.of(turned), SUITE).eval()
    same.load_state_dict(made.state_dict())
    assert torch.equal(output(made, conversations).logits, output(same, turned).logits)


def test_hidden_vectors_give_the_logits_linearly(small: Make) -> None:
    conversations = small()
    made = network(conversations, SUITE)
    got = output(made, conversations)
    layers = [made.get_submodule(f"outputs.{expert}") for expert in range(3)]
    matrix = torch.cat([*(layer.weight for layer in layers), torch.stack([layer.bias for layer in layers], 1)], dim=1)
    assert got.hidden is not None
    assert torch.allclose(got.hidden @ matrix.T, got.logits, atol=1e-5)


class TestWithoutAudio:
    def test_the_text_expert_is_all_there_is(self, small: Make) -> None:
        both = small(lengths=(4, 1, 3), modalities=("text", "audio"))
        text = both.change(
            **{name: {"text": getattr(both, name)["text"]} for name in ("features", "observed", "present")}
        )
        made = network(text, SUITE)
        names = {name.split(".")[0] for name in made.state_dict()}
        assert names == {"contexts", "outputs", "shares"}
        got = output(made, text)
        w = weights_of(made)
        starts = text.starts
        expected = [
            [linear(w, "outputs.0", h) for h in context(w, "contexts.0", text.features["text"][first:last], 1)]
            for first, last in itertools.pairwise(starts)
        ]
        assert np.allclose(rows_of(got.logits, text), np.concatenate(expected), atol=1e-5)
        assert np.allclose(rows_of(got.auxiliary["gate"], text), 1)

    def test_an_expert_whose_modality_a_dialogue_lacks_has_no_weight(self, small: Make) -> None:
        conversations = small(lengths=(3, 3, 3, 3), modalities=("text", "audio"))
        audio, text = np.arange(12) // 3 % 2 == 0, np.arange(12) < 6
        told = conversations.with_modalities(observed={"text": text, "audio": audio})
        made = network(conversations, SUITE)
        got = output(made, told)
        weights = got.auxiliary["gate"]
        assert (weights[0] > 0).all()
        assert (weights[1] == torch.tensor([1.0, 0.0, 0.0])).all()
        assert (weights[2] == torch.tensor([0.0, 1.0, 0.0])).all()
        assert (weights[3] == 0).all()
        assert torch.allclose(got.logits[1], got.auxiliary["logits"][1, :, 0])
        shares = np.bincount(conversations.label, minlength=3) / 12
        assert np.allclose(torch.softmax(got.logits[3], dim=-1), shares, atol=1e-6)

    def test_one_turn_of_audio_brings_the_experts_back(self, small: Make) -> None:
        conversations = small(lengths=(4,), modalities=("text", "audio"))
        told = conversations.with_modalities(
            observed={"text": np.ones(4, bool), "audio": np.array([False, True, False, False])}
        )
        assert (output(network(conversations, SUITE), told).auxiliary["gate"] > 0).all()

    def test_what_is_not_observed_is_not_read(self, small: Make) -> None:
        conversations = hidden_turns(small(lengths=(5, 3)), [1, 5])
        louder = {
            name: np.where(conversations.observed[name][:, None], rows, rows + 9).astype(np.float32)
            for name, rows in conversations.features.items()
        }
        made = network(conversations, SUITE)
        other = conversations.with_modalities(features=louder)
        assert torch.equal(output(made, conversations).logits, output(made, other).logits)

    def test_no_turn_asks_what_is_not_observed(self, small: Make) -> None:
        conversations = hidden_turns(small(lengths=(5,)), [2])
        made = network(conversations, SUITE)
        before = output(made, conversations).auxiliary["vectors"][0]
        kept = conversations.take_rows(
            np.array([0, 1, 3, 4]), dialogue=np.zeros(4, np.int64), origin=np.zeros(1, np.int64)
        ).change(target=np.arange(4))
        after = output(made, kept).auxiliary["vectors"][0]
        assert torch.allclose(before[[0, 1, 3, 4]], after, atol=1e-5)

    def test_unaware_a_missing_modality_is_a_vector_of_zeros(self, small: Make) -> None:
        conversations = small(lengths=(4, 2))
        made = network(conversations, PLAIN)
        hit = hidden_turns(conversations, [1, 4, 5])
        zeros = {name: rows.copy() for name, rows in conversations.features.items()}
        for rows in zeros.values():
            rows[[1, 4, 5]] = 0
        expected = literal(made, conversations.with_modalities(features=zeros), PLAIN)["logits"]
        assert np.allclose(rows_of(output(made, hit).logits, hit), expected, atol=1e-5)


class TestPadding:
    def training_logits(self, conversations: Conversations, dialogues: list[int], switches: Switches) -> torch.Tensor:
        still = replace(switches, dropout=0.0, attention_dropout=0.0, fusion_dropout=0.0)
        made = network(conversations, still).train()
        with torch.no_grad():
            logits: torch.Tensor = made(make_batch(conversations, np.array(dialogues), device="cpu")).logits
        return logits[0, :3]

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_predictions_do_not_depend_on_the_company(self, small: Make, variant: str) -> None:
        conversations = small(lengths=(3, 1, 12, 5))
        made = network(conversations, VARIANTS[variant])
        together = rows_of(output(made, conversations).logits, conversations)
        alone = [conversations.take_dialogues([place]) for place in range(4)]
        apart = np.concatenate([rows_of(output(made, one).logits, one) for one in alone])
        assert np.allclose(together, apart, atol=1e-5)

    @pytest.mark.parametrize(
        ("changes", "same"),
        [
            ({}, True),
            ({"packed": False}, False),
            ({"masked": False}, False),
            ({"packed": False, "masked": False}, False),
        ],
    )
    @pytest.mark.parametrize("switches", [PLAIN, SUITE])
    def test_in_training_the_released_way_does(
        self, small: Make, switches: Switches, changes: dict[str, bool], same: bool
    ) -> None:
        conversations = small(lengths=(3, 12))
        if switches.mask_aware and changes == {"masked": False}:
            # Padding is not observed, and so nothing that is aware of it asks it.
            same = True
        changed = replace(switches, **changes)
        together = self.training_logits(conversations, [0, 1], changed)
        apart = self.training_logits(conversations, [0], changed)
        assert torch.allclose(together, apart, atol=1e-5) == same


class TestLinks:
    def test_convolutions_read_only_what_is_linked(self) -> None:
        rows = torch.arange(1.0, 5.0).view(1, 4, 1)
        links = torch.eye(4, dtype=torch.bool).unsqueeze(0)
        links[0, 1, 2] = links[0, 3, 1] = True
        got = neighbourhoods(rows, links, reach=2)[0, :, :, 0]
        assert got.tolist() == [[0, 0, 1, 0, 0], [0, 0, 2, 3, 0], [0, 0, 3, 0, 0], [2, 0, 4, 0, 0]]
        free = neighbourhoods(rows, None, reach=1)[0, :, :, 0]
        assert free.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 0]]

    @pytest.mark.parametrize("switches", [PLAIN, SUITE, replace(PLAIN, masked=False)])
    def test_with_itself_alone_only_the_bigrus_tell_of_the_others(self, small: Make, switches: Switches) -> None:
        conversations = small(lengths=(5, 3))
        made = network(conversations, switches)
        linked = conversations.change(links=Context("all"))
        assert made.honours_links
        assert made.links_leak == "the BiGRUs of the text and the audio expert"
        assert not torch.allclose(output(made, linked).logits, output(made, conversations).logits, atol=1e-4)
        single = conversations.change(
            dialogue=np.arange(8), dialogue_ids=tuple(f"d{row}" for row in range(8)), target=np.arange(8)
        )
        assert np.allclose(
            rows_of(output(made, linked).auxiliary["vectors"], linked),
            output(made, single).auxiliary["vectors"][:, 0].numpy(),
            atol=1e-5,
        )
        with torch.no_grad():
            for name, parameter in made.named_parameters():
                # A state that is forgotten at once: it does not carry on (update gate) nor reset.
                if "weight_hh" in name:
                    parameter.zero_()
                if "recurrent" in name and "bias_ih" in name:
                    parameter[3:6] = -40
        got = rows_of(output(made, linked).logits, linked)
        assert np.allclose(got, output(made, single).logits[:, 0].numpy(), atol=1e-5)

    def test_in_training_unmasked_attention_honours_them(self, small: Make) -> None:
        conversations = small(lengths=(4, 2)).change(links=Context("all"))
        still = replace(PLAIN, dropout=0.0, attention_dropout=0.0, fusion_dropout=0.0)
        made = network(conversations, replace(still, masked=False)).train()
        batch = make_batch(conversations, np.arange(2), device="cpu")
        with torch.no_grad():
            got = made(batch).auxiliary["vectors"]
            expected = made.eval()(batch).auxiliary["vectors"]
        assert torch.allclose(got[batch.valid], expected[batch.valid], atol=1e-6)


def batch_of(conversations: Conversations) -> Batch:
    return make_batch(conversations, np.arange(conversations.dialogues), device="cpu")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_parameter_and_feature_has_a_finite_gradient(small: Make, variant: str) -> None:
    conversations = hidden_turns(small(lengths=(6, 1, 4), modalities=("text", "audio")), [2, 6])
    made = network(conversations, VARIANTS[variant]).train()
    batch = batch_of(conversations)
    for rows in batch.features.values():
        rows.requires_grad_()
    made(batch).logits[batch.valid].square().sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    assert all(rows.grad is not None and torch.isfinite(rows.grad).all() for rows in batch.features.values())


@pytest.mark.parametrize("rate", ["dropout", "attention_dropout", "fusion_dropout", "modality_dropout"])
def test_each_dropout_is_applied_in_training_only(small: Make, rate: str) -> None:
    conversations = small(lengths=(9, 9))
    none = replace(PLAIN, dropout=0.0, attention_dropout=0.0, fusion_dropout=0.0)
    made = network(conversations, replace(none, **{rate: 0.5})).train()
    batch = batch_of(conversations)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        first, second = made(batch).logits, made(batch).logits
        assert not torch.equal(first, second)
        assert torch.equal(made.eval()(batch).logits, made(batch).logits)


def test_it_learns_what_only_the_dialogue_tells(small: Make) -> None:
    train, test = echo(small, "train"), echo(small, "test")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = MisterENetwork(Task.of(train), replace(SUITE, width=16, dropout=0.0))
        assert accuracy_after_training(made, train, test, steps=60) > 0.7

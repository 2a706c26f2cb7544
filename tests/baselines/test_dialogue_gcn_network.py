"""The network of DialogueGCN against its equations, worked out edge by edge."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.dialogue_gcn_network import (
    POSITIONS,
    DialogueGCNNetwork,
    EdgeWeights,
    Graph,
    RelationalLayer,
    Switches,
)
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import make_batch
from emobench.benchmark.training.task import Task
from tests.baselines.literal import (
    Weights,
    accuracy_after_training,
    echo,
    gelu,
    hidden_turns,
    norm,
    output,
    rows_of,
    shaken,
    sigmoid,
    softmax,
    weights_of,
)

Make = Callable[..., Conversations]
PLAIN = Switches(
    inputs="all",
    projection=0,
    width=3,
    layers=2,
    graph_width=4,
    bases=5,
    window=2,
    edge_att="bilinear",
    relations="four",
    nodal_attention="squashed",
    dropout=0.2,
    packed=True,
    mask_aware=False,
    standardise=False,
    modality_dropout=0.0,
)
SUITE = replace(PLAIN, projection=4, mask_aware=True, nodal_attention="general")
VARIANTS = {
    "plain": PLAIN,
    "suite": SUITE,
    "position": replace(PLAIN, edge_att="position"),
    "full": replace(SUITE, relations="full", bases=2),
    "paper": replace(PLAIN, edge_att="position", relations="full", bases=30),
    "no neighbours": replace(PLAIN, window=0),
    "nonlinear": replace(SUITE, encoders="nonlinear"),
    "no attention": replace(PLAIN, nodal_attention="none"),
}


def network(conversations: Conversations, switches: Switches) -> nn.Module:
    return shaken(lambda: DialogueGCNNetwork(Task.of(conversations), switches))


def several_speakers(conversations: Conversations, most: int) -> Conversations:
    return conversations.change(speaker=(np.arange(len(conversations)) ** 2 + 1) % most)


def lstm(w: Weights, layer: int, suffix: str, inputs: np.ndarray) -> np.ndarray:
    """Work one direction of one layer out; gates in torch's order: input, forget, cell, output."""
    names = [f"context.layer.{kind}_l{layer}{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    of_input, of_state, input_bias, state_bias = (w[name] for name in names)
    h = c = np.zeros(of_state.shape[1])
    states = []
    for x in inputs:
        gate_in, forget, cell, out = np.split(of_input @ x + input_bias + of_state @ h + state_bias, 4)
        c = sigmoid(forget) * c + sigmoid(gate_in) * np.tanh(cell)
        h = sigmoid(out) * np.tanh(c)
        states.append(h)
    return np.array(states)


def literal_dialogue(w: Weights, inputs: np.ndarray, speakers: np.ndarray, switches: Switches, most: int) -> np.ndarray:
    g = inputs
    for layer in range(switches.layers):
        g = np.concatenate([lstm(w, layer, "", g), lstm(w, layer, "_reverse", g[::-1])[::-1]], axis=1)
    turns = range(len(g))
    edges = [(j, i) for j in turns for i in turns if abs(i - j) <= switches.window]
    alpha = {}
    for j in turns:
        if switches.edge_att == "bilinear":
            targets = [i for i in turns if (j, i) in edges]
            shares = softmax(np.array([(w["edges.scores.weight"] @ g[j]) @ g[i] for i in targets]))
        else:
            targets = list(turns)
            shares = softmax(np.array([w["edges.scores.weight"][j] @ g[i] for i in turns]))
            shares = shares * np.array([1 if (j, i) in edges else 1e-10 for i in turns])
            shares = shares / shares.sum()
        alpha.update({(j, i): share for i, share in zip(targets, shares, strict=True)})
    # r counts as the specification lists its three parts; the number itself is a convention.
    h = [w["relational.root.weight"] @ g_i + w["relational.root.bias"] for g_i in g]
    for j, i in edges:
        order = 0 if j < i else 1
        if switches.relations == "four":
            relation = 2 * int(speakers[j] != speakers[i]) + order
        else:
            relation = 2 * (int(speakers[j]) * most + int(speakers[i])) + order
        matrix = sum(
            a * basis for a, basis in zip(w["relational.shares"][relation], w["relational.bases"], strict=True)
        )
        h[i] = h[i] + alpha[j, i] * (g[j] @ matrix)
    second = [w["itself.weight"] @ h_i + w["neighbours.bias"] for h_i in h]
    for j, i in edges:
        second[i] = second[i] + w["neighbours.weight"] @ h[j]
    z = np.concatenate([g, np.array(second)], axis=1)
    if switches.nodal_attention != "none":
        query, bias = w["attention.query.weight"], w["attention.query.bias"]
        squash = np.tanh if switches.nodal_attention == "squashed" else np.asarray
        z = np.array([softmax(squash(np.array([z_j @ (query @ z_i + bias) for z_j in z]))) @ z for z_i in z])
    hidden = np.maximum(0, z @ w["hidden.weight"].T + w["hidden.bias"])
    return np.asarray(hidden @ w["output.weight"].T + w["output.bias"])


def literal(made: nn.Module, conversations: Conversations, switches: Switches) -> np.ndarray:
    w = weights_of(made)
    parts = []
    for place, rows in enumerate(conversations.features.values()):
        part = rows.astype(np.float64)
        if switches.projection:
            last, between = (2, gelu) if switches.encoders == "nonlinear" else (1, np.asarray)
            name = f"input.projections.{place}"
            layers = [w[f"{name}.{layer}.{kind}"] for layer in (0, last) for kind in ("weight", "bias")]
            part = np.array([norm(between(layers[0] @ row + layers[1]), layers[2], layers[3]) for row in part])
        parts.append(part)
    inputs = np.concatenate(parts, axis=1)
    dialogues = [slice(*pair) for pair in zip(conversations.starts[:-1], conversations.starts[1:], strict=True)]
    most = int(conversations.speaker.max()) + 1
    return np.concatenate(
        [literal_dialogue(w, inputs[rows], conversations.speaker[rows], switches, most) for rows in dialogues]
    )


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("speakers", [1, 3])
def test_the_logits_are_those_of_the_edge_list(small: Make, variant: str, speakers: int) -> None:
    conversations = several_speakers(small(lengths=(7, 1, 4, 9)), speakers)
    made = network(conversations, VARIANTS[variant])
    got = rows_of(output(made, conversations).logits, conversations)
    assert np.allclose(got, literal(made, conversations, VARIANTS[variant]), atol=1e-5)


def test_the_sums_per_relation_and_per_basis_are_equal() -> None:
    rows, weights = torch.randn(2, 5, 3), torch.rand(2, 5, 5)
    relation = torch.randint(0, 6, (2, 5, 5))
    few, many = RelationalLayer(3, 4, relations=6, bases=9), RelationalLayer(3, 4, relations=6, bases=3)
    with torch.no_grad():
        # The same matrices: the last six bases of `few` have no share.
        few.bases[:3], few.shares[:, :3], few.shares[:, 3:] = many.bases, many.shares, 0
    few.root.load_state_dict(many.root.state_dict())
    assert torch.allclose(few(rows, weights, relation), many(rows, weights, relation), atol=1e-5)


class TestEdgeWeights:
    def graph(self, kind: Literal["bilinear", "position"], known: list[bool], turns: int = 6, window: int = 1) -> Graph:
        torch.manual_seed(0)
        layer = EdgeWeights(3, kind=kind, window=window)
        everyone = torch.ones(1, turns, turns, dtype=torch.bool)
        return layer(torch.randn(1, turns, 3), everyone, torch.tensor([known]))

    @pytest.mark.parametrize("kind", ["bilinear", "position"])
    def test_outgoing_weights_sum_to_one_and_incoming_ones_do_not(self, kind: Literal["bilinear", "position"]) -> None:
        graph = self.graph(kind, [True] * 6)
        assert torch.allclose(graph.weights.sum(dim=1), torch.ones(1, 6), atol=1e-6)
        assert not torch.allclose(graph.weights.sum(dim=2), torch.ones(1, 6), atol=1e-2)
        assert graph.edges.sum(dim=1).tolist() == [[2, 3, 3, 3, 3, 2]]
        assert not graph.weights[~graph.edges].any()

    @pytest.mark.parametrize("kind", ["bilinear", "position"])
    def test_a_turn_that_is_not_known_takes_nothing_from_the_others(
        self, kind: Literal["bilinear", "position"]
    ) -> None:
        full, some = self.graph(kind, [True] * 6), self.graph(kind, [True, True, False, True, True, True])
        assert not some.edges[0, :, 2].any()
        known = torch.tensor([0, 1, 3, 4, 5])
        assert torch.allclose(some.weights[0][known][:, known].sum(dim=0), torch.ones(5), atol=1e-6)
        # What it gets itself is what it would get if it were known, for the window has no other that is not known.
        assert torch.allclose(some.weights[0, 2, known], full.weights[0, 2, known], atol=1e-6)

    @pytest.mark.parametrize("kind", ["bilinear", "position"])
    def test_what_the_source_says_counts_in_the_bilinear_form_only(self, kind: Literal["bilinear", "position"]) -> None:
        torch.manual_seed(0)
        layer = EdgeWeights(3, kind=kind, window=1)
        rows, everyone = torch.randn(1, 3, 3), torch.ones(1, 3, 3, dtype=torch.bool)
        changed = rows.clone()
        changed[:, 1] += 1
        # How turn 1 shares between the others; its share for itself changes in any case.
        first, second = (
            weights[0, 0, 1] / weights[0, 2, 1]
            for weights in (layer(x, everyone, torch.ones(1, 3, dtype=torch.bool)).weights for x in (rows, changed))
        )
        assert torch.allclose(first, second, atol=1e-5) == (kind == "position")

    def test_turns_beyond_the_last_position_share_it(self) -> None:
        layer = EdgeWeights(3, kind="position", window=1)
        turns = POSITIONS + 5
        rows = torch.ones(1, turns, 3)
        graph = layer(rows, torch.ones(1, turns, turns, dtype=torch.bool), torch.ones(1, turns, dtype=torch.bool))
        assert torch.allclose(graph.weights.sum(dim=1), torch.ones(1, turns), atol=1e-5)


def test_speakers_beyond_those_of_training_share_the_last_number(small: Make) -> None:
    trained = several_speakers(small(lengths=(6, 3)), 2)
    made = network(trained, replace(SUITE, relations="full"))
    more = trained.change(speaker=np.where(trained.speaker == 1, 5, 0))
    assert torch.equal(output(made, trained).logits, output(made, more).logits)


class TestOneDialogue:
    @pytest.mark.parametrize("variant", VARIANTS)
    def test_it_does_not_depend_on_the_company(self, small: Make, variant: str) -> None:
        conversations = several_speakers(small(lengths=(3, 1, 12, 5)), 3)
        made = network(conversations, VARIANTS[variant])
        together = rows_of(output(made, conversations).logits, conversations)
        alone = [conversations.take_dialogues([place]) for place in range(4)]
        apart = np.concatenate([rows_of(output(made, one).logits, one) for one in alone])
        assert np.allclose(together, apart, atol=1e-5)

    def test_unpacked_it_does(self, small: Make) -> None:
        conversations = small(lengths=(3, 12))
        made = network(conversations, replace(PLAIN, packed=False))
        alone = conversations.take_dialogues([0])
        together, apart = output(made, conversations).logits[0, :3], output(made, alone).logits[0]
        assert not torch.allclose(together, apart, atol=1e-4)


class TestMaskAware:
    def test_a_turn_of_which_nothing_is_observed_reaches_no_other_but_through_the_bilstm(self, small: Make) -> None:
        conversations = hidden_turns(small(lengths=(5,)), [2])
        made = network(conversations, SUITE)
        before = output(made, conversations).logits[0]
        with torch.no_grad():
            # A BiLSTM that forgets at once: its state is that of the turn alone.
            for name, parameter in made.get_submodule("context").named_parameters():
                if "weight_hh" in name:
                    parameter.zero_()
                if "bias_ih" in name:
                    parameter[3:6] = -40
        bare = output(made, conversations).logits[0]
        louder = {name: rows.copy() for name, rows in conversations.features.items()}
        for rows in louder.values():
            rows[2] += 5
        observed = output(made, conversations.with_modalities(observed={n: np.ones(5, bool) for n in louder}))
        assert not torch.allclose(observed.logits[0], bare, atol=1e-4)
        assert torch.equal(output(made, conversations.with_modalities(features=louder)).logits[0], bare)
        assert not torch.allclose(before, bare, atol=1e-4)
        without = conversations.change(speaker=np.array([*conversations.speaker[:2], 1, *conversations.speaker[3:]]))
        # Not even who speaks there matters to the others.
        other = conversations.change(speaker=np.array([*conversations.speaker[:2], 0, *conversations.speaker[3:]]))
        kept = [0, 1, 3, 4]
        first, second = output(made, without).logits[0], output(made, other).logits[0]
        assert torch.equal(first[kept], second[kept])
        assert not torch.equal(first[2], second[2])

    def test_with_nothing_of_a_dialogue_it_says_the_class_shares(self, small: Make) -> None:
        conversations = small(lengths=(3, 4))
        shares = np.bincount(conversations.label, minlength=3) / 7
        got = output(network(conversations, SUITE), hidden_turns(conversations, [0, 1, 2]))
        assert np.allclose(torch.softmax(got.logits[0, :3], dim=-1), shares, atol=1e-6)
        assert not np.allclose(torch.softmax(got.logits[1], dim=-1), shares, atol=1e-3)

    def test_what_it_may_not_draw_on_is_nothing_either(self, small: Make) -> None:
        conversations = small(lengths=(3, 4))
        shares = np.bincount(conversations.label, minlength=3) / 7
        hit = hidden_turns(conversations, [1]).change(links=Context("all"))
        got = torch.softmax(output(network(conversations, SUITE), hit).logits[0, :3], dim=-1).numpy()
        assert np.allclose(got[1], shares, atol=1e-6)
        assert not np.allclose(got[[0, 2]], shares, atol=1e-3)

    def test_unaware_a_missing_modality_is_a_vector_of_zeros(self, small: Make) -> None:
        conversations = small(lengths=(4, 2))
        unaware = replace(SUITE, mask_aware=False)
        made = network(conversations, unaware)
        hit = hidden_turns(conversations, [1, 4])
        zeros = {name: rows.copy() for name, rows in conversations.features.items()}
        for rows in zeros.values():
            rows[[1, 4]] = 0
        expected = literal(made, conversations.with_modalities(features=zeros), unaware)
        assert np.allclose(rows_of(output(made, hit).logits, hit), expected, atol=1e-5)


class TestLinks:
    @pytest.mark.parametrize("variant", ["suite", "position"])
    def test_with_itself_alone_only_the_bilstm_tells_of_the_others(self, small: Make, variant: str) -> None:
        conversations = several_speakers(small(lengths=(5, 3)), 2)
        made = network(conversations, VARIANTS[variant])
        linked = conversations.change(links=Context("all"))
        assert made.honours_links
        assert made.links_leak == "the BiLSTM over the turns"
        assert not torch.allclose(output(made, linked).logits, output(made, conversations).logits, atol=1e-4)
        with torch.no_grad():
            for name, parameter in made.get_submodule("context").named_parameters():
                if "weight_hh" in name:
                    parameter.zero_()
                if "bias_ih" in name:
                    parameter[3:6] = -40
        single = conversations.change(
            dialogue=np.arange(8), dialogue_ids=tuple(f"d{row}" for row in range(8)), target=np.arange(8)
        )
        if variant == "suite":
            expected = output(made, single).logits[:, 0].numpy()
            assert np.allclose(rows_of(output(made, linked).logits, linked), expected, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_parameter_and_feature_has_a_finite_gradient(small: Make, variant: str) -> None:
    conversations = hidden_turns(several_speakers(small(lengths=(6, 1, 4)), 3), [2, 6])
    made = network(conversations, VARIANTS[variant]).train()
    batch = make_batch(conversations, np.arange(3), device="cpu")
    for rows in batch.features.values():
        rows.requires_grad_()
    made(batch).logits[batch.valid].square().sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    assert all(rows.grad is not None and torch.isfinite(rows.grad).all() for rows in batch.features.values())


def test_hidden_vectors_come_before_the_last_layer(small: Make) -> None:
    conversations = small()
    made = network(conversations, PLAIN)
    got = output(made, conversations)
    assert got.hidden is not None
    assert torch.allclose(made.get_submodule("output")(got.hidden), got.logits)
    assert not got.modality_weights


def test_it_learns_what_only_the_dialogue_tells(small: Make) -> None:
    train, test = echo(small, "train"), echo(small, "test")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = DialogueGCNNetwork(
            Task.of(train), replace(SUITE, width=16, graph_width=16, projection=8, dropout=0.0, window=1)
        )
        assert accuracy_after_training(made, train, test, steps=60) > 0.7

"""The network of M3Net against its equations, written with edge lists and an incidence matrix, dialogue by dialogue."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from emobench.baselines.m3net import M3Net
from emobench.baselines.m3net_graphs import HyperLayer, frequency_edges
from emobench.baselines.m3net_network import LeadingEncoder, M3NetNetwork, Switches
from emobench.benchmark.context import Context, Removed
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.task import Task

Make = Callable[..., Conversations]
Nodes = np.ndarray
SUITE = M3Net(width=8, encoder_width=6, dropout=0.0, standardise=False).settled(Switches)
PAPER = replace(M3Net(preset="paper").settled(Switches), width=8, encoder_width=6, dropout=0.0, text_layers=1)


def network(conversations: Conversations, switches: Switches = SUITE, seed: int = 0) -> M3NetNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = M3NetNetwork(Task.of(conversations), switches).double()
        for name, parameter in made.named_parameters():
            # Biases start at zero and weights of edges at one, where a mistake could hide.
            if "edge_weights" in name:
                nn.init.uniform_(parameter, 0.3, 2.0)
            else:
                nn.init.normal_(parameter, std=0.5)
    return made.eval()


def doubled(conversations: Conversations, dialogues: list[int] | None = None) -> Batch:
    chosen = np.arange(conversations.dialogues) if dialogues is None else np.array(dialogues)
    batch = make_batch(conversations, chosen, device="cpu")
    return replace(batch, features={name: rows.double() for name, rows in batch.features.items()})


def output(made: M3NetNetwork, conversations: Conversations, dialogues: list[int] | None = None) -> Output:
    with torch.inference_mode():
        got: Output = made(doubled(conversations, dialogues))
    return got


def hit(clean: Conversations, seed: int = 3, share: float = 0.6) -> Conversations:
    rng = np.random.default_rng(seed)
    return clean.with_modalities(observed={name: rng.random(len(clean)) < share for name in clean.modalities})


# The equations, literally: x[m][i] is the node of modality m and turn i of one dialogue.


def edge_list(there: np.ndarray, allowed: np.ndarray) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return (receiver, sender) of all directed edges; only nodes that are there send."""
    modalities, turns = there.shape
    edges = [
        ((m, i), (m, j))
        for m in range(modalities)
        for i in range(turns)
        for j in range(turns)
        if i != j and allowed[i, j] and there[m, j]
    ]
    edges += [
        ((m, i), (k, i))
        for i in range(turns)
        for m in range(modalities)
        for k in range(modalities)
        if m != k and there[k, i]
    ]
    return edges


def frequency_reference(made: M3NetNetwork, x: Nodes, there: np.ndarray, allowed: np.ndarray) -> Nodes:
    edges = edge_list(there, allowed)
    degree = dict.fromkeys(np.ndindex(*there.shape), 0)
    for receiver, _ in edges:
        degree[receiver] += 1
    for layer in made.frequency:
        u = layer.gate.weight.detach().numpy()[0]
        c = float(layer.gate.bias.detach())
        new = x.copy()
        for i, j in edges:
            norm = np.sqrt(max(degree[i], 1) * max(degree[j], 1))
            new[i] += np.tanh(u @ np.concatenate([x[i], x[j]]) + c) * x[j] / norm
        x = new
    return x


def hyper_reference(
    made: M3NetNetwork, x: Nodes, there: np.ndarray, w: np.ndarray, omega: np.ndarray, allowed: np.ndarray
) -> Nodes:
    """D⁻¹ H B⁻¹ Hᵀ X + b with matrices over all nodes; one incidence for each receiving turn, as masks differ."""
    modalities, turns = there.shape
    nodes = [(m, i) for m in range(modalities) for i in range(turns)]
    for layer in made.hyper:
        b = layer.bias.detach().numpy()
        new = np.zeros_like(x)
        for receiver in nodes:
            incidence = np.zeros((len(nodes), modalities + turns))
            for place, (m, i) in enumerate(nodes):
                if there[m, i] and allowed[receiver[1], i]:
                    incidence[place, m] = incidence[place, modalities + i] = 1
            size = incidence.T @ omega.reshape(-1)
            of_edges = incidence.T @ x.reshape(-1, x.shape[-1]) / np.where(size > 0, size, 1)[:, None]
            reached = [e for e in (receiver[0], modalities + receiver[1]) if size[e] > 0]
            row = sum((of_edges[e] for e in reached), np.zeros(x.shape[-1]))
            row = row / (sum(w[e] for e in reached) if reached else 1) + b
            new[receiver] = np.where(row > 0, row, 0.01 * row)
        x = new
    return x


def clean_weights(made: M3NetNetwork, turns: int, modalities: int) -> tuple[np.ndarray, np.ndarray]:
    raw = made.edge_weights.raw.detach().numpy()
    w = np.log1p(np.exp(raw))
    return np.concatenate([w[:-1], np.full(turns, w[-1])]), np.ones((modalities, turns))


def recomputed(made: M3NetNetwork, conversations: Conversations, dialogue: int) -> dict[str, np.ndarray]:
    """Work the equations of the suite out for one dialogue on its own."""
    rows = slice(*conversations.starts[dialogue : dialogue + 2])
    modalities = made.input.modalities
    there = np.stack([conversations.observed[name][rows] for name in modalities])
    turns = there.shape[1]
    allowed = np.ones((turns, turns), bool)
    if conversations.links is not None:
        allowed = conversations.links.mask(conversations.speaker[rows], np.arange(turns))
    x = np.stack([encoded_reference(made, conversations, rows, place) for place in range(len(modalities))])
    w, omega = clean_weights(made, turns, len(modalities))
    everything = allowed if made.switches.links_in == "both" else np.ones_like(allowed)
    hyper = hyper_reference(made, x, there, w, omega, everything)
    frequency = frequency_reference(made, x, there, allowed)
    hidden = np.stack(
        [
            np.concatenate([np.concatenate([hyper[m, i], frequency[m, i]]) for m in range(len(modalities))])
            for i in range(turns)
        ]
    )
    head = made.output
    logits = np.maximum(hidden, 0) @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    known = (allowed & there.any(axis=0)).any(axis=1)
    counts = np.array(Task.of(conversations).class_counts)
    return {"hidden": hidden, "logits": np.where(known[:, None], logits, np.log(counts / counts.sum()))}


def encoded_reference(made: M3NetNetwork, conversations: Conversations, rows: slice, place: int) -> np.ndarray:
    """x⁰ of one modality and dialogue: only what is there is looked at."""
    name = made.input.modalities[place]
    there = np.flatnonzero(conversations.observed[name][rows])
    x = np.zeros((rows.stop - rows.start, made.switches.width))
    features = torch.from_numpy(conversations.features[name][rows][there]).double()
    speaker = made.speaker.embedding.weight[conversations.speaker[rows][there]]
    if len(there):
        with torch.no_grad():
            if place == 0:
                encoder = made.leading
                encoded = encoder.recurrent.layer(encoder.projection(features)[None])[0][0] + speaker
            else:
                encoded = made.others[place - 1](features) + (speaker if made.switches.speaker_on == "all" else 0)
            x[there] = made.nodes(encoded).numpy()
    return x


def assert_as_recomputed(made: M3NetNetwork, conversations: Conversations) -> None:
    got = output(made, conversations)
    assert got.hidden is not None
    for dialogue, length in enumerate(np.diff(conversations.starts)):
        expected = recomputed(made, conversations, dialogue)
        assert np.allclose(got.hidden[dialogue, :length], expected["hidden"], atol=1e-6)
        assert np.allclose(got.logits[dialogue, :length], expected["logits"], atol=1e-6)


@pytest.mark.parametrize(
    "modalities", [("text", "audio", "video"), ("audio", "text"), ("video", "audio"), ("text",), ("video",)]
)
def test_the_closed_forms_are_the_equations(small: Make, modalities: tuple[str, ...]) -> None:
    conversations = small(lengths=(4, 1, 6), modalities=modalities)
    assert_as_recomputed(network(conversations), conversations)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_not_observed_sends_nothing(small: Make, seed: int) -> None:
    conversations = hit(small(lengths=(4, 1, 6, 2, 1, 1)), seed=seed, share=0.4)
    assert_as_recomputed(network(conversations), conversations)


@pytest.mark.parametrize("links_in", ["both", "frequency"])
@pytest.mark.parametrize("removed", ["intra", "inter", "all", "past"])
def test_pairwise_masks_are_honoured(small: Make, removed: Removed, links_in: str) -> None:
    clean = small(lengths=(5, 1, 4)).change(links=Context(removed))
    made = network(clean, replace(SUITE, links_in=links_in))  # type: ignore[arg-type]  # one of the two
    for conversations in (clean, hit(clean)):
        assert_as_recomputed(made, conversations)
    assert made.links_leak == ("the text GRU" if links_in == "both" else "the text GRU and the hypergraph")


@pytest.mark.parametrize("encoders", ["linear", "nonlinear"])
def test_the_speaker_can_be_on_all(small: Make, encoders: str) -> None:
    conversations = small(lengths=(4, 2))
    switches = replace(SUITE, speaker_on="all", encoders=encoders)  # type: ignore[arg-type]  # one of the two
    assert_as_recomputed(network(conversations, switches), conversations)


def test_encoders_are_linear_or_end_in_a_norm(small: Make) -> None:
    conversations = small()
    linear, nonlinear = (network(conversations, s).others[0] for s in (PAPER, SUITE))
    rows = torch.randn(3, 5, dtype=torch.float64)
    assert torch.allclose(linear(2 * rows) - linear(rows), linear(rows) - linear(0 * rows))
    first, _, norm, _ = nonlinear
    x = functional.gelu(rows @ first.weight.T + first.bias)
    x = (x - x.mean(dim=1, keepdim=True)) / (x.var(dim=1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(nonlinear(rows), x * norm.weight + norm.bias)


@pytest.mark.parametrize("turns", [1, 2, 7])
def test_edges_and_degrees_are_as_many_as_counted(turns: int) -> None:
    there = torch.ones(1, 3, turns, dtype=torch.bool)
    edges = frequency_edges(there, torch.ones(1, turns, turns, dtype=torch.bool))
    count = int((edges.within > 0).sum() + (edges.across > 0).sum())
    assert count == 3 * turns * (turns - 1) + 6 * turns
    assert count == len(edge_list(there[0].numpy(), np.ones((turns, turns), bool)))
    for weights in (edges.within, edges.across):
        assert weights[weights > 0].tolist() == pytest.approx([1 / (turns + 1)] * int((weights > 0).sum()))


def test_without_the_removed_edges_only_those_across_modalities_are_left(small: Make) -> None:
    clean = small(lengths=(5,))
    speaker = torch.tensor(clean.speaker)
    same = speaker[:, None] == speaker
    alone = torch.eye(5, dtype=torch.bool)
    there = torch.ones(1, 3, 5, dtype=torch.bool)
    left = frequency_edges(there, ((~same | alone) & (same | alone))[None])
    assert not left.within.any()
    assert int((left.across > 0).sum()) == 6 * 5
    assert left.across[left.across > 0].tolist() == pytest.approx([0.5] * 30)


def test_with_unit_weights_a_hyper_layer_is_half_of_two_means(small: Make) -> None:
    conversations = small(lengths=(4,))
    made = M3NetNetwork(Task.of(conversations), SUITE).double()
    batch = doubled(conversations)
    there = torch.ones(1, 3, 4, dtype=torch.bool)
    x = torch.randn(1, 3, 4, 8, dtype=torch.float64)
    seen: list[Tensor] = []
    made.hyper = nn.ModuleList([HyperLayer(8).double()])
    made.hyper[0].register_forward_hook(lambda *args: seen.append(args[2]))
    made.graphs(x, batch, there, torch.ones(1, 4, 4, dtype=torch.bool))
    half = (x.mean(dim=2, keepdim=True) + x.mean(dim=1, keepdim=True)) / 2
    assert torch.allclose(seen[0], torch.where(half > 0, half, 0.01 * half), atol=1e-12)


class TestPositionalWeights:
    def positional(self, conversations: Conversations) -> M3NetNetwork:
        return network(conversations, replace(PAPER, edge_weights="positional", packed=True, text_norm="none"))

    def test_they_are_indexed_by_the_running_number_in_the_batch(self, small: Make) -> None:
        conversations = small(lengths=(4, 2, 3))
        made = self.positional(conversations)
        w, omega = made.edge_weights.edges.detach().numpy(), made.edge_weights.nodes.detach().numpy()
        got = output(made, conversations).hidden
        assert got is not None
        edge = node = 0
        for dialogue, turns in enumerate((4, 2, 3)):
            rows = slice(*conversations.starts[dialogue : dialogue + 2])
            x = np.stack([encoded_reference(made, conversations, rows, place) for place in range(3)])
            expected = hyper_reference(
                made,
                x,
                np.ones((3, turns), bool),
                w[edge : edge + 3 + turns],
                omega[node : node + 3 * turns].reshape(3, turns),
                np.ones((turns, turns), bool),
            )
            for m in range(3):
                assert np.allclose(got[dialogue, :turns, 16 * m : 16 * m + 8], expected[m], atol=1e-6)
            edge, node = edge + 3 + turns, node + 3 * turns

    def test_a_prediction_depends_on_who_comes_before_and_clean_weights_do_not(self, small: Make) -> None:
        conversations = small(lengths=(3, 3))
        for made, same in ((self.positional(conversations), False), (network(conversations), True)):
            first = output(made, conversations, [0, 1]).logits[1]
            assert torch.allclose(output(made, conversations, [1, 0]).logits[0], first, atol=1e-9) == same

    def test_beyond_the_parameters_the_weight_is_one(self, small: Make) -> None:
        made = self.positional(small())
        weights = made.edge_weights(torch.arange(1200) < torch.tensor([[1200], [2]]))
        assert weights.utterance[0, 996] == made.edge_weights.edges[999]
        assert weights.utterance[0, 997] == 1
        assert weights.node[0, 2, 1199] == made.edge_weights.nodes[3599]
        assert (weights.modality[1] == 1).all()


class TestText:
    rows = torch.randn(3, 5, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    there = torch.arange(5) < torch.tensor([[5], [2], [3]])

    def encoder(self, **changes: object) -> LeadingEncoder:
        switches = replace(SUITE, text_norm="batch", encoder_width=4)
        torch.manual_seed(0)
        return LeadingEncoder(12, replace(switches, **changes)).double()  # type: ignore[arg-type]  # names of fields

    @pytest.mark.parametrize("norm_over", ["valid", "padded"])
    def test_each_layer_is_normalised_and_the_layers_are_averaged(self, norm_over: str) -> None:
        encoder = self.encoder(text_layers=4, norm_over=norm_over)
        assert encoder.norm is not None
        nn.init.normal_(encoder.norm.weight)
        nn.init.normal_(encoder.norm.bias)
        rows = self.rows * self.there[..., None]
        seen: list[Tensor] = []
        encoder.projection.register_forward_hook(lambda *args: seen.append(args[1][0]))
        encoder(rows, self.there)
        chosen = rows[self.there] if norm_over == "valid" else rows.reshape(15, 12)
        expected = torch.zeros(3, 5, 3, dtype=torch.float64)
        for layer in range(4):
            part = slice(3 * layer, 3 * layer + 3)
            mean, variance = chosen[:, part].mean(dim=0), chosen[:, part].var(dim=0, unbiased=False)
            scaled = (rows[..., part] - mean) / torch.sqrt(variance + 1e-5)
            expected += (scaled * encoder.norm.weight[part] + encoder.norm.bias[part]) / 4
        assert torch.allclose(seen[0][self.there], expected[self.there], atol=1e-9)
        if norm_over == "padded":
            assert torch.allclose(seen[0], expected, atol=1e-9)

    def test_a_single_row_is_normalised_by_running_statistics(self) -> None:
        encoder = self.encoder()
        rows, there = self.rows[:1, :1], torch.ones(1, 1, dtype=torch.bool)
        assert torch.allclose(encoder.train()(rows, there), encoder.eval()(rows, there))

    def test_turns_that_are_not_there_are_skipped(self) -> None:
        encoder = self.encoder().eval()
        there = torch.tensor([[True, False, True, True, False]])
        states = encoder(self.rows[:1], there)
        shorter = encoder(self.rows[:1, [0, 2, 3]], torch.ones(1, 3, dtype=torch.bool))
        assert torch.allclose(states[:, [0, 2, 3]], shorter, atol=1e-9)
        assert not states[:, [1, 4]].any()
        assert not encoder(self.rows[:1], torch.zeros(1, 5, dtype=torch.bool)).any()

    def test_unpacked_it_begins_on_padding(self) -> None:
        packed, unpacked = (self.encoder(packed=packed).eval() for packed in (True, False))
        rows = self.rows * self.there[..., None]
        first, second = packed(rows, self.there), unpacked(rows, self.there)
        assert torch.allclose(first[0], second[0])
        assert not torch.allclose(first[1, :2], second[1, :2])

    @pytest.mark.parametrize(("width", "kind"), [(12, nn.Identity), (6, nn.Linear)])
    def test_a_width_that_fits_needs_no_linear_encoder(self, width: int, kind: type[nn.Module]) -> None:
        assert type(self.encoder(encoder_width=width, encoders="linear").projection) is kind
        assert isinstance(self.encoder(encoder_width=width).projection, nn.Sequential)


def test_paper_mode_does_not_ask_what_was_observed(small: Make) -> None:
    clean = small(lengths=(3, 2))
    made = network(clean, PAPER)
    told = clean.with_modalities(
        features={**clean.features, "audio": np.zeros_like(clean.features["audio"])},
        observed={**clean.observed, "audio": np.zeros(5, bool)},
    )
    zeros = clean.with_modalities(features=told.features)
    assert torch.equal(output(made, told).logits, output(made, zeros).logits)
    aware = network(clean)
    assert not torch.allclose(output(aware, told).logits, output(aware, zeros).logits, atol=1e-3)


def test_a_turn_that_nothing_reaches_gets_the_class_shares(small: Make) -> None:
    clean = small(lengths=(3, 2))
    nothing_of_the_first = np.array([False] * 3 + [True] * 2)
    told = clean.with_modalities(observed=dict.fromkeys(clean.modalities, nothing_of_the_first))
    said = torch.softmax(output(network(clean), told).logits, dim=-1)
    for turn in range(3):
        assert said[0, turn].tolist() == pytest.approx(Task.of(clean).shares, abs=1e-6)
    one = clean.with_modalities(
        observed={name: np.array([True, False, False, True, True]) for name in clean.modalities}
    )
    made = network(clean)
    answered = torch.softmax(output(made, one).logits, dim=-1)
    assert not np.allclose(answered[0, 1], Task.of(clean).shares, atol=1e-3), "its context is heard"
    alone = torch.softmax(output(made, one.change(links=Context("all"))).logits, dim=-1)
    assert alone[0, 1].tolist() == pytest.approx(Task.of(clean).shares, abs=1e-6)


def test_company_and_padding_change_nothing(small: Make) -> None:
    conversations = hit(small(lengths=(4, 1, 9)), share=0.8)
    for switches in (SUITE, replace(PAPER, packed=True, edge_weights="clean")):
        made = network(conversations, switches).float()
        together = made(make_batch(conversations, np.arange(3), device="cpu")).logits
        for dialogue, (first, end) in enumerate(pairwise(conversations.starts.tolist())):
            alone = made(make_batch(conversations, np.array([dialogue]), device="cpu")).logits[0]
            assert torch.allclose(alone, together[dialogue, : end - first], atol=1e-5)


@pytest.mark.parametrize("switches", [SUITE, PAPER, replace(SUITE, layers=0), replace(SUITE, frequency_layers=0)])
def test_gradients_are_finite_and_reach_features_and_parameters(small: Make, switches: Switches) -> None:
    conversations = hit(small(lengths=(4, 1, 3)))
    made = network(conversations, switches).train()
    batch = doubled(conversations)
    for rows in batch.features.values():
        rows.requires_grad_()
    valid = batch.valid
    made(batch).logits[valid].square().sum().backward()
    for name, parameter in made.named_parameters():
        unused = "edge_weights" in name and not switches.layers
        assert unused or (parameter.grad is not None and torch.isfinite(parameter.grad).all()), name
    for rows in batch.features.values():
        assert rows.grad is not None
        assert torch.isfinite(rows.grad).all()
        assert rows.grad.any()


def test_dropout_comes_before_the_head_and_leaves_the_hidden_vectors(small: Make) -> None:
    conversations = small(lengths=(4,))
    made = network(conversations, replace(SUITE, dropout=0.5, encoders="linear")).train()
    made.leading.eval()
    first, second = made(doubled(conversations)), made(doubled(conversations))
    assert first.hidden is not None
    assert first.hidden.shape == (1, 4, 6 * 8)
    assert torch.equal(first.hidden, second.hidden)
    assert not torch.allclose(first.logits, second.logits)

"""The network of MM-DFN against its equations."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from emobench.baselines.mm_dfn import MmDfn
from emobench.baselines.mm_dfn_network import MmDfnNetwork, Switches
from emobench.benchmark.context import Context, Removed
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import make_batch
from emobench.benchmark.training.inference import predict
from emobench.benchmark.training.task import Task
from tests.baselines import literal_graphs as literal
from tests.baselines.literal_graphs import logits, partly

Make = Callable[..., Conversations]
SUITE = Switches(
    width=6, graph_width=4, layers=3, residual=0.2, mapping=0.5, dropout=0.4,
    party_text=1.0, party_audio=3.0, party_video=0.5, packed=True, mask_aware=True, standardise=False,
)  # fmt: skip
PAPER = replace(SUITE, packed=False, mask_aware=False)


def network(conversations: Conversations, switches: Switches = SUITE) -> MmDfnNetwork:
    made = literal.shaken(MmDfnNetwork(Task.of(conversations), switches))
    assert isinstance(made, MmDfnNetwork)
    return made


def recomputed(made: MmDfnNetwork, conversations: Conversations) -> list[np.ndarray]:
    """Work the equations out, dialogue by dialogue."""
    w, switches, modalities = literal.weights_of(made), made.switches, conversations.modalities
    longest = int(np.diff(conversations.starts).max())
    answers = []
    for begin, end in zip(conversations.starts, conversations.starts[1:], strict=False):
        part = slice(begin, end)
        nodes: dict[literal.Node, np.ndarray] = {}
        for place, modality in enumerate(modalities):
            observed = conversations.observed[modality][part]
            x = conversations.features[modality][part].astype(float) * observed[:, None]
            there = [t for t in range(end - begin) if observed[t] or not switches.mask_aware]
            projected = {t: literal.encoded(w, f"projections.{place}", x[t]) for t in there}
            vectors = dict(projected)
            if modality == ("text" if "text" in modalities else modalities[0]):
                padding = [] if switches.packed else [w[f"projections.{place}.bias"]] * (longest - (end - begin))
                states = literal.both_directions(w, "context.layer", [*projected.values(), *padding])
                vectors = dict(zip(there, states, strict=False))
            for who in set(conversations.speaker[part].tolist()):
                own = [t for t in there if conversations.speaker[part][t] == who]
                padding = [] if switches.packed else [np.zeros(switches.width)] * (longest - len(own))
                states = literal.both_directions(w, "party.layer", [*(projected[t] for t in own), *padding])
                for t, state in zip(own, states, strict=False):
                    vectors[t] = vectors[t] + getattr(switches, f"party_{modality}") * state
            nodes |= {(modality, t): vectors[t] for t in there}
        answers.append(after_the_graph(made, conversations, part, nodes))
    return answers


def after_the_graph(
    made: MmDfnNetwork, conversations: Conversations, part: slice, nodes: dict[literal.Node, np.ndarray]
) -> np.ndarray:
    w, switches = literal.weights_of(made), made.switches
    turns = part.stop - part.start
    allowed = np.ones((turns, turns), bool)
    if conversations.links is not None:
        allowed = conversations.links.mask(conversations.speaker[part], np.arange(turns))
    weighted = literal.edges(nodes, allowed)
    first = hidden = {node: np.maximum(literal.linear(w, "first", x), 0) for node, x in nodes.items()}
    state = {node: (np.zeros(switches.graph_width),) * 2 for node in nodes}
    for layer, weight in enumerate(w["convolutions.weight"], 1):
        before = hidden
        state = {
            node: literal.lstm_step(
                w["depth.weight_ih"], w["depth.weight_hh"], w["depth.bias_ih"] + w["depth.bias_hh"], q, *state[node]
            )
            for node, q in before.items()
        }
        remembered = {node: h for node, (h, _) in state.items()}
        found = literal.convolution(weighted, remembered, first, weight, layer=layer, alpha=switches.residual)
        hidden = {node: found[node] + before[node] for node in nodes}
    both = {node: np.concatenate([x, hidden[node]]) for node, x in nodes.items()}
    width = switches.width + switches.graph_width
    return np.array([literal.answer(w, both, conversations.modalities, turn, width) for turn in range(turns)])


def assert_equal(made: MmDfnNetwork, conversations: Conversations) -> None:
    for got, expected in zip(logits(made, conversations), recomputed(made, conversations), strict=True):
        assert np.abs(expected).max() > 0.1
        assert np.allclose(got, expected, atol=3e-5)


class TestEquations:
    def test_encoders_that_are_not_linear(self, small: Make) -> None:
        conversations = partly(small(lengths=(6, 1, 4)))
        assert_equal(network(conversations, replace(SUITE, encoders="nonlinear")), conversations)

    @pytest.mark.parametrize("factors", [(1.0, 3.0, 0.0), (1.5, 0.5, 0.5), (0.0, 0.0, 0.0)])
    def test_everything_observed(self, small: Make, factors: tuple[float, float, float]) -> None:
        text, audio, video = factors
        conversations = small(lengths=(6, 1, 4))
        assert_equal(
            network(conversations, replace(SUITE, party_text=text, party_audio=audio, party_video=video)), conversations
        )

    def test_what_is_not_observed_has_no_node(self, small: Make) -> None:
        conversations = partly(small(lengths=(6, 1, 4)))
        assert_equal(network(conversations), conversations)

    @pytest.mark.parametrize("removed", ["intra", "inter", "all", "past", "future"])
    def test_edges_within_a_modality_honour_links(self, small: Make, removed: Removed) -> None:
        conversations = partly(small(lengths=(6, 1, 4)).change(links=Context(removed)))
        assert_equal(network(conversations), conversations)

    @pytest.mark.parametrize("modalities", [("text",), ("audio",), ("audio", "video")])
    def test_fewer_modalities(self, small: Make, modalities: tuple[str, ...]) -> None:
        assert_equal(network(small(modalities=modalities)), small(modalities=modalities))

    def test_as_released_recurrent_layers_read_padding_and_zeros_are_features(self, small: Make) -> None:
        conversations = partly(small(lengths=(5, 2, 1)))
        made = network(conversations, PAPER)
        assert_equal(made, conversations)
        alone = logits(made, conversations.take_dialogues([1]))[0]
        assert not np.allclose(alone, logits(made, conversations)[1], atol=1e-3)


class TestPredictions:
    def test_do_not_depend_on_batch_mates(self, small: Make) -> None:
        conversations = partly(small(lengths=(7, 2, 1)))
        made = network(conversations)
        for dialogue, together in enumerate(logits(made, conversations)):
            assert np.allclose(logits(made, conversations.take_dialogues([dialogue]))[0], together, atol=1e-5)

    def test_do_not_depend_on_what_speakers_are_called(self, small: Make) -> None:
        conversations = small()
        made = network(conversations)
        turned = conversations.change(speaker=1 - conversations.speaker)
        for first, second in zip(logits(made, conversations), logits(made, turned), strict=True):
            assert np.allclose(first, second, atol=1e-5)

    def test_where_nothing_is_observed_are_the_class_shares(self, small: Make) -> None:
        conversations = small(lengths=(4, 2))
        flags = np.array([True, False, True, True, False, False])
        nothing = conversations.with_modalities(observed=dict.fromkeys(conversations.modalities, flags))
        p = predict(network(conversations), nothing, device="cpu").probabilities
        shares = np.bincount(conversations.label, minlength=3) / 6
        assert np.allclose(p[~flags], shares, atol=1e-6)
        assert not np.isclose(p[flags], shares, atol=1e-3).all(axis=1).any()

    def test_the_value_of_what_is_not_observed_does_not_matter(self, small: Make) -> None:
        conversations = partly(small())
        made = network(conversations)
        features = {
            m: np.where(conversations.observed[m][:, None], x, x + 9) for m, x in conversations.features.items()
        }
        wild = conversations.with_modalities(features=features)
        assert all(map(np.array_equal, logits(made, conversations), logits(made, wild)))


@pytest.mark.parametrize(("factor", "leaks"), [(0.0, False), (1.0, True)])
def test_the_party_encoder_carries_context_that_links_take_away_and_says_so(
    small: Make, factor: float, leaks: bool
) -> None:
    assert MmDfnNetwork.honours_links
    assert MmDfnNetwork.links_leak == "the text GRU and the party GRU"
    alone = small(lengths=(6,)).change(links=Context("all"), speaker=np.array([0, 1, 0, 1, 0, 1]))
    made = network(alone, replace(SUITE, party_audio=factor))
    changed = alone.features["audio"].copy()
    changed[0] += 1
    before, after = (
        logits(made, x)[0] for x in (alone, alone.with_modalities(features={**alone.features, "audio": changed}))
    )
    assert np.array_equal(before[[2, 4]], after[[2, 4]]) != leaks
    assert np.allclose(before[[1, 3, 5]], after[[1, 3, 5]], atol=1e-6)


@pytest.mark.parametrize(
    ("preset", "widths", "classes", "count"),
    [("paper", (100, 1582, 342), 6, 1_556_506), ("paper_meld", (600, 300, 342), 7, 1_721_007)],
)
def test_number_of_parameters(preset: str, widths: tuple[int, ...], classes: int, count: int) -> None:
    task = Task(dict(zip(("text", "audio", "video"), widths, strict=True)), (1,) * classes, 2)
    with torch.device("meta"):
        made = MmDfn(preset=preset).network(task)  # type: ignore[arg-type]  # a preset, out of a list
    assert sum(parameter.numel() for parameter in made.parameters()) == count


@pytest.mark.parametrize("preset", ["suite", "paper_meld"])
def test_gradients_are_finite_for_equal_and_for_zero_vectors(small: Make, preset: str) -> None:
    conversations = small(lengths=(4, 1))
    same = conversations.with_modalities(features={m: np.zeros_like(x) for m, x in conversations.features.items()})
    model = MmDfn(preset=preset, width=6, graph_width=4, layers=3, party_audio=0.0)  # type: ignore[arg-type]  # as above
    made = model.network(Task.of(conversations))
    for name, parameter in made.projections[1].named_parameters():
        if name.endswith("bias"):
            torch.nn.init.zeros_(parameter)
    batch = make_batch(same, np.arange(2), device="cpu")
    for rows in batch.features.values():
        rows.requires_grad_()
    model.objective(Task.of(conversations))(made(batch), batch).backward()
    gradients = [rows.grad for rows in batch.features.values()] + [p.grad for p in made.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)

"""The network of MMGCN against its equations."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from emobench.baselines.mmgcn import Mmgcn
from emobench.baselines.mmgcn_network import MmgcnNetwork, SpeakerOn, Switches
from emobench.benchmark.context import Context, Removed
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import make_batch
from emobench.benchmark.training.inference import predict
from emobench.benchmark.training.task import Task
from tests.baselines import literal_graphs as literal
from tests.baselines.literal_graphs import logits, partly

Make = Callable[..., Conversations]
SUITE = Switches(6, 4, 3, 0.1, 0.5, 0.4, "text", packed=True, mask_aware=True, standardise=False)
PAPER = replace(SUITE, packed=False, mask_aware=False)


def network(conversations: Conversations, switches: Switches = SUITE) -> MmgcnNetwork:
    made = literal.shaken(MmgcnNetwork(Task.of(conversations), switches))
    assert isinstance(made, MmgcnNetwork)
    return made


def recomputed(made: MmgcnNetwork, conversations: Conversations) -> list[np.ndarray]:
    """Work the equations out, dialogue by dialogue."""
    w, switches, modalities = literal.weights_of(made), made.switches, conversations.modalities
    leading = "text" if "text" in modalities else modalities[0]
    longest = int(np.diff(conversations.starts).max())
    answers = []
    for begin, end in zip(conversations.starts, conversations.starts[1:], strict=False):
        turns, nodes = range(end - begin), {}
        for place, modality in enumerate(modalities):
            observed = conversations.observed[modality][begin:end]
            x = conversations.features[modality][begin:end].astype(float) * observed[:, None]
            there = [t for t in turns if observed[t] or not switches.mask_aware]
            rows = [literal.encoded(w, f"projections.{place}", x[t]) for t in there]
            if modality == leading:
                padding = [] if switches.packed else [w[f"projections.{place}.bias"]] * (longest - len(turns))
                rows = literal.both_directions(w, "context.layer", rows + padding)
            if switches.speaker_on == "all" or (switches.speaker_on == "text" and modality == leading):
                speaker = conversations.speaker[begin:end]
                rows = [row + w["speaker.embedding.weight"][speaker[t]] for t, row in zip(there, rows, strict=False)]
            nodes |= {(modality, t): row for t, row in zip(there, rows, strict=False)}
        allowed = np.ones((len(turns), len(turns)), bool)
        if conversations.links is not None:
            allowed = conversations.links.mask(conversations.speaker[begin:end], np.arange(len(turns)))
        weighted = literal.edges(nodes, allowed)
        first = hidden = {node: np.maximum(literal.linear(w, "first", x), 0) for node, x in nodes.items()}
        for layer, weight in enumerate(w["convolutions.weight"], 1):
            hidden = literal.convolution(weighted, hidden, first, weight, layer=layer, alpha=switches.residual)
        both = {node: np.concatenate([x, hidden[node]]) for node, x in nodes.items()}
        width = switches.width + switches.graph_width
        answers.append(np.array([literal.answer(w, both, modalities, t, width) for t in turns]))
    return answers


def assert_equal(made: MmgcnNetwork, conversations: Conversations) -> None:
    for got, expected in zip(logits(made, conversations), recomputed(made, conversations), strict=True):
        assert np.abs(expected).max() > 0.1
        assert np.allclose(got, expected, atol=2e-5)


class TestEquations:
    def test_encoders_that_are_not_linear(self, small: Make) -> None:
        conversations = partly(small(lengths=(6, 1, 4)))
        assert_equal(network(conversations, replace(SUITE, encoders="nonlinear")), conversations)

    @pytest.mark.parametrize("speaker_on", ["text", "all", "none"])
    def test_everything_observed(self, small: Make, speaker_on: SpeakerOn) -> None:
        assert_equal(network(small(), replace(SUITE, speaker_on=speaker_on)), small())

    def test_what_is_not_observed_has_no_node(self, small: Make) -> None:
        conversations = partly(small(lengths=(6, 1, 4)))
        assert not all(flags.all() for flags in conversations.observed.values())
        assert_equal(network(conversations), conversations)

    @pytest.mark.parametrize("removed", ["intra", "inter", "all", "past", "future"])
    def test_edges_within_a_modality_honour_links(self, small: Make, removed: Removed) -> None:
        conversations = small(lengths=(6, 1, 4)).change(links=Context(removed))
        assert_equal(network(conversations), conversations)
        assert_equal(network(conversations), partly(conversations))

    @pytest.mark.parametrize("modalities", [("text",), ("audio",), ("audio", "video")])
    def test_fewer_modalities(self, small: Make, modalities: tuple[str, ...]) -> None:
        assert_equal(network(small(modalities=modalities)), small(modalities=modalities))

    def test_as_released_the_lstm_reads_padding_and_zeros_are_features(self, small: Make) -> None:
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

    def test_hidden_vectors_are_what_the_last_layer_sees(self, small: Make) -> None:
        made = network(small())
        batch = make_batch(small(), np.arange(3), device="cpu")
        with torch.inference_mode():
            output = made(batch)
            assert torch.allclose(made.readout.output(output.hidden)[batch.valid], output.logits[batch.valid])


def test_the_lstm_carries_context_that_links_take_away_and_says_so(small: Make) -> None:
    """The graph alone gives nothing on: with constant text, what other turns hold does not matter."""
    assert MmgcnNetwork.honours_links
    assert MmgcnNetwork.links_leak == "the text LSTM"
    alone = small(lengths=(5,)).change(links=Context("all"))
    made = network(alone)
    for modality, leaks in (("audio", False), ("text", True)):
        changed = alone.features[modality].copy()
        changed[0] += 1
        other = logits(made, alone.with_modalities(features={**alone.features, modality: changed}))[0]
        assert np.array_equal(other[1:], logits(made, alone)[0][1:]) != leaks


@pytest.mark.parametrize(
    ("preset", "layers", "widths", "counts", "count"),
    [
        ("paper", 64, (100, 1582, 342), (1,) * 6, 2_194_506),
        ("paper", 4, (100, 1582, 342), (1,) * 6, 994_506),
        ("paper_meld", 64, (600, 300, 342), (1,) * 7, 2_040_407),
        ("paper_meld", 4, (600, 300, 342), (1,) * 7, 840_407),
    ],
)
def test_number_of_parameters(
    preset: str, layers: int, widths: tuple[int, ...], counts: tuple[int, ...], count: int
) -> None:
    """Speakers: 2 and 9 published vectors, one of which is here that of speakers never seen in training."""
    speakers = {"paper": 1, "paper_meld": 8}[preset]
    task = Task(dict(zip(("text", "audio", "video"), widths, strict=True)), counts, speakers)
    with torch.device("meta"):
        model = Mmgcn(preset=preset, layers=layers)  # type: ignore[arg-type]  # a preset, out of a list
        made = model.network(task)
    assert sum(parameter.numel() for parameter in made.parameters()) == count


@pytest.mark.parametrize("preset", ["suite", "paper"])
def test_gradients_are_finite_for_equal_and_for_zero_vectors(small: Make, preset: str) -> None:
    conversations = small(lengths=(4, 1))
    same = conversations.with_modalities(features={m: np.zeros_like(x) for m, x in conversations.features.items()})
    model = Mmgcn(preset=preset, width=6, graph_width=4, layers=3)  # type: ignore[arg-type]  # as above
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

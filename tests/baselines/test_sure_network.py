"""The network of SURE against its equations, worked out one modality, turn and expert at a time."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.base import FitContext
from emobench.baselines.sure_network import SureNetwork, Switches, with_uncertainty
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.models import make_model
from emobench.benchmark.training.batches import Batch, make_batch
from emobench.benchmark.training.layers import Standardiser
from emobench.benchmark.training.task import Task
from tests.baselines.literal import (
    Weights,
    accuracy_after_training,
    echo,
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
    width=6,
    heads=3,
    dropout=0.2,
    normed=False,
    experts=4,
    top=3,
    route="softmax",
    latent="sample",
    normalise="sample",
    residual="none",
    iterations=2,
    context="lstm",
    packed=True,
    gates="learned",
    classifier="joint",
    mask_aware=False,
    standardise=False,
    modality_dropout=0.0,
)
SUITE = replace(PLAIN, mask_aware=True, normed=True, residual="both")
VARIANTS = {
    "plain": PLAIN,
    "suite": SUITE,
    "uncertainty": replace(PLAIN, route="uncertainty", top=2, residual="mixture"),
    "one of two": replace(PLAIN, experts=2, top=1, iterations=3),
    "as released": replace(PLAIN, context="none", classifier="late", gates="identity"),
    "without experts": replace(PLAIN, experts=0),
    "without reasoning": replace(PLAIN, iterations=0, residual="both"),
    "without both": replace(SUITE, experts=0, iterations=0),
}


def network(conversations: Conversations, switches: Switches) -> nn.Module:
    return shaken(lambda: SureNetwork(Task.of(conversations), switches))


def several_speakers(conversations: Conversations, most: int) -> Conversations:
    return conversations.change(speaker=(np.arange(len(conversations)) ** 2 + 1) % most)


def linear(w: Weights, name: str, x: np.ndarray) -> np.ndarray:
    return np.asarray(w[f"{name}.weight"] @ x + w[f"{name}.bias"])


def expert_says(w: Weights, name: str, x: np.ndarray, switches: Switches) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return μ and log σ² of every expert for one turn."""
    said = linear(w, f"{name}.experts", x)
    d = switches.width
    places = range(switches.experts)
    return [said[2 * e * d : (2 * e + 1) * d] for e in places], [
        said[(2 * e + 1) * d : (2 * e + 2) * d] for e in places
    ]


def shares_of(w: Weights, name: str, x: np.ndarray, switches: Switches) -> tuple[np.ndarray, list[int]]:
    """Return the gate's shares for one turn, and the places of the largest."""
    scores = linear(w, f"{name}.gate", x)
    if switches.route == "uncertainty":
        _, log_variances = expert_says(w, name, x, switches)
        scores = np.array([s - math.log(np.mean(np.exp(one))) for s, one in zip(scores, log_variances, strict=True)])
    shares = softmax(scores)
    return shares, sorted(range(switches.experts), key=lambda e: -shares[e])[: switches.top]


def mixed(w: Weights, name: str, rows: np.ndarray, switches: Switches) -> np.ndarray:
    """Weigh what the chosen experts say of each turn, their shares made to sum to one."""
    result = []
    for x in rows:
        shares, chosen = shares_of(w, name, x, switches)
        means, _ = expert_says(w, name, x, switches)
        total = sum(shares[e] for e in chosen)
        z = sum(shares[e] / total * means[e] for e in chosen)
        residual = switches.residual != "none"
        result.append(norm(x + z, w[f"{name}.norm.weight"], w[f"{name}.norm.bias"]) if residual else z)
    return np.array(result)


def lstm_step(
    weights: tuple[np.ndarray, ...], x: np.ndarray, h: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Work one step out; gates in torch's order: input, forget, cell, output."""
    of_input, of_state, input_bias, state_bias = weights
    i, f, g, o = np.split(of_input @ x + input_bias + of_state @ h + state_bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def parts(w: Weights, name: str, suffix: str = "") -> tuple[np.ndarray, ...]:
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return tuple(w[f"{name}.{kind}{suffix}"] for kind in kinds)


def bilstm(w: Weights, name: str, rows: np.ndarray, width: int) -> np.ndarray:
    directions = []
    for suffix, order in (("_l0", rows), ("_l0_reverse", rows[::-1])):
        h = c = np.zeros(width // 2)
        states = []
        for x in order:
            h, c = lstm_step(parts(w, f"{name}.context.layer", suffix), x, h, c)
            states.append(h)
        directions.append(np.array(states))
    return np.concatenate([directions[0], directions[1][::-1]], axis=1)


def reasoned(w: Weights, name: str, rows: np.ndarray, switches: Switches) -> np.ndarray:
    """Let each turn ask all turns of the dialogue, as often as there are iterations."""
    d = switches.width
    context = bilstm(w, name, rows, d) if switches.context == "lstm" else rows
    memory = [linear(w, f"{name}.memory", c) for c in context]
    result = []
    for row, c in zip(rows, context, strict=True):
        q = linear(w, f"{name}.query", c)
        h = cell = np.zeros(d)
        for _ in range(switches.iterations):
            h, cell = lstm_step(parts(w, f"{name}.cell"), q, h, cell)
            shares = softmax(np.array([g @ h for g in memory]))
            q = np.concatenate([h, sum(share * g for share, g in zip(shares, memory, strict=True))])
        out = linear(w, f"{name}.output", q)
        both = switches.residual == "both"
        result.append(norm(row + out, w[f"{name}.norm.weight"], w[f"{name}.norm.bias"]) if both else out)
    return np.array(result)


def gelu(x: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def encoder(w: Weights, place: int, asking: np.ndarray, asked: np.ndarray, heads: int) -> np.ndarray:
    """Work one encoder of the Transformer gate out: attention and residual, feed-forward and residual."""

    def of_place(name: str, x: np.ndarray) -> np.ndarray:
        return np.asarray(x @ w[f"encoders.{name}.weight"][place] + w[f"encoders.{name}.bias"][place][0])

    size = asking.shape[1] // heads
    result = []
    for row in asking:
        told = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            query = of_place("attention.query", row)[part]
            scores = [query @ of_place("attention.key", other)[part] / math.sqrt(size) for other in asked]
            told.append(softmax(np.array(scores)) @ [of_place("attention.value", other)[part] for other in asked])
        h = row + of_place("attention.output", np.concatenate(told))
        normed = norm(h, w["encoders.feed_forward.0.weight"][place][0], w["encoders.feed_forward.0.bias"][place][0])
        result.append(h + of_place("feed_forward.4", gelu(of_place("feed_forward.1", normed))))
    return np.array(result)


def position(turn: int, width: int) -> list[float]:
    angles = [turn / 10_000 ** (2 * (column // 2) / width) for column in range(width)]
    return [math.cos(a) if column % 2 else math.sin(a) for column, a in enumerate(angles)]


def gated(w: Weights, rows: list[np.ndarray], speakers: np.ndarray, switches: Switches) -> list[np.ndarray]:
    """Work the Transformer gate out: for every target its own encoder first, then those of the other modalities."""
    who = w["encoders.speakers.weight"][speakers]
    positions = [position(turn, switches.width) for turn in range(len(speakers))]
    y = [x + who + np.array(positions) for x in rows]
    joined = []
    for m in range(len(rows)):
        told = []
        for step in range(len(rows)):
            place = m * len(rows) + step
            z = encoder(w, place, y[m], y[(m + step) % len(rows)], switches.heads)
            told.append(z * sigmoid(z @ w["encoders.gates.weight"][place] if switches.gates == "learned" else z))
        beside = np.concatenate(told, axis=1)
        joined.append(beside @ w["encoders.join.weight"][m] + w["encoders.join.bias"][m][0])
    return joined


def literal_dialogue(w: Weights, features: list[np.ndarray], speakers: np.ndarray, switches: Switches) -> np.ndarray:
    rows = []
    for m, u in enumerate(features):
        x = u @ w[f"projections.{m}.0.weight"].T
        if switches.normed:
            x = np.array([norm(row, w[f"projections.{m}.1.weight"], w[f"projections.{m}.1.bias"]) for row in x])
        x = mixed(w, f"mixtures.{m}", x, switches) if switches.experts else x
        rows.append(reasoned(w, f"reasonings.{m}", x, switches) if switches.iterations else x)
    logits = []
    for turn in zip(*gated(w, rows, speakers, switches), strict=True):
        said = list(turn)
        if switches.classifier == "late":
            said = [np.maximum(0, h) @ w["own.2.weight"][m] + w["own.2.bias"][m][0] for m, h in enumerate(turn)]
        logits.append(linear(w, "output", np.concatenate(said)))
    return np.array(logits)


def literal(made: nn.Module, conversations: Conversations, switches: Switches) -> np.ndarray:
    w = weights_of(made)
    found = []
    for first, last in itertools.pairwise(conversations.starts):
        features = [feature[first:last].astype(np.float64) for feature in conversations.features.values()]
        found.append(literal_dialogue(w, features, conversations.speaker[first:last], switches))
    return np.concatenate(found)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("modalities", [("text", "audio", "video"), ("audio", "video"), ("text",)])
def test_the_logits_are_those_of_the_equations(small: Make, variant: str, modalities: tuple[str, ...]) -> None:
    conversations = several_speakers(small(lengths=(6, 1, 4), modalities=modalities), 3)
    made = network(conversations, VARIANTS[variant])
    got = rows_of(output(made, conversations).logits, conversations)
    assert np.allclose(got, literal(made, conversations, VARIANTS[variant]), atol=1e-5)


class TestOneDialogue:
    @pytest.mark.parametrize("switches", [PLAIN, SUITE, replace(PLAIN, context="gru")])
    def test_it_does_not_depend_on_the_company(self, small: Make, switches: Switches) -> None:
        conversations = several_speakers(small(lengths=(3, 1, 12, 5)), 3)
        made = network(conversations, switches)
        together = rows_of(output(made, conversations).logits, conversations)
        alone = [conversations.take_dialogues([place]) for place in range(4)]
        apart = np.concatenate([rows_of(output(made, one).logits, one) for one in alone])
        assert np.allclose(together, apart, atol=1e-5)

    @pytest.mark.parametrize("quirk", [{"normalise": "batch"}, {"packed": False}])
    def test_with_a_quirk_it_does(self, small: Make, quirk: dict[str, str | bool]) -> None:
        conversations = small(lengths=(3, 6))
        made = network(conversations, replace(PLAIN, **quirk))
        together = output(made, conversations).logits[0, :3]
        alone = output(made, conversations.take_dialogues([0])).logits[0]
        assert not torch.allclose(together, alone, atol=1e-3)

    def test_a_long_one(self, small: Make) -> None:
        conversations = small(lengths=(300,))
        assert torch.isfinite(output(network(conversations, SUITE), conversations).logits).all()


class TestMaskAware:
    def test_values_of_what_is_not_observed_are_not_read(self, small: Make) -> None:
        conversations = small(lengths=(5, 2))
        rng = np.random.default_rng(0)
        observed = {name: rng.random(7) < 0.5 for name in conversations.modalities}
        hit = conversations.with_modalities(observed=observed)
        made = network(conversations, SUITE)
        noise = {
            name: np.where(observed[name][:, None], rows, rows + 9).astype(np.float32)
            for name, rows in hit.features.items()
        }
        assert torch.equal(output(made, hit.with_modalities(features=noise)).logits, output(made, hit).logits)
        assert not torch.allclose(output(made, hit).logits, output(made, conversations).logits, atol=1e-3)

    @pytest.mark.parametrize("context", ["lstm", "none"])
    def test_who_spoke_at_a_turn_of_which_nothing_is_observed_is_nothing_to_the_others(
        self, small: Make, context: str
    ) -> None:
        hit = hidden_turns(small(lengths=(5,)), [2])
        made = network(hit, replace(SUITE, context=context))
        other = hit.change(speaker=np.where(np.arange(5) == 2, 1 - hit.speaker, hit.speaker))
        first, second = (output(made, one).logits[0] for one in (hit, other))
        assert torch.equal(first[[0, 1, 3, 4]], second[[0, 1, 3, 4]])
        assert not torch.equal(first[2], second[2])

    def test_a_modality_that_is_not_observed_is_asked_by_no_reasoning_turn(self, small: Make) -> None:
        hit = hidden_turns(small(lengths=(4,), modalities=("text",)), [1])
        made = network(hit, replace(SUITE, context="none"))
        seen: list[torch.Tensor] = []
        made.get_submodule("reasonings.0").register_forward_hook(lambda _, given, __: seen.append(given[2]))
        output(made, hit)
        assert seen[0][0].tolist() == [[True, False, True, True]] * 4

    def test_its_own_answer_comes_from_the_others(self, small: Make) -> None:
        conversations = hidden_turns(small(lengths=(5,)), [2])
        made = network(conversations, SUITE)
        other = {name: rows[:, ::-1].copy() for name, rows in conversations.features.items()}
        first, second = (output(made, x) for x in (conversations, conversations.with_modalities(features=other)))
        assert not torch.allclose(first.logits[0, 2], second.logits[0, 2], atol=1e-4)

    def test_with_nothing_of_a_dialogue_it_says_the_class_shares(self, small: Make) -> None:
        conversations = small(lengths=(3, 4))
        shares = np.bincount(conversations.label, minlength=3) / 7
        got = output(network(conversations, SUITE), hidden_turns(conversations, [0, 1, 2]))
        assert np.allclose(torch.softmax(got.logits[0, :3], dim=-1), shares, atol=1e-6)
        assert not np.allclose(torch.softmax(got.logits[1], dim=-1), shares, atol=1e-3)

    def test_unaware_a_missing_modality_is_a_vector_of_zeros(self, small: Make) -> None:
        conversations = small(lengths=(4, 2))
        made = network(conversations, PLAIN)
        hit = hidden_turns(conversations, [1, 4])
        zeros = {name: rows.copy() for name, rows in conversations.features.items()}
        for rows in zeros.values():
            rows[[1, 4]] = 0
        expected = literal(made, conversations.with_modalities(features=zeros), PLAIN)
        assert np.allclose(rows_of(output(made, hit).logits, hit), expected, atol=1e-5)


class TestLinks:
    @pytest.mark.parametrize("rule", [Context("intra"), Context("inter"), Context("past"), Context("distant", 2)])
    def test_without_recurrent_context_a_turn_depends_on_those_that_lead_to_it(
        self, small: Make, rule: Context
    ) -> None:
        conversations = several_speakers(small(lengths=(6,)), 3).change(links=rule)
        made = network(conversations, replace(SUITE, context="none"))
        assert made.honours_links
        assert not hasattr(made, "links_leak")
        mask = rule.mask(conversations.speaker, np.arange(6))
        # The reasoning asks, and then the Transformer gate: two steps lead from turn to turn.
        reached = (mask.astype(int) @ mask.astype(int)) > 0
        before = output(made, conversations).logits[0]
        for source in range(6):
            louder = {name: rows.copy() for name, rows in conversations.features.items()}
            for rows in louder.values():
                rows[source] += 1
            after = output(made, conversations.with_modalities(features=louder)).logits[0]
            assert np.array_equal((before != after).any(dim=-1).numpy(), reached[:, source])

    def test_linked_to_itself_alone_a_turn_is_answered_as_if_no_other_said_anything(self, small: Make) -> None:
        conversations = small(lengths=(4,))
        made = network(conversations, replace(SUITE, context="none"))
        got = output(made, conversations.change(links=Context("all"))).logits[0]
        assert not torch.allclose(got, output(made, conversations).logits[0], atol=1e-3)
        for turn in range(4):
            alone = hidden_turns(conversations, [other for other in range(4) if other != turn])
            assert torch.allclose(got[turn], output(made, alone).logits[0, turn], atol=1e-5)

    @pytest.mark.parametrize("context", ["lstm", "gru"])
    def test_it_says_that_context_flows_through_the_recurrent_layer(self, small: Make, context: str) -> None:
        made = network(small(), replace(SUITE, context=context))
        assert made.links_leak == "the recurrent context of the reasoning"

    def test_without_reasoning_none_flows(self, small: Make) -> None:
        assert not hasattr(network(small(), replace(SUITE, iterations=0)), "links_leak")


def training_batch(conversations: Conversations) -> Batch:
    batch = make_batch(conversations, np.arange(conversations.dialogues), device="cpu")
    for rows in batch.features.values():
        rows.requires_grad_()
    return batch


@pytest.mark.parametrize(
    "switches", [*VARIANTS.values(), replace(SUITE, modality_dropout=0.5), replace(PLAIN, normalise="batch")]
)
def test_every_parameter_and_feature_has_a_finite_gradient(small: Make, switches: Switches) -> None:
    conversations = hidden_turns(several_speakers(small(lengths=(6, 1, 4)), 3), [2, 6])
    made, batch = network(conversations, switches).train(), training_batch(conversations)
    torch.manual_seed(0)
    loss = with_uncertainty(lambda output, batch: output.logits[batch.valid].square().sum(), 0.1)
    loss(made(batch), batch).backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        # One chosen expert has the weight 1, whatever the gate says, but for the balance.
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


@pytest.mark.parametrize(("variant", "width"), [("plain", 18), ("as released", 9)])
def test_hidden_vectors_come_before_the_last_layer(small: Make, variant: str, width: int) -> None:
    conversations = small()
    made = network(conversations, VARIANTS[variant])
    got = output(made, conversations)
    assert got.hidden is not None
    assert got.hidden.shape[-1] == width
    assert torch.allclose(made.get_submodule("output")(got.hidden), got.logits)


def test_dropout_is_for_training_only(small: Make) -> None:
    conversations = small(lengths=(8,))
    made = network(conversations, replace(PLAIN, latent="mean"))
    assert torch.equal(output(made, conversations).logits, output(made, conversations).logits)
    assert not torch.equal(output(made.train(), conversations).logits, output(made, conversations).logits)


@pytest.mark.parametrize("residual", ["none", "both"])
def test_it_learns_what_only_the_dialogue_tells(small: Make, residual: str) -> None:
    train, test = echo(small, "train"), echo(small, "test")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        switches = replace(SUITE, width=32, heads=2, dropout=0.0, normed=False, residual=residual)
        assert accuracy_after_training(SureNetwork(Task.of(train), switches), train, test, steps=60) > 0.8


def test_it_trains_and_names_no_weights_of_modalities(small_splits: DataSplits) -> None:
    fitted = make_model("sure:width=8,heads=2,epochs=2").fit(
        small_splits.train, small_splits.validation, context=FitContext(seed=0)
    )
    assert not fitted.predict(small_splits.test).modality_weights

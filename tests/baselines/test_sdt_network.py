"""The network of SDT against its equations, worked out one pair of modalities and one turn at a time."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.base import FitContext
from emobench.baselines.sdt import Sdt
from emobench.baselines.sdt_network import Distillation, SDTNetwork, Switches, distilling
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.models import make_model
from emobench.benchmark.training.batches import Batch, Output, make_batch
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
    gates="learned",
    mask_aware=False,
    standardise=False,
    modality_dropout=0.0,
)
SUITE = replace(PLAIN, mask_aware=True, normed=True)
VARIANTS = {"plain": PLAIN, "suite": SUITE, "identity": replace(PLAIN, gates="identity")}
TERMS = Distillation(unimodal=1.0, distillation=1.0, temperature=1.0, teacher="free")


def network(conversations: Conversations, switches: Switches) -> nn.Module:
    return shaken(lambda: SDTNetwork(Task.of(conversations), switches))


def several_speakers(conversations: Conversations, most: int) -> Conversations:
    return conversations.change(speaker=(np.arange(len(conversations)) ** 2 + 1) % most)


def gelu(x: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def encoder(w: Weights, place: int, asking: np.ndarray, asked: np.ndarray, heads: int) -> np.ndarray:
    """Work one encoder out: attention and residual, feed-forward and residual."""

    def linear(name: str, x: np.ndarray) -> np.ndarray:
        return np.asarray(x @ w[f"encoders.{name}.weight"][place] + w[f"encoders.{name}.bias"][place][0])

    size = asking.shape[1] // heads
    result = []
    for row in asking:
        told = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            query = linear("attention.query", row)[part]
            scores = [query @ linear("attention.key", other)[part] / math.sqrt(size) for other in asked]
            values = np.array([linear("attention.value", other)[part] for other in asked])
            told.append(softmax(np.array(scores)) @ values)
        h = row + linear("attention.output", np.concatenate(told))
        normed = norm(h, w["encoders.feed_forward.0.weight"][place][0], w["encoders.feed_forward.0.bias"][place][0])
        result.append(h + linear("feed_forward.4", gelu(linear("feed_forward.1", normed))))
    return np.array(result)


def position(turn: int, width: int) -> np.ndarray:
    angles = [turn / 10_000 ** (2 * (column // 2) / width) for column in range(width)]
    return np.array([math.cos(a) if column % 2 else math.sin(a) for column, a in enumerate(angles)])


def literal_dialogue(
    w: Weights, features: list[np.ndarray], speakers: np.ndarray, switches: Switches
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the logits of the whole, those of each modality, and the weights of the modalities."""
    y = []
    for m, rows in enumerate(features):
        x = rows @ w[f"projections.{m}.0.weight"].T
        if switches.normed:
            x = np.array([norm(row, w[f"projections.{m}.1.weight"], w[f"projections.{m}.1.bias"]) for row in x])
        who = w["encoders.speakers.weight"][speakers]
        y.append(x + who + np.array([position(turn, switches.width) for turn in range(len(x))]))
    joined = []
    for m in range(len(features)):
        told = []
        for step in range(len(features)):
            # Its own first, then the following ones, from the last to the first.
            n, place = (m + step) % len(features), m * len(features) + step
            z = encoder(w, place, y[m], y[n], switches.heads)
            gated = z @ w["encoders.gates.weight"][place] if switches.gates == "learned" else z
            told.append(z * sigmoid(gated))
        beside = np.concatenate(told, axis=1)
        joined.append(beside @ w["encoders.join.weight"][m] + w["encoders.join.bias"][m][0])
    logits, weights = [], []
    for turn in range(len(speakers)):
        h = np.array([rows[turn] for rows in joined])
        scores = h @ w["gate.weight"].T
        shares = np.array([softmax(scores[:, column]) for column in range(switches.width)]).T
        logits.append(w["output.weight"] @ (shares * h).sum(axis=0) + w["output.bias"])
        weights.append(shares.mean(axis=1))
    heads = [np.maximum(0, rows) @ w["heads.2.weight"][m] + w["heads.2.bias"][m][0] for m, rows in enumerate(joined)]
    return np.array(logits), np.array(heads).swapaxes(0, 1), np.array(weights)


def literal(made: nn.Module, conversations: Conversations, switches: Switches) -> tuple[np.ndarray, ...]:
    w = weights_of(made)
    found = []
    for first, last in zip(conversations.starts[:-1], conversations.starts[1:], strict=True):
        rows = slice(first, last)
        features = [feature[rows].astype(np.float64) for feature in conversations.features.values()]
        found.append(literal_dialogue(w, features, conversations.speaker[rows], switches))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("modalities", [("text", "audio", "video"), ("audio", "video"), ("text",)])
def test_the_output_is_that_of_the_equations(small: Make, variant: str, modalities: tuple[str, ...]) -> None:
    conversations = several_speakers(small(lengths=(6, 1, 4), modalities=modalities), 3)
    made = network(conversations, VARIANTS[variant])
    got = output(made, conversations)
    logits, heads, weights = literal(made, conversations, VARIANTS[variant])
    assert np.allclose(rows_of(got.logits, conversations), logits, atol=1e-5)
    own = got.auxiliary["heads"].permute(1, 2, 0, 3)
    assert np.allclose(rows_of(own, conversations), heads, atol=1e-5)
    assert tuple(got.modality_weights) == modalities
    for place, shares in enumerate(got.modality_weights.values()):
        assert np.allclose(rows_of(shares, conversations), weights[:, place], atol=1e-6)
    assert np.allclose(weights.sum(axis=1), 1)


class TestOneDialogue:
    @pytest.mark.parametrize("variant", VARIANTS)
    def test_it_does_not_depend_on_the_company(self, small: Make, variant: str) -> None:
        conversations = several_speakers(small(lengths=(3, 1, 12, 5)), 3)
        made = network(conversations, VARIANTS[variant])
        together = rows_of(output(made, conversations).logits, conversations)
        alone = [conversations.take_dialogues([place]) for place in range(4)]
        apart = np.concatenate([rows_of(output(made, one).logits, one) for one in alone])
        assert np.allclose(together, apart, atol=1e-5)

    def test_a_long_one(self, small: Make) -> None:
        conversations = small(lengths=(300,))
        assert torch.isfinite(output(network(conversations, SUITE), conversations).logits).all()


class TestMaskAware:
    def test_a_turn_of_which_nothing_is_observed_reaches_no_other(self, small: Make) -> None:
        conversations = small(lengths=(5,))
        made = network(conversations, SUITE)
        hit = hidden_turns(conversations, [2])
        got = output(made, hit).logits[0]
        kept = [0, 1, 3, 4]
        # Not even who speaks there matters to the others.
        other = hit.change(speaker=np.where(np.arange(5) == 2, 1 - hit.speaker, hit.speaker))
        assert torch.equal(output(made, other).logits[0, kept], got[kept])
        assert not torch.equal(output(made, other).logits[0, 2], got[2])
        assert not torch.allclose(output(made, conversations).logits[0, kept], got[kept], atol=1e-3)

    def test_its_own_answer_comes_from_the_others(self, small: Make) -> None:
        conversations = hidden_turns(small(lengths=(5,)), [2])
        made = network(conversations, SUITE)
        other = {name: rows[:, ::-1].copy() for name, rows in conversations.features.items()}
        first, second = (output(made, x) for x in (conversations, conversations.with_modalities(features=other)))
        assert not torch.allclose(first.logits[0, 2], second.logits[0, 2], atol=1e-4)
        assert all((shares[0, 2] > 0).all() for shares in first.modality_weights.values())

    def test_a_modality_that_is_not_observed_has_no_weight_and_is_asked_by_nobody(self, small: Make) -> None:
        conversations = small(lengths=(5, 2))
        rng = np.random.default_rng(0)
        observed = {name: rng.random(7) < 0.5 for name in conversations.modalities}
        observed["text"][:] = [True, False, True, True, False, True, True]
        hit = conversations.with_modalities(observed=observed)
        made = network(conversations, SUITE)
        got = output(made, hit)
        for name, shares in got.modality_weights.items():
            someone = np.any(list(observed.values()), axis=0)
            assert np.array_equal(rows_of(shares, hit)[someone] > 0, observed[name][someone])
        noise = {
            name: np.where(observed[name][:, None], rows, rows + 9).astype(np.float32)
            for name, rows in hit.features.items()
        }
        assert torch.equal(output(made, hit.with_modalities(features=noise)).logits, got.logits)

    def test_a_modality_that_no_dialogue_has_leaves_the_others(self, small: Make) -> None:
        conversations = small(lengths=(5, 2))
        made = network(conversations, SUITE)
        gone = conversations.with_modalities(observed={**conversations.observed, "audio": np.zeros(7, bool)})
        got = output(made, gone)
        shares = {name: rows_of(of_turns, gone) for name, of_turns in got.modality_weights.items()}
        assert not shares["audio"].any()
        assert np.allclose(shares["text"] + shares["video"], 1, atol=1e-6)
        assert not torch.allclose(got.logits[0], output(made, conversations).logits[0], atol=1e-3)

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
        expected, _, _ = literal(made, conversations.with_modalities(features=zeros), PLAIN)
        assert np.allclose(rows_of(output(made, hit).logits, hit), expected, atol=1e-5)


class TestLinks:
    @pytest.mark.parametrize("rule", [Context("intra"), Context("inter"), Context("past"), Context("distant", 2)])
    def test_a_turn_depends_on_those_that_it_may_draw_on_and_on_no_other(self, small: Make, rule: Context) -> None:
        conversations = several_speakers(small(lengths=(6,)), 3).change(links=rule)
        made = network(conversations, SUITE)
        assert made.honours_links
        assert not hasattr(made, "links_leak")
        mask = rule.mask(conversations.speaker, np.arange(6))
        before = output(made, conversations).logits[0]
        for source in range(6):
            louder = {name: rows.copy() for name, rows in conversations.features.items()}
            for rows in louder.values():
                rows[source] += 1
            after = output(made, conversations.with_modalities(features=louder)).logits[0]
            assert np.array_equal((before != after).any(dim=-1).numpy(), mask[:, source])

    def test_a_turn_that_nothing_reaches_says_the_class_shares(self, small: Make) -> None:
        conversations = small(lengths=(4, 3)).change(links=Context("all"))
        hit = hidden_turns(conversations, [1])
        got = torch.softmax(output(network(conversations, SUITE), hit).logits, dim=-1)
        shares = np.bincount(conversations.label, minlength=3) / 7
        assert np.allclose(got[0, 1], shares, atol=1e-6)
        assert not np.allclose(got[0, 0], shares, atol=1e-3)


class TestLoss:
    def parts(self, small: Make, switches: Switches = PLAIN) -> tuple[Output, Batch]:
        conversations = hidden_turns(small(lengths=(4, 2)), [1])
        conversations = conversations.with_modalities(
            observed={**conversations.observed, "audio": np.array([1, 0, 0, 1, 0, 1], bool)}
        ).change(label=np.array([0, 1, 2, -1, 1, 0]))
        made = network(conversations.change(label=np.array([0, 1, 2, 2, 1, 0])), switches)
        batch = make_batch(conversations, np.arange(2), device="cpu")
        return made(batch), batch

    @pytest.mark.parametrize("switches", [PLAIN, SUITE], ids=["plain", "suite"])
    @pytest.mark.parametrize("terms", [TERMS, Distillation(0.5, 3.0, 8.0, "fixed")])
    def test_it_is_the_sum_of_its_terms(self, small: Make, switches: Switches, terms: Distillation) -> None:
        got, batch = self.parts(small, switches)
        counts = np.array([2, 2, 2])
        model = Sdt(
            unimodal=terms.unimodal,
            distillation=terms.distillation,
            temperature=terms.temperature,
            teacher=terms.teacher,
            class_power=0.0,
        )
        task = Task({"text": 4, "audio": 5, "video": 6}, tuple(counts.tolist()), 2)
        logits, label = got.logits.detach().double().numpy(), batch.label.numpy()
        expected = np.mean([-np.log(softmax(logits[d, t]))[label[d, t]] for d, t in np.argwhere(label >= 0)])
        for place, name in enumerate(batch.observed):
            head = got.auxiliary["heads"][place].detach().double().numpy()
            taught = batch.valid.numpy() & (batch.observed[name].numpy() if switches.mask_aware else True)
            own = [(d, t) for d, t in np.argwhere(taught) if label[d, t] >= 0]
            expected += terms.unimodal * np.mean([-np.log(softmax(head[d, t]))[label[d, t]] for d, t in own])
            apart = []
            for d, t in np.argwhere(taught):
                p, q = (softmax(x[d, t] / terms.temperature) for x in (logits, head))
                apart.append((p * np.log(p / q)).sum())
            expected += terms.distillation * np.mean(apart)
        assert model.objective(task)(got, batch).item() == pytest.approx(expected, abs=1e-5)

    def test_a_fixed_teacher_is_not_taught(self, small: Make) -> None:
        got, batch = self.parts(small)
        for teacher in ("free", "fixed"):
            terms = replace(TERMS, unimodal=0.0, teacher=teacher)
            loss = distilling(lambda output, _: output.logits.sum() * 0, terms)(got, batch)
            (gradient,) = torch.autograd.grad(loss, got.logits, retain_graph=True)
            assert gradient.any() == (teacher == "free")

    def test_without_its_terms_it_is_that_of_the_whole(self, small: Make) -> None:
        got, batch = self.parts(small)
        whole = distilling(lambda output, _: output.logits.square().sum(), replace(TERMS, unimodal=0, distillation=0))
        assert whole(got, batch).item() == pytest.approx(got.logits.square().sum().item())


@pytest.mark.parametrize("switches", [*VARIANTS.values(), replace(SUITE, modality_dropout=0.5)])
def test_every_parameter_and_feature_has_a_finite_gradient(small: Make, switches: Switches) -> None:
    conversations = hidden_turns(several_speakers(small(lengths=(6, 1, 4)), 3), [2, 6])
    made = network(conversations, switches).train()
    batch = make_batch(conversations, np.arange(3), device="cpu")
    for rows in batch.features.values():
        rows.requires_grad_()
    torch.manual_seed(0)
    distilling(lambda output, batch: output.logits[batch.valid].square().sum(), TERMS)(made(batch), batch).backward()
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


def test_dropout_is_for_training_only(small: Make) -> None:
    conversations = small(lengths=(8,))
    made = network(conversations, PLAIN)
    assert torch.equal(output(made, conversations).logits, output(made, conversations).logits)
    assert not torch.equal(output(made.train(), conversations).logits, output(made, conversations).logits)


def test_it_learns_what_only_the_dialogue_tells(small: Make) -> None:
    train, test = echo(small, "train"), echo(small, "test")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = SDTNetwork(Task.of(train), replace(SUITE, width=32, heads=2, dropout=0.0, normed=False))
        assert accuracy_after_training(made, train, test, steps=60) > 0.8


def test_it_trains_and_says_how_much_each_modality_weighs(small_splits: DataSplits) -> None:
    fitted = make_model("sdt:width=8,heads=2,epochs=2").fit(
        small_splits.train, small_splits.validation, context=FitContext(seed=0)
    )
    weights = fitted.predict(small_splits.test).modality_weights
    assert set(weights) == {"text", "audio", "video"}

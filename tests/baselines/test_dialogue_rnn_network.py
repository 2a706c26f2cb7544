"""The network of DialogueRNN against its equations, worked out one turn at a time."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.dialogue_layers import GeneralAttention, modalities_read
from emobench.baselines.dialogue_rnn_layer import Cells, DialogueRNN
from emobench.baselines.dialogue_rnn_network import DialogueRNNNetwork, Switches
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable
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
    directions="both",
    inputs="all",
    projection=0,
    width=5,
    emotion_width=3,
    recurrent_dropout=0.2,
    emotion_dropout=0.2,
    dropout=0.2,
    listener=False,
    attention=True,
    mask_aware=False,
    standardise=False,
    modality_dropout=0.0,
)
SUITE = replace(PLAIN, projection=4, mask_aware=True)


def network(conversations: Conversations, switches: Switches) -> nn.Module:
    return shaken(lambda: DialogueRNNNetwork(Task.of(conversations), switches))


def several_speakers(conversations: Conversations, most: int) -> Conversations:
    """Give speakers such that some speak several times, some once, and the first to speak is not always 0."""
    return conversations.change(speaker=(np.arange(len(conversations)) ** 2 + 1) % most)


def gru(w: Weights, cell: str, direction: int, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Work the GRU out; the weights hold reset, update and new, in this order."""
    own = {name: w[f"context.{cell}_cell.{name}"][direction] for name in ("input_weight", "state_weight")}
    bias = {name: w[f"context.{cell}_cell.{name}"][direction][0] for name in ("input_bias", "state_bias")}
    i_reset, i_update, i_new = np.split(x @ own["input_weight"] + bias["input_bias"], 3)
    s_reset, s_update, s_new = np.split(h @ own["state_weight"] + bias["state_bias"], 3)
    reset, update = sigmoid(i_reset + s_reset), sigmoid(i_update + s_update)
    return update * h + (1 - update) * np.tanh(i_new + reset * s_new)


def direction_states(
    w: Weights, direction: int, inputs: np.ndarray, speakers: np.ndarray, *, listener: bool, hidden: int, emotion: int
) -> np.ndarray:
    """Work steps 1 to 4 out for one dialogue, in the order given."""
    g: list[np.ndarray] = []
    party = {speaker: np.zeros(hidden) for speaker in range(int(speakers.max()) + 1)}
    e = [np.zeros(emotion)]
    for u, s in zip(inputs, speakers.tolist(), strict=True):
        c = np.zeros(hidden)
        if g:
            alpha = softmax(np.array([g_i @ (w["context.query"][direction].T @ u) for g_i in g]))
            c = sum((a * g_i for a, g_i in zip(alpha, g, strict=True)), start=c)
        g_before = g[-1] if g else np.zeros(hidden)
        g.append(gru(w, "global", direction, np.concatenate([u, party[s]]), g_before))
        spoken = gru(w, "party", direction, np.concatenate([u, c]), party[s])
        if listener:
            for other in party:
                party[other] = gru(w, "listener", direction, np.concatenate([u, spoken]), party[other])
        party[s] = spoken
        e.append(gru(w, "emotion", direction, spoken, e[-1]))
    return np.array(e[1:])


def literal_dialogue(w: Weights, inputs: np.ndarray, speakers: np.ndarray, switches: Switches) -> np.ndarray:
    sizes = {"listener": switches.listener, "hidden": switches.width, "emotion": switches.emotion_width}
    forwards = direction_states(w, 0, inputs, speakers, **sizes)
    if switches.directions == "forward":
        return literal_answers(w, forwards, switches)
    backwards = direction_states(w, 1, inputs[::-1], speakers[::-1], **sizes)[::-1]
    return literal_answers(w, np.concatenate([forwards, backwards], axis=1), switches)


def literal_answers(w: Weights, e: np.ndarray, switches: Switches) -> np.ndarray:
    if switches.attention:
        query, bias = w["attention.query.weight"], w["attention.query.bias"]
        e = np.array([softmax(np.array([e_j @ (query @ e_t + bias) for e_j in e])) @ e for e_t in e])
    hidden = np.maximum(0, e @ w["hidden.weight"].T + w["hidden.bias"])
    return np.asarray(hidden @ w["output.weight"].T + w["output.bias"])


def literal(made: nn.Module, conversations: Conversations, switches: Switches) -> np.ndarray:
    """Work the logits of all rows out, with everything observed."""
    w = weights_of(made)
    parts = []
    for place, rows in enumerate(conversations.features.values()):
        part = rows.astype(np.float64)
        if switches.projection:
            layers = [w[f"input.projections.{place}.{layer}.{kind}"] for layer in "01" for kind in ("weight", "bias")]
            part = np.array([norm(layers[0] @ row + layers[1], layers[2], layers[3]) for row in part])
        parts.append(part)
    inputs = np.concatenate(parts, axis=1)
    dialogues = [slice(*pair) for pair in zip(conversations.starts[:-1], conversations.starts[1:], strict=True)]
    return np.concatenate(
        [literal_dialogue(w, inputs[rows], conversations.speaker[rows], switches) for rows in dialogues]
    )


@pytest.mark.parametrize(
    "switches",
    [
        PLAIN,
        SUITE,
        replace(PLAIN, listener=True),
        replace(SUITE, listener=True, attention=False),
        replace(PLAIN, directions="forward", listener=True),
        replace(SUITE, directions="forward", attention=False),
    ],
    ids=["paper", "suite", "listener", "no attention", "forward", "forward, no attention"],
)
@pytest.mark.parametrize("speakers", [1, 2, 4])
def test_the_logits_are_those_of_the_equations(small: Make, switches: Switches, speakers: int) -> None:
    conversations = several_speakers(small(lengths=(6, 1, 4, 9)), speakers)
    made = network(conversations, switches)
    got = rows_of(output(made, conversations).logits, conversations)
    assert np.allclose(got, literal(made, conversations, switches), atol=1e-5)


def test_a_cell_is_the_one_of_torch() -> None:
    cells, own = Cells(2, 3, 4), nn.GRUCell(3, 4)
    with torch.no_grad():
        own.weight_ih.copy_(cells.input_weight[1].T)
        own.weight_hh.copy_(cells.state_weight[1].T)
        own.bias_ih.copy_(cells.input_bias[1, 0])
        own.bias_hh.copy_(cells.state_bias[1, 0])
    x, h = torch.randn(2, 5, 3), torch.randn(2, 5, 4)
    product = x @ cells.input_weight + cells.input_bias
    assert torch.allclose(cells(product, h)[1], own(x[1], h[1]), atol=1e-6)


def test_the_input_known_beforehand_and_the_rest_make_the_product() -> None:
    cells, rows, rest = Cells(2, 5, 4), torch.randn(2, 3, 6, 2), torch.randn(2, 3, 3)
    products, weight = cells.known_inputs(rows)
    whole = torch.cat([rows[:, :, 4], rest], dim=-1) @ cells.input_weight + cells.input_bias
    assert torch.allclose(torch.baddbmm(products[4], rest, weight), whole, atol=1e-5)


def test_one_direction_sees_the_past_only(small: Make) -> None:
    conversations = small(lengths=(6, 3))
    batch = make_batch(conversations, np.array([0, 1]), device="cpu")
    layer = DialogueRNN(4, 5, 3, dropout=0.0, directions=1)
    rows = batch.features["text"]
    before = layer(rows, batch.speaker, batch.valid)
    changed = rows.clone()
    changed[:, 2] += 1
    after = layer(changed, batch.speaker, batch.valid)
    assert before.shape == (2, 6, 3)
    assert torch.equal(before[:, :2], after[:, :2])
    assert (before[:, 2:] != after[:, 2:]).any(dim=-1)[batch.valid[:, 2:]].all()


def test_several_sequences_side_by_side_are_as_one_by_one(small: Make) -> None:
    conversations = several_speakers(small(lengths=(6, 3, 1)), 3)
    batch = make_batch(conversations, np.arange(3), device="cpu")
    together = DialogueRNN(4, 5, 3, dropout=0.0, directions=4)
    alone = [DialogueRNN(4, 5, 3, dropout=0.0) for _ in range(2)]
    for place, one in enumerate(alone):
        one.load_state_dict({name: value[2 * place : 2 * place + 2] for name, value in together.state_dict().items()})
    rows = torch.stack([batch.features["text"], batch.features["text"].flip(-1)])
    skipped = batch.valid & (torch.rand(2, 3, 6, generator=torch.Generator().manual_seed(0)) < 0.4)
    lanes = together(rows.repeat_interleave(2, 0), batch.speaker, batch.valid, skipped.repeat_interleave(2, 0))
    expected = [one(rows[place], batch.speaker, batch.valid, skipped[place]) for place, one in enumerate(alone)]
    assert lanes.shape == (3, 6, 12)
    assert torch.allclose(lanes[batch.valid], torch.cat(expected, dim=-1)[batch.valid], atol=1e-6)


class TestOneDialogue:
    @pytest.mark.parametrize("switches", [PLAIN, SUITE, replace(PLAIN, listener=True)])
    def test_it_does_not_depend_on_the_company(self, small: Make, switches: Switches) -> None:
        conversations = several_speakers(small(lengths=(3, 1, 12, 5)), 5)
        made = network(conversations, switches)
        together = rows_of(output(made, conversations).logits, conversations)
        alone = [conversations.take_dialogues([place]) for place in range(4)]
        apart = np.concatenate([rows_of(output(made, one).logits, one) for one in alone])
        assert np.allclose(together, apart, atol=1e-5)

    def test_speakers_are_interchangeable(self, small: Make) -> None:
        conversations = several_speakers(small(lengths=(7, 4)), 3)
        made = network(conversations, SUITE)
        renamed = conversations.change(speaker=np.array([4, 0, 2])[conversations.speaker])
        merged = conversations.change(speaker=np.zeros_like(conversations.speaker))
        first, second, third = (rows_of(output(made, x).logits, x) for x in (conversations, renamed, merged))
        assert np.allclose(first, second, atol=1e-6)
        assert not np.allclose(first, third, atol=1e-3)


class TestMaskAware:
    @pytest.mark.parametrize("listener", [False, True])
    @pytest.mark.parametrize("attention", [False, True])
    def test_a_turn_of_which_nothing_is_observed_is_as_if_it_were_not_there(
        self, small: Make, listener: bool, attention: bool
    ) -> None:
        conversations = several_speakers(small(lengths=(6, 3, 4)), 3)
        gone = [0, 3, 4, 8]
        switches = replace(SUITE, listener=listener, attention=attention)
        made = network(conversations, switches)
        kept = np.ones(len(conversations), bool)
        kept[gone] = False
        got = rows_of(output(made, hidden_turns(conversations, gone)).logits, conversations)
        without = only_rows(conversations, kept)
        assert np.allclose(got[kept], rows_of(output(made, without).logits, without), atol=1e-5)
        clean = rows_of(output(made, conversations).logits, conversations)
        assert not np.allclose(got[kept], clean[kept], atol=1e-3)

    def test_its_own_answer_comes_from_the_others(self, small: Make) -> None:
        conversations = hidden_turns(small(lengths=(5,)), [2])
        made = network(conversations, SUITE)
        first = output(made, conversations).logits[0, 2]
        louder = {name: 1.5 * rows for name, rows in conversations.features.items()}
        assert not torch.allclose(
            first, output(made, conversations.with_modalities(features=louder)).logits[0, 2], atol=1e-4
        )

    def test_the_value_of_what_is_not_observed_does_not_matter(self, small: Make) -> None:
        conversations = small(lengths=(5, 2))
        rng = np.random.default_rng(0)
        observed = {name: rng.random(7) < 0.5 for name in conversations.modalities}
        hit = conversations.with_modalities(observed=observed)
        made = network(conversations, SUITE)
        noise = {
            name: np.where(observed[name][:, None], rows, rows + 9).astype(np.float32)
            for name, rows in hit.features.items()
        }
        assert torch.equal(output(made, hit).logits, output(made, hit.with_modalities(features=noise)).logits)

    def test_with_nothing_of_a_dialogue_it_says_the_class_shares(self, small: Make) -> None:
        conversations = small(lengths=(3, 4))
        shares = np.bincount(conversations.label, minlength=3) / 7
        got = output(network(conversations, SUITE), hidden_turns(conversations, [0, 1, 2]))
        assert np.allclose(torch.softmax(got.logits[0, :3], dim=-1), shares, atol=1e-6)
        assert not np.allclose(torch.softmax(got.logits[1], dim=-1), shares, atol=1e-3)

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


class TestInputs:
    def test_which_modalities_are_read(self) -> None:
        task = Task({"text": 3, "audio": 2, "video": 4}, (1, 1), 2)
        assert modalities_read(task, "all") == ("text", "audio", "video")
        assert modalities_read(task, "text") == ("text",)
        assert modalities_read(task, "text_audio") == ("text", "audio")
        assert modalities_read(Task({"video": 3, "text": 2}, (1, 1), 2), "text_audio") == ("text",)

    @pytest.mark.parametrize(
        ("inputs", "words"),
        [("text", "inputs=text: expected data with text, got audio, video; type inputs=all"), ("text_audio", "or")],
    )
    def test_data_without_them(self, small: Make, inputs: str, words: str) -> None:
        conversations = small(modalities=("video",) if inputs == "text_audio" else ("audio", "video"))
        with pytest.raises(NotApplicable, match=words):
            network(conversations, replace(PLAIN, inputs=inputs))

    def test_the_others_do_not_matter(self, small: Make) -> None:
        conversations = small()
        made = network(conversations, replace(PLAIN, inputs="text"))
        silent = {name: np.zeros_like(conversations.features[name]) for name in ("audio", "video")}
        assert torch.equal(
            output(made, conversations).logits,
            output(made, conversations.with_modalities(features=silent)).logits,
        )

    def test_features_are_standardised_first(self, small: Make) -> None:
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


@pytest.mark.parametrize("switches", [PLAIN, replace(SUITE, listener=True, modality_dropout=0.5)])
def test_every_parameter_and_feature_has_a_finite_gradient(small: Make, switches: Switches) -> None:
    conversations = hidden_turns(several_speakers(small(lengths=(6, 1, 4)), 3), [2])
    made = network(conversations, switches).train()
    batch = make_batch(conversations, np.arange(3), device="cpu")
    for rows in batch.features.values():
        rows.requires_grad_()
    made(batch).logits[batch.valid].square().sum().backward()
    for tensor in (*made.parameters(), *batch.features.values()):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()
        assert tensor.grad.any()


def test_dropout_is_for_training_only(small: Make) -> None:
    conversations = small(lengths=(8,))
    made = network(conversations, replace(PLAIN, dropout=0.0, emotion_dropout=0.0, recurrent_dropout=0.5))
    assert torch.equal(output(made, conversations).logits, output(made, conversations).logits)
    assert not torch.equal(output(made.train(), conversations).logits, output(made, conversations).logits)


def test_hidden_vectors_come_before_the_last_layer(small: Make) -> None:
    conversations = small()
    made = network(conversations, PLAIN)
    got = output(made, conversations)
    assert got.hidden is not None
    assert isinstance(made.output, nn.Linear)
    assert torch.allclose(made.output(got.hidden), got.logits)
    assert not got.modality_weights


def test_squashed_scores_lie_between_minus_one_and_one() -> None:
    rows, everyone = torch.randn(1, 4, 3) * 9, torch.ones(1, 4, 4, dtype=torch.bool)
    plain, squashed = (GeneralAttention(3, squashed=squashed).eval() for squashed in (False, True))
    squashed.load_state_dict(plain.state_dict())
    scores = plain.query(rows) @ rows.mT
    assert torch.allclose(squashed(rows, everyone), torch.softmax(torch.tanh(scores), -1) @ rows, atol=1e-5)
    assert not torch.allclose(plain(rows, everyone), squashed(rows, everyone), atol=1e-3)


def test_it_learns_what_only_the_dialogue_tells(small: Make) -> None:
    train, test = echo(small, "train"), echo(small, "test")
    switches = replace(
        SUITE, width=16, emotion_width=12, projection=8, dropout=0.0, emotion_dropout=0.0, recurrent_dropout=0.0
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = DialogueRNNNetwork(Task.of(train), replace(switches, attention=False))
        assert accuracy_after_training(made, train, test, steps=50) > 0.8


def test_forwards_without_attention_no_turn_depends_on_what_follows(small: Make) -> None:
    conversations = several_speakers(small(lengths=(7,)), 3)
    made = network(conversations, replace(SUITE, directions="forward", attention=False, listener=True))
    changed = {name: rows.copy() for name, rows in conversations.features.items()}
    for rows in changed.values():
        rows[4:] += 1
    before, after = (
        output(made, x).logits[0] for x in (conversations, conversations.with_modalities(features=changed))
    )
    assert torch.equal(before[:4], after[:4])
    assert not torch.allclose(before[4:], after[4:], atol=1e-3)

"""Gradients of a network's loss with respect to the features."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.base import HasGradients
from emobench.baselines.rage_network import RageNetwork, Switches
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import DataError
from emobench.benchmark.training.batches import Batch, Output
from emobench.benchmark.training.layers import Standardiser
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.task import Task
from emobench.protocols.base import Differentiable

Make = Callable[..., Conversations]


class Linear(nn.Module):
    """Logits linear in text and audio; video is not looked at."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({m: nn.Linear(task.widths[m], task.classes) for m in ("text", "audio")})

    def forward(self, batch: Batch) -> Output:
        return Output(torch.stack([layer(batch.features[m]) for m, layer in self.layers.items()]).sum(dim=0))


class Recurrent(nn.Module):
    """A GRU over standardised text, both ways, with dropout."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.standardiser = Standardiser("text", task.widths["text"])
        self.memory = nn.GRU(task.widths["text"], 6, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.last = nn.Linear(6, task.classes)

    def forward(self, batch: Batch) -> Output:
        hidden, _ = self.memory(self.standardiser(batch.features["text"]))
        return Output(self.last(self.dropout(hidden)))


class Doubled(nn.Module):
    """A network in double precision."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.double()

    def forward(self, batch: Batch) -> Output:
        output: Output = self.network(replace(batch, features={m: x.double() for m, x in batch.features.items()}))
        return output


def model_of(make: Callable[[Task], nn.Module], conversations: Conversations) -> NetworkModel:
    task = Task.of(conversations)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return NetworkModel(make(task), task, "cpu")


def rage(task: Task) -> nn.Module:
    network = RageNetwork(task, Switches(width=8, heads=2, quality=True))
    network.temperature.fill_(1.7)
    return network


def loss(model: NetworkModel, conversations: Conversations) -> float:
    read = conversations.target >= 0
    p = model.predict(conversations).probabilities[read]
    return float(-np.log(p[np.arange(len(p)), conversations.label[read]]).sum())


def test_it_is_what_attacks_and_calibrators_ask_for(small: Make) -> None:
    model = model_of(Linear, small())
    assert isinstance(model, Differentiable)
    assert isinstance(model, HasGradients)


def test_a_linear_softmax_has_the_gradient_of_the_textbook(small: Make) -> None:
    clean = small()
    model = model_of(Linear, clean)
    p = model.predict(clean).probabilities
    found = model.loss_gradients(clean)
    assert list(found) == ["text", "audio", "video"]
    for modality in ("text", "audio"):
        weight = model.state().arrays[f"layers.{modality}.weight"]
        assert found[modality].dtype == np.float32
        assert np.allclose(found[modality], (p - np.eye(3)[clean.label]) @ weight, atol=1e-6)
    assert found["video"].shape == clean.features["video"].shape
    assert not found["video"].any(), "what is not looked at does not matter"


def test_slopes_are_those_of_any_loss(small: Make) -> None:
    clean = small()
    model = model_of(Linear, clean)
    p = model.predict(clean).probabilities
    slopes = np.linspace(-1, 1, p.size).reshape(p.shape)
    found = model.feature_gradients(clean, slopes)["text"]
    expected = (slopes - p * slopes.sum(axis=1, keepdims=True)) @ model.state().arrays["layers.text.weight"]
    assert np.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("make", [rage, Recurrent])
def test_gradients_are_those_of_finite_differences(small: Make, make: Callable[[Task], nn.Module]) -> None:
    clean = small(lengths=(3, 2))
    observed = {"audio": np.array([True, False, True, True, True])}
    clean = clean.with_modalities(observed=observed).change(target=np.array([0, -1, 1, 2, -1]))
    model = model_of(lambda task: Doubled(make(task)), clean)
    found = model.loss_gradients(clean)
    step = np.float32(2**-7)
    for modality in clean.modalities:
        for row, column in [(0, 0), (1, 2), (2, 3), (4, 1)]:
            rows = clean.features[modality]
            up, down = rows.copy(), rows.copy()
            up[row, column] += step
            down[row, column] -= step
            rise = loss(model, clean.with_modalities(features={modality: up})) - loss(
                model, clean.with_modalities(features={modality: down})
            )
            moved = float(up[row, column]) - float(down[row, column])
            assert found[modality][row, column] == pytest.approx(rise / moved, rel=1e-2, abs=1e-4)


def test_a_row_for_context_gets_a_gradient_from_those_that_draw_on_it(small: Make) -> None:
    clean = small(lengths=(3, 2)).change(target=np.array([-1, -1, 0, -1, -1]))
    found = model_of(Recurrent, clean).loss_gradients(clean)["text"]
    assert found[:3].any(axis=1).all()
    assert not found[3:].any(), "nothing of that dialogue is read"


def test_where_a_label_is_unknown_the_predicted_class_stands_in(small: Make) -> None:
    clean = small()
    model = model_of(Linear, clean)
    predicted = model.predict(clean).probabilities.argmax(axis=1)
    assert not np.array_equal(predicted, clean.label)
    label = clean.label.copy()
    label[::2] = -1
    mixed = np.where(label < 0, predicted, label)
    found = model.loss_gradients(clean.change(label=label))["text"]
    assert np.array_equal(found, model.loss_gradients(clean.change(label=mixed))["text"])


@pytest.mark.parametrize("make", [rage, Recurrent])
def test_a_dialogue_does_not_depend_on_the_others(small: Make, make: Callable[[Task], nn.Module]) -> None:
    conversations = small(lengths=(3, 40, 1, 30, 300, 5, 600))
    model = model_of(make, conversations)
    together = model.loss_gradients(conversations)
    for dialogue in (0, 2, 4, 5):
        rows = slice(*conversations.starts[dialogue : dialogue + 2])
        alone = model.loss_gradients(conversations.take_dialogues([dialogue]))
        for modality in conversations.modalities:
            assert np.allclose(alone[modality], together[modality][rows], atol=1e-5)


def test_nothing_of_torch_or_the_network_changes(small: Make) -> None:
    clean = small()
    model = model_of(Recurrent, clean)
    model.network.train()
    weight = dict(model.network.named_parameters())["last.weight"]
    weight.grad = torch.full_like(weight, 3.0)
    random, threads, cudnn = torch.get_rng_state(), torch.get_num_threads(), torch.backends.cudnn.enabled
    with torch.no_grad():
        first = model.loss_gradients(clean)["text"]
        assert not torch.is_grad_enabled()
    assert np.array_equal(model.loss_gradients(clean)["text"], first), "dropout is off"
    assert torch.equal(torch.get_rng_state(), random)
    assert (torch.get_num_threads(), torch.backends.cudnn.enabled) == (threads, cudnn)
    gradients = {name: parameter.grad for name, parameter in model.network.named_parameters()}
    kept = gradients.pop("last.weight")
    assert kept is not None
    assert torch.equal(kept, torch.full_like(weight, 3.0))
    assert set(gradients.values()) == {None}
    assert all(parameter.requires_grad for parameter in model.network.parameters())


def test_other_data_than_those_of_training_are_refused(small: Make) -> None:
    model = model_of(Linear, small())
    with pytest.raises(DataError, match=r"^the model was trained on .*; train it on these data$"):
        model.loss_gradients(small(modalities=("text",)))

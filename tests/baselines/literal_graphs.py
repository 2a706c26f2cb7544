"""Recurrent layers and graphs as their equations are printed: one dialogue, one turn, one edge at a time, in numpy."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import make_batch
from tests.baselines.literal import gelu, norm

Node = tuple[str, int]
"""Modality and turn."""
Weights = Mapping[str, np.ndarray]


def weights_of(network: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.double().numpy() for name, value in network.state_dict().items()}


def shaken(network: nn.Module, seed: int = 0, deviation: float = 0.4) -> nn.Module:
    """Give every parameter a value that hides no mistake, biases included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, deviation, generator=generator)
    return network.eval()


def linear(w: Weights, name: str, x: np.ndarray) -> np.ndarray:
    return np.asarray(w[f"{name}.weight"] @ x + w[f"{name}.bias"])


def encoded(w: Weights, name: str, x: np.ndarray) -> np.ndarray:
    """Return what an encoder makes of features: Linear alone, or Linear, GELU, LayerNorm."""
    if f"{name}.weight" in w:
        return linear(w, name, x)
    return norm(gelu(linear(w, f"{name}.0", x)), w[f"{name}.2.weight"], w[f"{name}.2.bias"])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def lstm_step(
    w_x: np.ndarray, w_h: np.ndarray, bias: np.ndarray, x: np.ndarray, h: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return h and c; gates in the order input, forget, cell, output."""
    i, f, g, o = np.split(w_x @ x + w_h @ h + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def both_directions(w: Weights, name: str, rows: list[np.ndarray], *, layers: int = 2) -> list[np.ndarray]:
    """Return the states of a bidirectional LSTM or GRU, told apart by the size of its weights."""
    for layer in range(layers):
        directions = []
        for suffix in ("", "_reverse"):
            w_x, w_h, b_x, b_h = (
                w[f"{name}.{part}_l{layer}{suffix}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            h = c = np.zeros(w_h.shape[1])
            states = []
            for x in rows[::-1] if suffix else rows:
                if len(w_h) == 4 * len(h):
                    h, c = lstm_step(w_x, w_h, b_x + b_h, x, h, c)
                else:
                    (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split(w_x @ x + b_x, 3), np.split(w_h @ h + b_h, 3)
                    z = sigmoid(z_x + z_h)
                    h = (1 - z) * np.tanh(n_x + sigmoid(r_x + r_h) * n_h) + z * h
                states.append(h)
            directions.append(states[::-1] if suffix else states)
        rows = [np.concatenate(pair) for pair in zip(*directions, strict=True)]
    return rows


def edges(vectors: Mapping[Node, np.ndarray], allowed: np.ndarray) -> dict[tuple[Node, Node], float]:
    """Return the normalised weight of every edge: (target, source)."""
    found = {}
    for target, u in vectors.items():
        for source, v in vectors.items():
            within = target[0] == source[0] and allowed[target[1], source[1]]
            across = target[0] != source[0] and target[1] == source[1]
            if within or across:
                cosine = u @ v / math.sqrt((u @ u) * (v @ v))
                found[target, source] = 1 - math.acos(0.99999 * cosine) / math.pi
    degree = {node: sum(weight for (target, _), weight in found.items() if target == node) for node in vectors}
    return {(k, j): weight / math.sqrt(degree[k] * degree[j]) for (k, j), weight in found.items()}


def convolution(
    weighted: Mapping[tuple[Node, Node], float],
    hidden: Mapping[Node, np.ndarray],
    first: Mapping[Node, np.ndarray],
    weight: np.ndarray,
    *,
    layer: int,
    alpha: float,
) -> dict[Node, np.ndarray]:
    """Return the hidden vectors after layer number `layer`, from 1; λ = ½."""
    theta = math.log(0.5 / layer + 1)
    after = {}
    for node in hidden:
        s = sum((weighted[k, j] * hidden[j] for k, j in weighted if k == node), np.zeros(len(first[node])))
        r = (1 - alpha) * s + alpha * first[node]
        after[node] = np.maximum(theta * np.concatenate([s, first[node]]) @ weight + (1 - theta) * r, 0)
    return after


def answer(
    w: Weights, nodes: Mapping[Node, np.ndarray], modalities: tuple[str, ...], turn: int, width: int
) -> np.ndarray:
    """Return the logits of one turn from [x ; h] of its nodes; where a node is missing, from zeros."""
    seen = np.concatenate([nodes.get((modality, turn), np.zeros(width)) for modality in modalities])
    return linear(w, "readout.output", np.maximum(seen, 0))


def logits(network: nn.Module, conversations: Conversations) -> list[np.ndarray]:
    """Return the logits of each dialogue, all dialogues in one batch."""
    with torch.inference_mode():
        found = network(make_batch(conversations, np.arange(conversations.dialogues), device="cpu")).logits
    return [found[dialogue, :length].numpy() for dialogue, length in enumerate(np.diff(conversations.starts))]


def partly(conversations: Conversations) -> Conversations:
    """Let one modality or two be observed at each turn."""
    rng = np.random.default_rng(1)
    modalities = conversations.modalities
    kept, lost = rng.integers(0, len(modalities), (2, len(conversations)))
    return conversations.with_modalities(
        observed={m: (kept == place) | (lost != place) for place, m in enumerate(modalities)}
    )

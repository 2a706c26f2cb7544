"""A network's predictions on any conversations, without gradients."""

import statistics
import time
from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from ..conversations import Conversations
from ..predictions import Predictions
from .batch_pieces import BatchPiece, pieces_of
from .batches import Output, make_batch

TIMED_PASSES = 20
"""Passes of one utterance that are timed; their median is reported."""


def predict(network: nn.Module, conversations: Conversations, *, device: str, hidden: bool = False) -> Predictions:
    """Return the predictions of every row, in the order of the rows; `hidden` adds the vectors before the last layer.

    Softmax is taken in double precision, so that a confident network has no probability of exactly zero.
    """
    pieces = pieces_of(conversations, device=device)
    return predict_pieces(network, pieces, rows=len(conversations), hidden=hidden)


@torch.inference_mode()
def predict_pieces(network: nn.Module, pieces: Iterable[BatchPiece], *, rows: int, hidden: bool = False) -> Predictions:
    """Return the predictions of so many rows from the batches that they have been made into; else as `predict`."""
    # To say it to every layer takes a small network's time for a batch.
    if any(layer.training for layer in network.modules()):
        network.eval()
    parts: dict[str, np.ndarray] = {}
    for piece in pieces:
        output: Output = network(piece.batch)
        at = piece.row[piece.valid]
        for name, values in named(output, hidden=hidden).items():
            array = values.cpu().numpy()
            whole = parts.setdefault(name, np.empty((rows, *array.shape[2:]), array.dtype))
            whole[at] = array[piece.valid]
        piece.mend()
    return predictions_of(parts)


@torch.inference_mode()
def milliseconds_per_utterance(network: nn.Module, conversations: Conversations, *, device: str) -> float:
    """Return the wall time per utterance of the shortest dialogue on its own, in milliseconds, transfers included.

    A quick figure for the record of a training run: the median of a few passes, over the dialogue's turns.
    """
    network.eval()
    shortest = np.argsort(np.diff(conversations.starts), kind="stable")[:1]
    seconds = []
    for _ in range(TIMED_PASSES + 2):
        started = time.perf_counter()
        network(make_batch(conversations, shortest, device=device)).logits.cpu()
        seconds.append(time.perf_counter() - started)
    # The first two passes pay for what is set up once.
    return 1000 * statistics.median(seconds[2:]) / int(np.diff(conversations.starts)[shortest[0]])


def named(output: Output, *, hidden: bool = False) -> dict[str, torch.Tensor]:
    """Return what is kept of an output, by name; the inverse on its rows is `predictions_of`."""
    named = {"probabilities": torch.softmax(output.logits.double(), dim=-1)}
    if hidden and output.hidden is not None:
        named["hidden"] = output.hidden
    return named | {f"weight of {modality}": weights for modality, weights in output.modality_weights.items()}


def predictions_of(parts: dict[str, np.ndarray]) -> Predictions:
    """Return rows by name as predictions."""
    return Predictions(
        probabilities=parts.pop("probabilities"),
        hidden=parts.pop("hidden", None),
        modality_weights={name.removeprefix("weight of "): weights for name, weights in parts.items()},
    )

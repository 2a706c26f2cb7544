"""Sub-dialogues: each target sees just what is left of its dialogue, and equal remainders are there once."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64

from ..benchmark.conversations import CONTEXT_ONLY, Conversations


class Remainders(NamedTuple):
    """The sub-dialogues of one dialogue, one entry per row that is taken."""

    number: Int64[np.ndarray, " taken"]
    """Sub-dialogue, from 0, in the order of the first target of each."""
    turn: Int64[np.ndarray, " taken"]
    """Row of the dialogue, from 0, increasing in each sub-dialogue."""
    read: Bool[np.ndarray, " taken"]
    """Whether the prediction is read there."""


def split_by_remainder(
    conversations: Conversations, kept: Callable[[slice], Bool[np.ndarray, "turns turns"]]
) -> Conversations:
    """Return conversations in which each target sees exactly the turns that are kept for it.

    Targets of one dialogue for which the same turns are kept share a sub-dialogue; rows that nobody draws on are gone.

    Parameters
    ----------
    kept
        Given the rows of a dialogue, whether turn k (row) sees turn j (column); each turn sees itself.
    """
    firsts = conversations.starts[:-1]
    parts = [
        remainders(kept(slice(first, end)), conversations.target[first:end] != CONTEXT_ONLY)
        for first, end in pairwise(conversations.starts.tolist())
    ]
    counts = np.array([part.number[-1] + 1 if len(part.number) else 0 for part in parts])
    before = np.cumsum(counts) - counts
    rows = np.concatenate([part.turn + first for part, first in zip(parts, firsts, strict=True)])
    read = np.concatenate([part.read for part in parts])
    return conversations.take_rows(
        rows,
        dialogue=np.concatenate([part.number + number for part, number in zip(parts, before, strict=True)]),
        origin=np.repeat(np.arange(len(parts)), counts),
        target=np.where(read, conversations.target[rows], CONTEXT_ONLY),
    )


def remainders(kept: Bool[np.ndarray, "turns turns"], target: Bool[np.ndarray, " turns"]) -> Remainders:
    """Return the sub-dialogues of one dialogue, of which the rows marked by `target` are read."""
    numbers: dict[bytes, int] = {}
    number_of = np.full(len(target), -1)
    number_of[target] = [numbers.setdefault(row.tobytes(), len(numbers)) for row in kept[target]]
    different = np.frombuffer(b"".join(numbers), bool).reshape(-1, len(target))
    number, turn = np.nonzero(different)
    return Remainders(number, turn, number_of[turn] == number)

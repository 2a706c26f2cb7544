"""Sub-dialogues: each target sees just what is left of its dialogue, and equal remainders are there once."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from jaxtyping import Bool

from ..benchmark.conversations import CONTEXT_ONLY, Conversations


def split_by_remainder(
    conversations: Conversations, kept: Callable[[slice], Bool[np.ndarray, "turns turns"]]
) -> Conversations:
    """Return conversations in which each target sees exactly the turns that are kept for it.

    Targets of one dialogue for which the same turns are kept share a sub-dialogue, in the order of the first target of
    each; rows that nobody draws on are gone.

    Parameters
    ----------
    kept
        Given the rows of a dialogue, whether turn k (row) sees turn j (column); each turn sees itself.
    """
    # By dialogue and what is left of it, a byte for each turn: the number of the sub-dialogue.
    numbers: dict[tuple[int, bytes], int] = {}
    number_of = [
        numbers.setdefault((dialogue, mask), len(numbers)) if target != CONTEXT_ONLY else -1
        for dialogue, (first, end) in enumerate(pairwise(conversations.starts.tolist()))
        for target, mask in zip(
            conversations.target[first:end].tolist(), _rows_of(kept(slice(first, end))), strict=True
        )
    ]
    origin = np.array([dialogue for dialogue, _ in numbers], np.int64)
    # Sub-dialogue after sub-dialogue all turns of its dialogue, and of those the ones that are left.
    left = np.frombuffer(b"".join(mask for _, mask in numbers), bool)
    turns = np.diff(conversations.starts)[origin]
    begins = np.cumsum(turns) - turns
    rows = (np.arange(len(left)) + np.repeat(conversations.starts[origin] - begins, turns))[left]
    number = np.repeat(np.arange(len(origin)), turns)[left]
    read = np.array(number_of)[rows] == number
    return conversations.take_rows(
        rows, dialogue=number, origin=origin, target=np.where(read, conversations.target[rows], CONTEXT_ONLY)
    )


def _rows_of(mask: Bool[np.ndarray, "turns turns"]) -> list[bytes]:
    packed, turns = mask.tobytes(), len(mask)
    return [packed[first : first + turns] for first in range(0, len(packed), turns)]

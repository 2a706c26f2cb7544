"""Who spoke before: the last turn of the same speaker, and what was felt then."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

from .base import Scored

NO_TURN = -1
"""Row of a turn that there is not."""


@dataclass(frozen=True)
class SpeakerFlips:
    """Neighbouring turns of one speaker: predicted flips, gold flips, missed flips, spurious flips, pairs.

    Neighbours are two turns of a speaker between which only others speak. A pair is counted with its later turn.
    """

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the five columns; the first turn of a speaker adds nothing."""
        before = last_turn_of_speaker(scored)
        pair = before != NO_TURN
        predicted = pair & (scored.predicted != scored.predicted[before])
        gold = pair & (scored.label != scored.label[before])
        columns = (predicted, gold, gold & ~predicted, predicted & ~gold, pair)
        return np.stack(columns, axis=1).astype(np.float64)


def last_turn_of_speaker(scored: Scored) -> Int64[np.ndarray, " utterances"]:
    """Return the row of the same speaker's last turn in the dialogue; −1 for a speaker's first.

    Also −1 where an utterance was left out in between, for it may have been the speaker's own.
    """
    rows = np.arange(len(scored.label))
    order = np.lexsort((rows, scored.speaker, scored.dialogue))
    same = _same_as_before(scored.dialogue[order]) & _same_as_before(scored.speaker[order])
    before = np.full(len(rows), NO_TURN)
    before[order[same]] = order[np.flatnonzero(same) - 1]
    gapless = scored.turn - scored.turn[before] == rows - before
    return np.where(gapless & (before != NO_TURN), before, NO_TURN).astype(np.int64)


def _same_as_before(values: Int64[np.ndarray, " utterances"]) -> Bool[np.ndarray, " utterances"]:
    """Return whether each value equals the one before it; False for the first."""
    same = np.zeros(len(values), bool)
    same[1:] = values[1:] == values[:-1]
    return same

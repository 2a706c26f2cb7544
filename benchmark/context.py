"""What an utterance may draw on of its dialogue: one rule, written as a pairwise mask."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64

Removed = Literal["intra", "inter", "all", "past", "future", "distant"]
"""What is taken away of a dialogue: what the same speaker says elsewhere, what others say, all of it, what comes
before, what comes after, or all but the nearest turns."""


@dataclass(frozen=True)
class Context:
    """A rule that says which turns each turn may draw on; itself always."""

    removed: Removed
    """What is taken away."""
    window: int = 0
    """With `distant`: how many of the nearest turns are kept; of two that are as near, the earlier one first."""

    def mask(
        self, speaker: Int64[np.ndarray, " turns"], turn: Int64[np.ndarray, " turns"]
    ) -> Bool[np.ndarray, "turns turns"]:
        """Return whether turn k (row) may draw on turn j (column), for the turns of one dialogue.

        Parameters
        ----------
        speaker
            Who speaks.
        turn
            Position in the dialogue as recorded, increasing; a gap means that a turn has gone missing.
        """
        mask: Bool[np.ndarray, "turns turns"]
        match self.removed:
            case "intra":
                mask = speaker[:, None] != speaker
            case "inter":
                mask = speaker[:, None] == speaker
            case "all":
                mask = np.zeros((len(turn), len(turn)), bool)
            case "past":
                mask = turn > turn[:, None]
            case "future":
                mask = turn < turn[:, None]
            case _:
                # Distant: twice the distance, the later of two made a little farther; the turn itself comes first.
                distance = turn - turn[:, None]
                rank = np.argsort(np.argsort(2 * np.abs(distance) + (distance > 0), axis=1, kind="stable"), axis=1)
                mask = rank <= self.window
        mask.flat[:: len(turn) + 1] = True
        return mask

"""Ways of looking at predictions: as they are, on clean input, or some of the utterances only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64

from .base import Scored
from .speakers import NO_TURN, last_turn_of_speaker

By = Literal["class", "speaker", "turn", "length", "shift"]
"""By what utterances are sliced."""

TURNS = {"0": 0, "1–2": 2, "3–5": 5, "6–10": 10, "11+": None}
"""Bands of the position in the dialogue, from 0, with their last one."""
LENGTHS = {"1–2": 2, "3–5": 5, "6–10": 10, "11–20": 20, "21+": None}
"""Bands of the length of a dialogue in turns, with their last one."""
SPEAKERS = {"first": 0, "second": 1, "third": 2, "others": None}
"""Speakers in the order in which they first speak in the dialogue."""
SHIFTS = ("shift", "no shift", "no earlier turn")
"""Whether the gold class differs from that of the same speaker's last turn."""


@dataclass(frozen=True)
class AsItIs:
    """The predictions themselves."""

    def __call__(self, scored: Scored) -> Scored:
        """Return them."""
        return scored


@dataclass(frozen=True)
class OnCleanInput:
    """The same model's predictions on clean input."""

    def __call__(self, scored: Scored) -> Scored:
        """Return them, in the place of those under the condition."""
        assert scored.clean is not None, "a metric that needs the clean run is not asked where there is none"
        return replace(scored, probabilities=scored.clean)


@dataclass(frozen=True)
class Slice:
    """The utterances of one slice, as if there were no others."""

    by: By
    """By what."""
    place: int
    """Which slice, from 0; see `slice_names`."""

    def __call__(self, scored: Scored) -> Scored:
        """Return their rows."""
        return taken(scored, _slice_of(scored, self.by) == self.place)


def slice_names(scored: Scored, by: By) -> tuple[str, ...]:
    """Return the names of the slices, in order."""
    return {
        "class": scored.classes,
        "speaker": tuple(SPEAKERS),
        "turn": tuple(TURNS),
        "length": tuple(LENGTHS),
        "shift": SHIFTS,
    }[by]


def taken(scored: Scored, rows: Bool[np.ndarray, " utterances"]) -> Scored:
    """Return some of the utterances; indices of dialogues stay what they are, so some may have none left."""
    return replace(
        scored,
        probabilities=scored.probabilities[rows],
        label=scored.label[rows],
        dialogue=scored.dialogue[rows],
        turn=scored.turn[rows],
        speaker=scored.speaker[rows],
        clean=None if scored.clean is None else scored.clean[rows],
        removals={name: values[rows] for name, values in scored.removals.items()},
        coalitions={name: values[rows] for name, values in scored.coalitions.items()},
        hidden=None if scored.hidden is None else scored.hidden[rows],
        modality_weights={name: values[rows] for name, values in scored.modality_weights.items()},
        # The exact posterior's own posterior is itself.
        posterior=None if scored.posterior is None else taken(replace(scored.posterior, posterior=None), rows),
    )


def _slice_of(scored: Scored, by: By) -> Int64[np.ndarray, " utterances"]:
    """Return the slice that each utterance is in."""
    if by == "class":
        return scored.label
    if by == "speaker":
        return _band(scored.speaker, tuple(SPEAKERS.values()))
    if by == "turn":
        return _band(scored.turn, tuple(TURNS.values()))
    if by == "length":
        last = np.searchsorted(scored.dialogue, scored.dialogue, side="right") - 1
        return _band(scored.turn[last] + 1, tuple(LENGTHS.values()))
    before = last_turn_of_speaker(scored)
    moved = np.where(scored.label != scored.label[before], SHIFTS.index("shift"), SHIFTS.index("no shift"))
    return np.where(before == NO_TURN, SHIFTS.index("no earlier turn"), moved).astype(np.int64)


def _band(values: Int64[np.ndarray, " utterances"], lasts: Sequence[int | None]) -> Int64[np.ndarray, " utterances"]:
    edges = [last for last in lasts if last is not None]
    return np.searchsorted(edges, values, side="left").astype(np.int64)

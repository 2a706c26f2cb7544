"""Which dialogues a page shows turn by turn: those that change most under stress, and those that are surely wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, zip_longest

import numpy as np
from jaxtyping import Float, Int64

from ..benchmark.conversations import UNKNOWN
from ..benchmark.utterance_file import Utterances

LONG_ENOUGH = 5
"""Turns from which the share of changed predictions of a dialogue is compared before that of shorter ones."""


@dataclass(frozen=True, eq=False)
class Tally:
    """What the models compared did turn by turn, summed over them; all on one data set."""

    changed: Mapping[str, Int64[np.ndarray, " utterances"]]
    """By condition other than clean: how many models predict another class than on clean input."""
    pairs: int
    """Model × condition pairs that `changed` counts."""
    sure_and_wrong: Float[np.ndarray, " utterances"]
    """Clean input: probability of the predicted class where that is wrong, else 0; mean over models."""

    @cached_property
    def changes(self) -> Int64[np.ndarray, " utterances"]:
        """How many predictions under stress differ from those on clean input."""
        return sum(self.changed.values(), np.zeros(len(self.sure_and_wrong), np.int64))


@dataclass(frozen=True, eq=False)
class Chosen:
    """A dialogue that is shown, and what speaks for showing it."""

    rows: Int64[np.ndarray, " turns"]
    """Its utterances."""
    changed: int
    """Predictions under stress that differ from those on clean input, over turns, models and conditions."""
    compared: int
    """Predictions under stress."""
    wrong_turn: int
    """Place, in the dialogue, of the turn at which models are most surely wrong on clean input; −1: nowhere."""
    wrong_by: float
    """The mean probability that models give to a wrong class there; 0: nowhere."""


def choose(utterances: Utterances, tally: Tally) -> Iterator[Chosen]:
    """Yield all dialogues, alternately the next that changes most and the next with the surest error.

    Changes: the share of predictions that differ from clean input, over all models and conditions; dialogues of less
    than five turns after all others. Surest error: the turn at which the probability of the predicted class, where it
    is wrong, is highest on clean input (mean over models). What is equal stays in the order of the data, and so do
    dialogues that have neither, after all others.
    """
    dialogues = [_look(rows, tally) for rows in rows_of(utterances.dialogue)]
    places = range(len(dialogues))

    def share(place: int) -> tuple[bool, float]:
        one = dialogues[place]
        return len(one.rows) < LONG_ENOUGH, -one.changed / max(one.compared, 1)

    by_change = sorted((place for place in places if dialogues[place].changed), key=share)
    by_error = sorted((p for p in places if dialogues[p].wrong_by > 0), key=lambda p: -dialogues[p].wrong_by)
    alternating = chain.from_iterable(zip_longest(by_change, by_error))
    for place in dict.fromkeys(chain(alternating, places)):
        if place is not None:
            yield dialogues[place]


def _look(rows: Int64[np.ndarray, " turns"], tally: Tally) -> Chosen:
    sure = tally.sure_and_wrong[rows]
    turn = int(np.argmax(sure))
    wrong_by = float(sure[turn])
    changed = int(tally.changes[rows].sum())
    return Chosen(rows, changed, len(rows) * tally.pairs, turn if wrong_by > 0 else -1, wrong_by)


def rows_of(dialogue: Int64[np.ndarray, " utterances"]) -> list[Int64[np.ndarray, " turns"]]:
    """Return the rows of each dialogue; indices of dialogues that have no row are left out."""
    starts = np.flatnonzero(np.diff(dialogue, prepend=-1))
    return np.split(np.arange(len(dialogue)), starts[1:]) if len(dialogue) else []


def most_changed(tally: Tally, rows: Int64[np.ndarray, " turns"], wanted: int) -> tuple[str, ...]:
    """Return the conditions under which most predictions of these rows differ from clean, in the order of the run."""
    counts = {condition: int(changed[rows].sum()) for condition, changed in tally.changed.items()}
    kept = set(islice(sorted(counts, key=lambda condition: -counts[condition]), wanted))
    return tuple(condition for condition in counts if condition in kept)


def window(tally: Tally, chosen: Chosen, wanted: int) -> Int64[np.ndarray, " shown"]:
    """Return so many consecutive rows of a dialogue, with its surest error and as many changes as go with that."""
    last = len(chosen.rows) - wanted
    if last <= 0:
        return chosen.rows
    sums = np.cumsum(np.concatenate([[0], tally.changes[chosen.rows]]))
    inside = sums[wanted:] - sums[:-wanted]
    if chosen.wrong_turn >= 0:
        # Only windows that hold the surest error.
        starts = np.arange(last + 1)
        inside[(starts > chosen.wrong_turn) | (starts + wanted <= chosen.wrong_turn)] = -1
    start = int(np.argmax(inside))
    return chosen.rows[start : start + wanted]


def sure_and_wrong(
    clean: Sequence[Float[np.ndarray, "utterances classes"]], label: Int64[np.ndarray, " utterances"]
) -> Float[np.ndarray, " utterances"]:
    """Return the probability of the predicted class where it is wrong, else 0; the mean over models."""
    found = [np.where((p.argmax(axis=1) != label) & (label != UNKNOWN), p.max(axis=1), 0.0) for p in clean]
    return np.asarray(np.mean(found, axis=0)) if found else np.zeros(len(label))

"""How severe a stress really was: measured on the conversations it left."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float32, Float64, Int64

from .conversations import CONTEXT_ONLY, Conversations


class Signal:
    """What noise is held against: how far the recorded features of each modality are from their mean.

    Computed when first asked for, once for all stresses of a split.
    """

    def __init__(self, clean: Conversations) -> None:
        """Compute nothing yet."""
        self._clean = clean
        self._parts: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def weights(self, modality: str) -> Float64[np.ndarray, " width"]:
        """Return one over the variance of each feature; 0 for a feature that never varies."""
        return self._part(modality)[0]

    def squares(self, modality: str, rows: Int64[np.ndarray, " rows"]) -> Float32[np.ndarray, "rows width"]:
        """Return the squares of the features of some rows about their mean."""
        squares: Float32[np.ndarray, "rows width"] = self._clean.features[modality][rows] - self._part(modality)[1]
        squares *= squares
        return squares

    def power(self, modality: str, rows: Int64[np.ndarray, " rows"]) -> float:
        """Return the weighted sum of the squares of some rows."""
        return float(self._part(modality)[2][rows].sum())

    def _part(self, modality: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if modality not in self._parts:
            recorded = self._clean.features[modality]
            variance = recorded.var(axis=0, dtype=np.float64)
            mean = recorded.mean(axis=0, dtype=np.float64).astype(np.float32)
            weights = np.divide(1, variance, out=np.zeros_like(variance), where=variance > 0)
            self._parts[modality] = weights, mean, np.square(recorded - mean) @ weights
        return self._parts[modality]


def realised_under(clean: Conversations, stressed: Conversations, *, signal: Signal | None = None) -> dict[str, float]:
    """Return figures over the rows that are read, by name; what a stress did not do is not named.

    `signal` is that of `clean`, where it is kept for several stresses.

    ``missing m``
        Share of rows of modality m that were recorded and are there no longer; always named.
    ``hidden m``
        Mean share of features of m that are hidden, over the rows that are there.
    ``snr_db m``
        10 log₁₀ of the mean square of the recorded features about their mean, over that of what was added to them:
        rows where m is there, features that are not hidden, all features of equal weight (each is divided by its
        variance on the split). Decibels. Named where there is a signal, and noise was added or an
        attack moved features.
    ``moved m``
        Share of the rows where m is there whose features belong to another turn; named where some were moved.
    ``context``
        Mean share of the other turns of the dialogue that are still there for the row that is read, or that it is
        linked to; named where turns have been taken away or links set.
    ``displaced``
        Share of rows that stand at another turn; named where there are such and no turns have been taken away.
    ``speakers``
        Share of pairs of turns of a dialogue of which it is no longer said, or said by mistake, that one person spoke
        them; named where there are such and no turns have been taken away.
    """
    read = np.flatnonzero(stressed.target != CONTEXT_ONLY)
    rows = stressed.target[read]
    found = {}
    for modality in clean.modalities:
        there = stressed.present[modality][read]
        found[f"missing {modality}"] = float((clean.present[modality][rows] & ~there).mean())
        if modality in stressed.trace.hidden and there.any():
            found[f"hidden {modality}"] = float(stressed.trace.hidden[modality][read[there]].mean())
        moved = modality in stressed.trace.noise or modality in stressed.trace.attacked
        if moved and modality not in stressed.trace.source and there.any():
            ratio = _snr(clean, stressed, signal or Signal(clean), modality, rows[there], read[there])
            found |= {} if ratio is None else {f"snr_db {modality}": ratio}
        if modality in stressed.trace.source and there.any():
            source = stressed.trace.source[modality][read]
            found[f"moved {modality}"] = float((source != clean.turn[rows])[there].mean())
    return found | _of_dialogues(clean, stressed, rows, read)


def means_of(draws: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over the draws that have it."""
    names = dict.fromkeys(name for those in draws for name in those)
    return {name: float(np.mean([those[name] for those in draws if name in those])) for name in names}


def _of_dialogues(
    clean: Conversations,
    stressed: Conversations,
    rows: Int64[np.ndarray, " read"],
    read: Int64[np.ndarray, " read"],
) -> dict[str, float]:
    if stressed.trace.speakers is not None or stressed.links is not None:
        whole = np.diff(clean.starts)[clean.dialogue[rows]] - 1
        several = whole > 0
        left = _drawn_on(stressed)[read] - 1
        return {"context": float((left[several] / whole[several]).mean()) if several.any() else 1.0}
    found = {
        "displaced": float((stressed.turn[read] != clean.turn[rows]).mean()),
        "speakers": _confused(clean, stressed.speaker[read][np.argsort(rows)]),
    }
    return {name: share for name, share in found.items() if share}


def _drawn_on(stressed: Conversations) -> Int64[np.ndarray, " utterances"]:
    """Return the number of turns that each row can draw on, itself included."""
    if stressed.links is None:
        return np.asarray(np.diff(stressed.starts)[stressed.dialogue])
    turn = stressed.recorded_turn()
    dialogues = (slice(first, end) for first, end in pairwise(stressed.starts.tolist()))
    return np.concatenate([stressed.links.mask(stressed.speaker[rows], turn[rows]).sum(axis=1) for rows in dialogues])


def _confused(clean: Conversations, speaker: Int64[np.ndarray, " utterances"]) -> float:
    """Return the share of pairs of turns of which `speaker` says something else than the recording."""
    if np.array_equal(clean.speaker, speaker):
        return 0.0
    changed = pairs = 0
    for first, end in pairwise(clean.starts.tolist()):
        before, after = clean.speaker[first:end], speaker[first:end]
        differs = (before[:, None] == before) != (after[:, None] == after)
        changed, pairs = changed + int(differs.sum()), pairs + len(before) * (len(before) - 1)
    return changed / pairs if pairs else 0.0


def _snr(
    clean: Conversations,
    stressed: Conversations,
    signal: Signal,
    modality: str,
    before: Int64[np.ndarray, " rows"],
    after: Int64[np.ndarray, " rows"],
) -> float | None:
    # In 32 bits, as the features are: the difference of numbers that are close is exact.
    added = _rows(stressed.features[modality], after) - _rows(clean.features[modality], before)
    added *= added
    power = signal.power(modality, before)
    if modality in stressed.trace.hidden:
        hidden, squares = stressed.trace.hidden[modality][after], signal.squares(modality, before)
        added[hidden], squares[hidden] = 0, 0
        power = float(squares.sum(axis=0, dtype=np.float64) @ signal.weights(modality))
    noise = float(added.sum(axis=0, dtype=np.float64) @ signal.weights(modality))
    return float(10 * np.log10(power / noise)) if power and noise else None


def _rows(
    features: Float32[np.ndarray, "utterances width"], rows: Int64[np.ndarray, " rows"]
) -> Float32[np.ndarray, "rows width"]:
    """Return the rows named; the features themselves where that is all of them in order, for a copy takes its time."""
    return features if np.array_equal(rows, np.arange(len(features))) else features.take(rows, axis=0)

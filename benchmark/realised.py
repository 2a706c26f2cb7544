"""How severe a stress really was: measured on the conversations it left."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Int64

from .conversations import CONTEXT_ONLY, Conversations


def realised_under(clean: Conversations, stressed: Conversations) -> dict[str, float]:
    """Return figures over the rows that are read, by name; what a stress did not do is not named.

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
            ratio = _snr(clean, stressed, modality, rows[there], read[there])
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
    changed = pairs = 0
    for first, end in pairwise(clean.starts.tolist()):
        before, after = clean.speaker[first:end], speaker[first:end]
        differs = (before[:, None] == before) != (after[:, None] == after)
        changed, pairs = changed + int(differs.sum()), pairs + len(before) * (len(before) - 1)
    return changed / pairs if pairs else 0.0


def _snr(
    clean: Conversations,
    stressed: Conversations,
    modality: str,
    before: np.ndarray,
    after: np.ndarray,
) -> float | None:
    recorded = clean.features[modality]
    variance = recorded.var(axis=0, dtype=np.float64)
    varies = variance > 0
    seen = np.broadcast_to(varies, (len(before), len(varies)))
    if modality in stressed.trace.hidden:
        seen = seen & ~stressed.trace.hidden[modality][after]
    scale = np.where(varies, variance, 1.0)
    added = np.square(stressed.features[modality][after].astype(np.float64) - recorded[before]) / scale
    signal = np.square(recorded[before] - recorded.mean(axis=0, dtype=np.float64)) / scale
    powers = float(signal[seen].sum()), float(added[seen].sum())
    return float(10 * np.log10(powers[0] / powers[1])) if all(powers) else None

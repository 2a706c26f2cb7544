"""How severe a stress really was: measured on the conversations it left."""

import numpy as np

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
    ``context``
        Mean share of the other turns of the dialogue that are still there for the row that is read; named where turns
        have been taken away.
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
    if stressed.trace.speakers is not None:
        left = np.diff(stressed.starts)[stressed.dialogue[read]] - 1
        whole = np.diff(clean.starts)[clean.dialogue[rows]] - 1
        several = whole > 0
        found["context"] = float((left[several] / whole[several]).mean()) if several.any() else 1.0
    return found


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

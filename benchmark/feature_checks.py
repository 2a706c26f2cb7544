"""What features have to be: numbers of every utterance, all of them finite."""

from collections.abc import Mapping, Sequence

import numpy as np

from .errors import DataError
from .repeated_rows import shape_of


def check_features(
    features: Mapping[str, np.ndarray],
    concealed: Mapping[str, np.ndarray],
    utterance_ids: Sequence[str],
    where: str,
    *,
    known: Mapping[str, np.ndarray],
) -> None:
    """Raise DataError for features, or what is hidden of them, of the wrong shape, type or value.

    Parameters
    ----------
    features, concealed
        Per modality, as of `Conversations`; as many rows as there are `utterance_ids`.
    where
        Data set and split, for the message.
    known
        Features that were checked before and are read-only since; those that are the same arrays are passed over.
    """
    for modality, hidden in concealed.items():
        expected = shape_of(features, modality) if modality in features else "no such modality"
        if hidden.shape != expected:
            raise DataError(f"{where}: expected concealed {modality} as {expected}, got {hidden.shape}")
    if features is known:
        return
    for modality, rows in features.items():
        if rows is known.get(modality):
            continue
        if rows.ndim != 2 or not rows.shape[1] or rows.dtype != np.float32:
            raise DataError(
                f"{where}: expected {modality} as utterances × width in float32, got {rows.shape} in {rows.dtype}"
            )
        # One pass over the sums finds a bad row without a second copy of the features in memory. What is finite in
        # 32 bits, which takes a third of the time, is so in 64; large features may overflow and be finite all the same.
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(rows.sum(axis=1)).all():
                continue
            bad = ~np.isfinite(rows.sum(axis=1, dtype=np.float64))
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(f"{where}: {modality} holds a value that is not finite, at utterance {utterance_ids[row]}")

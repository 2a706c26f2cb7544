"""What metrics make of totals. All functions take totals of one sample or of many draws at once."""

from typing import Literal

import numpy as np
from jaxtyping import Float


def share(
    part: Float[np.ndarray, "*draws parts"], whole: Float[np.ndarray, "*draws #parts"]
) -> Float[np.ndarray, "*draws parts"]:
    """Return part / whole; NaN where the whole is 0."""
    result = np.full_like(part, np.nan)
    np.divide(part, whole, out=result, where=np.broadcast_to(whole != 0, part.shape))
    return result


def means(totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
    """Return every sum divided by the last, which counts; NaN where that is 0."""
    return share(totals[..., :-1], totals[..., -1:])


def matrix(totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws gold predicted"]:
    """Return C² counts as gold class × predicted class."""
    classes = round(totals.shape[-1] ** 0.5)
    return totals.reshape(*totals.shape[:-1], classes, classes)


def f1_by_class(totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws classes"]:
    """Return 2·right / (gold + predicted) of each class; 0 for a class that is neither gold nor predicted.

    NaN where nothing was counted at all.
    """
    counts = matrix(totals)
    either = counts.sum(axis=-1) + counts.sum(axis=-2)
    f1 = share(2 * np.diagonal(counts, axis1=-2, axis2=-1), np.maximum(either, 1))
    f1[totals.sum(axis=-1) == 0] = np.nan
    return f1


def bin_gaps(
    totals: Float[np.ndarray, "*draws sums"],
) -> tuple[Float[np.ndarray, "*draws bins"], Float[np.ndarray, "*draws bins"]]:
    """Return per bin the utterances n, and n·|accuracy − confidence|."""
    bins = totals.shape[-1] // 3
    return totals[..., :bins], np.abs(totals[..., bins : 2 * bins] - totals[..., 2 * bins :])


Average = Literal["weighted", "macro", "none"]
"""How figures of classes are put together: by how often a class is gold, all alike, or not at all."""


def averaged(
    figures: Float[np.ndarray, "*draws classes"], support: Float[np.ndarray, "*draws classes"], average: Average
) -> Float[np.ndarray, "*draws parts"]:
    """Return the mean over the classes whose figure is defined; NaN where none is. `none`: the figures themselves."""
    if average == "none":
        return figures
    defined = ~np.isnan(figures)
    weight = np.where(defined, support if average == "weighted" else 1.0, 0.0)
    total = (weight * np.where(defined, figures, 0.0)).sum(axis=-1, keepdims=True)
    return share(total, weight.sum(axis=-1, keepdims=True))

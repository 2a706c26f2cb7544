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


def by_kind(totals: Float[np.ndarray, "*draws sums"]) -> tuple[Float[np.ndarray, "*draws third"], ...]:
    """Return the three kinds of totals that lie behind each other, such as right, gold and predicted ones by class."""
    width = totals.shape[-1] // 3
    return totals[..., :width], totals[..., width : 2 * width], totals[..., 2 * width :]


def f1_by_class(totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws classes"]:
    """Return 2·right / (gold + predicted) of each class; 0 for a class that is neither gold nor predicted.

    NaN where nothing was counted at all.
    """
    right, gold, predicted = by_kind(totals)
    f1: Float[np.ndarray, "*draws classes"] = 2 * right / np.maximum(gold + predicted, 1)
    f1[gold.sum(axis=-1) == 0] = np.nan
    return f1


def bin_gaps(
    totals: Float[np.ndarray, "*draws sums"],
) -> tuple[Float[np.ndarray, "*draws bins"], Float[np.ndarray, "*draws bins"]]:
    """Return per bin the utterances n, and n·|accuracy − confidence|."""
    utterances, right, confidence = by_kind(totals)
    return utterances, np.abs(right - confidence)


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

"""The scores of an epoch, which epoch is chosen by them, and what choosing on the test split would have gained."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64

from ...baselines.base import Epoch, Selection
from .options import SelectBy


def epoch_scores(
    probabilities: Float[np.ndarray, "utterances classes"], labels: Int64[np.ndarray, " utterances"]
) -> dict[str, float]:
    """Return `accuracy`, `weighted_f1`, `macro_f1` and `nll` over the utterances whose label is known (not −1).

    Macro F1 is over all classes, an absent one counting 0; the lowest index wins a tie; NLL is in nats, with
    probabilities clipped at 1e-12. Without any known label all four are NaN.
    """
    known = labels >= 0
    if not known.any():
        return dict.fromkeys(("accuracy", "weighted_f1", "macro_f1", "nll"), float("nan"))
    p, gold = probabilities[known], labels[known]
    classes = p.shape[1]
    predicted = p.argmax(axis=1)
    support = np.bincount(gold, minlength=classes)
    hits = np.bincount(gold[predicted == gold], minlength=classes)
    f1 = 2 * hits / np.maximum(support + np.bincount(predicted, minlength=classes), 1)
    return {
        "accuracy": float(hits.sum() / len(gold)),
        "weighted_f1": float((f1 * support).sum() / len(gold)),
        "macro_f1": float(f1.mean()),
        "nll": float(-np.log(np.maximum(p[np.arange(len(gold)), gold], 1e-12)).mean()),
    }


def chosen_epoch(
    epochs: Sequence[Epoch], *, selection: Selection, select_by: SelectBy, keeps_last: bool = False
) -> Epoch:
    """Return the epoch of the highest score; the first wins a tie.

    On validation the score is `select_by`, on test it is weighted F1. With `keeps_last` it is the last, whatever its
    score.
    """
    if keeps_last:
        return epochs[-1]
    if selection == "test":
        return max(epochs, key=lambda epoch: epoch.test["weighted_f1"])
    return max(epochs, key=lambda epoch: epoch.validation[select_by])


def selection_optimism(epochs: Sequence[Epoch], *, select_by: SelectBy, keeps_last: bool = False) -> float | None:
    """Return the best test weighted F1 over epochs minus that of the validation-best epoch; it is 0 or more.

    It is what a publication gains by choosing the epoch on the test split. None: there are no test scores. With
    `keeps_last` the last epoch takes the place of the validation-best.
    """
    if not all(epoch.test for epoch in epochs):
        return None
    honest = chosen_epoch(epochs, selection="validation", select_by=select_by, keeps_last=keeps_last)
    best = chosen_epoch(epochs, selection="test", select_by=select_by)
    return best.test["weighted_f1"] - honest.test["weighted_f1"]

"""Histogram binning, one against the rest: each class's probability becomes the class's share within its bin.

For each class the range from 0 to 1 is cut into bins of equal width, (low, high], the first closed at 0. A probability
becomes the share of the validation utterances in its bin that are of the class; in a bin without any, the middle of the
bin. Rows are divided by their sum. A row in which every share is zero keeps its probabilities; so does a class without
a label in validation, up to that division.

It may change predictions: all probabilities of one bin become equal, which makes ties (the first class wins), and a
higher bin may have the lower share. It gives probabilities of exactly 0 and 1.

Source: Zadrozny and Elkan (2001), Obtaining calibrated probability estimates from decision trees and naive Bayesian
classifiers; one against the rest as in Guo et al. (2017), section 4.2.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Float64, Int64, Integer
from typing_extensions import Doc

from ..base import State
from .base import PerMask
from .classwise import labelled_classes, renormalised


@dataclass(frozen=True, eq=False)
class FittedHistogram:
    """The shares."""

    classes: tuple[int, ...]
    """Those that have labels in validation."""
    shares: Float64[np.ndarray, "labelled bins"]
    """Of each of them in each bin."""

    def apply(self, probabilities: Float[np.ndarray, "utterances classes"]) -> Float[np.ndarray, "utterances classes"]:
        """Return the shares of the bins, rows divided by their sum."""
        calibrated: np.ndarray = probabilities.astype(np.float64)
        for k, shares in zip(self.classes, self.shares, strict=True):
            calibrated[:, k] = shares[bin_of(calibrated[:, k], len(shares))]
        return renormalised(calibrated, probabilities)

    def state(self) -> State:
        """Return the shares and whose they are."""
        return State(arrays={"shares": self.shares}, settings={"classes": list(self.classes)})


@dataclass(frozen=True)
class Histogram:
    """The number of bins, and the argument that calibrators share."""

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 15
    per_mask: PerMask = False

    def fit(
        self,
        probabilities: Float[np.ndarray, "utterances classes"],
        labels: Integer[np.ndarray, " utterances"],
    ) -> FittedHistogram:
        """Count, for each class that occurs.

        Raises
        ------
        NotApplicable
            With fewer than ten labels, or labels of one class only.
        """
        # netcal's HistogramBinning closes bins on the left when it counts and on the right when it applies, leaves NaN
        # in a row of zeros and 0 for a class without a label.
        classes = labelled_classes("histogram", labels)
        p = probabilities.astype(np.float64)
        shares = [self._shares(p[:, k], labels == k) for k in classes]
        return FittedHistogram(tuple(classes), np.stack(shares))

    def restore(self, state: State) -> FittedHistogram:
        """Return the fitted calibrator that gave `state`."""
        classes = state.settings["classes"]
        assert isinstance(classes, list)
        return FittedHistogram(tuple(classes), state.arrays["shares"])

    def _shares(self, p: np.ndarray, of_class: np.ndarray) -> Float64[np.ndarray, " bins"]:
        where = bin_of(p, self.bins)
        inside = np.bincount(where, minlength=self.bins)
        middles = (np.arange(self.bins) + 0.5) / self.bins
        found = np.bincount(where, weights=of_class, minlength=self.bins)
        return np.where(inside > 0, found / np.maximum(inside, 1), middles)


PLUGIN = Histogram


def bin_of(p: Float64[np.ndarray, " utterances"], bins: int) -> Int64[np.ndarray, " utterances"]:
    """Return the bin of each probability, from 0: (low, high], the first closed at 0.

    Examples
    --------
    >>> bin_of(np.array([0.0, 0.5, 0.51, 1.0]), 2).tolist()
    [0, 0, 1, 1]
    """
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    return np.searchsorted(inner, p, side="left").astype(np.int64)

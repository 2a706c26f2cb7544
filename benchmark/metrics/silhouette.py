"""Silhouette coefficient of the gold classes on hidden vectors: how far apart they lie before the last layer.

Rousseeuw, Silhouettes, J. Comput. Appl. Math. 20, 1987; as CMERC, ACM MM 2024, Figs. 5 and 6, has it: among uncertain
utterances, and among the others. An utterance is uncertain whose gold class becomes more probable when any modality or
context is removed; where the run holds no removals there is the figure over all utterances alone.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int64

from .base import Direction, Floor, Need, Scored
from .formulas import share
from .removals import UncertainUtterances, chosen_removals

GROUPS = ("", "uncertain", "other")
"""All utterances, the uncertain ones, the others."""
_MEBIBYTES = 64
"""Of distances that are in memory at a time."""


@dataclass(frozen=True)
class Silhouettes:
    """Of each group its utterances' silhouettes, each within its group, and the ones; Euclidean distances.

    The neighbours are those of the whole sample in all draws.
    """

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return two columns per group; zeros in both where a group has fewer than two classes, or no two of one."""
        assert scored.hidden is not None, "a metric that needs hidden vectors is not asked where there are none"
        columns = []
        for rows in groups_of(scored).values():
            of_rows = _silhouettes(scored.hidden[rows], scored.label[rows])
            values, ones = np.zeros(len(rows)), np.zeros(len(rows))
            if of_rows is not None:
                values[rows], ones[rows] = of_rows, 1.0
            columns += [values, ones]
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Silhouette:
    """Between −1 and 1: near 1 classes are apart, near 0 they touch, below 0 utterances lie among other classes."""

    title: ClassVar[str] = "Silhouette coefficient"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"hidden"})
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> Silhouettes:
        """Return the silhouettes."""
        return Silhouettes()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the groups; the first has none."""
        return tuple(groups_of(scored))

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the mean of each group; NaN where it is not defined."""
        return share(totals[..., 0::2], totals[..., 1::2])


def groups_of(scored: Scored) -> dict[str, Bool[np.ndarray, " utterances"]]:
    """Return which utterances are in which group; all alone where nothing was removed.

    Uncertain is who gains by any removal by the standard operators, modalities and contexts together.
    """
    every = {"": np.ones(len(scored.label), bool)}
    removals = chosen_removals(scored.removals, "zero", "strict")
    if not removals:
        return every
    # The last column is of ones.
    gains = np.asarray(UncertainUtterances("zero", "strict")(scored)[:, :-1].any(axis=1))
    return {**every, "uncertain": gains, "other": np.logical_not(gains)}


def _silhouettes(
    vectors: Float[np.ndarray, "utterances width"], label: Int64[np.ndarray, " utterances"]
) -> Float[np.ndarray, " utterances"] | None:
    """Return the silhouette of each utterance, 0 for one that is alone in its class; None where none is defined."""
    if not 2 <= len(np.unique(label)) <= len(label) - 1:
        return None
    from sklearn import config_context
    from sklearn.metrics import silhouette_samples

    with config_context(working_memory=_MEBIBYTES):
        return np.asarray(silhouette_samples(vectors, label), np.float64)


PLUGIN = Silhouette

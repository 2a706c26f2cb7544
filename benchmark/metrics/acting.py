"""When an interface acts: where a model is surer than a threshold that was chosen on clean validation.

The definition is in the docstring of `act_threshold`, for its readers.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Lt
from jaxtyping import Bool, Float
from typing_extensions import Doc

from .base import Floor, Need, Scored

WANTED = 0.1
"""Wanted error rate where none is given."""
NEVER = math.inf
"""The threshold of an interface that never acts."""


@dataclass(frozen=True)
class ActingSums:
    """Utterances acted on, those of them that are wrong, the threshold (0: never acts), whether there is one, ones."""

    risk: float
    """Wanted error rate."""
    delta: float
    """Probability of missing it; 0: no bound."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the five columns."""
        assert scored.validation is not None, "the metric says that it needs validation"
        right = scored.validation.predicted == scored.validation.label
        threshold = chosen_threshold(scored.validation.confidence, right, risk=self.risk, delta=self.delta)
        acts = scored.confidence >= threshold
        alike = (0.0, 0.0, 1.0) if threshold == NEVER else (threshold, 1.0, 1.0)
        wrong = acts & (scored.predicted != scored.label)
        return np.column_stack([acts, wrong, np.tile(alike, (len(acts), 1))])


@dataclass(frozen=True)
class ActingMetric:
    """What metrics of acting share: one figure, the threshold by which it acts, and where that is chosen."""

    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    needs: ClassVar[frozenset[Need]] = frozenset({"validation"})
    floor: ClassVar[Floor] = "none"

    risk: Annotated[float, Gt(0), Lt(1), Doc("wanted error rate among the utterances that are acted on")] = WANTED
    delta: Annotated[
        float, Ge(0), Lt(1), Doc("probability with which the threshold may miss the wanted error rate; 0: no bound")
    ] = 0.0

    @property
    def statistic(self) -> ActingSums:
        """Return utterances acted on, wrong ones among them, and the threshold."""
        return ActingSums(self.risk, self.delta)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)


def chosen_threshold(
    confidence: Float[np.ndarray, " utterances"],
    right: Bool[np.ndarray, " utterances"],
    *,
    risk: float,
    delta: float = 0.0,
) -> float:
    """Return the confidence from which an interface acts; infinite: it never does.

    Parameters
    ----------
    confidence, right
        Of the validation utterances: how sure the model is, and whether it is right.
    risk, delta
        Wanted error rate, and the probability of missing it; 0: the error rate on validation itself is held to it.
    """
    order = np.argsort(-confidence, kind="stable")
    surest_first = confidence[order]
    # The last of those that tie: a threshold keeps all of them.
    last = np.flatnonzero(np.diff(surest_first, append=-1.0))
    kept, wrong = last + 1, np.cumsum(~right[order])[last]
    # A share of whole utterances may miss its own decimal fraction by a rounding error.
    passing = _tested(kept, wrong, risk, delta) if delta else np.flatnonzero(wrong <= risk * kept + 1e-9)
    return float(surest_first[last[passing[-1]]]) if len(passing) else NEVER


def _tested(kept: np.ndarray, wrong: np.ndarray, risk: float, delta: float) -> np.ndarray:
    """Return the thresholds that pass before one fails, the surest first."""
    # `scipy.special` alone is quick to import; `bdtr` is the distribution function of the binomial distribution.
    from scipy.special import bdtr

    able = np.flatnonzero(bdtr(np.floor(kept * risk / 2 + 1e-9), kept, risk) <= delta)
    if not len(able):
        return able
    fails = np.flatnonzero(bdtr(wrong[able[0] :].astype(np.float64), kept[able[0] :], risk) > delta)
    end = able[0] + fails[0] if len(fails) else len(kept)
    return np.arange(able[0], end)

"""The noise floor: what a perfectly calibrated model would show on a sample of this size.

Labels are redrawn from the model's own probabilities many times; every calibration error found then is chance. For
figures of the top label it is enough to know whether the predicted class is right, which it is with probability c, the
confidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32, Int64

from .metrics.base import Metric, NoiseFloor, RedrawnStatistic, Scored

REDRAWS = 1_000
"""How often labels are redrawn."""
_CHUNK = 1 << 18
_KEPT = 32


def noise_floor(
    metric: Metric, scored: Scored, *, generator: np.random.Generator, redraws: int = REDRAWS
) -> tuple[NoiseFloor, ...]:
    """Return the noise floor of each part of a metric whose `floor` is `noise`.

    Redraws in which a part is not defined are left out; where it is in none, mean and percentile are NaN.
    """
    return floors(metric.value(redrawn_totals(metric, scored, generator=generator, redraws=redraws)))


def redrawn_totals(
    metric: Metric, scored: Scored, *, generator: np.random.Generator, redraws: int = REDRAWS
) -> Float[np.ndarray, "redraws sums"]:
    """Return the totals of a metric's statistic with redrawn labels; metrics that share the statistic share them."""
    statistic = metric.statistic
    assert isinstance(statistic, RedrawnStatistic), f"{type(metric).__name__} has no statistic that can be redrawn"
    return statistic.redrawn_totals(scored, redraws=redraws, generator=generator)


def floors(values: Float[np.ndarray, "redraws parts"]) -> tuple[NoiseFloor, ...]:
    """Return mean and 95th percentile over the redraws, part by part."""
    return tuple(map(_floor, values.T))


def redrawn_bin_totals(
    confidence: Float[np.ndarray, " utterances"],
    bin_of: Int64[np.ndarray, " utterances"],
    *,
    bins: int,
    redraws: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, "redraws sums"]:
    """Return per redraw and bin: utterances, right ones, sum of confidences (kind by kind, 3·bins sums).

    Each utterance is right with probability `confidence`, independently. Only the right ones differ between redraws.
    """
    order = np.argsort(bin_of, kind="stable")
    filled, starts, counts = np.unique(bin_of[order], return_index=True, return_counts=True)
    chance = confidence[order].astype(np.float32)
    totals = np.zeros((redraws, 3 * bins))
    totals[:, filled] = counts
    totals[:, 2 * bins :] = np.bincount(bin_of, weights=confidence, minlength=bins)
    # Some redraws at a time: the table of uniform numbers then stays in the processor's cache.
    step = max(1, _CHUNK // max(1, len(chance)))
    for first in range(0, redraws if len(chance) else 0, step):
        # A uniform number is below 1, so a confidence of 1 is always right and one of 0 never.
        uniform = _uniform(generator, min(step, redraws - first), len(chance))
        right = np.add.reduceat(uniform < chance, starts, axis=1, dtype=np.int32)
        totals[first : first + step, bins + filled] = right
    return totals


def _uniform(generator: np.random.Generator, rows: int, columns: int) -> Float32[np.ndarray, "rows columns"]:
    """Return the generator's next uniform numbers.

    All conditions of a run meet the same redraws: their generators begin in the same state. So the last tables are
    kept, up to 32 MB of them; to draw one takes ten times as long as all that is done with it.
    """
    start = _Start(repr(generator.bit_generator.state), generator)
    numbers, generator.bit_generator.state = _drawn(start, rows, columns)
    return numbers


@dataclass(frozen=True)
class _Start:
    """A generator in a state."""

    state: str
    generator: np.random.Generator = field(compare=False)


@lru_cache(maxsize=_KEPT)
def _drawn(start: _Start, rows: int, columns: int) -> tuple[Float32[np.ndarray, "rows columns"], Mapping[str, object]]:
    """Return uniform numbers, and the state that the generator is in after them."""
    numbers = start.generator.random((rows, columns), dtype=np.float32)
    numbers.flags.writeable = False
    return numbers, start.generator.bit_generator.state


def _floor(values: Float[np.ndarray, " redraws"]) -> NoiseFloor:
    defined = values[~np.isnan(values)]
    if not len(defined):
        return NoiseFloor(np.nan, np.nan)
    return NoiseFloor(float(defined.mean()), float(np.percentile(defined, 95)))

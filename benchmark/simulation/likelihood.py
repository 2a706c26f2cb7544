"""How likely the features of an utterance are under each class, whatever of them is hidden and was added to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import log, prod

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64

from ..trace import AddedNoise
from .world import Noise

CELLS = 1 << 17
"""Features that are looked at together, so that temporaries stay at about 1 MiB each whatever the size of the split."""


def log_likelihood(
    features: Float32[np.ndarray, "utterances width"],
    present: Bool[np.ndarray, " utterances"],
    *,
    means: Float[np.ndarray, "classes width"],
    noise: Noise,
    hidden: Bool[np.ndarray, "utterances width"] | None = None,
    added: Sequence[AddedNoise] = (),
) -> Float64[np.ndarray, "utterances classes"]:
    """Return log p(features that can be seen | class) of one modality, up to a constant per row.

    log Σ_l share_l Π_f Σ_S P(S) N(x_f; mean_kf, level_l² + Σ_{i∈S} variance_if), with l over the noise levels of the
    process, f over the features that are not hidden, and S over the sets of noises that may have been added to the
    feature: those of probability one and any of the others, of the noises that hit the row.

    Parameters
    ----------
    present
        Rows that are not present get 0 for every class: they say nothing.
    means, noise
        Of the process that drew the features.
    hidden
        Features that hold something else than was recorded; None: none.
    added
        Noise on top of that of the process; independent of it, of the class, and of each other.

    Examples
    --------
    >>> quiet = Noise(np.array([1.0]), np.array([1.0]))
    >>> rows = np.array([[3.0], [0.0]], np.float32)
    >>> log_likelihood(rows, np.array([True, False]), means=np.array([[0.0], [2.0]]), noise=quiet).tolist()
    [[-4.5, -0.5], [0.0, 0.0]]
    """
    found = np.zeros((len(features), len(means)))
    at_once = max(1, CELLS // features.shape[1])
    for layers, rows in _by_noise(present, [layer for layer in added if layer.probability > 0]):
        levels = [
            _Level.of(level, share, layers, features.shape[1])
            for level, share in zip(noise.levels.tolist(), noise.shares.tolist(), strict=True)
        ]
        for part in (rows[first : first + at_once] for first in range(0, len(rows), at_once)):
            x = features[part].astype(np.float64, order="C")
            found[part] = _log_densities(x, None if hidden is None else ~hidden[part], means, levels)
    return found


def _by_noise(
    present: Bool[np.ndarray, " utterances"], added: Sequence[AddedNoise]
) -> Iterator[tuple[list[AddedNoise], Int64[np.ndarray, " rows"]]]:
    """Yield the rows that are present, together those that were hit by the same noises, and these."""
    rows = np.flatnonzero(present)
    if not added:
        yield [], rows
        return
    kinds, which = np.unique(np.stack([layer.hit[rows] for layer in added], axis=1), axis=0, return_inverse=True)
    for number, kind in enumerate(kinds.tolist()):
        yield [layer for layer, hit in zip(added, kind, strict=True) if hit], rows[which.ravel() == number]


@dataclass(frozen=True, eq=False)
class _Level:
    """One noise level of the process, and on top of it a mixture of what may have been added to each feature."""

    log_share: float
    """Of the level."""
    widest: Float64[np.ndarray, " features_or_one"]
    """Variance where all was added; one number where it is the same for all features."""
    log_weight: float
    """Of the case that all was added."""
    others: tuple[tuple[float | Float64[np.ndarray, " features"], Float64[np.ndarray, " features"]], ...]
    """Of each other case: its density over that of the widest at distance 0, and the rate −½ (1/variance − 1/widest)
    at which this changes with the squared distance; it is never positive, so nothing overflows."""

    @classmethod
    def of(cls, level: float, share: float, layers: Sequence[AddedNoise], width: int) -> "_Level":
        """Return a level of the process with the noises that hit."""
        always = sum((layer.variance for layer in layers if layer.probability == 1), np.zeros(width)) + level**2
        chance = [layer for layer in layers if layer.probability < 1]
        *cases, (weight, widest) = (
            (
                prod(
                    layer.probability if on else 1 - layer.probability for layer, on in zip(chance, case, strict=True)
                ),
                always + sum((layer.variance for layer, on in zip(chance, case, strict=True) if on), np.zeros(width)),
            )
            for case in product((False, True), repeat=len(chance))
        )
        others = tuple(
            (odds / weight * np.sqrt(widest / variance), 0.5 / widest - 0.5 / variance) for odds, variance in cases
        )
        if (widest == widest[0]).all():
            widest = widest[:1]
        return cls(log(share), widest, log(weight), others)

    def constants(self, seen: np.ndarray | None, width: int) -> np.ndarray:
        """Return what does not depend on the distance, rows or one × 1."""
        per_feature = np.broadcast_to(self.log_weight - 0.5 * np.log(self.widest), (1, width))
        total: np.ndarray = (per_feature if seen is None else per_feature * seen).sum(axis=1, keepdims=True)
        return self.log_share + total

    def exponents(self, square: np.ndarray, seen: np.ndarray | None) -> np.ndarray:
        """Return the rest of the log-density of each row, from squared distances that are 0 where nothing is seen."""
        if len(self.widest) == 1:
            found: np.ndarray = square.sum(axis=1) * (-0.5 / self.widest)
        else:
            found = (square * (-0.5 / self.widest)).sum(axis=1)
        if self.others:
            ratio = sum(odds * np.exp(square * rate) for odds, rate in self.others)
            gain = np.log1p(ratio)
            found += (gain if seen is None else gain * seen).sum(axis=1)
        return found


def _log_densities(
    x: Float64[np.ndarray, "rows width"],
    seen: Bool[np.ndarray, "rows width"] | None,
    means: Float[np.ndarray, "classes width"],
    levels: Sequence[_Level],
) -> Float64[np.ndarray, "rows classes"]:
    # Class by class, not by a matrix product: a row's figure is then the same to the bit whatever stands beside it.
    terms = np.empty((len(levels), len(x), len(means)))
    for place, mean in enumerate(means):
        square = np.square(x - mean)
        if seen is not None:
            square *= seen
        for number, level in enumerate(levels):
            terms[number, :, place] = level.exponents(square, seen)
    for number, level in enumerate(levels):
        terms[number] += level.constants(seen, x.shape[1])
    total: Float64[np.ndarray, "rows classes"] = np.logaddexp.reduce(terms, axis=0)
    return total

"""What metrics of entropy sum: utterances by entropy, in two groups."""

import numpy as np
from jaxtyping import Bool, Float

from .base import Scored
from .formulas import share
from .statistics import equal_width_bin


def normalised_entropy(
    probabilities: Float[np.ndarray, "utterances classes"],
) -> Float[np.ndarray, " utterances"]:
    """Return −Σ p log p / log C: 0 for a certain prediction, 1 for one that tells all C classes equal chances.

    One class alone has 0.
    """
    classes = probabilities.shape[1]
    logs = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    entropy = -(probabilities * logs).sum(axis=1) / np.log(max(classes, 2))
    return np.asarray(np.clip(entropy, 0.0, 1.0))


def entropy_columns(
    scored: Scored, first: Bool[np.ndarray, " utterances"], bins: int
) -> Float[np.ndarray, "utterances sums"]:
    """Return what each utterance adds: a one in its bin of its group's, and its entropy in that of its group.

    2·bins + 2 sums: the bins of those in the first group, those of the second, the entropies of both.
    """
    entropy = normalised_entropy(scored.probabilities)
    group, utterance = (~first).astype(np.int64), np.arange(len(entropy))
    columns = np.zeros((len(entropy), 2 * bins + 2))
    columns[utterance, group * bins + equal_width_bin(entropy, bins)] = 1.0
    columns[utterance, 2 * bins + group] = entropy
    return columns


def entropy_parts(groups: tuple[str, str], bins: int) -> tuple[str, ...]:
    """Return the names of what `entropy_shares` returns."""
    return (*groups, *(f"{group} {place:02}" for group in groups for place in range(1, bins + 1)))


def entropy_shares(totals: Float[np.ndarray, "*draws sums"], bins: int) -> Float[np.ndarray, "*draws parts"]:
    """Return the mean entropy of each group, and which share of it lies in each bin; NaN of an empty group."""
    of_bins = totals[..., : 2 * bins].reshape(*totals.shape[:-1], 2, bins)
    count = of_bins.sum(axis=-1, keepdims=True)
    means = share(totals[..., 2 * bins :], count[..., 0])
    return np.concatenate([means, share(of_bins, count).reshape(*totals.shape[:-1], 2 * bins)], axis=-1)

"""What MultiEMO minimises: cross-entropy, a focal contrastive loss that weighs samples, correlations of modalities."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.recipe import Loss


@dataclass(frozen=True)
class LossTerms:
    """The choices of `multi_emo` as far as they concern the loss."""

    classification: float
    """Weight of the loss of the predictions."""
    contrastive: float
    """Weight of the contrastive loss."""
    contrastive_temperature: float
    """τ."""
    focus: float
    """Exponent γ of the contrastive loss."""
    sample_weight: float
    """Exponent α of the contrastive loss."""
    correlation: float
    """Weight of the correlations."""


def joint_loss(classification: Loss, class_counts: Sequence[int], terms: LossTerms) -> Loss:
    """Return the loss of an output on its batch: the weighted sum of the three; what has no weight is not computed.

    The contrastive loss is over the labelled turns of the batch; the correlations are over the turns at which both
    modalities are there to the network, labelled or not.
    """
    rarity = sample_weights(class_counts, power=terms.sample_weight)

    def total(output: Output, batch: Batch) -> Tensor:
        loss = terms.classification * classification(output, batch)
        if terms.contrastive:
            known = batch.label >= 0
            label = batch.label[known]
            loss = loss + terms.contrastive * sample_weighted_focal_contrastive(
                output.auxiliary["fused"][known],
                label,
                weights=rarity.to(label.device)[label],
                temperature=terms.contrastive_temperature,
                focus=terms.focus,
            )
        if terms.correlation:
            there = output.auxiliary["there"]
            vectors = output.auxiliary["modalities"].flatten(1, 2)
            loss = loss + terms.correlation * soft_hgr(vectors, there.flatten(1))
        return loss

    return total


def sample_weights(class_counts: Sequence[int], *, power: float) -> Float[Tensor, " classes"]:
    """Return (N/n_c)^α: n_c training utterances are of class c, N are labelled; 0 for a class that does not occur.

    Parameters
    ----------
    power
        α. 0: all weights 1; 1: inverse shares.
    """
    counts = torch.tensor(class_counts, dtype=torch.float64)
    weights = (counts.sum() / counts.clamp(min=1)) ** power
    return torch.where(counts > 0, weights, 0.0).float()


def sample_weighted_focal_contrastive(
    vectors: Float[Tensor, "anchors width"],
    label: Int64[Tensor, " anchors"],
    *,
    weights: Float[Tensor, " anchors"],
    temperature: float,
    focus: float,
) -> Float[Tensor, ""]:
    """Return the sample-weighted focal contrastive loss (SWFC), 0 or more; 0 where no anchor has a positive.

    Vectors are scaled to length one. With s_ij their products over the temperature, and P_ij = e^s_ij / Σ_{k≠i} e^s_ik,
    the loss of anchor i is −w_i times the mean over its positives j (the others of its label) of (1 − P_ij)^γ log P_ij;
    returned is the mean over the anchors that have a positive. A positive that is found already, with P near 1, counts
    little; so do the anchors of a frequent class, by their weights.

    It is 0 too where every anchor has one other only, of its own label: P is 1 then. With k positives that are all
    alike, and far from all others, P is 1/k: the loss then is w (1 − 1/k)^γ log k and not 0. γ = 0 and weights of 1
    give the supervised contrastive loss (`emobench.benchmark.losses.supervised_contrastive`).

    Parameters
    ----------
    vectors, label
        Of labelled turns only: padding must not take part.
    weights
        w, of the anchors; the mean divides by the number of anchors and not by the weights.
    temperature
        τ, above 0.
    focus
        γ, 0 or more.

    Source: Shi & Huang (2023), MultiEMO, the SWFC loss, printed as a sum over the anchors.
    """
    unit = functional.normalize(vectors, dim=-1)
    itself = torch.eye(len(label), dtype=torch.bool, device=label.device)
    same = (label[:, None] == label) & ~itself
    has_positive = same.any(dim=1)
    if not has_positive.any():
        return vectors.sum() * 0
    scores = unit @ unit.T / temperature
    of_all = torch.logsumexp(scores.masked_fill(itself, -torch.inf), dim=1, keepdim=True)
    # An anchor's share in itself can be beyond all bounds, and so can its gradient, which no mask takes away later.
    log_share = (scores - of_all).masked_fill(~same, 0)
    # The clamp keeps (1 − P)^γ finite in the gradient for γ < 1 where P is 1.
    missing = (-torch.expm1(log_share)).clamp(min=1e-12)
    of_pair = -(missing**focus) * log_share
    of_anchor = weights * of_pair.sum(dim=1) / same.sum(dim=1).clamp(min=1)
    return of_anchor[has_positive].mean()


def soft_hgr(
    vectors: Float[Tensor, "modalities rows width"], there: Bool[Tensor, "modalities rows"]
) -> Float[Tensor, ""]:
    """Return the negative soft Hirschfeld–Gebelein–Rényi correlation, summed over the pairs of modalities.

    For the vectors f and g of a pair, their means over rows taken away, it is ½ tr(cov f · cov g) − Σ fᵀg / (n − 1),
    both covariances over n − 1. It is least where f and g agree and their covariances are the identity, or a projection
    as far as the rows go: a pair is −½ min(width, n − 1) or more, and has no upper bound. It is 0 where f or g is
    constant over the rows.

    Parameters
    ----------
    there
        Whether a modality takes part in a row; a pair is over the n rows in which both do. A pair with fewer than two
        such rows is 0, and so is the loss of a single modality.

    Source: Wang et al. (2019), An efficient approach to informative feature extraction from multimodal data, the
    objective for several modalities, some of them missing, negated. MultiEMO adds it for the pairs of three.
    """
    loss = vectors.sum() * 0
    for first, second in combinations(range(len(vectors)), 2):
        both = there[first] & there[second]
        if both.sum() < 2:
            continue
        f, g = (rows - rows.mean(dim=0) for rows in (vectors[first][both], vectors[second][both]))
        free = len(f) - 1
        # tr(FᵀF GᵀG) is the sum of the squares of FGᵀ and, without a matrix of all rows, that of FᵀF · GᵀG.
        alike = (f * g).sum() / free
        spread = ((f.T @ f) * (g.T @ g)).sum() / free**2
        loss = loss + spread / 2 - alike
    return loss

"""Losses of networks, as pure functions of padded logits."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from .training.batches import Batch, Output


def class_weights(class_counts: Sequence[int], *, power: float) -> Float[Tensor, " classes"]:
    """Return weights proportional to (1/share)^power whose mean over the classes that occur is 1.

    A class that does not occur has no share to invert and gets 0, which no loss will ever see.

    Parameters
    ----------
    class_counts
        Training utterances of each class.
    power
        0: all weights 1; ½: square root of the inverse share; 1: inverse share.
    """
    counts = torch.tensor(class_counts, dtype=torch.float64)
    there = counts > 0
    weights = torch.where(there, counts.clamp(min=1) ** -power, 0.0)
    return (weights / weights[there].mean()).float()


def weighted_focal(
    logits: Float[Tensor, "dialogues turns classes"],
    label: Int64[Tensor, "dialogues turns"],
    *,
    weights: Float[Tensor, " classes"],
    gamma: float,
) -> Float[Tensor, ""]:
    """Return the mean over labelled turns of −w_y (1 − p_y)^γ log p_y; 0 where no turn has a label.

    The mean divides by the number of turns, not by the sum of their weights. γ = 0 is weighted cross-entropy.

    Source: Lin et al. (2017), Focal loss for dense object detection, eq. 5.
    """
    known = label >= 0
    gold = label.clamp(min=0)
    log_p = torch.log_softmax(logits, dim=-1).gather(-1, gold.unsqueeze(-1)).squeeze(-1)
    # expm1 keeps 1 − p exact where p is near 1; the clamp keeps 0^γ' finite in the gradient for γ < 1.
    missing = (-torch.expm1(log_p)).clamp(min=1e-12)
    turns = -weights.to(logits.device)[gold] * missing**gamma * log_p
    return (turns * known).sum() / known.sum().clamp(min=1)


def stability(
    logits: Float[Tensor, "dialogues turns classes"],
    valid: Bool[Tensor, "dialogues turns"],
    *,
    over: Literal["mean", "sum"] = "mean",
    direction: Literal["forward", "backward"] = "forward",
) -> Float[Tensor, ""]:
    """Return KL(p_u ‖ p_{u+1}) in nats over the neighbouring turns of each dialogue; 0 where there are none.

    Gradients flow through both. It rewards predictions that change slowly, and so also punishes true changes.

    Parameters
    ----------
    logits, valid
        Padding (not valid) is no neighbour.
    over
        `mean` over all neighbours of the batch; `sum` over those of a dialogue, mean over dialogues: it grows with
        their length.
    direction
        `backward` swaps the two distributions.

    Source: RAGE-Fusion, the term of the objective with weight μ, printed as a sum, forward.
    """
    log_p = torch.log_softmax(logits, dim=-1)
    here, following = log_p[:, :-1], log_p[:, 1:]
    if direction == "backward":
        here, following = following, here
    pairs = valid[:, :-1] & valid[:, 1:]
    total = ((here.exp() * (here - following)).sum(dim=-1) * pairs).sum()
    return total / (pairs.sum().clamp(min=1) if over == "mean" else len(valid))


def latency_hinge(milliseconds: float, budget: float) -> float:
    """Return max(0, T − B) in milliseconds: by how much the time T of an inference exceeds the budget B.

    T is what a clock showed: a number, not a function of the parameters that autograd knows. The derivative of the
    hinge with respect to every parameter is therefore zero, and it is reported and not optimised.
    """
    return max(0.0, milliseconds - budget)


def weighted_cross_entropy(
    logits: Float[Tensor, "dialogues turns classes"],
    label: Int64[Tensor, "dialogues turns"],
    *,
    weights: Float[Tensor, " classes"],
) -> Float[Tensor, ""]:
    """Return Σ −w_y log p_y / Σ w_y over labelled turns; 0 where no turn has a label.

    The mean divides by the sum of the weights, as `torch.nn.NLLLoss` does.
    """
    known = label >= 0
    if not known.any():
        return logits.sum() * 0
    return functional.cross_entropy(logits[known], label[known], weight=weights.to(logits))


def released_focal(
    logits: Float[Tensor, "dialogues turns classes"],
    label: Int64[Tensor, "dialogues turns"],
    *,
    gamma: float = 2.5,
) -> Float[Tensor, ""]:
    """Return what MMGCN, M3Net and CMERC minimise on MELD under the name of focal loss; 0 where no turn has a label.

    With ℓ_c = log p_c it is the mean over all turns and classes of −(1 − 1[c = y]·ℓ_c)^γ · ℓ_c. The modulating factor
    sees a log-probability in the place of p_y, and the classes that are not gold are not masked out. So each of them
    adds −ℓ_c, a push towards the uniform distribution, and the factor of the gold class is 1 or more: it gives more
    weight to hard turns, and never less to easy ones.

    It is no proper loss. For a turn whose class is certain it is least at p_y = .529 (7 classes; .553 with 6), and a
    true probability of .9, .8, .65, .5 is answered by .434, .378, .318, .268 (7 classes, γ = 2.5): such a model is
    under-confident by design, and a temperature below 1 repairs most of it.

    Source: specified from the released code of these systems; the papers print the focal loss (`weighted_focal`).
    """
    known = label >= 0
    log_p = torch.log_softmax(logits, dim=-1)
    gold = functional.one_hot(label.clamp(min=0), logits.shape[-1]).to(log_p)
    cells = -((1 - gold * log_p) ** gamma) * log_p
    return (cells * known.unsqueeze(-1)).sum() / (known.sum().clamp(min=1) * logits.shape[-1])


def supervised_contrastive(
    vectors: Float[Tensor, "anchors width"],
    label: Int64[Tensor, " anchors"],
    *,
    temperature: float,
    weights: Float[Tensor, " anchors"] | None = None,
    positives: Literal["outside", "inside"] = "outside",
) -> Float[Tensor, ""]:
    """Return the mean over anchors of the supervised contrastive loss; 0 where no anchor has a positive.

    Vectors are scaled to length one; s_ij are their products over the temperature. Positives of an anchor are the
    others of its label, the denominator is over all others.

    Parameters
    ----------
    vectors, label
        Of valid turns only: padding must not take part.
    weights
        Of the anchors; None: all 1. The mean divides by the number of anchors that have a positive.
    positives
        `outside`: the mean over positives of −log(e^s_ij / Σ e^s); `inside`: −log(Σ over positives e^s_ij / Σ e^s), as
        CMERC.

    Source: Khosla et al. (2020), Supervised contrastive learning, eq. 2 (outside).
    """
    unit = functional.normalize(vectors, dim=-1)
    scores = unit @ unit.T / temperature
    itself = torch.eye(len(label), dtype=torch.bool, device=label.device)
    same = (label[:, None] == label) & ~itself
    has_positive = same.any(dim=1)
    if not has_positive.any():
        return vectors.sum() * 0
    log_share = scores - torch.logsumexp(scores.masked_fill(itself, -math.inf), dim=1, keepdim=True)
    if positives == "outside":
        of_anchor = -(log_share.masked_fill(~same, 0).sum(dim=1) / same.sum(dim=1).clamp(min=1))
    else:
        of_anchor = -torch.logsumexp(log_share[has_positive].masked_fill(~same[has_positive], -math.inf), dim=1)
        of_anchor = torch.zeros_like(scores[:, 0]).masked_scatter(has_positive, of_anchor)
    chosen = of_anchor[has_positive] if weights is None else (of_anchor * weights)[has_positive]
    return chosen.mean()


def consistency(
    teacher: Float[Tensor, "dialogues turns classes"],
    student: Float[Tensor, "dialogues turns classes"],
    valid: Bool[Tensor, "dialogues turns"],
) -> Float[Tensor, ""]:
    """Return KL(p ‖ q) in nats, p and q the softmax of the two logits, as a mean over valid turns; 0 without any.

    Gradients flow through both; detach the one that is to stay.
    """
    log_p, log_q = torch.log_softmax(teacher, dim=-1), torch.log_softmax(student, dim=-1)
    turns = (log_p.exp() * (log_p - log_q)).sum(dim=-1)
    return (turns * valid).sum() / valid.sum().clamp(min=1)


def classification_loss(
    name: Literal["cross_entropy", "focal", "released_focal"],
    class_counts: Sequence[int],
    *,
    gamma: float,
    class_power: float,
) -> Callable[["Output", "Batch"], Tensor]:
    """Return the loss of an output's logits on its batch.

    Parameters
    ----------
    gamma
        Exponent of the focal losses; the released one is published with 2.5.
    class_power
        Class weights are (1/share)^this; the released focal loss takes none.
    """
    weights = class_weights(class_counts, power=class_power)
    if name == "cross_entropy":
        return lambda output, batch: weighted_cross_entropy(output.logits, batch.label, weights=weights)
    if name == "focal":
        return lambda output, batch: weighted_focal(output.logits, batch.label, weights=weights, gamma=gamma)
    return lambda output, batch: released_focal(output.logits, batch.label, gamma=gamma)

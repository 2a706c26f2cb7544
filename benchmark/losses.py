"""Losses of networks, as pure functions of padded logits."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


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

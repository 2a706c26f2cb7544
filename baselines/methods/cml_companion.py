"""What CML does along a training; see `cml`."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ...benchmark.errors import NotApplicable
from ...benchmark.training.batches import Output
from ...benchmark.training.companions import Companion, Course, Step
from ...benchmark.training.removed import without_modality


@dataclass(frozen=True)
class Switches:
    """The arguments of `cml`."""

    weight: float
    """λ."""
    gated: bool
    """As of `gain`."""
    steps: int
    """Modalities taken away in a step, at most."""


class CmlCompanion(Companion):
    """Adds the losses of poorer inputs and the penalty."""

    def __init__(self, course: Course, method: Switches) -> None:
        """Check that something can be taken away."""
        self.course, self.method = course, method
        self.modalities = tuple(course.task.widths)
        if len(self.modalities) == 1:
            raise NotApplicable(f"cml: expected two modalities or more, got {self.modalities[0]} alone; leave out +cml")
        # Of its own, so that the draws of the network, such as dropout, do not depend on it.
        self.rng = course.context.randomness.for_("cml").generator()
        self.order: list[str] = []

    def loss(self, step: Step) -> Tensor | None:
        """Return what is to be added to the task loss: the mean over the chain less it, and λ times the penalty."""
        if not step.again:
            drawn = self.rng.permutation(len(self.modalities)).tolist()
            self.order = [self.modalities[place] for place in drawn[: min(self.method.steps, len(drawn) - 1)]]
        chain, batch = [step.output], step.batch
        losses = [self.course.objective(step.output, batch)]
        for modality in self.order:
            batch = without_modality(batch, modality, operator="missing")
            output: Output = self.course.network(batch)
            chain.append(output)
            losses.append(self.course.objective(output, batch))
        known = step.batch.label >= 0
        penalty = torch.stack(
            [
                gain(rich.logits[known], poor.logits[known], step.batch.label[known], gated=self.method.gated)
                for rich, poor in pairwise(chain)
            ]
        ).sum()
        return torch.stack(losses).mean() - losses[0] + self.method.weight * penalty


def gain(
    rich: Float[Tensor, "utterances classes"],
    poor: Float[Tensor, "utterances classes"],
    label: Int64[Tensor, " utterances"],
    *,
    gated: bool,
) -> Float[Tensor, ""]:
    """Return the mean of max(0, κ(poor) − κ(rich)), κ the largest probability; 0 without utterances.

    `gated`: only where the richer is right, or both are wrong, and then without a gradient through the richer.
    """
    if not len(label):
        return rich.sum() * 0
    kappa_rich, kappa_poor = torch.softmax(rich, dim=-1).amax(dim=-1), torch.softmax(poor, dim=-1).amax(dim=-1)
    if not gated:
        return torch.relu(kappa_poor - kappa_rich).mean()
    right = rich.argmax(dim=-1) == label
    wrong = ~right & (poor.argmax(dim=-1) != label)
    kappa_rich = torch.where(right, kappa_rich, kappa_rich.detach())
    # Where nothing was there to be taken away both are equal, and relu, unlike a clamp, has no gradient.
    return (torch.relu(kappa_poor - kappa_rich) * (right | wrong)).mean()

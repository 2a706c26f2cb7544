"""What MiSTER-E minimises: the losses of the prediction and of each expert, a contrastive one, a KL divergence."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..benchmark.losses import classification_loss, consistency, supervised_contrastive
from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.recipe import Loss
from ..benchmark.training.task import Task
from .network_baseline import LossSwitches

FUSION = 2
"""Place of the expert that joins both modalities."""


@dataclass(frozen=True)
class LossWeights:
    """The choices of `mister_e` as far as they concern the loss."""

    contrastive: float
    """λ."""
    contrastive_temperature: float
    """τ."""
    kl: Literal["directed", "symmetric"]
    """From the third expert to the others; or both ways between all pairs, the mean over pairs."""
    kl_weight: float
    """α."""
    kl_over: Literal["turns", "dialogues"]
    """What the sum over turns is divided by."""
    padded_losses: bool
    """Padding takes part."""


def expert_losses(task: Task, switches: LossSwitches, weights: LossWeights) -> Loss:
    """Return the loss of an output on its batch; with the text expert alone, that of the prediction."""
    predicted = classification_loss(
        switches.loss, task.class_counts, gamma=switches.gamma, class_power=switches.class_power
    )

    def mean(logits: Tensor, batch: Batch) -> Tensor:
        """Return the loss of logits, over all places of the batch where padding takes part."""
        loss = predicted(Output(logits), batch)
        return loss * (batch.label >= 0).float().mean() if weights.padded_losses else loss

    def total(output: Output, batch: Batch) -> Tensor:
        said, available = output.auxiliary["logits"], output.auxiliary["available"]
        loss = mean(output.logits, batch)
        if said.shape[2] == 1:
            return loss
        for expert, known in zip(said.unbind(2), available.unbind(-1), strict=True):
            loss = loss + mean(expert, replace(batch, label=batch.label.masked_fill(~known, -1)))
        if weights.contrastive:
            loss = loss + weights.contrastive * contrastive_loss(output, batch, weights)
        if weights.kl_weight:
            loss = loss + weights.kl_weight * agreement(said, available.all(dim=-1), batch.valid, weights)
        return loss

    return total


def contrastive_loss(output: Output, batch: Batch, weights: LossWeights) -> Float[Tensor, ""]:
    """Return the supervised contrastive loss of the vectors of both modalities, over the batch.

    Anchors are labelled turns whose modality is there to the network; `padded_losses`: all of both modalities, padding
    as a class of its own (−1).
    """
    vectors = output.auxiliary["vectors"]
    label = batch.label.unsqueeze(-1).expand(vectors.shape[:-1])
    chosen = torch.ones_like(output.auxiliary["there"])
    if not weights.padded_losses:
        chosen = output.auxiliary["there"] & (label >= 0)
    return supervised_contrastive(vectors[chosen], label[chosen], temperature=weights.contrastive_temperature)


def agreement(
    said: Float[Tensor, "dialogues turns experts classes"],
    available: Bool[Tensor, "dialogues turns"],
    valid: Bool[Tensor, "dialogues turns"],
    weights: LossWeights,
) -> Float[Tensor, ""]:
    """Return the KL divergence between what the experts say, where all are available."""
    counted = available if weights.padded_losses else available & valid
    experts = said.unbind(2)
    if weights.kl == "directed":
        divergences = [consistency(experts[FUSION], other, counted) for other in experts[:FUSION]]
        loss = torch.stack(divergences).sum()
    else:
        divergences = [consistency(a, b, counted) + consistency(b, a, counted) for a, b in combinations(experts, 2)]
        loss = torch.stack(divergences).mean()
    return loss * counted.sum() / len(valid) if weights.kl_over == "dialogues" else loss

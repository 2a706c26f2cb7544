"""The network of SDT: projections, Transformer gate, softmax gate over the modalities, heads; and its loss.

Numbers of steps are those that `sdt` gives.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.losses import consistency
from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import ClassShares, FeatureInput
from ..benchmark.training.layers import masked_softmax
from ..benchmark.training.streams import Step
from ..benchmark.training.task import Task
from .transformer_gate import Gates, Linears, Past, TransformerGate, reach_of


@dataclass(frozen=True)
class Switches:
    """The choices of `sdt` as far as they concern the network."""

    width: int
    """Width of all vectors; even, and a multiple of `heads`."""
    heads: int
    """Of every attention."""
    dropout: float
    """Wherever there is dropout."""
    normed: bool
    """A layer norm follows every projection."""
    gates: Gates
    """W of step 3: trained, or fixed to the identity."""
    mask_aware: bool
    """A modality that is not observed is asked by no turn, and has no weight at its own."""
    standardise: bool
    """Features are standardised first."""
    modality_dropout: float
    """In training."""


@dataclass(frozen=True)
class Distillation:
    """The choices of `sdt` as far as they concern its loss."""

    unimodal: float
    """Weight of the losses of the heads on their own."""
    distillation: float
    """Weight of the divergences."""
    temperature: float
    """Divides the logits of teacher and students."""
    teacher: Literal["free", "fixed"]
    """Whether the divergences change the teacher too."""


class SDTNetwork(nn.Module):
    """From features to logits, those of each modality among them."""

    honours_links: ClassVar[bool] = True

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers."""
        super().__init__()
        width, modalities = switches.width, len(task.widths)
        self.input = FeatureInput(task, standardise=switches.standardise, modality_dropout=switches.modality_dropout)
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(own, width, bias=False), nn.LayerNorm(width) if switches.normed else nn.Identity())
            for own in self.input.widths
        )
        self.encoders = TransformerGate(
            modalities,
            width,
            heads=switches.heads,
            speakers=task.speakers,
            dropout=switches.dropout,
            gates=switches.gates,
        )
        # A bias would be the same for all modalities, and the softmax over them does not see it.
        self.gate = nn.Linear(width, width, bias=False)
        self.heads = nn.Sequential(nn.ReLU(), nn.Dropout(switches.dropout), Linears(modalities, width, task.classes))
        self.output = nn.Linear(width, task.classes)
        self.shares = ClassShares(task) if switches.mask_aware else None

    def forward(self, batch: Batch) -> Output:
        """Return logits, weights of the modalities, and hidden vectors; for the loss, what the heads say.

        `auxiliary`: `heads`, the logits of each modality (first axis), and `taught`, where a head is trained: where its
        modality takes part.
        """
        return self._answered(batch, None)

    def stream(self) -> Step:
        """Return what answers turn by turn: it keeps keys, values and what was observed."""
        past = Past()
        return lambda batch: self._answered(batch, past)

    def _answered(self, batch: Batch, past: Past | None) -> Output:
        """Return the output for whole dialogues, or for the newest turn of one that has a past."""
        seen = self.input(batch)
        rows = torch.stack([project(rows) for project, rows in zip(self.projections, seen.features, strict=True)])
        there = seen.there if self.shares is not None else batch.valid.unsqueeze(-1).expand_as(seen.there)
        reach = reach_of(batch, there, past)
        vectors = self.encoders(rows, batch.speaker, reach, past)
        weights = self._weights(vectors, there)
        hidden = (weights * vectors.movedim(0, -1)).sum(dim=-1)
        logits = self.output(hidden)
        if self.shares is not None:
            logits = self.shares(logits, reach.any(dim=0).any(dim=-1))
        return Output(
            logits,
            modality_weights=dict(zip(self.input.modalities, weights.mean(dim=-2).unbind(-1), strict=True)),
            hidden=hidden,
            auxiliary={"heads": self.heads(vectors), "taught": there.movedim(-1, 0)},
        )

    def _weights(
        self,
        vectors: Float[Tensor, "modalities dialogues turns width"],
        there: Bool[Tensor, "dialogues turns modalities"],
    ) -> Float[Tensor, "dialogues turns width modalities"]:
        """Return the share of each modality in each dimension (step 5).

        Where nothing of a turn is observed all have one: what they say then comes from other turns.
        """
        scores = self.gate(vectors).movedim(0, -1)
        allowed = there | ~there.any(dim=-1, keepdim=True)
        return masked_softmax(scores, allowed.unsqueeze(-2).expand_as(scores))


def distilling(
    classification: Callable[[Output, Batch], Tensor], terms: Distillation
) -> Callable[[Output, Batch], Tensor]:
    """Return the loss of SDT: of the whole, of every head, and of the divergence of every head from the whole.

    The heads count where their modality takes part; a mean is over these turns, and the means are summed.
    """

    def loss(output: Output, batch: Batch) -> Tensor:
        total = classification(output, batch)
        whole = output.logits.detach() if terms.teacher == "fixed" else output.logits
        for head, taught in zip(output.auxiliary["heads"], output.auxiliary["taught"], strict=True):
            own = replace(batch, label=batch.label.masked_fill(~taught, -1))
            total = total + terms.unimodal * classification(Output(head), own)
            apart = consistency(whole / terms.temperature, head / terms.temperature, batch.valid & taught)
            total = total + terms.distillation * apart
        return total

    return loss

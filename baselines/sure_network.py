"""The network of SURE: projections, a mixture of experts, iterative reasoning, Transformer gate, classifier; its loss.

Numbers of steps are those that `sure` gives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import ClassShares, FeatureInput
from ..benchmark.training.streams import Step
from ..benchmark.training.task import Task
from .sure_experts import Latent, Mixture, Normalise, Route, uncertainty_loss
from .sure_reasoning import ContextLayer, Reasoning
from .transformer_gate import Gates, Linears, Past, TransformerGate, reach_of

Classifier = Literal["joint", "late"]
"""One layer on the vectors of all modalities side by side, or one for each and one on their logits."""
Residual = Literal["none", "mixture", "both"]
"""Around nothing, the mixture of experts, or that and the reasoning."""


@dataclass(frozen=True)
class Switches:
    """The choices of `sure` as far as they concern the network."""

    width: int
    """Width of all vectors; even, and a multiple of `heads`."""
    heads: int
    """Of every attention of the Transformer gate."""
    dropout: float
    """In the Transformer gate, and before the logits of each modality."""
    normed: bool
    """A layer norm follows every projection."""
    experts: int
    """Of each modality; 0: no mixture."""
    top: int
    """Experts that are heard."""
    route: Route
    """What the gate over the experts goes by."""
    latent: Latent
    """What an expert says in training."""
    normalise: Normalise
    """Over what the weights of the experts are normalised."""
    residual: Residual
    """Where the input is added to the output, and a layer norm follows."""
    iterations: int
    """Of the reasoning; 0: no reasoning, nor its context."""
    context: ContextLayer
    """Before the reasoning."""
    packed: bool
    """The context leaves padding out."""
    gates: Gates
    """W of step 7: trained, or fixed to the identity."""
    classifier: Classifier
    """What makes the logits."""
    mask_aware: bool
    """A modality that is not observed is a step of nothing to the context, and is asked by no turn."""
    standardise: bool
    """Features are standardised first."""
    modality_dropout: float
    """In training."""


class SureNetwork(nn.Module):
    """From features to logits, and the loss of the mixtures."""

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
        self.mixtures = nn.ModuleList(_mixture(switches) for _ in range(modalities if switches.experts else 0))
        self.reasonings = nn.ModuleList(_reasoning(switches) for _ in range(modalities if switches.iterations else 0))
        if self.reasonings and switches.context != "none":
            self.links_leak = "the recurrent context of the reasoning"
        self.encoders = TransformerGate(
            modalities,
            width,
            heads=switches.heads,
            speakers=task.speakers,
            dropout=switches.dropout,
            gates=switches.gates,
        )
        late = switches.classifier == "late"
        self.own = (
            nn.Sequential(nn.ReLU(), nn.Dropout(switches.dropout), Linears(modalities, width, task.classes))
            if late
            else nn.Identity()
        )
        self.output = nn.Linear(modalities * (task.classes if late else width), task.classes)
        self.shares = ClassShares(task) if switches.mask_aware else None

    def forward(self, batch: Batch) -> Output:
        """Return logits and hidden vectors; in `auxiliary` the `uncertainty` loss of all mixtures."""
        return self._answered(batch, None)

    def stream(self) -> Step | None:
        """Return what answers turn by turn: it keeps keys, values and what was observed.

        None with a reasoning: what it concludes of a turn hangs on the turns that follow.
        """
        if self.reasonings:
            return None
        past = Past()
        return lambda batch: self._answered(batch, past)

    def _answered(self, batch: Batch, past: Past | None) -> Output:
        """Return the output for whole dialogues, or for the newest turn of one that has a past."""
        seen = self.input(batch)
        there = seen.there if self.shares is not None else batch.valid.unsqueeze(-1).expand_as(seen.there)
        told = there.movedim(-1, 0)
        reach = reach_of(batch, there, past)
        rows = [project(rows) for project, rows in zip(self.projections, seen.features, strict=True)]
        rows, uncertainty = self._mixed(rows, told)
        if self.shares is not None:
            rows = [own * flags.unsqueeze(-1) for own, flags in zip(rows, told, strict=True)]
        if self.reasonings:
            rows = [
                reason(own, batch.valid, allowed)
                for reason, own, allowed in zip(self.reasonings, rows, reach, strict=True)
            ]
        vectors = self.encoders(torch.stack(rows), batch.speaker, reach, past)
        hidden = self.own(vectors).movedim(0, -2).flatten(-2)
        logits = self.output(hidden)
        if self.shares is not None:
            logits = self.shares(logits, reach.any(dim=0).any(dim=-1))
        return Output(logits, hidden=hidden, auxiliary={"uncertainty": uncertainty})

    def _mixed(
        self,
        rows: list[Float[Tensor, "dialogues turns width"]],
        told: Bool[Tensor, "modalities dialogues turns"],
    ) -> tuple[list[Float[Tensor, "dialogues turns width"]], Float[Tensor, ""]]:
        """Return what the mixtures make of the rows, and the sum of their losses where a modality takes part."""
        mixed, losses = [], [torch.zeros((), device=told.device)]
        for mixture, own, flags in zip(self.mixtures, rows, told, strict=bool(self.mixtures)):
            said, routing = mixture(own)
            mixed.append(said)
            losses.append(uncertainty_loss(routing, flags))
        return mixed or rows, torch.stack(losses).sum()


def _mixture(switches: Switches) -> Mixture:
    return Mixture(
        switches.width,
        experts=switches.experts,
        top=switches.top,
        route=switches.route,
        latent=switches.latent,
        normalise=switches.normalise,
        residual=switches.residual != "none",
    )


def _reasoning(switches: Switches) -> Reasoning:
    return Reasoning(
        switches.width,
        iterations=switches.iterations,
        context=switches.context,
        packed=switches.packed,
        residual=switches.residual == "both",
    )


def with_uncertainty(
    classification: Callable[[Output, Batch], Tensor], weight: float
) -> Callable[[Output, Batch], Tensor]:
    """Return the loss of SURE: that of the predictions, plus `weight` times that of the mixtures."""

    def loss(output: Output, batch: Batch) -> Tensor:
        return classification(output, batch) + weight * output.auxiliary["uncertainty"]

    return loss

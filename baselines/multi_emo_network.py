"""The network of MultiEMO: a DialogueRNN for each modality, cross-attention between them, fusion, classifier.

Numbers of steps are those that `multi_emo` gives. What all modalities do alike is computed side by side, each with its
own weights.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import ClassShares, FeatureInput, pairs
from ..benchmark.training.task import Task
from .dialogue_rnn_layer import DialogueRNN
from .transformer_gate import Attentions, Linears, Norms


@dataclass(frozen=True)
class Switches:
    """The choices of `multi_emo` as far as they concern the network."""

    width: int
    """Width of all vectors between features and logits; even, and a multiple of `heads`."""
    state_width: int
    """Width of the global and the party states of the DialogueRNNs."""
    layers: int
    """Of cross-attention."""
    heads: int
    """Of every attention."""
    feed_forward: int
    """Width of the hidden layer that ends each layer of cross-attention."""
    text_context: bool
    """Text goes through a DialogueRNN, too."""
    normed: bool
    """A layer norm follows every projection."""
    masked: bool
    """No turn asks padding."""
    recurrent_dropout: float
    """On the states of the DialogueRNNs, at every step."""
    dropout: float
    """Wherever else there is dropout."""
    mask_aware: bool
    """What is not observed takes no part."""
    standardise: bool
    """Features are standardised first."""
    modality_dropout: float
    """In training."""


class CrossAttention(nn.Module):
    """One layer of cross-attention for every modality (step 3)."""

    def __init__(self, modalities: int, switches: Switches) -> None:
        """Make the layers."""
        super().__init__()
        width = switches.width
        self.sources = asked_in_turn(modalities)
        self.attentions = nn.ModuleList(
            Attentions(modalities, width, switches.heads, dropout=switches.dropout) for _ in self.sources
        )
        self.norms = nn.ModuleList(Norms(modalities, width) for _ in self.sources)
        self.feed_forward = nn.Sequential(
            Linears(modalities, width, switches.feed_forward),
            nn.ReLU(),
            nn.Dropout(switches.dropout),
            Linears(modalities, switches.feed_forward, width),
        )
        self.norm = Norms(modalities, width)
        self.dropout = nn.Dropout(switches.dropout)

    def forward(
        self,
        vectors: Float[Tensor, "modalities dialogues turns width"],
        context: Float[Tensor, "modalities dialogues turns width"],
        allowed: Bool[Tensor, "modalities dialogues turns turns"],
    ) -> Float[Tensor, "modalities dialogues turns width"]:
        """Return the new vectors.

        Parameters
        ----------
        context
            What is asked: the vectors of step 2, in all layers.
        allowed
            Per modality that is asked whether a turn (row) may ask another (column).
        """
        for source, attention, norm in zip(self.sources, self.attentions, self.norms, strict=True):
            told = attention(vectors, context[source], allowed[source])
            vectors = norm(vectors + self.dropout(told))
        ended: Tensor = self.norm(vectors + self.dropout(self.feed_forward(vectors)))
        return ended


class MultiEMONetwork(nn.Module):
    """From features to logits, and the vectors that the other losses read."""

    honours_links: ClassVar[bool] = True
    links_leak: ClassVar[str] = "the DialogueRNNs over the turns of each modality"

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers."""
        super().__init__()
        self.switches = switches
        width, modalities = switches.width, len(task.widths)
        self.input = FeatureInput(task, standardise=switches.standardise, modality_dropout=switches.modality_dropout)
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(own, width), nn.LayerNorm(width) if switches.normed else nn.Identity())
            for own in self.input.widths
        )
        self.carried = [place for place, name in enumerate(task.widths) if switches.text_context or name != "text"]
        # Emotion states of both directions side by side are as wide as the vectors.
        self.context = (
            DialogueRNN(
                width,
                switches.state_width,
                width // 2,
                dropout=switches.recurrent_dropout,
                directions=2 * len(self.carried),
            )
            if self.carried
            else None
        )
        self.layers = nn.ModuleList(CrossAttention(modalities, switches) for _ in range(switches.layers))
        self.fusion = nn.Linear(modalities * width, width)
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, task.classes)
        self.dropout = nn.Dropout(switches.dropout)
        self.shares = ClassShares(task) if switches.mask_aware else None

    def forward(self, batch: Batch) -> Output:
        """Return logits and hidden vectors.

        In `auxiliary`: `fused`, the vectors z of step 4; `modalities`, the vectors F of step 3, and whether their
        modality takes part, `there`, both with the modalities as first axis.
        """
        seen = self.input(batch)
        aware = self.shares is not None
        there = (seen.there if aware else batch.valid.unsqueeze(-1).expand_as(seen.there)).movedim(-1, 0)
        rows = torch.stack([project(rows) for project, rows in zip(self.projections, seen.features, strict=True)])
        context = self._in_context(rows, batch, there)
        allowed = self._askable(batch, there)
        vectors = context
        for layer in self.layers:
            vectors = layer(vectors, context, allowed)
        fused = self.fusion(torch.cat(vectors.unbind(0), dim=-1))
        hidden = torch.relu(self.hidden(fused))
        logits = self.output(self.dropout(hidden))
        if self.shares is not None:
            logits = self.shares(logits, (pairs(batch) & there.any(dim=0).unsqueeze(1)).any(dim=-1))
        return Output(
            logits, hidden=hidden, auxiliary={"fused": fused, "modalities": vectors, "there": there & batch.valid}
        )

    def _in_context(
        self,
        rows: Float[Tensor, "modalities dialogues turns width"],
        batch: Batch,
        there: Bool[Tensor, "modalities dialogues turns"],
    ) -> Float[Tensor, "modalities dialogues turns width"]:
        """Return the vectors of the turns in their dialogue (step 2); text as it is where that is wanted.

        A turn that does not take part leaves all states as they are and reads its speaker's; text as it is is zero.
        """
        if self.shares is not None:
            rows = rows * there.unsqueeze(-1)
        if self.context is None:
            as_they_are: Tensor = self.dropout(rows)
            return as_they_are
        lanes = rows[self.carried].repeat_interleave(2, dim=0)
        skipped = (batch.valid & ~there[self.carried]).repeat_interleave(2, dim=0)
        states = self.context(lanes, batch.speaker, batch.valid, skipped if skipped.any() else None)
        carried = iter(states.unflatten(-1, (len(self.carried), -1)).unbind(-2))
        vectors = [next(carried) if place in self.carried else own for place, own in enumerate(rows)]
        in_context: Tensor = self.dropout(torch.stack(vectors))
        return in_context

    def _askable(
        self, batch: Batch, there: Bool[Tensor, "modalities dialogues turns"]
    ) -> Bool[Tensor, "modalities dialogues turns turns"]:
        """Return per modality that is asked which turn (row) may ask which (column)."""
        if self.switches.masked:
            reach = pairs(batch) & there.unsqueeze(2)
        else:
            keys = there if self.switches.mask_aware else torch.ones_like(there)
            reach = keys.unsqueeze(2) if batch.links is None else keys.unsqueeze(2) & batch.links
        return reach.expand(-1, -1, batch.valid.shape[1], -1)


def asked_in_turn(modalities: int) -> list[list[int]]:
    """Return whom each modality asks, one after the other: the others in their order; the only one asks itself.

    Examples
    --------
    >>> asked_in_turn(3)
    [[1, 0, 0], [2, 2, 1]]
    """
    asked = [[other for other in range(modalities) if other != own] or [own] for own in range(modalities)]
    return [list(places) for places in zip(*asked, strict=True)]

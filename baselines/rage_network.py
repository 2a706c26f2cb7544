"""The network of RAGE-Fusion on features: projections, cross-attention from text, reliability gate.

Equation numbers are those of the paper; `rage_fusion` says what its switches mean.
"""

import math
from typing import ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.layers import Standardiser, disregard, drop_modalities, masked_softmax, stacked
from ..benchmark.training.task import Task


class Switches(NamedTuple):
    """The choices that the paper leaves open, as far as they concern the network."""

    width: int = 256
    """Width d of every projection."""
    heads: int = 4
    """Attention heads; `width` is a multiple of it."""
    dropout: float = 0.2
    """Share of projected features that are dropped in training."""
    modality_dropout: float = 0.2
    """Rate at which each modality of an utterance is dropped in training."""
    activation: Literal["gelu", "relu"] = "gelu"
    """φ."""
    mask_aware: bool = True
    """A modality that is not there has no weight and no attention; False: it is a vector of zeros like any other."""
    standardise: bool = True
    """Features are standardised with the training split's statistics first."""
    gate: Literal["last", "first"] = "last"
    """Before or after the attention."""
    quality: bool = False
    """The gate also sees how strong the features of each modality are."""


class Fused(NamedTuple):
    """What the fusion gives."""

    logits: Float[Tensor, "*rows classes"]
    """Before the temperature."""
    weights: Float[Tensor, "*rows modalities"]
    """Gate weights, summing to one."""
    vector: Float[Tensor, "*rows width"]
    """f, the fused vector."""


class Fusion(nn.Module):
    """Cross-attention from the first modality to the others, reliability gate, classifier (Eq. 4–11)."""

    def __init__(self, modalities: int, classes: int, switches: Switches) -> None:
        """Make the layers; with one modality there is no attention."""
        super().__init__()
        width = switches.width
        self.switches = switches
        if modalities > 1:
            self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.norm = nn.LayerNorm(width)
        self.gate = nn.Linear(modalities * (width + switches.quality), modalities)
        self.output = nn.Linear(width, classes)

    def forward(
        self,
        embedded: Float[Tensor, "*rows modalities width"],
        usable: Bool[Tensor, "*rows modalities"],
        quality: Float[Tensor, "*rows modalities"],
    ) -> Fused:
        """Fuse the embeddings of each row; what is not usable gets no attention and no weight.

        Where nothing is usable all modalities go through the gate, so that the weights sum to one there too.
        """
        gate_allowed = usable | ~usable.any(dim=-1, keepdim=True)
        if self.switches.gate == "first":
            weights = self._weights(embedded, quality, gate_allowed)
            vector = self._attended(weights.unsqueeze(-1) * embedded, usable).sum(dim=-2)
        else:
            attended = self._attended(embedded, usable)
            weights = self._weights(attended, quality, gate_allowed)
            vector = (weights.unsqueeze(-1) * attended).sum(dim=-2)
        return Fused(self.output(vector), weights, vector)

    def _weights(
        self,
        vectors: Float[Tensor, "*rows modalities width"],
        quality: Float[Tensor, "*rows modalities"],
        allowed: Bool[Tensor, "*rows modalities"],
    ) -> Float[Tensor, "*rows modalities"]:
        """Return the gate weights, softmax(W_g[v̂_t ; v_a ; v_v] + b_g)."""
        seen = vectors.flatten(-2)
        if self.switches.quality:
            seen = torch.cat([seen, quality], dim=-1)
        return masked_softmax(self.gate(seen), allowed)

    def _attended(
        self, embedded: Float[Tensor, "*rows modalities width"], usable: Bool[Tensor, "*rows modalities"]
    ) -> Float[Tensor, "*rows modalities width"]:
        """Put v̂_t = LN(v_t + a) in the place of v_t."""
        first, memory = embedded[..., :1, :], embedded[..., 1:, :]
        if memory.shape[-2]:
            first = first + self._attention(first, memory, usable[..., 1:])
        return torch.cat([self.norm(first), memory], dim=-2)

    def _attention(
        self,
        first: Float[Tensor, "*rows 1 width"],
        memory: Float[Tensor, "*rows others width"],
        usable: Bool[Tensor, "*rows others"],
    ) -> Float[Tensor, "*rows 1 width"]:
        """Return softmax(qKᵀ/√d_k)V per head, the heads side by side; 0 where no other modality is usable."""
        heads = (self.switches.heads, self.switches.width // self.switches.heads)
        query = self.query(first).unflatten(-1, heads)
        key = self.key(memory).unflatten(-1, heads)
        value = self.value(memory).unflatten(-1, heads)
        scores = (query * key).sum(dim=-1).transpose(-1, -2) / math.sqrt(heads[1])
        attention = masked_softmax(scores, usable.unsqueeze(-2).expand_as(scores))
        attended: Tensor = attention.transpose(-1, -2).unsqueeze(-1) * value
        return attended.sum(dim=-3).flatten(-2).unsqueeze(-2)


class RageNetwork(nn.Module):
    """Projections, modality dropout and fusion; one utterance at a time, for there is no context in this model."""

    honours_links: ClassVar[bool] = True
    one_turn_at_a_time: ClassVar[bool] = True

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers. The query is text; on data without text, the first modality."""
        super().__init__()
        query = "text" if "text" in task.widths else next(iter(task.widths))
        self.modalities = (query, *(modality for modality in task.widths if modality != query))
        self.switches = switches
        widths = [task.widths[modality] for modality in self.modalities]
        self.standardisers = nn.ModuleList(
            Standardiser(*pair) if switches.standardise else nn.Identity()
            for pair in zip(self.modalities, widths, strict=True)
        )
        self.projections = nn.ModuleList(_projection(width, switches) for width in widths)
        self.fusion = Fusion(len(widths), task.classes, switches)
        self.temperature: Tensor
        self.log_shares: Tensor
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("log_shares", torch.tensor(task.shares).clamp(min=1e-12).log())

    def forward(self, batch: Batch) -> Output:
        """Return logits (over the temperature), gate weights and fused vectors."""
        there = stacked(batch.observed, self.modalities)
        if self.training:
            there = drop_modalities(there, rate=self.switches.modality_dropout)
        features = [
            disregard(standardiser(batch.features[modality]), batch.concealed.get(modality))
            for standardiser, modality in zip(self.standardisers, self.modalities, strict=True)
        ]
        projected = [projection(rows) for projection, rows in zip(self.projections, features, strict=True)]
        embedded = torch.stack(projected, dim=-2) * there.unsqueeze(-1)
        strength = torch.stack([rows.square().mean(dim=-1).clamp(min=1e-12).log() / 2 for rows in features], dim=-1)
        usable = there if self.switches.mask_aware else torch.ones_like(there)
        fused = self.fusion(embedded, usable, strength * there)
        return Output(
            logits=self._logits(fused.logits, there),
            modality_weights=dict(zip(self.modalities, fused.weights.unbind(dim=-1), strict=True)),
            hidden=fused.vector,
        )

    def _logits(
        self, logits: Float[Tensor, "dialogues turns classes"], there: Bool[Tensor, "dialogues turns modalities"]
    ) -> Float[Tensor, "dialogues turns classes"]:
        scaled = logits / self.temperature
        if not self.switches.mask_aware:
            return scaled
        # With nothing observed there is nothing to fuse: what is left is how often each class occurs.
        return torch.where(there.any(dim=-1, keepdim=True), scaled, self.log_shares)


def set_temperature(network: nn.Module, temperature: float) -> None:
    """Let a RAGE-Fusion network divide its logits by `temperature` from now on."""
    assert isinstance(network, RageNetwork)
    network.temperature.fill_(temperature)


def _projection(width: int, switches: Switches) -> nn.Sequential:
    activation = nn.GELU() if switches.activation == "gelu" else nn.ReLU()
    return nn.Sequential(
        nn.Linear(width, switches.width), activation, nn.LayerNorm(switches.width), nn.Dropout(switches.dropout)
    )

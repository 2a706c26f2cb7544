"""The Transformer gate of SDT and SURE: every modality asks itself and each other one, and gates what it is told.

With x_m the vectors of modality m, one for each turn, p the sinusoidal positions and s the speaker's vector: (1) y_m =
dropout(x_m + p + s). (2) For every target m and source n, n = m among them, h = y_m + dropout(attention), with the
queries of y_m and the keys and values of y_n, several heads. (3) z = h + FF(LN(h)), FF two linear layers with GELU (its
tanh form) between, dropout after each. (4) Gate: z ⊙ σ(W z), W without bias, or W = 1. (5) H_m = a linear layer of what
m got from all sources side by side, its own first. No plug-in itself.

One layer of attention is all there is, so a turn gets nothing of a turn that it may not ask, and what the newest turn
of a dialogue asks of an earlier one, its keys and values, hangs on that turn alone: `Past` keeps it.

Source: Ma et al. (2023), A Transformer-based model with self-distillation for multimodal emotion recognition in
conversations; sizes as in the code of its authors.
"""

import math
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ..benchmark.training.batches import Batch
from ..benchmark.training.conversation_layers import SinusoidalPositions, pairs
from ..benchmark.training.layers import masked_softmax
from ..benchmark.training.streams import Kept

Gates = Literal["learned", "identity"]
"""W of step 4."""


class Linears(nn.Module):
    """Linear layers of equal sizes side by side, each with the first weights of `torch.nn.Linear`."""

    def __init__(self, layers: int, width: int, out: int, *, bias: bool = True) -> None:
        """Make the weights, transposed for products from the right."""
        super().__init__()
        self.weight = nn.Parameter(torch.empty(layers, width, out))
        self.bias = nn.Parameter(torch.empty(layers, 1, out)) if bias else None
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(width), 1 / math.sqrt(width))

    def forward(self, rows: Float[Tensor, "layers *rows width"]) -> Float[Tensor, "layers *rows out"]:
        """Return what each layer makes of its own rows."""
        flat = rows.flatten(1, -2)
        product = flat @ self.weight if self.bias is None else torch.baddbmm(self.bias, flat, self.weight)
        return product.view(*rows.shape[:-1], -1)


class Norms(nn.Module):
    """Layer norms side by side."""

    def __init__(self, layers: int, width: int) -> None:
        """Start with weights of one and biases of zero."""
        super().__init__()
        self.weight = nn.Parameter(torch.ones(layers, 1, width))
        self.bias = nn.Parameter(torch.zeros(layers, 1, width))

    def forward(self, rows: Float[Tensor, "layers *rows width"]) -> Float[Tensor, "layers *rows width"]:
        """Return what each norm makes of its own rows."""
        flat = functional.layer_norm(rows.flatten(1, -2), rows.shape[-1:])
        return torch.addcmul(self.bias, flat, self.weight).view_as(rows)


class Past:
    """What attention needs of the turns of one dialogue so far: which may be asked, their keys, their values."""

    def __init__(self) -> None:
        """Begin before the first turn."""
        self._there, self._keys, self._values = Kept(), Kept(), Kept()

    @property
    def turns(self) -> int:
        """How many there are whose keys and values are known."""
        return self._keys.turns

    def there(self, newest: Bool[Tensor, "dialogues 1 modalities"]) -> Bool[Tensor, "dialogues turns modalities"]:
        """Add which modalities the newest turn has, and return those of all turns."""
        return self._there.added(newest)

    def keys_and_values(
        self,
        key: Float[Tensor, "layers dialogues heads 1 width"],
        value: Float[Tensor, "layers dialogues heads 1 width"],
    ) -> tuple[
        Float[Tensor, "layers dialogues heads turns width"], Float[Tensor, "layers dialogues heads turns width"]
    ]:
        """Add those of the newest turn, and return those of all turns."""
        return self._keys.added(key), self._values.added(value)


class Attentions(nn.Module):
    """Attention of several heads, many of them side by side."""

    def __init__(self, layers: int, width: int, heads: int, *, dropout: float) -> None:
        """Make the projections; `width` is a multiple of `heads`."""
        super().__init__()
        self.heads = (heads, width // heads)
        self.query, self.key, self.value, self.output = (Linears(layers, width, width) for _ in range(4))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        asking: Float[Tensor, "layers dialogues turns width"],
        asked: Float[Tensor, "layers dialogues turns width"],
        allowed: Bool[Tensor, "layers dialogues turns asked"],
        past: Past | None = None,
    ) -> Float[Tensor, "layers dialogues turns width"]:
        """Return what each turn (row of `allowed`) gets; where it may ask no turn, the bias of the last projection.

        With `past` the one turn given asks those of the past too.
        """
        query, key, value = (
            project(rows).unflatten(-1, self.heads).transpose(2, 3)
            for project, rows in ((self.query, asking), (self.key, asked), (self.value, asked))
        )
        if past is not None:
            key, value = past.keys_and_values(key, value)
        scores = (query / math.sqrt(self.heads[1])) @ key.mT
        shares = self.dropout(masked_softmax(scores, allowed.unsqueeze(2).expand_as(scores)))
        told: Tensor = self.output((shares @ value).transpose(2, 3).flatten(-2))
        return told


class TransformerGate(nn.Module):
    """Steps 1 to 5: one encoder for every pair of a target and a source modality, side by side."""

    def __init__(self, modalities: int, width: int, *, heads: int, speakers: int, dropout: float, gates: Gates) -> None:
        """Make the layers; `width` is even, and a multiple of `heads`.

        `speakers` get a vector each; those beyond have the vector zero, which is not trained.
        """
        super().__init__()
        encoders = modalities**2
        self.modalities = modalities
        self.positions = SinusoidalPositions(width)
        self.speakers = nn.Embedding(speakers + 1, width, padding_idx=speakers)
        self.dropout = nn.Dropout(dropout)
        self.attention = Attentions(encoders, width, heads, dropout=dropout)
        self.feed_forward = nn.Sequential(
            Norms(encoders, width),
            Linears(encoders, width, width),
            nn.GELU(approximate="tanh"),
            nn.Dropout(dropout),
            Linears(encoders, width, width),
            nn.Dropout(dropout),
        )
        self.gates = Linears(encoders, width, width, bias=False) if gates == "learned" else nn.Identity()
        self.join = Linears(modalities, modalities * width, width)

    def forward(
        self,
        rows: Float[Tensor, "modalities dialogues turns width"],
        speaker: Int64[Tensor, "dialogues turns"],
        allowed: Bool[Tensor, "modalities dialogues turns asked"],
        past: Past | None = None,
    ) -> Float[Tensor, "modalities dialogues turns width"]:
        """Return H.

        Parameters
        ----------
        allowed
            Per source modality whether a turn (row) may ask another (column).
        past
            Of the dialogue whose newest turn is given alone, and whose earlier turns are columns too; it is added to.
        """
        who = self.speakers(speaker.clamp(max=self.speakers.num_embeddings - 1))
        target, source = self._pairs(rows.device)
        first = 0 if past is None else past.turns
        known = self.positions((rows + who).flatten(0, 1), first=first).view_as(rows)
        asking = self.dropout(known[target])
        # An encoder of a modality on itself has one input, and so one draw of dropout.
        asked = torch.where((target == source).view(-1, 1, 1, 1), asking, self.dropout(known[source]))
        vectors = asking + self.dropout(self.attention(asking, asked, allowed[source], past))
        vectors = vectors + self.feed_forward(vectors)
        vectors = vectors * torch.sigmoid(self.gates(vectors))
        of_target = vectors.unflatten(0, (self.modalities, self.modalities))
        joined: Tensor = self.join(of_target.permute(0, 2, 3, 1, 4).flatten(-2))
        return joined

    def _pairs(self, device: torch.device) -> tuple[Int64[Tensor, " encoders"], Int64[Tensor, " encoders"]]:
        """Return target and source of every encoder; those of a target follow each other, its own first."""
        places = torch.arange(self.modalities, device=device)
        target = places.repeat_interleave(self.modalities)
        return target, (target + places.repeat(self.modalities)) % self.modalities


def reach_of(
    batch: Batch, there: Bool[Tensor, "dialogues turns modalities"], past: Past | None
) -> Bool[Tensor, "modalities dialogues turns asked"]:
    """Return per source modality which turns (columns) a turn (row) may ask: those that have it, as `pairs` allows.

    With a past, `there` is of the newest turn, and is added to it; all of the past may be asked.
    """
    if past is not None:
        return past.there(there).permute(2, 0, 1).unsqueeze(2)
    return pairs(batch) & there.permute(2, 0, 1).unsqueeze(2)

"""The uncertainty-aware mixture of experts of SURE: experts that say a mean and a variance, and a gate over them.

Numbers of steps are those that `sure` gives. No plug-in itself.
"""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

Route = Literal["softmax", "uncertainty"]
"""What the gate goes by: its own scores, or these less the logarithm of each expert's mean variance."""
Latent = Literal["sample", "mean"]
"""What an expert says in training: a draw, or its mean."""
Normalise = Literal["sample", "batch"]
"""Over what the weights of the chosen experts are normalised: the experts of a turn, or the dialogues of a batch."""


class Routing(NamedTuple):
    """What the experts say of each turn, and whom the gate hears."""

    mean: Float[Tensor, "dialogues turns experts width"]
    """μ."""
    log_variance: Float[Tensor, "dialogues turns experts width"]
    """log σ²."""
    shares: Float[Tensor, "dialogues turns experts"]
    """s, of all experts; they sum to one."""
    chosen: Bool[Tensor, "dialogues turns experts"]
    """Those with the largest shares."""
    weights: Float[Tensor, "dialogues turns experts"]
    """What the output weighs them by; 0 for those that are not chosen."""


class Mixture(nn.Module):
    """Steps 2 to 4, for one modality."""

    def __init__(
        self, width: int, *, experts: int, top: int, route: Route, latent: Latent, normalise: Normalise, residual: bool
    ) -> None:
        """Make the layers; `residual`: the input is added to the output, and a layer norm follows."""
        super().__init__()
        self.sizes = (experts, 2, width)
        self.top = top
        self.route = route
        self.latent = latent
        self.normalise = normalise
        self.experts = nn.Linear(width, 2 * experts * width)
        self.gate = nn.Linear(width, experts)
        self.norm = nn.LayerNorm(width) if residual else None

    def forward(
        self, rows: Float[Tensor, "dialogues turns width"]
    ) -> tuple[Float[Tensor, "dialogues turns width"], Routing]:
        """Return what the chosen experts say, weighted, and how that came about."""
        routing = self._routing(rows)
        said = routing.mean
        if self.training and self.latent == "sample":
            said = said + (routing.log_variance / 2).exp() * torch.randn_like(said)
        mixed = (routing.weights.unsqueeze(-1) * said).sum(dim=-2)
        return (mixed if self.norm is None else self.norm(rows + mixed)), routing

    def _routing(self, rows: Float[Tensor, "dialogues turns width"]) -> Routing:
        mean, log_variance = self.experts(rows).unflatten(-1, self.sizes).unbind(-2)
        scores = self.gate(rows)
        if self.route == "uncertainty":
            scores = scores - log_variance.exp().mean(dim=-1).log()
        shares = torch.softmax(scores, dim=-1)
        best = shares.topk(self.top, dim=-1).indices
        chosen = torch.zeros_like(shares, dtype=torch.bool).scatter_(-1, best, True)
        kept = shares * chosen
        over, factor = (-1, 1) if self.normalise == "sample" else (0, len(rows))
        # An expert that nobody of the batch chose has no weight to normalise.
        total = kept.sum(dim=over, keepdim=True).clamp(min=torch.finfo(kept.dtype).tiny)
        return Routing(mean, log_variance, shares, chosen, factor * kept / total)


def uncertainty_loss(routing: Routing, counted: Bool[Tensor, "dialogues turns"]) -> Float[Tensor, ""]:
    """Return balance + KL + routing (step 9) over the turns that count; 0 without any.

    Balance is the number of the chosen for a gate that spreads evenly, and grows as it prefers some. KL is that of each
    expert's N(μ, σ²) from N(0, 1), in nats, summed over dimensions, as a mean over experts. Routing is the variance of
    each expert, summed over dimensions, times its weight: it teaches the gate to avoid the uncertain.
    """
    count = counted.sum().clamp(min=1)

    def mean(of_turns: Float[Tensor, "dialogues turns *rest"]) -> Float[Tensor, " *rest"]:
        kept = of_turns * counted.view(*counted.shape, *(1,) * (of_turns.dim() - 2))
        return kept.sum(dim=(0, 1)) / count

    experts = routing.shares.shape[-1]
    balance = (mean(routing.shares) * mean(routing.chosen.to(routing.shares))).mean() * experts**2
    variance = routing.log_variance.exp()
    apart = (routing.mean**2 + variance - 1 - routing.log_variance).sum(dim=-1) / 2
    routed = (routing.weights * variance.sum(dim=-1)).sum(dim=-1)
    return balance + mean(apart).mean() + mean(routed)

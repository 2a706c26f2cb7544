"""The iterative reasoning of SURE: a turn asks its dialogue, thinks, and asks again.

Numbers of steps are those that `sure` gives. No plug-in itself.
"""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.training.conversation_layers import Recurrent
from ..benchmark.training.layers import masked_softmax

ContextLayer = Literal["lstm", "gru", "none"]
"""What reads the turns in both directions first."""


class Reasoning(nn.Module):
    """Steps 5 and 6, for one modality."""

    def __init__(self, width: int, *, iterations: int, context: ContextLayer, packed: bool, residual: bool) -> None:
        """Make the layers; `width` is even. `residual`: the input is added to the output, and a layer norm follows."""
        super().__init__()
        self.iterations = iterations
        self.context = None if context == "none" else Recurrent(context, width, width // 2, packed=packed)
        self.memory = nn.Linear(width, width)
        self.query = nn.Linear(width, 2 * width)
        self.cell = nn.LSTMCell(2 * width, width)
        self.output = nn.Linear(2 * width, width)
        self.norm = nn.LayerNorm(width) if residual else None

    def forward(
        self,
        rows: Float[Tensor, "dialogues turns width"],
        valid: Bool[Tensor, "dialogues turns"],
        allowed: Bool[Tensor, "dialogues turns turns"],
    ) -> Float[Tensor, "dialogues turns width"]:
        """Return what each turn (row of `allowed`) concludes; where it may ask no turn, it is told zeros."""
        context = rows if self.context is None else self.context(rows, valid)
        memory = self.memory(context)
        query = self.query(context).flatten(0, 1)
        state = (torch.zeros_like(memory.flatten(0, 1)),) * 2
        for _ in range(self.iterations):
            state = self.cell(query, state)
            asking = state[0].view_as(memory)
            told = masked_softmax(asking @ memory.transpose(1, 2), allowed) @ memory
            query = torch.cat([asking, told], dim=-1).flatten(0, 1)
        concluded: Tensor = self.output(query).view_as(memory)
        return concluded if self.norm is None else self.norm(rows + concluded)

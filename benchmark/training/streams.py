"""Networks that answer turn by turn: what they keep of earlier turns, and a session around them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from ...baselines.sessions import require_turn
from ..conversations import Conversations
from ..predictions import Predictions
from .batches import Batch, Output, make_batch
from .inference import named, predictions_of
from .task import Task
from .threads import one_thread

Step = Callable[[Batch], Output]
"""Takes the newest turn, a batch of one dialogue with one turn, and answers it; remembers what later turns need."""
FEWEST = 16
"""Turns for which there is room at first."""


@runtime_checkable
class Streams(Protocol):
    """A network that can answer the newest turn from what it keeps of the turns before it."""

    def stream(self) -> Step | None:
        """Return what answers the turns of one dialogue, one after the other, as `forward` answers the last of them.

        It is used without gradients and in evaluation mode only. None: the network turns out to need the whole.
        """
        ...


class Kept:
    """A row or more of every turn so far, turns along the last axis but one; a new turn copies none before it."""

    def __init__(self) -> None:
        """Begin empty."""
        self.turns = 0
        self._room: Tensor | None = None

    def added(self, newest: Shaped[Tensor, "*axes 1 width"]) -> Shaped[Tensor, "*axes turns width"]:
        """Add what belongs to the newest turn, and return that of all turns."""
        if self._room is None or self._room.shape[-2] == self.turns:
            self._room = self._with_more_room(newest)
        self._room[..., self.turns, :] = newest[..., 0, :]
        self.turns += 1
        return self._room[..., : self.turns, :]

    def with_newest(self, newest: Shaped[Tensor, "*axes 1 width"]) -> Shaped[Tensor, "*axes turns width"]:
        """Return that of all turns and of this one, which is not kept."""
        everything = self.added(newest)
        self.turns -= 1
        return everything

    def _with_more_room(self, newest: Shaped[Tensor, "*axes 1 width"]) -> Shaped[Tensor, "*axes room width"]:
        room = newest.new_zeros(*newest.shape[:-2], max(FEWEST, 2 * self.turns), newest.shape[-1])
        if self._room is not None:
            room[..., : self.turns, :] = self._room
        return room


@dataclass(frozen=True, eq=False)
class NetworkSession:
    """A dialogue that a network follows."""

    step: Step
    """What it keeps is in here."""
    task: Task
    """What the network was trained on."""
    device: str
    """Where the network is."""
    small: bool
    """Whether it is computed by one thread."""

    def feed(self, turn: Conversations) -> Predictions:
        """Return what the network says of the newest turn; see `Session`."""
        require_turn(turn)
        self.task.require(turn)
        with one_thread(self.small), torch.inference_mode():
            output = self.step(make_batch(turn, np.zeros(1, np.int64), device=self.device))
            return predictions_of({name: values[0].cpu().numpy() for name, values in named(output).items()})

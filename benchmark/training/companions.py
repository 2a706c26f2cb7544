"""What goes along with a training run: the places at which a training method can change it.

    class Mine(Companion):
        def loss(self, step: Step) -> Tensor | None:
            return self.weight * something(step.output, step.batch)

Several go along side by side: their losses add up. A place that a companion leaves out stays as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from jaxtyping import Int64
from torch import Tensor, nn

from ...baselines.base import FitContext
from ..conversations import Conversations
from .batches import Batch, Output, padded_rows
from .options import TrainingOptions
from .recipe import Loss, Recipe
from .task import Task


@dataclass(frozen=True, eq=False)
class Course:
    """A training run before its first step."""

    recipe: Recipe
    """What is trained."""
    task: Task
    """On what sizes and counts."""
    network: nn.Module
    """With its first weights, on the device of `context`."""
    objective: Loss
    """The recipe's loss for this task."""
    train: Conversations
    """For the gradients."""
    validation: Conversations
    """For the choice of the epoch."""
    options: TrainingOptions
    """How."""
    context: FitContext
    """Seed, device, selection, monitor, progress."""


@dataclass(frozen=True, eq=False)
class Step:
    """One pass over a batch in a training step, the network in training mode."""

    batch: Batch
    """What the network was given."""
    output: Output
    """What it said, with gradients."""
    dialogues: Int64[np.ndarray, " chosen"]
    """Which dialogues of the training split they are."""
    train: Conversations
    """The training split."""
    again: bool
    """True: a further pass over the batch of the same step; what is counted or drawn once a step has been."""

    @cached_property
    def rows(self) -> Int64[np.ndarray, "chosen turns"]:
        """Row of the training split of every turn; 0 at padding."""
        return padded_rows(self.train, self.dialogues)[0]


class Companion:
    """Changes nothing; the places at which a method may."""

    keeps_last: ClassVar[bool] = False
    """True: no epoch is chosen, training goes on to the last, and the weights at its end are kept."""

    def dialogues(self, epoch: int) -> Int64[np.ndarray, " chosen"] | None:
        """Return which training dialogues take part in an epoch (from 1), in their order; None: all."""
        return None

    def learning_rate_share(self, share: float, *, epoch: int) -> float:
        """Return the share of the highest learning rate in an epoch, given what the schedule says."""
        return share

    def before_epoch(self, epoch: int) -> None:
        """Do what is done before the first step of an epoch (from 1)."""

    def loss(self, step: Step) -> Tensor | None:
        """Return what is added to the loss of a step; None: nothing."""
        return None

    def with_gradient(self, again: Callable[[], object]) -> None:
        """Do what is done when the gradient of a step is there; `again()` replaces it by that at the weights now."""

    def after_epoch(self, epoch: int) -> None:
        """Do what is done after the last step of an epoch, before the network is scored."""

    def notes(self) -> Mapping[str, float | str]:
        """Return what is worth keeping in the record of the training."""
        return {}

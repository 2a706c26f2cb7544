"""The trainer: Adam, warm-up and decay of the learning rate, clipping, early stopping, one record per epoch.

Training methods go along as companions; without any it is plain training.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor, nn

from ...baselines.base import Epoch, FitContext
from ..conversations import Conversations
from ..errors import DataError, EmobenchError, PredictionError
from .batches import make_batch, training_batches
from .companions import Companion, Step
from .inference import predict
from .options import TrainingOptions, learning_rate_share
from .recipe import Loss
from .scores import chosen_epoch, epoch_scores


@dataclass(frozen=True, eq=False)
class Training:
    """One training run; `run` changes the network, and nothing else is kept in it."""

    network: nn.Module
    """On the device of `context`."""
    loss: Loss
    """Of an output on its batch."""
    train: Conversations
    """For the gradients."""
    validation: Conversations
    """For the choice of the epoch."""
    options: TrainingOptions
    """How."""
    context: FitContext
    """Seed, device, selection, monitor, progress."""
    companions: tuple[Companion, ...] = ()
    """What goes along."""

    @property
    def keeps_last(self) -> bool:
        """Whether the last epoch is kept, whatever its score."""
        return any(companion.keeps_last for companion in self.companions)

    def run(self) -> tuple[Epoch, ...]:
        """Train, leave the weights of the chosen epoch in the network, and return all epochs.

        Raises
        ------
        DataError
            When no validation utterance has a label.
        EmobenchError
            When the choice is to be made on a test split that is not given, or the loss or
            the predictions are no longer finite.
        """
        self._check()
        epochs: list[Epoch] = []
        weights: dict[str, Tensor] = {}
        for loss in self._epoch_losses():
            epochs.append(self._score(len(epochs) + 1, loss))
            chosen = self._chosen(epochs)
            if chosen is epochs[-1]:
                weights = {name: value.clone() for name, value in self.network.state_dict().items()}
            self.context.progress("training, epoch", len(epochs), self.options.epochs)
            if not self.keeps_last and self._waited(epochs, chosen) >= self.options.patience:
                break
        self.network.load_state_dict(weights)
        return tuple(epochs)

    def _check(self) -> None:
        if not (self.validation.label >= 0).any():
            raise DataError(f"{self.validation.data}: expected labels in the validation split to choose by, got none")
        if self.context.selection == "test" and self.context.monitor is None:
            raise EmobenchError("expected a test split to choose the epoch on, got none; type --selection validation")

    def _epoch_losses(self) -> Iterator[float]:
        """Train epoch by epoch, without end before the last; yield the mean loss per batch."""
        options, number = self.options, 0
        kind = torch.optim.AdamW if options.optimiser == "adamw" else torch.optim.Adam
        optimiser = kind(self.network.parameters(), lr=0.0, weight_decay=options.weight_decay, fused=True)
        steps = sum(
            math.ceil(len(self._dialogues(epoch)) / options.batch_dialogues) for epoch in range(1, options.epochs + 1)
        )
        for epoch in range(1, options.epochs + 1):
            losses = []
            for companion in self.companions:
                companion.before_epoch(epoch)
            for dialogues in self._batches(epoch):
                share = learning_rate_share(
                    number, steps=steps, warm_up=options.warm_up, falls=options.schedule == "linear"
                )
                for companion in self.companions:
                    share = companion.learning_rate_share(share, epoch=epoch)
                optimiser.param_groups[0]["lr"] = options.learning_rate * share
                losses.append(self._step(optimiser, dialogues))
                number += 1
            mean = float(torch.stack(losses).mean())
            if not math.isfinite(mean):
                raise self._diverged(f"a finite training loss, got {mean} in epoch {epoch}")
            for companion in self.companions:
                companion.after_epoch(epoch)
            yield mean

    def _waited(self, epochs: list[Epoch], chosen: Epoch) -> int:
        """Return how many epochs have passed since the chosen one in which all dialogues took part."""
        since = (epoch.number for epoch in epochs[chosen.number :])
        return sum(len(self._dialogues(number)) == self.train.dialogues for number in since)

    def _dialogues(self, epoch: int) -> Int64[np.ndarray, " chosen"]:
        chosen = (companion.dialogues(epoch) for companion in self.companions)
        return next((some for some in chosen if some is not None), np.arange(self.train.dialogues))

    def _batches(self, epoch: int) -> list[Int64[np.ndarray, " chosen"]]:
        size, dialogues = self.options.batch_dialogues, self._dialogues(epoch)
        if not self.options.shuffle:
            return np.split(dialogues, np.arange(size, len(dialogues), size))
        rng = self.context.randomness.for_("order of dialogues", str(epoch)).generator()
        return training_batches(self.train, size=size, rng=rng, among=dialogues)

    def _step(self, optimiser: torch.optim.Optimizer, dialogues: Int64[np.ndarray, " chosen"]) -> Tensor:
        batch = make_batch(self.train, dialogues, device=self.context.device)

        def gradient(*, again: bool) -> Tensor:
            self.network.train()
            optimiser.zero_grad(set_to_none=True)
            step = Step(batch, self.network(batch), dialogues, self.train, again)
            loss = self.loss(step.output, batch)
            for companion in self.companions:
                added = companion.loss(step)
                loss = loss if added is None else loss + added
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            return loss.detach()

        loss = gradient(again=False)
        for companion in self.companions:
            companion.with_gradient(partial(gradient, again=True))
        if self.options.clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.options.clip)
        optimiser.step()
        return loss

    def _score(self, number: int, loss: float) -> Epoch:
        def scores(conversations: Conversations | None) -> dict[str, float]:
            if conversations is None:
                return {}
            try:
                predictions = predict(self.network, conversations, device=self.context.device)
            except PredictionError as error:
                # The step after the last loss, which was finite, has spoilt the weights.
                raise self._diverged(f"probabilities after epoch {number}, got numbers that are none") from error
            return epoch_scores(predictions.probabilities, conversations.label)

        return Epoch(number, loss, validation=scores(self.validation), test=scores(self.context.monitor))

    def _diverged(self, expected: str) -> EmobenchError:
        return EmobenchError(f"expected {expected}; type a smaller learning_rate than {self.options.learning_rate:g}")

    def _chosen(self, epochs: list[Epoch]) -> Epoch:
        return chosen_epoch(
            epochs,
            selection=self.context.selection,
            select_by=self.options.select_by,
            keeps_last=self.keeps_last,
        )

"""What FMFP does along a training; see `fmfp`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # the base class of all of them has no public name

from ...benchmark.training.batches import make_batch
from ...benchmark.training.companions import Companion, Course


@dataclass(frozen=True)
class Switches:
    """The arguments of `fmfp`."""

    rho: float
    """ρ."""
    averaging: float
    """Share of the epochs that are averaged."""
    averaging_rate: float
    """Their learning rate, as a share of the highest."""


class FmfpCompanion(Companion):
    """Moves the weights for the second gradient, and averages those of the last epochs."""

    keeps_last: ClassVar[bool] = True

    def __init__(self, course: Course, method: Switches) -> None:
        """Count the epochs that will be averaged."""
        self.course, self.method = course, method
        self.network = course.network
        self.averaged = round(method.averaging * course.options.epochs)
        self.sums: dict[str, Tensor] = {}

    def learning_rate_share(self, share: float, *, epoch: int) -> float:
        """Return the constant share of the epochs that are averaged."""
        return self.method.averaging_rate if self._averages(epoch) else share

    def with_gradient(self, again: Callable[[], object]) -> None:
        """Replace the gradient by that at w + ρ g / ‖g‖."""
        moved = [p for p in self.network.parameters() if p.grad is not None]
        norm = torch.stack([p.grad.norm() for p in moved if p.grad is not None]).norm()
        if not self.method.rho or not norm > 0:
            return
        with torch.no_grad():
            before = [p.clone() for p in moved]
            for p in moved:
                assert p.grad is not None
                p.add_(p.grad * (self.method.rho / norm))
        with _statistics_frozen(self.network):
            again()
        with torch.no_grad():
            for p, value in zip(moved, before, strict=True):
                p.copy_(value)

    def after_epoch(self, epoch: int) -> None:
        """Add the weights up; after the last epoch put their mean in their place."""
        if not self._averages(epoch):
            return
        with torch.no_grad():
            for name, p in self.network.named_parameters():
                self.sums[name] = self.sums[name] + p if name in self.sums else p.clone()
            if epoch == self.course.options.epochs:
                for name, p in self.network.named_parameters():
                    p.copy_(self.sums[name] / self.averaged)
                self._renew_statistics()

    def notes(self) -> Mapping[str, float | str]:
        """Return how many epochs were averaged."""
        return {"fmfp epochs averaged": float(self.averaged)}

    def _averages(self, epoch: int) -> bool:
        return epoch > self.course.options.epochs - self.averaged

    def _renew_statistics(self) -> None:
        """Take the statistics of batch normalisation anew, as the mean over the batches of the training split."""
        layers = list(_normalising(self.network))
        if not layers:
            return
        self.network.eval()
        momenta = [layer.momentum for layer in layers]
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None
            layer.train()
        size, train = self.course.options.batch_dialogues, self.course.train
        for first in range(0, train.dialogues, size):
            dialogues = np.arange(first, min(first + size, train.dialogues))
            self.network(make_batch(train, dialogues, device=self.course.context.device))
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


def _normalising(network: nn.Module) -> Iterator[_BatchNorm]:
    yield from (module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats)


@contextmanager
def _statistics_frozen(network: nn.Module) -> Iterator[None]:
    """Keep running statistics as they are; batches are still normalised by their own."""
    kept = [(layer, {name: value.clone() for name, value in layer.named_buffers()}) for layer in _normalising(network)]
    try:
        yield
    finally:
        for layer, buffers in kept:
            for name, value in layer.named_buffers():
                value.copy_(buffers[name])

"""A fitted model whose network computes in half precision, or is compiled, and otherwise stays what it is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ...baselines.base import FittedModel
from ...baselines.calibrated import FittedCalibrated
from ...baselines.methods.ensemble import FittedEnsemble
from ..errors import NotApplicable
from ..training.batches import Batch, Output
from ..training.network_model import NetworkModel
from ..training.streams import Step, Streams

if TYPE_CHECKING:
    from .record import Compiled

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
"""What weights and features can be held in."""


class InDtype(nn.Module):
    """A network with weights, buffers and features in another precision; what it says comes back as 32-bit floats."""

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        """Convert the network."""
        super().__init__()
        self.network, self.dtype = network.to(dtype), dtype
        self.honours_links = getattr(network, "honours_links", False)

    def stream(self) -> Step | None:
        """Return what answers the turns of one dialogue; see `Streams`."""
        step = self.network.stream() if isinstance(self.network, Streams) else None
        return None if step is None else partial(self._converted, step)

    def forward(self, batch: Batch) -> Output:
        """Return the output for a batch of 32-bit features."""
        return self._converted(self.network, batch)

    def _converted(self, step: Step, batch: Batch) -> Output:
        features = {modality: rows.to(self.dtype) for modality, rows in batch.features.items()}
        output = step(replace(batch, features=features))
        return Output(logits=output.logits.float(), modality_weights=_as_float(output.modality_weights))


def _as_float(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.float() for name, tensor in tensors.items()}


def adapted(fitted: FittedModel, *, dtype: str, compiled: "Compiled") -> FittedModel:
    """Return the model with its networks in a precision, and compiled where a mode is named.

    Raises
    ------
    NotApplicable
        When something is asked of networks, and the model has none.
    """
    if dtype == "float32" and not compiled:
        return fitted

    return _with_networks(fitted, partial(_changed, dtype=dtype, compiled=compiled))


def _changed(network: nn.Module, *, dtype: str, compiled: "Compiled") -> nn.Module:
    changed = network if dtype == "float32" else InDtype(network, DTYPES[dtype])
    if compiled:
        changed.eval()
        changed.compile(mode=compiled)
    return changed


def _with_networks(fitted: FittedModel, change: Callable[[nn.Module], nn.Module]) -> FittedModel:
    if isinstance(fitted, NetworkModel):
        return replace(fitted, network=change(fitted.network))
    if isinstance(fitted, FittedCalibrated):
        return replace(fitted, fitted=_with_networks(fitted.fitted, change))
    if isinstance(fitted, FittedEnsemble):
        return replace(fitted, members=tuple(_with_networks(member, change) for member in fitted.members))
    raise NotApplicable("this model has no network; leave --dtype, --compile and --cuda-graphs out")

"""What a model needs: parameters, bytes, floating-point operations, memory.

Operations are those that torch.utils.flop_counter knows: matrix products, convolutions and attention, a multiplication
and an addition as two. Element-wise operations, normalisations, softmax, look-ups and sorting are not counted. They are
counted on one forward pass without the fused kernels that the counter does not see into (oneDNN's LSTM, the processor's
attention, the fast path of torch's transformer layers), nor cuDNN's recurrent ones: on a copy on the processor.
"""

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...baselines.base import FittedModel

if TYPE_CHECKING:
    from torch import nn

    from ..conversations import Conversations


def networks_of(fitted: FittedModel) -> "tuple[nn.Module, ...]":
    """Return the networks of a fitted model: one, those of an ensemble's members, or none."""
    from ...baselines.calibrated import FittedCalibrated
    from ...baselines.methods.ensemble import FittedEnsemble
    from ..training.network_model import NetworkModel

    if isinstance(fitted, NetworkModel):
        return (fitted.network,)
    if isinstance(fitted, FittedCalibrated):
        return networks_of(fitted.fitted)
    if isinstance(fitted, FittedEnsemble):
        return tuple(network for member in fitted.members for network in networks_of(member))
    return ()


def weight_bytes(fitted: FittedModel) -> int:
    """Return the bytes of parameters and buffers; of a model without a network, of its arrays."""
    networks = networks_of(fitted)
    if not networks:
        return sum(np.asarray(array).nbytes for array in fitted.state().arrays.values())
    tensors = [tensor for network in networks for tensor in (*network.parameters(), *network.buffers())]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def operations(fitted: FittedModel, conversations: "Conversations") -> int | None:
    """Return the floating-point operations of one forward pass of all dialogues; None without a network."""
    networks = networks_of(fitted)
    if not networks:
        return None
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from ..training.batches import make_batch

    batch = make_batch(conversations, np.arange(conversations.dialogues), device="cpu")
    total = 0
    for network in networks:
        counted = copy.deepcopy(network).cpu().float().eval()
        with torch.inference_mode(), _without_fused_kernels(), FlopCounterMode(display=False) as counter:
            counted(batch)
        total += int(counter.get_total_flops())
    return total


def resident() -> int | None:
    """Return the bytes of memory that this process holds now; None where the system does not tell."""
    return _status("VmRSS")


def resident_peak() -> int | None:
    """Return the most that it held since it began, or since `forget_peak`; None where the system does not tell.

    From /proc/self/status: `ru_maxrss` of a process that was started by a larger one is that of the larger one.
    """
    return _status("VmHWM")


def forget_peak() -> None:
    """Begin anew with the peak, where the system lets us; otherwise it remains that since the process began."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


@contextmanager
def _without_fused_kernels() -> Iterator[None]:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    mha, one_dnn = torch.backends.mha, torch.backends.mkldnn
    before = mha.get_fastpath_enabled(), one_dnn.enabled
    mha.set_fastpath_enabled(False)
    # torch's own `flags` sets more than this one, with warnings on most processors.
    one_dnn.enabled = False  # type: ignore[assignment]  # a property of the module
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        mha.set_fastpath_enabled(before[0])
        one_dnn.enabled = before[1]


def _status(name: str) -> int | None:
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None

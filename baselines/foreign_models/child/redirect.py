"""Calls that ask for CUDA, on the CPU. Only in the process of the model: nobody else's torch is changed."""

# `Any`: what is read from JSON, and what somebody else's code returns.
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class OnCpu(TorchFunctionMode):
    """On a machine without CUDA, what asks for CUDA gets the CPU, and is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.redirected = 0

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: "dict[str, Any] | None" = None
    ) -> Any:
        """Call what was asked for, on the CPU."""
        named = dict(kwargs or {})
        if func is Tensor.cuda:
            self.redirected += 1
            return args[0]
        places = args[1:] if func is Tensor.to else ()
        if _is_cuda(named.get("device")) or any(map(_is_cuda, places)):
            self.redirected += 1
            args = (args[0], *("cpu" if _is_cuda(place) else place for place in places)) if places else args
            named = {name: "cpu" if name == "device" else value for name, value in named.items()}
        return func(*args, **named)


def without_cuda() -> None:
    """Give this process names of torch.cuda that do nothing, or stand for the CPU's."""
    for name in ("set_device", "synchronize", "empty_cache", "manual_seed", "manual_seed_all"):
        setattr(torch.cuda, name, lambda *args, **kwargs: None)
    for name in ("Float", "Double", "Half", "Long", "Int", "Short", "Byte", "Bool"):
        setattr(torch.cuda, f"{name}Tensor", getattr(torch, f"{name}Tensor"))
    load = torch.load
    torch.load = lambda *args, **kwargs: load(*args, **{**kwargs, "map_location": "cpu"})


def _is_cuda(place: Any) -> bool:
    if isinstance(place, bool):
        return False
    return isinstance(place, int) or str(place).split(":")[0] == "cuda"

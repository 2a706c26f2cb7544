"""Which device torch models run on."""

import sys
from pathlib import Path

from .errors import NotApplicable

# Without any of these a Linux machine has no device that torch calls `cuda` (NVIDIA, AMD, NVIDIA under Windows).
_DEVICE_FILES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def resolve_device(asked: str) -> str:
    """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`; torch is imported only where a device may be there.

    Raises
    ------
    NotApplicable
        When `cuda` is asked for and is not there.
    """
    if asked == "cpu" or (asked == "auto" and not _may_have_cuda()):
        return "cpu"
    from torch import cuda

    if cuda.is_available():
        return "cuda"
    if asked == "cuda":
        raise NotApplicable("expected a CUDA device for --device cuda, got none; type --device cpu")
    return "cpu"


def _may_have_cuda() -> bool:
    return not sys.platform.startswith("linux") or any(Path(name).exists() for name in _DEVICE_FILES)

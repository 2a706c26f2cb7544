"""How many cores this process may use: those of the machine, or fewer where it is tied to some or has a quota."""

import os
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def allowed_cores() -> int:
    """Return how many cores this process may run on, at least 1; a quota does not change on which."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores(root: Path = _ROOT) -> int:
    """Return how many cores' time there is for this process, at least 1; `root` is where Linux shows control groups."""
    return max(1, min(allowed_cores(), _quota(root)))


def _quota(root: Path) -> int:
    """Return the cores that a container's quota comes to, rounded up; many where there is none."""
    none = 1 << 20
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((root / name).read_text(encoding="ascii") for name in names).split()
            return -(-int(quota) // int(period)) if int(quota) > 0 else none
        except (OSError, ValueError, ZeroDivisionError):
            # Another version of control groups, none at all, or `max`.
            continue
    return none

"""Where numbers come from: versions, checkout, hardware, and keys that change when any of it does."""

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from functools import cache
from pathlib import Path

from .. import __version__
from .cores import allowed_cores

# What decides a prediction: everything but the parts that only count, show or talk.
_PREDICTING = ("benchmark", "protocols", "baselines")
_NOT_PREDICTING = (
    "benchmark/bootstrap", "benchmark/command_line", "benchmark/executors", "benchmark/latency", "benchmark/lock",
    "benchmark/merg", "benchmark/metrics", "benchmark/noise_floor", "benchmark/overlaps", "benchmark/hidden_plane",
    "benchmark/planning", "benchmark/prediction_template", "benchmark/scoring", "benchmark/selection_audit",
    "benchmark/suite",
)  # fmt: skip
_VERSIONED = ("numpy", "torch", "scikit-learn", "scipy", "netcal")
_PACKAGE = Path(__file__).parent.parent


def key(*parts: object) -> str:
    """Return the content key of the parts: 64 hexadecimal digits; equal parts, and only they, have equal keys."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def code_key() -> str:
    """Return the key of the code and libraries that predictions depend on."""
    files = sorted(
        path
        for folder in _PREDICTING
        for path in (_PACKAGE / folder).rglob("*.py")
        if not path.relative_to(_PACKAGE).as_posix().startswith(_NOT_PREDICTING)
    )
    contents = [(path.relative_to(_PACKAGE).as_posix(), path.read_bytes()) for path in files]
    return key(contents, [(name, _version(name)) for name in _VERSIONED])


@cache
def versions() -> dict[str, str]:
    """Return the versions that numbers depend on, by name."""
    return {
        "emobench": __version__,
        "Python": platform.python_version(),
        **{name: _version(name) for name in _VERSIONED},
    }


@cache
def git_revision() -> str:
    """Return the revision of the checkout emobench runs from, with `+` if it was changed; empty: no checkout."""
    if not (_PACKAGE / ".git").exists():
        return ""
    revision = _git("rev-parse", "--short=12", "HEAD")
    return revision + "+" if revision and _git("status", "--porcelain", "--untracked-files=no") else revision


@cache
def hardware(device: str) -> dict[str, str]:
    """Return what the numbers were computed on."""
    return {
        "processor": _processor(),
        "cores": str(allowed_cores()),
        "memory": _memory(),
        "device": device,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (fixed words, no shell)
            ["git", "-C", str(_PACKAGE), *arguments],  # noqa: S607 (git is where the user has it)
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"

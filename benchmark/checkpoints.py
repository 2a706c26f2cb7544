"""Checkpoints: arrays as safetensors, everything else as JSON; never a pickle."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save

from ..baselines.base import State
from .array_files import read_tensors
from .errors import RunFolderError
from .files import write_text, write_whole
from .reading import read_json, regular


def save_checkpoint(stem: Path, state: State, key: str) -> None:
    """Write a state as `STEM.safetensors` and `STEM.json`, each whole or not at all.

    `key` is stored in both: two files that do not belong together are not taken for a checkpoint.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in state.arrays.items()}
    with write_whole(_arrays(stem)) as temporary:
        # As bytes: safetensors' own writing hides a full disk behind an error that is no OSError.
        temporary.write_bytes(save(arrays, metadata={"key": key}))
    write_text(_settings(stem), json.dumps({"key": key, "settings": dict(state.settings)}, indent=1) + "\n")


def load_checkpoint(stem: Path, key: str) -> State | None:
    """Return the state stored under `key`; None where there is none, or one of another key, or a damaged one."""
    from safetensors import safe_open

    try:
        content = read_json(_settings(stem))
        with safe_open(regular(_arrays(stem)), "numpy") as opened:
            keys = {content["key"], (opened.metadata() or {}).get("key")}
        if keys != {key}:
            return None
        return State(arrays=read_tensors(_arrays(stem)), settings=content["settings"])
    except (FileNotFoundError, ValueError, KeyError, TypeError, SafetensorError):
        return None
    except OSError as error:
        raise RunFolderError(f"cannot read {stem}.*: {error}") from None


def _arrays(stem: Path) -> Path:
    return stem.with_name(stem.name + ".safetensors")


def _settings(stem: Path) -> Path:
    return stem.with_name(stem.name + ".json")

"""From the files of a foreign model to a torch module."""

import contextlib
import difflib
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

# `Any`: what is read from JSON, and what somebody else's code returns.
from typing import Any

import torch
from torch import Tensor, nn

from .shapes import Mismatch


@contextlib.contextmanager
def as_a_script(contract: Mapping[str, Any], *, moves: bool = True) -> Iterator[None]:
    """Let the code find itself as if it had been started in its own folder; what it prints goes to stderr.

    Without `moves` it stays in the folder of this process, whose threads may have paths that start there.

    Raises
    ------
    Mismatch
        When it ends the program.
    """
    argv, folder, path = sys.argv, Path.cwd(), list(sys.path)
    sys.argv = [contract["module"], *contract["argv"]]
    if moves:
        os.chdir(contract["root"])
    sys.path.insert(0, contract["root"])
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except SystemExit as error:
        raise Mismatch(f"expected the code to go on, and it called sys.exit({error.code!r})") from None
    finally:
        sys.argv, sys.path[:] = argv, path
        os.chdir(folder)


def build(contract: Mapping[str, Any], sizes: Mapping[str, Any]) -> nn.Module:
    """Return what the factory makes; it is given the contract's arguments, and of the sizes those it has names for.

    Raises
    ------
    Mismatch
        When there is no such factory, or it makes no torch module.
    """
    module = importlib.import_module(contract["dotted"])
    if not Path(module.__file__ or os.devnull).samefile(contract["module"]):
        raise Mismatch(f"expected to import {contract['module']}, got {module.__file__}: give the file another name")
    factory = getattr(module, contract["factory"], None)
    if not callable(factory):
        there = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
        raise Mismatch(f"there is no factory {contract['factory']!r}; {_near(contract['factory'], there)}")
    asked = {name: size for name, size in sizes.items() if name in inspect.signature(factory).parameters}
    model = factory(**{**asked, **contract["arguments"]})
    if not isinstance(model, nn.Module):
        raise Mismatch(f"expected {contract['factory']} to return a torch module, got {type(model).__name__}")
    return model


def load_weights(contract: Mapping[str, Any], model: nn.Module) -> None:
    """Load the checkpoint, where there is one; nothing is unpickled but tensors and containers.

    Raises
    ------
    Mismatch
        When it cannot be read that way, or holds the weights of something else.
    """
    path, key, prefix = contract["checkpoint"], contract["checkpoint_key"], contract["checkpoint_prefix"]
    if not path:
        return
    held = _read(path)
    if key and not isinstance(held, dict):
        raise Mismatch(f"{path} has no key {key!r}: it holds no dictionary but {type(held).__name__}")
    if key and key not in held:
        raise Mismatch(f"{path} has no key {key!r}; {_near(key, list(held))}")
    weights = held[key] if key else held
    if not _are_weights(weights):
        keys = ", ".join(map(str, weights)) if isinstance(weights, dict) else type(weights).__name__
        raise Mismatch(f"expected weights by name in {path}, got {keys[:300]}; declare which by checkpoint_key")
    try:
        model.load_state_dict({name.removeprefix(prefix): value for name, value in weights.items()})
    except Exception as error:  # tensors of a kind that torch cannot copy raise many kinds
        raise Mismatch(f"{path} holds other weights: {' '.join(str(error).split())[:300]}") from None


def _are_weights(held: Any) -> bool:
    return isinstance(held, dict) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in held.items()
    )


def _read(path: str) -> Any:
    if Path(path).exists() and not Path(path).is_file():
        raise Mismatch(f"{path} is no file, expected one that torch.save or safetensors wrote")
    try:
        if path.endswith(".safetensors"):
            from safetensors.torch import load_file

            return load_file(path)
        with _without_bytearrays():
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the readers raise many kinds
        said = " ".join(str(error).split())
        # Beside the name torch says how to run it all the same.
        named = re.search(r"GLOBAL ([\w.]+)", said)
        first = f"it names {named.group(1)}, which was not run" if named else said[:160]
        raise Mismatch(
            f"{path} cannot be read as weights alone ({first}); save model.state_dict() with torch.save"
        ) from None


@contextlib.contextmanager
def _without_bytearrays() -> Iterator[None]:
    """Let torch refuse them: it would make one as long as a few bytes of a file say, and weights have none.

    The names are torch's own; where a version has others, it reads as it does.
    """
    from torch import _weights_only_unpickler as unpickler

    known: Callable[[], dict[str, Any]] = getattr(unpickler, "_get_allowed_globals", dict)
    allowed = known()
    before = dict(allowed)
    allowed.pop("builtins.bytearray", None)
    try:
        yield
    finally:
        allowed.update(before)


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(str(name), [str(one) for one in known], n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(str, known)) or 'none'}"

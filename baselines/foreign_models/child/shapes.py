"""What a foreign model is called with, and what it gives, as its contract declares them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# `Any`: what is read from JSON, and what somebody else's code returns.
from typing import Any

import torch
from torch import Tensor, nn

TOLERANCE = 1e-3
"""How far probabilities may sum from one, in single precision."""


class Mismatch(ValueError):  # noqa: N818 (reads as what happened)
    """A model asks for or gives something else than its contract declares; the message is one line."""


@dataclass(frozen=True, eq=False)
class Turns:
    """Some dialogues, padded at their end; padding and what is hidden hold zeros."""

    features: Mapping[str, Tensor]
    """Per modality dialogues × turns × width."""
    observed: Mapping[str, Tensor]
    """Per modality dialogues × turns, bool."""
    valid: Tensor
    """Dialogues × turns, bool; False: padding."""
    speaker: Tensor
    """Dialogues × turns: index local to the dialogue."""


def arguments_of(contract: Mapping[str, Any], turns: Turns, speakers: int) -> list[Any]:
    """Return what the model is called with.

    Parameters
    ----------
    contract
        As in `contract.py`, every key there; `modalities` names those that are joined.
    speakers
        Width of a speaker given as one_hot.
    """
    layout, named = contract["layout"], {name: turns.features[name] for name in contract["modalities"]}
    mask = turns.valid if contract["mask"] == "valid" else ~turns.valid
    real = next(iter(turns.features.values())).dtype
    kinds = {"float": real, "bool": torch.bool, "int": torch.int64}
    made: dict[str, Callable[[], Any]] = {
        "features": lambda: _laid(torch.cat(list(named.values()), dim=-1), layout),
        "modalities": lambda: {name: _laid(rows, layout) for name, rows in named.items()},
        "speakers": lambda: _laid(_speakers(contract, turns, speakers, real), layout),
        "mask": lambda: _laid(mask.to(kinds[contract["mask_type"]]), _or(contract["mask_layout"], layout)),
        # On the CPU, where torch's packing of sequences asks for it.
        "lengths": lambda: turns.valid.sum(dim=1).cpu(),
        "observed": lambda: _laid(torch.stack([turns.observed[name] for name in named], dim=-1).to(real), layout),
    }
    return [made[name]() if name in made else _laid(turns.features[name], layout) for name in contract["inputs"]]


def values_of(contract: Mapping[str, Any], said: Any, turns: Turns, classes: int) -> Tensor:
    """Return what the model said, as declared but always dialogues × turns × classes; anything at padding.

    Raises
    ------
    Mismatch
        When it is something else than declared.
    """
    value = _item(contract["item"], said)
    dialogues, most = turns.valid.shape
    layout = _or(contract["output_layout"], contract["layout"])
    expected, axes = {
        "batch_first": ((dialogues, most, classes), "dialogues × turns × classes"),
        "sequence_first": ((most, dialogues, classes), "turns × dialogues × classes"),
        "flattened": ((int(turns.valid.sum()), classes), "turns of all dialogues × classes"),
    }[layout]
    if tuple(value.shape) != expected:
        raise Mismatch(
            f"expected {contract['output']} as {_shape(expected)} ({axes}), got {_shape(tuple(value.shape))}"
        )
    if layout != "flattened":
        return _laid(value, layout)
    padded = value.new_zeros((dialogues, most, classes))
    padded[turns.valid] = value
    return padded


def check_values(contract: Mapping[str, Any], values: Tensor, valid: Tensor) -> None:
    """Raise Mismatch unless what `values_of` gave is, at turns, what it is declared to be."""
    output = contract["output"]
    if values.is_complex():
        raise Mismatch(f"expected real {output}, got {values.dtype}")
    rows = values[valid].detach().double()
    bad = ~torch.isfinite(rows)
    if output == "log_probabilities":
        bad &= rows != -torch.inf
        _refuse(rows, (rows > TOLERANCE).any(dim=1), "log_probabilities of at most 0")
    _refuse(rows, bad.any(dim=1), f"finite {output}")
    if output == "probabilities":
        _refuse(rows, (rows < -TOLERANCE).any(dim=1), "probabilities of at least 0")
    if output != "logits":
        logarithms = output == "log_probabilities"
        sums = (rows.exp() if logarithms else rows).sum(dim=1)
        what = "logarithms of probabilities" if logarithms else output
        _refuse(rows, (sums - 1).abs() > TOLERANCE, f"{what} that sum to one")


def as_logits(contract: Mapping[str, Any], values: Tensor) -> Tensor:
    """Return logits or log probabilities: values whose softmax is what the model said."""
    return values.clamp_min(1e-12).log() if contract["output"] == "probabilities" else values


def _laid(rows: Tensor, layout: str) -> Tensor:
    """Return rows with dialogues and turns in the order wanted; its own inverse."""
    return rows.transpose(0, 1).contiguous() if layout == "sequence_first" else rows


def _or(layout: str, same: str) -> str:
    return same if layout == "same" else layout


def _speakers(contract: Mapping[str, Any], turns: Turns, speakers: int, real: torch.dtype) -> Tensor:
    if contract["speakers"] == "index":
        return turns.speaker
    rows = nn.functional.one_hot(turns.speaker, speakers).to(real)
    return rows * turns.valid.unsqueeze(-1)


def _item(item: Any, said: Any) -> Tensor:
    if item != "":
        held = range(len(said)) if isinstance(said, (list, tuple)) else said if isinstance(said, dict) else ()
        wanted = int(item) if isinstance(said, (list, tuple)) and str(item).isdigit() else item
        if wanted not in held:
            keys = ", ".join(map(str, held)) or type(said).__name__
            raise Mismatch(f"expected the model to return an item {item!r}, got {keys}")
        said = said[wanted]
    if not isinstance(said, Tensor):
        size = f" of {len(said)}" if isinstance(said, (list, tuple)) else ""
        hint = "; declare which by item" if isinstance(said, (list, tuple, dict)) else ""
        raise Mismatch(f"expected a tensor from the model, got {type(said).__name__}{size}{hint}")
    return said


def _refuse(rows: Tensor, bad: Tensor, what: str) -> None:
    if bool(bad.any()):
        first = int(bad.nonzero()[0])
        shown = ", ".join(f"{value:.4g}" for value in rows[first].tolist())
        raise Mismatch(f"expected {what}, got [{shown}] ({int(bad.sum())} of {len(bad)} rows are bad)")


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a number"

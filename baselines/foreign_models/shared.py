"""What both models of foreign code know: the contract for the child, the sizes of the data, and what may be seen."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ...benchmark.errors import NotApplicable
from ...benchmark.training.batches import Batch
from ...benchmark.training.task import Task
from ..base import Json
from .child.shapes import Turns
from .contract import INPUTS, Contract


def child_contract(contract: Contract, task: Task, *, checkpoint: str = "") -> dict[str, Json]:
    """Return the contract as the child reads it, with the modalities that are joined.

    Raises
    ------
    NotApplicable
        When the data lack a modality that the model asks for.
    """
    given = contract.modalities or tuple(task.widths)
    asked = (*given, *(name for name in contract.inputs if name not in INPUTS))
    missing = next((name for name in asked if name not in task.widths), None)
    if missing is not None:
        raise NotApplicable(
            f"{contract.name} is called with {missing!r}, which is neither a modality of these data "
            f"({', '.join(task.widths)}) nor one of {', '.join(INPUTS)}"
        )
    return contract.model_dump(mode="json") | {
        "dotted": contract.dotted,
        "modalities": list(given),
        "checkpoint": checkpoint,
    }


def sizes_of(contract: Contract, task: Task) -> dict[str, Json]:
    """Return what a factory may be given, by name."""
    given = contract.modalities or tuple(task.widths)
    widths: dict[str, Json] = {name: task.widths[name] for name in given}
    return {
        "widths": widths,
        "width": sum(task.widths[name] for name in given),
        "classes": task.classes,
        "speakers": contract.speaker_count or task.speakers,
    }


def require_speakers(contract: Contract, sizes: Mapping[str, Json], most: int) -> None:
    """Raise NotApplicable when a dialogue has more speakers than there is room for."""
    if "speakers" in contract.inputs and contract.speakers == "one_hot" and most > int(str(sizes["speakers"])):
        raise NotApplicable(
            f"{contract.name} is given speakers as one of {sizes['speakers']}, and a dialogue has {most}; "
            f"declare speaker_count={most}"
        )


def turns_of(batch: Batch) -> Turns:
    """Return what a foreign model may see: what is not observed, concealed or padding holds zeros."""
    return Turns(
        features={name: _seen(batch, name) for name in batch.features},
        observed=batch.observed,
        valid=batch.valid,
        speaker=batch.speaker,
    )


def _seen(batch: Batch, modality: str) -> Tensor:
    seen = (batch.observed[modality] & batch.valid).unsqueeze(-1)
    if modality in batch.concealed:
        seen = seen & ~batch.concealed[modality]
    return torch.where(seen, batch.features[modality], 0.0)

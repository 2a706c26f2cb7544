"""What a fresh process is told to measure, and what it answers."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict

from ..run_record import CellState
from .record import Cell, CostRecord, InterferenceRecord, MachineRecord, Part, ReferenceRecord, WarmUpRecord
from .timing import Rules


class Order(BaseModel):
    """One cell to be measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cell: Cell
    stem: str
    """Of the checkpoint; unused for first weights."""
    key: str
    """Content key of the fit."""
    seed: int
    """Of the training; of the first weights."""
    parameters: int
    """Learned scalars, as the record of the fit has them; 0: not known."""
    rules: Rules


class Answer(BaseModel):
    """What became of it; the samples come beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: CellState
    why: str = ""
    stateful: bool = False
    machine: MachineRecord | None = None
    cost: CostRecord | None = None
    reference: ReferenceRecord | None = None
    interference: InterferenceRecord | None = None
    warm_up: WarmUpRecord | None = None
    notes: tuple[str, ...] = ()


class RawSamples(NamedTuple):
    """The samples of one part."""

    part: Part
    turn: Int[np.ndarray, " iterations"]
    block: Int[np.ndarray, " iterations"]
    host: Float[np.ndarray, " iterations"]
    device: Float[np.ndarray, " iterations"]


FIELDS = ("turn", "block", "host", "device")
"""The arrays of `RawSamples`."""

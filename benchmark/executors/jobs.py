"""What a worker is asked, and what it tells while it works.

A job is one fit and all that is made of it: a model on one data set with one training seed, the same with every
calibrator that was asked for, and their conditions. Jobs need nothing of each other, so who computes them, where and in
which order changes no byte. A worker tells the driver what is done as it goes; the driver alone writes what jobs share:
run.json and the record of the stresses.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..models import before_calibration
from ..run_record import CellRecord, FitRecord
from ..run_state import FIT, HIDDEN, VALIDATION, Combination, StressNote

_SAID = {FIT: "the fit", VALIDATION: "the validation split", HIDDEN: "the hidden vectors"}


class Place(NamedTuple):
    """What a worker has in hand."""

    combination: Combination
    condition: str
    """Canonical text, or what stands in its place: `FIT`, `VALIDATION`, `HIDDEN`."""

    @property
    def is_cell(self) -> bool:
        """Whether it is a condition."""
        return self.condition not in _SAID

    def __str__(self) -> str:
        """Name it in messages."""
        return f"{self.combination}, {_SAID.get(self.condition, self.condition)}"


@dataclass(frozen=True)
class Job:
    """What one worker does in one go."""

    combinations: tuple[Combination, ...]
    """In the order to be computed; they share data set, seed and the fit before calibration."""
    fits: tuple[FitRecord, ...] = ()
    """What is recorded already of these and of the fit that they share."""
    cells: tuple[CellRecord, ...] = ()
    """The same of their cells."""
    noted: frozenset[tuple[str, ...]] = frozenset()
    """Draws of conditions of which it is known already what they do, as in `RunState.noted`; attacks are not among
    them, since their severity is part of the record of the cell."""
    left_out: frozenset[Place] = frozenset()
    """What is not tried: workers were lost over it, or it has failed already."""
    device: str = "cpu"
    """Class of the device that models run on, the same for all jobs of a run."""
    careful: bool = False
    """Whether to do one thing at a time, so that it is known what takes a worker along."""

    @property
    def name(self) -> str:
        """The fit, as people are told."""
        return str(uncalibrated(self.combinations[0]))


class Began(NamedTuple):
    """The worker took something in hand."""

    place: Place


class Progressed(NamedTuple):
    """How far it is: the arguments of `Progress`."""

    what: str
    done: int
    total: int


class Noted(NamedTuple):
    """What a draw of a condition does, which is recorded once for all models."""

    combination: Combination
    condition: str
    draw: int
    note: StressNote


class Kept(NamedTuple):
    """Something is done and stays done, whatever happens to the worker."""

    fits: tuple[FitRecord, ...]
    cells: tuple[CellRecord, ...]
    files: tuple[tuple[str, bytes], ...]
    """Path within the run folder and content; none where the worker writes into the run folder itself."""


class Finished(NamedTuple):
    """The job is done, each of its parts well or badly."""


class Lost(NamedTuple):
    """The worker is gone, or cannot go on; its job is not done."""

    why: str
    """Without a full stop."""
    again: bool
    """Whether another worker may do better: False where the machine will do the same again, as with a full disk."""


Event = Began | Progressed | Noted | Kept | Finished | Lost


def uncalibrated(combination: Combination) -> Combination:
    """Return the combination whose fit one with calibrators, or without, is made of."""
    return combination._replace(model=before_calibration(combination.model))


def jobs_of(combinations: Iterable[Combination]) -> list[tuple[Combination, ...]]:
    """Return the combinations of each job, in the order in which the first of each is named."""
    together: dict[Combination, list[Combination]] = {}
    for combination in combinations:
        together.setdefault(uncalibrated(combination), []).append(combination)
    return [tuple(those) for those in together.values()]

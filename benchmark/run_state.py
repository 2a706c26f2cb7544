"""What a run has done so far, in memory and in run.json, and the keys that tell whether it still holds."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa

from ..protocols.base import Attacked, FeatureStatistics
from .conditions import Condition
from .conversations import Conversations
from .device import resolve_device
from .errors import TooManyFailures
from .models import model_sources
from .plan import Plan
from .plan_inputs import PlanInputs
from .provenance import code_key, key
from .realised import means_of, realised_under
from .run_contents import planned_record
from .run_folder import RunFolder
from .run_record import CellRecord, CellState, RunRecord
from .spool import pack
from .stress_records import StressRecords, stress_table
from .stressed import Digests

FIT = ""
"""In the place of a condition: the fit itself."""
VALIDATION = "validation split"
"""In the place of a condition: what is predicted of validation."""
HIDDEN = "hidden vectors"
"""In the place of a condition: the hidden vectors of clean test input."""

KEEPING_COSTS = 20.0
"""Keeping run.json up to date takes at most one part in so many of the time."""


class Combination(NamedTuple):
    """One trained model: model × data × seed."""

    model: str
    data: str
    seed: int

    def __str__(self) -> str:
        """Name it in progress lines."""
        return f"{self.model} on {self.data}, seed {self.seed}"


class StressNote(NamedTuple):
    """What a draw of a condition did."""

    packed: pa.Buffer
    """To every utterance: a `stress_table`, as a spool keeps it."""
    realised: dict[str, float]
    """How severe it was: see `realised_under`."""


class RunState:
    """The fits and cells of a run by their place in the plan; `write` makes run.json say the same."""

    works_ahead = True
    """Whether the inputs of the next conditions are made while one is predicted."""

    def __init__(self, plan: Plan, folder: RunFolder, device: str, earlier: RunRecord | None) -> None:
        """Take over what an earlier run into the same folder recorded."""
        self.plan = plan
        self.folder = folder
        self.device = device
        self.fits = {Combination(f.model, f.data, f.seed): f for f in (earlier.fits if earlier else ())}
        self.cells = {(c.model, c.data, c.seed, c.condition): c for c in (earlier.cells if earlier else ())}
        self.failures: dict[tuple[str, str, int, str], None] = {}
        """Cells that have failed since this state was made, the last one last."""
        self.most_failures: int | None = None
        """More than these end the run; None: none do."""
        self.inputs = PlanInputs(plan)
        self.noted: set[tuple[str, ...]] = set()
        """Draws of conditions of which it is kept what they do."""
        self.left_out: frozenset[tuple[Combination, str]] = frozenset()
        """Conditions of a combination that are not to be predicted."""
        self._created = earlier.created if earlier else datetime.now(UTC).isoformat(timespec="seconds")
        self._realised = {record.name: dict(record.realised) for record in (earlier.data if earlier else ())}
        self._stresses: dict[tuple[str, ...], StressRecords] = {}
        self._severities: dict[tuple[str, str], dict[int, dict[str, float]]] = {}
        self._fit_keys: dict[Combination, str] = {}
        self._written = earlier
        self._kept, self._took = 0.0, 0.0

    @classmethod
    def read(cls, plan: Plan, folder: RunFolder) -> "RunState":
        """Read what the folder holds, without writing; raises as `begin`."""
        return cls(plan, folder, resolve_device(plan.options.device), folder.read_earlier())

    @classmethod
    def begin(cls, plan: Plan, folder: RunFolder, *, device: str | None = None) -> "RunState":
        """Read what the folder holds and check that it can be written to.

        Raises
        ------
        RunFolderError
            When the folder holds something else, cannot be written to, or was made with other options.
        """
        state = cls(plan, folder, device or resolve_device(plan.options.device), folder.read_earlier())
        state.keep()
        return state

    @cached_property
    def combinations(self) -> tuple[Combination, ...]:
        """All of the plan, in its order."""
        plan = self.plan
        return tuple(
            Combination(model, data, seed)
            for data in plan.data
            for model in plan.models_of(data)
            for seed in plan.seeds_of(model)
        )

    def statistics(self, data: str) -> Mapping[str, FeatureStatistics]:
        """Return the training statistics of a data set, computed once."""
        return self.inputs.statistics(data)

    def digests(self, combination: Combination) -> Digests | None:
        """Return the digests of a data set's test split under stress, which tell where two inputs are the same.

        None for the exact posterior: it reads the trace as well.
        """
        data = combination.data
        if combination.model.partition("+")[0].partition(":")[0] == self.plan.data[data].posterior:
            return None
        return self.inputs.digests(data)

    def stressed(
        self, combination: Combination, condition: Condition, draw: int, *, model: Attacked | None = None
    ) -> Conversations:
        """Return the test split under one draw of a condition; `model`: what attacks are aimed at."""
        return condition.apply(
            self.plan.data[combination.data].test,
            seed=self.plan.options.stress_seed,
            training=self.statistics(combination.data),
            draw=draw,
            model=model,
        )

    def stress_note(
        self, combination: Combination, condition: Condition, draw: int, stressed: Conversations
    ) -> StressNote | None:
        """Return what a draw of a condition did, to be kept by `note_stress`; None where that is known already."""
        if self.stress_is_noted(combination, condition, draw):
            return None
        clean = self.plan.data[combination.data].test
        realised = realised_under(clean, stressed, signal=self.inputs.signal(combination.data))
        return StressNote(pack(stress_table(condition.text, draw, clean, stressed)), realised)

    def note_stress(self, combination: Combination, condition: Condition, draw: int, note: StressNote) -> None:
        """Keep how severe a draw of a condition was, and what it did to which row; once for all models.

        An attack differs from model to model: it has a record for each, and no common severity.
        """
        place = _place(combination, condition)
        self.note_known(combination, condition, draw)
        if place not in self._stresses:
            self._stresses[place] = self._records(place, combination.data, attacks=condition.attacks)
        self._stresses[place].note(condition, draw, note.packed)
        if not condition.attacks:
            of_draws = self._severities.setdefault((combination.data, condition.text), {})
            of_draws[draw] = note.realised
            means = means_of([of_draws[number] for number in sorted(of_draws)])
            self._realised.setdefault(combination.data, {})[condition.text] = means

    def _records(self, place: tuple[str, ...], data: str, *, attacks: bool) -> StressRecords:
        """Return the record of all conditions of a data set that are attacks, or of all that are none."""
        conditions = [condition for condition in self.plan.conditions[data] if condition.attacks == attacks]
        planned = [(condition, draw) for condition in conditions for draw in range(self.plan.draws_of(condition))]
        return StressRecords(self.folder.stresses_path(*place), seed=self.plan.options.stress_seed, planned=planned)

    def note_known(self, combination: Combination, condition: Condition, draw: int) -> None:
        """Take it that somebody keeps what a draw of a condition did."""
        self.noted.add((*_place(combination, condition), condition.text, str(draw)))

    def stress_is_noted(self, combination: Combination, condition: Condition, draw: int) -> bool:
        """Return whether it is kept already what a draw of a condition did."""
        return (*_place(combination, condition), condition.text, str(draw)) in self.noted

    def is_realised(self, data: str, condition: Condition) -> bool:
        """Return whether it was ever noted what a condition did to a data set."""
        return condition.text in self._realised.get(data, {})

    def fit_key(self, combination: Combination) -> str:
        """Return the content key of a trained model."""
        if combination not in self._fit_keys:
            (model, data, seed), options = combination, self.plan.options
            parts = (model_sources(model), model, self.plan.data[data].fingerprint, seed, options.selection)
            self._fit_keys[combination] = key(code_key(), *parts, self.device, options.threads)
        return self._fit_keys[combination]

    def cell_key(self, combination: Combination, condition: Condition) -> str:
        """Return the content key of the predictions under one condition."""
        options = self.plan.options
        draws = self.plan.draws_of(condition)
        return key(self.fit_key(combination), condition.sources, condition.text, options.stress_seed, draws)

    def fit_is_done(self, combination: Combination) -> bool:
        """Return whether the folder records this very model as trained."""
        fit = self.fits.get(combination)
        return fit is not None and fit.state == "done" and fit.key == self.fit_key(combination)

    def cell_is_done(self, combination: Combination, condition: Condition) -> bool:
        """Return whether the folder records these very predictions as made."""
        cell = self.cells.get((*combination, condition.text))
        return cell is not None and cell.state == "done" and cell.key == self.cell_key(combination, condition)

    def cell_has_declined(self, combination: Combination, condition: Condition) -> bool:
        """Return whether this very model said that it is not defined under a condition: it would say so again."""
        cell = self.cells.get((*combination, condition.text))
        return cell is not None and cell.state == "not applicable" and cell.key == self.cell_key(combination, condition)

    def add_cell(self, cell: CellRecord) -> None:
        """Record how a cell ended."""
        place = (cell.model, cell.data, cell.seed, cell.condition)
        self.cells[place] = cell
        self.failures.pop(place, None)
        if cell.state == "failed":
            self.failures[place] = None

    def mark_all(self, combination: Combination, *, state: CellState, why: str) -> None:
        """Record that no condition of a combination can be predicted, but those that have been."""
        for condition in self.plan.conditions[combination.data]:
            if not self.cell_is_done(combination, condition):
                self.add_cell(CellRecord(**combination._asdict(), condition=condition.text, state=state, why=why))

    def begins(self, combination: Combination, what: str) -> None:
        """Take notice of what is computed next: a condition by its text, or `FIT`, `VALIDATION`, `HIDDEN`.

        Raises
        ------
        TooManyFailures
            When more cells have failed than are let pass.
        """
        self.require_few_failures()

    def require_few_failures(self) -> None:
        """Raise TooManyFailures, with the reason of the last, when more cells have failed than are let pass."""
        if self.most_failures is None or len(self.failures) <= self.most_failures:
            return
        cell = self.cells[next(reversed(self.failures))]
        many = f"{len(self.failures)} cell{'s' * (len(self.failures) > 1)} failed, and --max-failures lets "
        last = f"{Combination(cell.model, cell.data, cell.seed)}, {cell.condition}: {cell.why}"
        kept = "what was done is kept: type the same command again to go on"
        raise TooManyFailures(f"{many}{self.most_failures} pass; the last was {last}; {kept}")

    def keep(self) -> bool:
        """Bring run.json up to date, unless that was done just now and took long; return whether it is."""
        started = time.monotonic()
        if started - self._kept < KEEPING_COSTS * self._took:
            return False
        self.write()
        self._kept = time.monotonic()
        self._took = self._kept - started
        return True

    def write(self) -> RunRecord:
        """Bring run.json and the record of the stresses up to date; what is unchanged is not written again."""
        self.write_stresses()
        record = self._record()
        if record != self._written:
            self.folder.write_record(record)
            self._written = record
        return record

    def write_stresses(self) -> None:
        """Bring the record of the stresses alone up to date."""
        wanted = [condition.text for conditions in self.plan.conditions.values() for condition in conditions]
        for stresses in self._stresses.values():
            stresses.write(wanted)

    def _record(self) -> RunRecord:
        """Return the record, in the order of the plan whatever was done first."""
        planned = self._planned
        realised = {data: {"realised": self._realised_of(data)} for data in self.plan.data}
        cells = (
            self.cells.get((*combination, condition.text))
            for combination in self.combinations
            for condition in self.plan.conditions[combination.data]
        )
        return planned.model_copy(
            update={
                "data": tuple(data.model_copy(update=realised[data.name]) for data in planned.data),
                "fits": tuple(self.fits[combination] for combination in self.combinations if combination in self.fits),
                "cells": tuple(cell for cell in cells if cell is not None),
            }
        )

    @cached_property
    def _planned(self) -> RunRecord:
        return planned_record(self.plan, self.device, self._created)

    def _realised_of(self, data: str) -> dict[str, dict[str, float]]:
        of_data = self._realised.get(data, {})
        planned = (condition.text for condition in self.plan.conditions[data])
        return {text: of_data[text] for text in dict.fromkeys([*planned, *of_data]) if text in of_data}


def _place(combination: Combination, condition: Condition) -> tuple[str, ...]:
    """Return where it is kept what a condition did: for attacks by model, data set and seed."""
    return ("attack", *map(str, combination)) if condition.attacks else (combination.data,)

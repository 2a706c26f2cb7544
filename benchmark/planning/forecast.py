"""What a run will take, put together from its plan, what its folder holds and what was recorded."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..plan import Plan
from ..provenance import hardware
from ..run_folder import RunFolder
from ..run_state import Combination, RunState
from .estimate import Estimates
from .recorded import read_times
from .schedule import makespan
from .span import Span
from .standing import Standing, has_base, standing_of


@dataclass
class Cost:
    """Time of fits and cells, as far as it is known."""

    known: list[Span] = field(default_factory=list)
    fits: int = 0
    """Fits to be made."""
    unknown_fits: int = 0
    """Those of which nothing is recorded."""
    cells: int = 0
    """Cells to be predicted."""
    unknown_cells: int = 0
    """Those of which nothing is recorded."""

    @property
    def span(self) -> Span:
        """What is known of it, in seconds."""
        return Span.total(self.known)

    @property
    def is_whole(self) -> bool:
        """Whether all of it is known."""
        return not self.unknown_fits and not self.unknown_cells

    def add(self, other: "Cost") -> None:
        """Take another one in."""
        self.known.append(other.span)
        self.fits += other.fits
        self.unknown_fits += other.unknown_fits
        self.cells += other.cells
        self.unknown_cells += other.unknown_cells


class Row(NamedTuple):
    """A model on a data set."""

    model: str
    data: str
    seeds: int
    conditions: int
    draws: int
    """Of all conditions, for one seed."""
    done: int
    failed: int
    declined: int
    missing: int
    cost: Cost
    """Of what is to be done; a fit that several rows share is counted in the first."""

    @property
    def cells(self) -> int:
        """Conditions × seeds."""
        return self.seeds * self.conditions


class Disk(NamedTuple):
    """Bytes that a run will add."""

    predictions: int
    """At most: they are compressed."""
    checkpoints: int
    """As large as recorded ones, as far as those are known."""
    unknown_checkpoints: int
    """Checkpoints of which none was recorded."""
    free: int
    """Where the folder is, or will be."""


class Forecast(NamedTuple):
    """What a run will take."""

    name: str
    """Of its block; empty: it is the only run."""
    folder: str
    rows: Sequence[Row]
    cost: Cost
    workers: int
    with_workers: Span
    """Seconds with so many workers, of what is known."""
    disk: Disk
    skipped: Mapping[str, Mapping[str, str]]
    """Per data set what is not defined for it, and why."""
    sources: Sequence[str]
    """Folders whose times were used, that of the run first."""
    other_processors: Sequence[str]
    """Processors on which some of them were measured, and which are not that of this machine."""

    def cells(self, state: str = "cells") -> int:
        """Return the number of cells: all, or those that are `done`, `failed`, `declined` or `missing`."""
        return sum(getattr(row, state) for row in self.rows)


def forecast(
    plan: Plan, folder: RunFolder, *, name: str = "", workers: int = 1, others: Sequence[Path] = (Path("runs"),)
) -> Forecast:
    """Return what a run will take; nothing is computed or written.

    Parameters
    ----------
    name
        Of the block that it is; empty: none.
    workers
        Fits, each with its conditions, that are made at once.
    others
        Folders below which other runs may have recorded how long such things take.

    Raises
    ------
    RunFolderError
        When the folder of the run holds something else, or cannot be read.
    """
    state = RunState.read(plan, folder)
    here, elsewhere = read_times(folder, others, device=state.device)
    return _Forecaster(state, Estimates(here, elsewhere)).forecast(
        name, workers, [*here.folders, *elsewhere.folders], here.processors | elsewhere.processors
    )


class _Forecaster:
    def __init__(self, state: RunState, estimates: Estimates) -> None:
        self._state = state
        self._plan = state.plan
        self._estimates = estimates
        self._fits: dict[tuple[str, str], Span | None] = {}
        self._cells: dict[tuple[str, str, str], Span | None] = {}
        self._jobs: dict[Combination, Cost] = {}
        """By the fit before calibration, which a worker makes together with all that is made of it."""
        self._predictions = 0
        self._checkpoints: list[int | None] = []

    def forecast(self, name: str, workers: int, sources: Sequence[str], processors: set[str]) -> Forecast:
        plan = self._plan
        rows = [self._row(model, data) for data in plan.data for model in plan.models_of(data)]
        cost = Cost()
        for row in rows:
            cost.add(row.cost)
        spans = [job.span for job in self._jobs.values()]
        path = self._state.folder.path.resolve()
        there = next(one for one in (path, *path.parents) if one.is_dir())
        return Forecast(
            name=name,
            folder=str(self._state.folder.path),
            rows=rows,
            cost=cost,
            workers=workers,
            with_workers=Span(*(makespan((span[end] for span in spans), workers) for end in (0, 1))),
            disk=Disk(
                self._predictions,
                sum(size or 0 for size in self._checkpoints),
                self._checkpoints.count(None),
                shutil.disk_usage(there).free,
            ),
            skipped={data: those for data, those in plan.skipped.items() if those},
            sources=sources,
            other_processors=sorted(processors - {hardware(self._state.device)["processor"]}),
        )

    def _row(self, model: str, data: str) -> Row:
        conditions = self._plan.conditions[data]
        seeds = self._plan.seeds_of(model)
        standings = [standing_of(self._state, Combination(model, data, seed)) for seed in seeds]
        cost = Cost()
        for standing in standings:
            cost.add(self._cost(standing))
        return Row(
            model=model,
            data=data,
            seeds=len(seeds),
            conditions=len(conditions),
            draws=sum(map(self._plan.draws_of, conditions)),
            done=sum(one.done for one in standings),
            failed=sum(one.failed for one in standings),
            declined=sum(one.declined for one in standings),
            missing=sum(one.missing for one in standings),
            cost=cost,
        )

    def _cost(self, standing: Standing) -> Cost:
        """Return what a combination takes, and note it for the job that it is part of."""
        if not standing.todo:
            return Cost()
        combination, cost = standing.combination, Cost(cells=len(standing.todo))
        job = self._jobs.setdefault(standing.base, Cost())
        if standing.fit_is_missing:
            self._checkpoints.append(self._estimates.checkpoint(standing.base.model))
            if not job.fits and not has_base(self._state, standing):
                cost.fits = 1
                self._note(cost, self._fit(standing.base), fit=True)
        for condition in standing.todo:
            span, draws = self._cell(combination, condition.text), self._plan.draws_of(condition)
            self._note(cost, span and span.times(draws))
            self._predictions += draws * self._row_bytes(combination.data) * len(self._plan.data[combination.data].test)
        job.add(cost)
        return cost

    def _note(self, cost: Cost, span: Span | None, *, fit: bool = False) -> None:
        if span is not None:
            cost.known.append(span)
        elif fit:
            cost.unknown_fits += 1
        else:
            cost.unknown_cells += 1

    def _fit(self, base: Combination) -> Span | None:
        place = base.model, base.data
        if place not in self._fits:
            self._fits[place] = self._estimates.fit(*place, len(self._plan.data[base.data].train))
        return self._fits[place]

    def _cell(self, combination: Combination, condition: str) -> Span | None:
        place = combination.model, combination.data, condition
        if place not in self._cells:
            self._cells[place] = self._estimates.cell(*place, len(self._plan.data[combination.data].test))
        return self._cells[place]

    def _row_bytes(self, data: str) -> int:
        """Return the bytes of a prediction: draw, utterance, a probability per class, a weight per modality at most."""
        test = self._plan.data[data].test
        return 8 * (2 + len(test.classes) + len(test.widths))

"""How much of a plan a run folder holds already."""

from dataclasses import dataclass, field

from ..conditions import Condition
from ..models import before_calibration
from ..run_state import Combination, RunState


@dataclass
class Standing:
    """What a folder holds of one model on one data set with one seed, and what it does not."""

    combination: Combination
    done: int = 0
    """Cells that are there."""
    failed: int = 0
    """Cells that failed, and are tried again."""
    declined: int = 0
    """Cells for which the model said that it is not defined."""
    todo: list[Condition] = field(default_factory=list)
    """Conditions of the cells that are missing or failed."""
    fit_is_missing: bool = False
    """Whether it has to be trained, or calibrated, before they can be predicted."""

    @property
    def missing(self) -> int:
        """Cells that were not tried yet, or no longer hold."""
        return len(self.todo) - self.failed

    @property
    def base(self) -> Combination:
        """The fit that it is made of: the same without calibrators."""
        return self.combination._replace(model=before_calibration(self.combination.model))


def standing_of(state: RunState, combination: Combination) -> Standing:
    """Return what a folder holds of a combination, by its record and by which files are there.

    Files are not read: one that is damaged is found by the run.
    """
    found = Standing(combination)
    conditions = state.plan.conditions[combination.data]
    if (combination in state.fits) or any((*combination, one.text) in state.cells for one in conditions):
        there = state.folder.predictions_path(*combination).exists()
        for condition in conditions:
            _count(found, state, condition, there=there)
    else:
        found.todo = list(conditions)
    found.fit_is_missing = bool(found.todo) and not _has_fit(state, combination)
    return found


def has_base(state: RunState, standing: Standing) -> bool:
    """Return whether the fit before calibration is there."""
    return _has_fit(state, standing.base)


def _count(found: Standing, state: RunState, condition: Condition, *, there: bool) -> None:
    cell = state.cells.get((*found.combination, condition.text))
    if there and state.cell_is_done(found.combination, condition):
        found.done += 1
    # What a fit declines is recorded for its cells, without keys of their own.
    elif cell is not None and cell.state == "not applicable" and cell.key in (
        "", state.cell_key(found.combination, condition),
    ):  # fmt: skip
        found.declined += 1
    else:
        found.failed += cell is not None and cell.state == "failed"
        found.todo.append(condition)


def _has_fit(state: RunState, combination: Combination) -> bool:
    return state.fit_is_done(combination) and state.folder.weights_path(*combination).exists()

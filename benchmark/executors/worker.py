"""Carry out a job: what a worker does, wherever it is."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from ..computing import compute
from ..conditions import Condition
from ..plan import Plan
from ..plan_inputs import PlanInputs
from ..progress import Progress
from ..run_folder import RunFolder
from ..run_state import Combination, RunState, StressNote
from .jobs import Began, Event, Job, Kept, Noted, Place

Tell = Callable[[Event], None]


class WorkerState(RunState):
    """The fits and cells of one job; what others share is told to the driver and written by nobody here."""

    def __init__(self, plan: Plan, folder: RunFolder, job: Job, tell: Tell, *, sends_files: bool) -> None:
        """Begin where the driver's record is.

        Parameters
        ----------
        folder
            The run folder, or one of the worker's own in its place.
        sends_files
            Whether the driver is given the files, because it does not see the folder.
        """
        super().__init__(plan, folder, job.device, None)
        self.fits = {Combination(fit.model, fit.data, fit.seed): fit for fit in job.fits}
        self.cells = {(cell.model, cell.data, cell.seed, cell.condition): cell for cell in job.cells}
        self.left_out = job.left_out
        self.noted = set(job.noted)
        self.works_ahead = not job.careful
        self.inputs = _inputs(plan)
        self._tell = tell
        self._told = {**self.fits}, {**self.cells}
        self._sent = _stamps(folder.path) if sends_files else None

    def begins(self, combination: Combination, what: str) -> None:
        """Tell what is taken in hand."""
        self._tell(Began(Place(combination, what)))

    def note_stress(self, combination: Combination, condition: Condition, draw: int, note: StressNote) -> None:
        """Tell what a draw of a condition does."""
        self.note_known(combination, condition, draw)
        self._tell(Noted(combination, condition.text, draw, note))

    def keep(self) -> bool:
        """Tell what is new since the last time, with the files that hold it."""
        fits = tuple(fit for place, fit in self.fits.items() if self._told[0].get(place) != fit)
        cells = tuple(cell for place, cell in self.cells.items() if self._told[1].get(place) != cell)
        files = self._new_files()
        if fits or cells or files:
            self._tell(Kept(fits, cells, files))
            self._told = {**self.fits}, {**self.cells}
        return True

    def _new_files(self) -> tuple[tuple[str, bytes], ...]:
        if self._sent is None:
            return ()
        now = _stamps(self.folder.path)
        new = [path for path, stamp in now.items() if self._sent.get(path) != stamp]
        self._sent = now
        return tuple((path, (self.folder.path / path).read_bytes()) for path in sorted(new))


def carry_out(
    plan: Plan, job: Job, folder: RunFolder, *, tell: Tell, progress: Progress, sends_files: bool = False
) -> None:
    """Compute what a job lacks and tell what becomes of it; what a model does wrong is a record, not an error.

    The threads of the plan's options are for the caller to hold: see `threads.threads_held`.

    Raises
    ------
    RunFolderError
        When the folder cannot be written to.
    """
    state = WorkerState(plan, folder, job, tell, sends_files=sends_files)
    for combination in job.combinations:
        compute(state, combination, progress)


@lru_cache(maxsize=1)
def _inputs(plan: Plan) -> PlanInputs:
    """Return what the jobs of a plan share in this process."""
    return PlanInputs(plan)


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return when each file below a folder was put in its place, and its size; none that is still being written."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            status = path.stat()
            found[path.relative_to(folder).as_posix()] = (status.st_mtime_ns, status.st_size)
    return found

"""What the driver knows of a run: it takes in what workers tell, and writes what they leave to it."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from ..errors import RunFolderError
from ..files import write_whole
from ..hidden import NO_HIDDEN
from ..run_record import CellRecord, FitRecord
from ..run_state import FIT, HIDDEN, VALIDATION, Combination, RunState
from .jobs import Job, Kept, Noted, Place, uncalibrated
from .waiting import Durations

FOLDERS = ("predictions", "validation", "hidden", "checkpoints")
"""Where in a run folder the files of workers belong."""


class Ledger:
    """The state of a run while others compute it."""

    def __init__(self, state: RunState, todo: Sequence[Combination]) -> None:
        """Begin where the run folder is.

        Parameters
        ----------
        todo
            The combinations that are to be computed; their cells are counted.
        """
        self._state = state
        self._conditions = {
            data: {condition.text: condition for condition in conditions}
            for data, conditions in state.plan.conditions.items()
        }
        self.durations = Durations()
        for fit in state.fits.values():
            self._took(fit)
        for cell in state.cells.values():
            self._took(cell)
        self.total = sum(len(self._conditions[combination.data]) for combination in todo)
        """Cells of the combinations to be computed."""
        self.settled = {
            Place(combination, condition.text)
            for combination in todo
            for condition in state.plan.conditions[combination.data]
            if state.cell_is_done(combination, condition)
        }
        """Those of them that are done or have failed."""
        self._ended: set[Combination] = set()
        self._left_out: dict[Combination, set[str]] = {}

    def job(self, combinations: tuple[Combination, ...], *, careful: bool) -> Job:
        """Return a job with all that is known of it."""
        cells, data = self._state.cells, combinations[0].data
        known = (cells.get((*each, text)) for each in combinations for text in self._conditions[data])
        return Job(
            combinations=combinations,
            fits=tuple(
                self._state.fits[each]
                for each in dict.fromkeys([uncalibrated(combinations[0]), *combinations])
                if each in self._state.fits
            ),
            cells=tuple(cell for cell in known if cell is not None),
            # Places of attacks have the model and the seed too.
            noted=frozenset(noted for noted in self._state.noted if noted[0] == data and len(noted) == 3),
            left_out=frozenset(Place(each, what) for each in combinations for what in self._left_out.get(each, ())),
            device=self._state.device,
            careful=careful,
        )

    def unfinished(self, combinations: Iterable[Combination]) -> tuple[Combination, ...]:
        """Return the combinations that have a fit, or may get one."""
        return tuple(each for each in combinations if each not in self._ended)

    def note(self, told: Noted) -> None:
        """Keep what a draw of a condition did."""
        condition = self._conditions[told.combination.data][told.condition]
        self._state.note_stress(told.combination, condition, told.draw, told.note)

    def keep(self, told: Kept) -> None:
        """Keep what is done, and write the files that came with it.

        Raises
        ------
        RunFolderError
            When a file cannot be written, or does not belong where it says.
        """
        for path, content in told.files:
            self._write(path, content)
        for fit in told.fits:
            self._keep_fit(fit)
        for cell in told.cells:
            self._keep_cell(cell)

    def fail(self, place: Place, why: str, combinations: tuple[Combination, ...]) -> tuple[Combination, ...]:
        """Record that something took the worker along once too often; return the combinations that go on without it."""
        combination, what = place
        if what == FIT:
            lost = combinations if combination == uncalibrated(combination) else (combination,)
            self.fail_all(lost, why)
            return tuple(each for each in combinations if each not in lost)
        if what in (VALIDATION, HIDDEN):
            fit = self._state.fits[combination]
            notes = {**fit.notes, NO_HIDDEN: why}
            of_validation = {"validation_state": "failed", "validation_why": why}
            self._keep_fit(fit.model_copy(update={"notes": notes} if what == HIDDEN else of_validation))
        else:
            self._keep_cell(CellRecord(**combination._asdict(), condition=what, state="failed", why=why))
        return combinations

    def fail_all(self, combinations: Iterable[Combination], why: str) -> None:
        """Record that nothing more comes of combinations; what is done stays so."""
        for each in combinations:
            self._ended.add(each)
            if not self._state.fit_is_done(each):
                key = self._state.fit_key(each)
                self._state.fits[each] = FitRecord(**each._asdict(), state="failed", why=why, key=key)
            self._state.mark_all(each, state="failed", why=why)
            self.settled.update(Place(each, text) for text in self._conditions[each.data])

    def _keep_fit(self, fit: FitRecord) -> None:
        combination = Combination(fit.model, fit.data, fit.seed)
        self._state.fits[combination] = fit
        self._took(fit)
        # What has failed is not tried again, though the worker may be lost over something else.
        if fit.state != "done":
            self._ended.add(combination)
        if fit.validation_state == "failed":
            self._leave_out(combination, VALIDATION)
        if NO_HIDDEN in fit.notes:
            self._leave_out(combination, HIDDEN)

    def _keep_cell(self, cell: CellRecord) -> None:
        combination = Combination(cell.model, cell.data, cell.seed)
        self._state.add_cell(cell)
        self._took(cell)
        self.settled.add(Place(combination, cell.condition))
        if cell.state == "failed":
            self._leave_out(combination, cell.condition)

    def _leave_out(self, combination: Combination, what: str) -> None:
        self._left_out.setdefault(combination, set()).add(what)

    def _took(self, record: FitRecord | CellRecord) -> None:
        what = record.condition if isinstance(record, CellRecord) else FIT
        self.durations.add(Combination(record.model, record.data, record.seed), what, record.seconds)

    def _write(self, path: str, content: bytes) -> None:
        """Write a file that a worker made; its name comes from another machine."""
        parts = PurePosixPath(path).parts
        if "\\" in path or ".." in parts or len(parts) < 2 or parts[0] not in FOLDERS:
            raise RunFolderError(f"expected a file below {', '.join(FOLDERS)} from a worker, got {path!r}")
        with write_whole(self._state.folder.path.joinpath(*parts)) as temporary:
            temporary.write_bytes(content)

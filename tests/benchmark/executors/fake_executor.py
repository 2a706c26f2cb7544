"""An executor whose workers do at once what a test says."""

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

from emobench.benchmark.executors.jobs import Began, Event, Finished, Job, Kept, Lost, Place
from emobench.benchmark.run_record import CellRecord, FitRecord
from emobench.benchmark.run_state import FIT, RunState

Work = Callable[[Job], Iterable[Event]]


class FakeExecutor:
    """Carries out each job as soon as it is asked what there is to tell."""

    def __init__(self, work: Work, *, slots: int = 1) -> None:
        self.jobs: list[Job] = []
        """All jobs given, in order."""
        self.ended: list[type[BaseException] | None] = []
        """How the context was left."""
        self.killed: list[tuple[int, str]] = []
        self.stops = 0
        self.waited: list[float] = []
        self._work = work
        self._slots = slots
        self._told: list[tuple[int, Event]] = []

    @property
    def slots(self) -> int:
        return self._slots

    def __enter__(self) -> "FakeExecutor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.ended.append(kind)

    def submit(self, number: int, job: Job) -> None:
        self.jobs.append(job)
        self._told += [(number, event) for event in self._work(job)]

    def events(self, seconds: float) -> Sequence[tuple[int, Event]]:
        self.waited.append(seconds)
        told, self._told = self._told, []
        return told

    def kill(self, number: int, why: str) -> None:
        self.killed.append((number, why))
        self._told.append((number, Lost(why, again=True)))

    def stop(self) -> None:
        self.stops += 1


def done(state: RunState, job: Job, *, each: bool = False) -> list[Event]:
    """Return what a worker tells that does all of a job that is missing."""
    told: list[Event] = []
    for combination in job.combinations:
        told.append(Began(Place(combination, FIT)))
        fit = FitRecord(**combination._asdict(), state="done", key=state.fit_key(combination), seconds=1.0)
        told.append(Kept((fit,), (), ()))
        cells = []
        for condition in state.plan.conditions[combination.data]:
            if Place(combination, condition.text) in job.left_out:
                continue
            told.append(Began(Place(combination, condition.text)))
            key = state.cell_key(combination, condition)
            cell = CellRecord(**combination._asdict(), condition=condition.text, state="done", key=key, seconds=1.0)
            cells.append(cell)
            if each:
                told.append(Kept((), (cell,), ()))
        told.append(Kept((), tuple(cells), ()))
    return [*told, Finished()]

"""A worker on a cluster: what it tells when it is asked, and how its job ends."""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from executor_runs import plan_of

from emobench.benchmark.errors import DataError
from emobench.benchmark.executors import ray_worker
from emobench.benchmark.executors.build import build_of
from emobench.benchmark.executors.jobs import Began, Event, Finished, Job, Kept, Lost, Place, Progressed
from emobench.benchmark.executors.parcels import Assembly, parts_of
from emobench.benchmark.executors.ray_worker import Task, Worker
from emobench.benchmark.executors.worker import Tell
from emobench.benchmark.plan import Plan
from emobench.benchmark.progress import Progress
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_state import Combination

PLACE = Place(Combination("prior", "some data", 0), "clean")
TASK = Task(Job((PLACE.combination,)), (), None)
Act = Callable[[Tell, Progress], None]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of("prior")


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Act], None]:
    """Have a job do something else."""

    def act(what: Act) -> None:
        def carry_out(
            plan: Plan, job: Job, folder: RunFolder, *, tell: Tell, progress: Progress, sends_files: bool
        ) -> None:
            assert sends_files
            what(tell, progress)

        monkeypatch.setattr(ray_worker, "carry_out", carry_out)

    return act


def heard(worker: Worker, seconds: float = 5.0) -> Iterator[Event]:
    """Yield what a worker tells until its job has ended."""
    assembly = Assembly()
    while True:
        for event in assembly.add(worker.told(seconds)):
            yield event
            if isinstance(event, Finished | Lost):
                return


def outcome(plan: Plan, task: Task = TASK) -> Event:
    worker = Worker(plan)
    assert worker.start(task) == []
    return [*heard(worker)][-1]


def test_a_job_is_carried_out_and_its_files_are_told(plan: Plan) -> None:
    data = next(iter(plan.data))
    worker = Worker(plan)
    worker.start(Task(Job((Combination("prior", data, 0),)), (), build_of(plan)))
    events = [*heard(worker)]
    assert events[-1] == Finished()
    kept = [event for event in events if isinstance(event, Kept)]
    assert {cell.condition for event in kept for cell in event.cells} == {
        condition.text for condition in plan.conditions[data]
    }
    assert {name.partition("/")[0] for event in kept for name, _ in event.files} == {
        "checkpoints",
        "predictions",
        "validation",
    }


def test_the_threads_of_the_plan_are_held_but_not_in_the_driver(
    plan: Plan, acting: Callable[[Act], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []

    @contextmanager
    def threads_held(number: int) -> Iterator[None]:
        said.append(number)
        yield
        said.append("end")

    monkeypatch.setattr(ray_worker, "threads_held", threads_held)
    acting(lambda tell, progress: said.append("job"))
    assert outcome(plan) == Finished()
    assert outcome(plan, TASK._replace(build=build_of(plan))) == Finished()
    assert said == ["job", 1, "job", "end"]


def test_what_is_large_is_told_in_parts_while_the_worker_waits(
    plan: Plan, acting: Callable[[Act], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emobench.benchmark.executors.parcels.PART", 10)
    monkeypatch.setattr(ray_worker, "PART", 10)
    large = Kept((), (), (("file", bytes(1000)),))
    acting(lambda tell, progress: tell(large))
    worker = Worker(plan)
    worker.start(TASK)
    first = worker.told(5.0)
    assert 10 <= sum(len(part.content) for part in first) <= 20
    assembly = Assembly()
    assert [*assembly.add(first)] == []
    rest: list[Event] = []
    while Finished() not in rest:
        rest += assembly.add(worker.told(5.0))
    assert rest == [large, Finished()]


def test_of_progress_only_the_last_is_told(plan: Plan, acting: Callable[[Act], None]) -> None:
    def work(tell: Tell, progress: Progress) -> None:
        for done in range(100):
            progress("training", done, 100)
        tell(Began(PLACE))
        progress("training", 100, 100)

    acting(work)
    worker = Worker(plan)
    worker.start(TASK)
    assert [*heard(worker)] == [
        Progressed("training", 99, 100),
        Began(PLACE),
        Progressed("training", 100, 100),
        Finished(),
    ]


def test_progress_is_told_while_nothing_else_happens_but_not_within_an_event(
    plan: Plan, acting: Callable[[Act], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def work(tell: Tell, progress: Progress) -> None:
        progress("training", 1, 2)
        go.wait()

    acting(work)
    worker = Worker(plan)
    worker.start(TASK)
    assembly, told = Assembly(), list[Event]()
    while not told:
        told += assembly.add(worker.told(0.01))
    assert told == [Progressed("training", 1, 2)]
    (whole,) = parts_of(Began(PLACE))
    half = whole._replace(content=whole.content[:5], last=False)
    worker._parts.put(half)
    assert worker.told(0.01) == [half]
    worker._tell_progress("training", 2, 2)
    assert worker.told(0.01) == []
    worker._parts.put(whole._replace(content=whole.content[5:]))
    assert [*assembly.add([half, *worker.told(0.01)])] == [Began(PLACE)]
    assert [*assembly.add(worker.told(0.01))] == [Progressed("training", 2, 2)]
    go.set()
    assert [*heard(worker)] == [Finished()]


@pytest.mark.parametrize("says", ["progress", "began"])
def test_a_job_that_is_stopped_tells_what_it_has(plan: Plan, acting: Callable[[Act], None], says: str) -> None:
    kept = Kept((), (), (("file", b""),))

    def work(tell: Tell, progress: Progress) -> None:
        try:
            while True:
                time.sleep(0.001)
                progress("training", 1, 2) if says == "progress" else tell(Began(PLACE))
        finally:
            tell(kept)

    acting(work)
    worker = Worker(plan)
    worker.start(TASK)
    worker.stop()
    assert [*heard(worker)][-2:] == [kept, Lost("stopped", again=True)]


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (SystemExit(3), Lost("the worker ended with exit code 3", again=True)),
        (DataError("bad\n data"), Lost("DataError: bad data", again=False)),
        (BaseException("what"), Lost("BaseException: what", again=False)),
    ],
)
def test_whatever_is_raised_is_told(
    plan: Plan, acting: Callable[[Act], None], error: BaseException, lost: Lost
) -> None:
    def work(tell: Tell, progress: Progress) -> None:
        raise error

    acting(work)
    assert outcome(plan) == lost


def test_a_full_disk_is_that_of_one_machine(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **more: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    monkeypatch.setattr(ray_worker.platform, "node", lambda: "worker7")
    lost = outcome(plan)
    assert isinstance(lost, Lost)
    assert lost.again
    assert lost.why.startswith("worker7: cannot make a folder below ")
    assert lost.why.endswith(": No space left on device; free some space and type the same command again")


def test_a_worker_with_other_code_computes_nothing(plan: Plan, acting: Callable[[Act], None]) -> None:
    acting(lambda tell, progress: pytest.fail("it computed"))
    lost = outcome(plan, TASK._replace(build=build_of(plan)._replace(code="other")))
    assert isinstance(lost, Lost)
    assert lost.again
    assert "with other code" in lost.why


def test_two_jobs_one_after_the_other(plan: Plan, acting: Callable[[Act], None], tmp_path: Path) -> None:
    acting(lambda tell, progress: tell(Began(PLACE)))
    worker = Worker(plan)
    for _ in range(2):
        worker.start(TASK)
        assert [*heard(worker)] == [Began(PLACE), Finished()]

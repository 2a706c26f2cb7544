"""The driver gives out jobs, keeps what it is told, and goes on when workers are lost, whoever they are."""

from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from executor_runs import PROTOCOLS, plan_of
from fake_executor import FakeExecutor, Work, done
from strange_models import Strange

from emobench.benchmark.errors import RunFolderError, TooManyFailures
from emobench.benchmark.executors.driver import Driver
from emobench.benchmark.executors.execution import Execution
from emobench.benchmark.executors.jobs import (
    Began,
    Event,
    Finished,
    Job,
    Kept,
    Lost,
    Place,
    Progressed,
    jobs_of,
)
from emobench.benchmark.progress import silent
from emobench.benchmark.registry import MODELS
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import CellRecord, FitRecord
from emobench.benchmark.run_state import FIT, Combination, RunState

CLEAN, AUDIO, TEXT, NOISE = "clean", *PROTOCOLS
AGAIN = Lost("struck by lightning", again=True)


@pytest.fixture(autouse=True)
def _strange(register: Callable[..., None]) -> None:
    register(MODELS, "strange", Strange)


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    """Return the state of a run that has three jobs, one of them with a calibrator."""
    return RunState.begin(plan_of("strange", "prior", "strange+histogram"), RunFolder(tmp_path / "run"))


def drive(state: RunState, work: Work, *, now: Callable[[], float] = lambda: 0.0, **how: Any) -> FakeExecutor:
    executor = FakeExecutor(work, slots=how.get("workers", 1))
    Driver(state, state.combinations, executor, Execution(**how), silent, now=now).drive()
    return executor


def models(executor: FakeExecutor) -> list[str]:
    return ["/".join(combination.model for combination in job.combinations) for job in executor.jobs]


def once(lost: Event, state: RunState, after: Callable[[Job], Iterable[Event]] = lambda job: ()) -> Work:
    """Return a worker that is lost over its first job, and does what it is given from then on."""
    first = count()
    return lambda job: [*after(job), lost] if not next(first) else done(state, job)


def test_jobs_share_what_is_before_calibration() -> None:
    made = [
        Combination(model, "plain", seed) for seed in (0, 1) for model in ("prior", "prior+histogram", "late_fusion")
    ]
    assert [[str(one) for one in job] for job in jobs_of(made)] == [
        ["prior on plain, seed 0", "prior+histogram on plain, seed 0"],
        ["late_fusion on plain, seed 0"],
        ["prior on plain, seed 1", "prior+histogram on plain, seed 1"],
        ["late_fusion on plain, seed 1"],
    ]
    assert Job(tuple(made[1:2])).name == "prior on plain, seed 0"
    assert str(Place(made[0], FIT)) == "prior on plain, seed 0, the fit"
    assert str(Place(made[0], CLEAN)) == "prior on plain, seed 0, clean"


def test_all_is_given_out_once_and_kept(state: RunState) -> None:
    shown: list[tuple[str, int, int]] = []
    executor = FakeExecutor(lambda job: [Progressed("x", 1, 2), *done(state, job)], slots=2)
    Driver(state, state.combinations, executor, Execution(workers=2), lambda *one: shown.append(one)).drive()
    assert models(executor) == ["strange/strange+histogram", "prior", "bayes_optimal"]
    assert not any(job.careful for job in executor.jobs)
    assert {cell.state for cell in state.write().cells} == {"done"}
    assert len(state.cells) == 16
    assert shown[0] == ("cells", 0, 16)
    assert shown[-1] == ("cells", 16, 16)
    assert ("x", 1, 2) in shown
    cells = [done for what, done, _ in shown if what == "cells"]
    assert cells == sorted(cells)
    assert executor.ended == [None]


def test_what_took_long_comes_first_and_what_nobody_knows_before_it(tmp_path: Path) -> None:
    state = RunState.begin(plan_of("prior", "strange", "late_fusion", seeds=2), RunFolder(tmp_path))
    data = state.combinations[0].data
    for model, seconds in (("prior", 1.0), ("strange", 5.0), ("strange", 7.0)):
        fit = FitRecord(model=model, data=data, seed=0, state="done", seconds=seconds)
        state.fits[Combination(model, data, 0)] = fit
    cell = CellRecord(model="prior", data=data, seed=0, condition=CLEAN, state="done", seconds=30.0)
    state.add_cell(cell)
    executor = drive(state, lambda job: [Finished()])
    given = [(job.combinations[0].model, job.combinations[0].seed) for job in executor.jobs]
    assert given == [
        ("late_fusion", 0), ("bayes_optimal", 0), ("prior", 0), ("strange", 0), ("strange", 1),
    ]  # fmt: skip


def test_a_lost_job_is_given_out_again_with_all_that_is_known(state: RunState) -> None:
    def some(job: Job) -> Iterable[Event]:
        return done(state, job)[:6]  # the fit, and two conditions that were begun

    executor = drive(state, once(AGAIN, state, some))
    assert models(executor) == ["strange/strange+histogram", "strange/strange+histogram", "prior", "bayes_optimal"]
    first, second, *_ = executor.jobs
    assert (first.fits, second.careful) == ((), True)
    assert [fit.model for fit in second.fits] == ["strange"]
    assert {cell.state for cell in state.write().cells} == {"done"}


@pytest.mark.parametrize(("retries", "why"), [(0, "struck by lightning"), (1, "struck by lightning, 2 times")])
def test_what_is_lost_too_often_has_failed_and_the_rest_goes_on(state: RunState, retries: int, why: str) -> None:
    def work(job: Job) -> Iterable[Event]:
        place = Place(job.combinations[0], AUDIO)
        if job.combinations[0].model == "prior" and place not in job.left_out:
            return [*done(state, job)[:2], Began(place), AGAIN]
        return done(state, job)

    executor = drive(state, work, retries=retries)
    assert models(executor).count("prior") == retries + 2
    failed = [(cell.model, cell.condition, cell.why) for cell in state.write().cells if cell.state != "done"]
    assert failed == [("prior", AUDIO, why)]
    assert len(state.cells) == 16


def test_a_worker_that_never_begins_anything_costs_its_job_only(state: RunState) -> None:
    executor = drive(state, lambda job: [AGAIN] if job.combinations[0].model == "prior" else done(state, job))
    assert models(executor).count("prior") == 3
    record = state.write()
    assert {cell.why for cell in record.cells if cell.model == "prior"} == {"struck by lightning, 3 times"}
    assert {cell.state for cell in record.cells if cell.model != "prior"} == {"done"}
    assert next(fit for fit in record.fits if fit.model == "prior").state == "failed"


def test_a_calibrator_that_is_lost_leaves_its_model_alone(state: RunState) -> None:
    def work(job: Job) -> Iterable[Event]:
        *_, last = job.combinations
        if last.model == "strange+histogram":
            return [*done(state, Job(job.combinations[:1]))[:-1], Began(Place(last, FIT)), AGAIN]
        return done(state, job)

    drive(state, work, retries=0)
    assert {cell.model for cell in state.write().cells if cell.state != "done"} == {"strange+histogram"}


def test_what_has_failed_by_itself_is_not_tried_again_because_of_others(state: RunState) -> None:
    def some(job: Job) -> Iterable[Event]:
        first, second = job.combinations
        fit = FitRecord(**first._asdict(), state="done", key=state.fit_key(first), validation_state="failed")
        noted = fit.model_copy(update={"notes": {"no hidden vectors": "none"}})
        cell = CellRecord(**first._asdict(), condition=TEXT, state="failed", why="too hard")
        lost = FitRecord(**second._asdict(), state="failed", why="too hard")
        return [Kept((noted, lost), (cell,), ())]

    executor = drive(state, once(AGAIN, state, some))
    [again] = [job for job in executor.jobs if job.careful]
    assert [one.model for one in again.combinations] == ["strange"]
    assert {what for _, what in again.left_out} == {TEXT, "validation split", "hidden vectors"}


def test_a_disk_that_is_full_for_one_is_full_for_the_next(state: RunState) -> None:
    full = Lost("cannot write: no space", again=False)
    executor = drive(state, once(full, state, lambda job: done(state, job, each=True)[:6]))
    assert models(executor).count("strange/strange+histogram") == 1
    failed = {(cell.model, cell.why) for cell in state.write().cells if cell.state == "failed"}
    assert failed == {("strange", "cannot write: no space"), ("strange+histogram", "cannot write: no space")}
    first = state.combinations[0]
    assert (state.fits[first].state, state.cells[*first, CLEAN].state) == ("done", "done"), "what was done stays done"
    assert state.cells[*first, NOISE].state == "failed"


def test_what_takes_too_long_is_ended_once(state: RunState) -> None:
    clock = count(step=30)

    def work(job: Job) -> Iterable[Event]:
        place = Place(job.combinations[0], AUDIO)
        if job.combinations[0].model == "prior" and place not in job.left_out:
            return [*done(state, job)[:4], Began(place)]
        return done(state, job)

    executor = drive(state, work, timeout=100.0, now=lambda: float(next(clock)))
    assert [why for _, why in executor.killed] == ["took longer than --timeout 100 s"]
    assert models(executor).count("prior") == 2
    failed = [(cell.model, cell.condition, cell.why) for cell in state.write().cells if cell.state == "failed"]
    assert failed == [("prior", AUDIO, "took longer than --timeout 100 s")]
    assert min(executor.waited) >= 0.0
    assert max(executor.waited) <= 1.0


def test_what_is_told_in_the_meantime_does_not_save_what_took_too_long(state: RunState) -> None:
    clock = count(step=90)

    class Late(FakeExecutor):
        def kill(self, number: int, why: str) -> None:
            self._told.append((number, Began(Place(self.jobs[-1].combinations[0], TEXT))))
            super().kill(number, why)

    def work(job: Job) -> Iterable[Event]:
        place = Place(job.combinations[0], AUDIO)
        return done(state, job) if place in job.left_out else [Began(place)]

    executor = Late(work)
    Driver(
        state, state.combinations[1:2], executor, Execution(timeout=100.0), silent, now=lambda: float(next(clock))
    ).drive()
    assert [cell.condition for cell in state.write().cells if cell.state == "failed"] == [AUDIO]


def test_the_run_ends_when_too_much_has_failed_and_takes_in_what_there_is(state: RunState) -> None:
    def work(job: Job) -> Iterable[Event]:
        first = job.combinations[0]
        if first.model == "prior":
            return [Began(Place(first, CLEAN)), Began(Place(first, AUDIO))]
        cells = [CellRecord(**first._asdict(), condition=text, state="failed", why="no") for text in (CLEAN, AUDIO)]
        return [Began(Place(first, FIT)), Kept((), tuple(cells), ()), Finished()]

    class Telling(FakeExecutor):
        def stop(self) -> None:
            super().stop()
            prior = state.combinations[1]
            cell = CellRecord(**prior._asdict(), condition=CLEAN, state="done", key="k")
            self._told += [(1, Kept((), (cell,), ())), (1, Lost("stopped", again=True))]

    state.most_failures = 1
    executor = Telling(work, slots=2)
    with pytest.raises(
        TooManyFailures, match="2 cells failed, and --max-failures lets 1 pass; the last was strange on"
    ):
        Driver(state, state.combinations, executor, Execution(workers=2), silent).drive()
    assert executor.stops == 1
    assert executor.ended == [TooManyFailures]
    assert models(executor) == ["strange/strange+histogram", "prior"]
    assert state.cells[*state.combinations[1], CLEAN].state == "done"


def test_files_of_workers_are_written_where_they_belong(state: RunState) -> None:
    def sends(*paths: str) -> Work:
        return once(Finished(), state, lambda job: [Kept((), (), tuple((path, b"x") for path in paths))])

    drive(
        state, sends("predictions/a.parquet", "validation/predictions/a.parquet", "hidden/a.npz", "checkpoints/a.json")
    )
    names = ("predictions/a.parquet", "validation/predictions/a.parquet", "hidden/a.npz", "checkpoints/a.json")
    assert {(state.folder.path / name).read_bytes() for name in names} == {b"x"}
    for path in (
        "../a",
        "/etc/a",
        "predictions/../../a",
        "run.json",
        "stresses/a",
        "predictions",
        "predictions\\..\\a",
        "",
    ):
        with pytest.raises(RunFolderError) as caught:
            drive(state, sends(path))
        assert str(caught.value).endswith(f"from a worker, got {path!r}")
    assert sorted(path.name for path in state.folder.path.parent.iterdir()) == ["run"]

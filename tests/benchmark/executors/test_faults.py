"""Whatever happens to a worker, all other cells are done, and each that is not says why."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from executor_runs import DATA, PROTOCOLS, begun, contents, ended, is_alive, plan_of, process_of, run, when

from emobench.benchmark.errors import TooManyFailures
from emobench.benchmark.executors import driver
from emobench.benchmark.executors.driver import Driver
from emobench.benchmark.executors.execution import Execution
from emobench.benchmark.executors.jobs import Began, Event, Place
from emobench.benchmark.executors.local import LocalExecutor
from emobench.benchmark.plan import Plan
from emobench.benchmark.prediction_files import read_predictions
from emobench.benchmark.progress import silent
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import RunRecord
from emobench.benchmark.run_state import FIT, HIDDEN, VALIDATION, Combination, RunState

CLEAN, AUDIO, TEXT, NOISE = "clean", *PROTOCOLS
KILLED = "failed the worker was killed by SIGKILL (out of memory?), 3 times"
HANGS = "failed took longer than --timeout 60 s"


def test_a_cell_that_takes_its_worker_along_fails_alone(strange: Path, tmp_path: Path) -> None:
    kills, exits, raises = (
        "strange:where=audio,wrong=kills",
        "strange:where=text,wrong=exits",
        "strange:where=audio,wrong=raises",
    )
    record = run(plan_of(kills, exits, raises), tmp_path / "run", workers=2)
    failed = {place: why for place, why in ended(record).items() if why != "done"}
    assert failed.pop((kills, AUDIO)) == KILLED
    assert failed.pop((exits, TEXT)) == "failed the worker ended with exit code 3: cannot go on, 3 times"
    assert failed.pop((raises, AUDIO)).startswith("failed ValueError: too strange (strange_models.py:")
    assert failed == {}
    assert len(record.cells) == 4 * 4
    assert [begun(strange, wrong) for wrong in ("kills", "exits", "raises")] == [3, 3, 1], "no model's fault is retried"
    for model in (kills, exits):
        path = RunFolder(tmp_path / "run").predictions_path(model, record.data[0].name, 0)
        assert len(read_predictions(path, NOISE, draw=1).probabilities) == record.data[0].sizes["test"]["utterances"]


def test_a_fit_that_takes_its_worker_along_fails_with_all_that_is_made_of_it(strange: Path, tmp_path: Path) -> None:
    lost, full = "strange:wrong=kills", "strange:wrong=full"
    record = run(plan_of(lost, f"{lost}+histogram", full, "strange"), tmp_path / "run", workers=2)
    by_model: dict[str, set[str]] = {}
    for (model, _), why in ended(record).items():
        by_model.setdefault(model, set()).add(why)
    assert by_model[lost] == by_model[f"{lost}+histogram"] == {KILLED}
    assert begun(strange, "kills") == 3
    [why] = by_model[full]
    assert why.startswith("failed cannot write ")
    assert "No space left on device; free some space" in why
    assert begun(strange, "full") == 1, "the disk is as full for the next worker"
    assert by_model["strange"] == by_model["bayes_optimal"] == {"done"}
    assert {fit.state for fit in record.fits if fit.model in (lost, full)} == {"failed"}


@pytest.mark.parametrize("where", ["fit", "text"])
def test_a_worker_that_is_killed_from_outside_costs_nothing_but_time(strange: Path, tmp_path: Path, where: str) -> None:
    plan = plan_of(f"strange:times=1,where={where},wrong=waits")
    killing = when(strange, "waits.0.*", lambda mark: os.kill(process_of(mark), signal.SIGKILL))
    run(plan, tmp_path / "run", workers=2)
    killing.join()
    # By now it has waited once, and does not any more.
    run(plan, tmp_path / "undisturbed")
    assert contents(tmp_path / "run") == contents(tmp_path / "undisturbed")


class Heard(LocalExecutor):
    """One worker, and the last thing that it was heard to begin."""

    last: Place | None = None

    def events(self, seconds: float) -> Sequence[tuple[int, Event]]:
        told = super().events(seconds)
        for place in (event.place for _, event in told if isinstance(event, Began)):
            self.last = place
        return told


def driven(plan: Plan, folder: Path, meeting: Path, *, model: str, hangs_in: str) -> RunRecord:
    """Run with a clock that goes only while a model hangs, and the driver has heard what it has in hand."""
    executor = Heard(plan, RunFolder(folder), workers=1)
    place = Place(Combination(model, DATA, 0), hangs_in)

    def clock() -> Iterator[float]:
        seconds = 0.0
        while True:
            yield seconds
            hangs = any(is_alive(process_of(mark)) for mark in meeting.glob("hangs.*"))
            seconds += 61 * (hangs and executor.last == place)

    state, each = RunState.begin(plan, RunFolder(folder)), clock()
    execution = Execution(workers=1, timeout=60)
    Driver(state, state.combinations, executor, execution, silent, now=lambda: next(each)).drive()
    return state.write()


@pytest.mark.parametrize(
    ("where", "place", "lost"),
    [
        ("fit", FIT, {CLEAN, AUDIO, TEXT, NOISE}),
        ("audio", AUDIO, {AUDIO}),
        ("validation", VALIDATION, set()),
        ("hidden", HIDDEN, set()),
    ],
)
def test_what_hangs_is_ended_once_and_the_rest_is_done(
    strange: Path, tmp_path: Path, where: str, place: str, lost: set[str]
) -> None:
    model = "strange:wrong=hangs" if where == "fit" else f"strange:where={where},wrong=hangs"
    record = driven(plan_of(model, hidden=True), tmp_path / "run", strange, model=model, hangs_in=place)
    states = {condition: why for (name, condition), why in ended(record).items() if name == model}
    assert {condition for condition, why in states.items() if why == HANGS} == lost
    assert {why for condition, why in states.items() if condition not in lost} <= {"done"}
    assert begun(strange, "hangs") == 1
    fit = next(fit for fit in record.fits if fit.model == model)
    assert f"{fit.state} {fit.why}".strip() == (HANGS if where == "fit" else "done")
    of_validation = f"{fit.validation_state} {fit.validation_why}".strip()
    assert of_validation == ("" if where == "fit" else HANGS if where == "validation" else "done")
    assert ("no hidden vectors" in fit.notes) == (where == "hidden")


@pytest.mark.parametrize("workers", [1, 2])
def test_too_many_failures_end_the_run(
    strange: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(driver, "GRACE", 0.0)
    raises = "strange:where=audio,wrong=raises"
    with pytest.raises(TooManyFailures) as caught:
        run(plan_of(raises, "strange:wrong=waits", "strange"), tmp_path / "run", workers=workers, max_failures=0)
    said = f"1 cell failed, and --max-failures lets 0 pass; the last was {raises} on "
    assert str(caught.value).startswith(said)
    assert f"{AUDIO}: ValueError: too strange" in str(caught.value)
    record = RunFolder(tmp_path / "run").read_record()
    assert {cell.model for cell in record.cells} == {raises}, "nobody else began, and who waited was ended"
    assert [cell.condition for cell in record.cells if cell.state == "failed"] == [AUDIO]
    # Too many in the end are no reason to throw all away.
    passing = run(plan_of(raises), tmp_path / "last", workers=workers, max_failures=1)
    assert sum(cell.state == "failed" for cell in passing.cells) == 1


def test_an_interrupt_ends_the_workers_and_keeps_what_they_have(
    strange: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = "strange:where=audio,wrong=waits"
    stopping, hearing = LocalExecutor.stop, LocalExecutor.events

    def stop(self: LocalExecutor) -> None:
        stopping(self)
        (strange / "go").touch()

    def events(self: LocalExecutor, seconds: float) -> Sequence[tuple[int, Event]]:
        told = hearing(self, seconds)
        if Began(Place(Combination(model, DATA, 0), AUDIO)) in [event for _, event in told]:
            # While the driver holds in its hands what nobody will tell it again.
            signal.raise_signal(signal.SIGINT)
        return told

    monkeypatch.setattr(LocalExecutor, "stop", stop)
    monkeypatch.setattr(LocalExecutor, "events", events)
    monkeypatch.setattr(driver, "GRACE", 3600.0)
    with pytest.raises(KeyboardInterrupt):
        run(plan_of(model), tmp_path / "run", workers=2)
    assert not any(is_alive(process_of(mark)) for mark in strange.glob("waits.*"))
    record = RunFolder(tmp_path / "run").read_record()
    done = [cell.condition for cell in record.cells if (cell.model, cell.state) == (model, "done")]
    assert done[:2] == [CLEAN, AUDIO], "what was done before the interrupt is kept, though no file was due"


def test_a_driver_that_is_killed_leaves_nobody_behind_and_bars_nobody(strange: Path, tmp_path: Path) -> None:
    models = ("strange:times=1,where=text,wrong=waits", "strange")
    words = [word for model in models for word in ("--model", model)]
    words += [word for protocol in PROTOCOLS for word in ("--protocol", protocol)]
    words += ["--data", DATA, "--stress-draws", "2", "--device", "cpu", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "emobench", "run", *words, "--workers", "2", "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        kill = when(strange, "waits.0.*", lambda mark: process.kill())
        kill.join()
    [mark] = strange.glob("waits.*")
    while is_alive(process_of(mark)):
        threading.Event().wait(0.01)
    assert (tmp_path / "run" / "run.lock").exists()
    run(plan_of(*models), tmp_path / "run", workers=2)
    run(plan_of(*models), tmp_path / "undisturbed")
    assert contents(tmp_path / "run") == contents(tmp_path / "undisturbed")

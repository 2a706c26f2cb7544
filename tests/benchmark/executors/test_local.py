"""Worker processes of this machine: how they are started, listened to and ended."""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from pathlib import Path
from threading import Event as Flag

import numpy as np
import pytest
from chaos_runs import workers_of
from executor_runs import DATA, is_alive, plan_of, process_of, when

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.executors import local_process
from emobench.benchmark.executors.jobs import Began, Event, Finished, Job, Lost, Place, Progressed
from emobench.benchmark.executors.local import LocalExecutor
from emobench.benchmark.plan import Options, Plan, Request, make_plan
from emobench.benchmark.registry import PROTOCOLS, names
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_state import FIT, Combination


def told(executor: LocalExecutor, number: int) -> list[Event]:
    """Return what is told of a job, up to its end."""
    events: list[Event] = []
    while not any(isinstance(event, Finished | Lost) for event in events):
        events += [event for of, event in executor.events(10.0) if of == number]
    return events


def job_of(plan: Plan, model: str) -> Job:
    return Job((Combination(model, next(iter(plan.data)), 0),))


@pytest.fixture
def plan(strange: Path) -> Plan:
    return plan_of("strange", "strange:wrong=breeds")


@pytest.fixture
def executor(plan: Plan, tmp_path: Path) -> Iterator[LocalExecutor]:
    with LocalExecutor(plan, RunFolder(tmp_path / "run"), workers=1) as executor:
        yield executor
    assert workers_of(os.getpid()) == []


def test_a_plan_of_everything_travels_to_a_worker_and_nothing_in_it_can_be_written_to() -> None:
    plan = make_plan(Request(("prior",), names(PROTOCOLS), (DATA,), Options()))
    arrived: Plan = pickle.loads(pickle.dumps(plan))
    assert arrived.command == plan.command
    assert arrived.data[DATA].fingerprint == plan.data[DATA].fingerprint
    for ours, theirs in zip(plan.conditions[DATA], arrived.conditions[DATA], strict=True):
        assert (ours, ours.text) == (theirs, theirs.text)
    for split in (arrived.data[DATA].train, arrived.data[DATA].validation, arrived.data[DATA].test):
        arrays = (*split.features.values(), *split.observed.values(), *split.present.values(), split.label)
        assert not any(array.flags.writeable for array in arrays)
        with pytest.raises(ValueError, match="read-only"):
            split.features["text"][0] = np.nan


def test_one_process_carries_out_many_jobs_and_another_takes_its_place(
    executor: LocalExecutor, plan: Plan, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(2):
        executor.submit(number, job_of(plan, "strange"))
        first, *_, last = told(executor, number)
        assert first == Began(Place(Combination("strange", DATA, 0), FIT))
        assert last == Finished()
    [worker] = workers_of(os.getpid())
    os.kill(worker, signal.SIGKILL)
    while executor._workers[0].is_alive:
        pass
    executor.submit(2, job_of(plan, "strange"))
    assert told(executor, 2)[-1] == Finished()
    [another] = workers_of(os.getpid())
    assert another != worker
    executor.stop()  # nobody has anything in hand
    # A thread that a model has left behind goes on to tell how far it is.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executor._workers[0], "_said", lambda: iter([Progressed("training", 1, 2)]))
        assert list(executor.events(0.0)) == []
    executor.submit(3, Job((Combination("strange", "unknown", 0),)))
    [lost] = [event for event in told(executor, 3) if isinstance(event, Lost)]
    assert lost == Lost("KeyError: 'unknown' (run_state.py:" + lost.why.rpartition(":")[2], again=False)
    assert workers_of(os.getpid()) == [another], "it is none the worse for it"
    assert capfd.readouterr() == ("", "")


def test_what_a_worker_is_told_when_it_dies_is_no_matter(executor: LocalExecutor, plan: Plan) -> None:
    executor.submit(0, job_of(plan, "strange"))
    # Forked, a process still has the command line of this one for a moment.
    while not (found := workers_of(os.getpid())):
        pass
    [worker] = found
    os.kill(worker, 37)  # before it is there; one of the signals that have no name
    assert told(executor, 0) == [Lost("the worker was killed by signal 37", again=True)]
    executor._pickled = b"no plan"
    executor.submit(1, job_of(plan, "strange"))
    [lost] = told(executor, 1)
    assert isinstance(lost, Lost)
    assert lost.why.startswith("the worker ended with exit code 1: _pickle.UnpicklingError: ")
    assert lost.again


def test_what_a_model_starts_is_ended_with_it(executor: LocalExecutor, plan: Plan, strange: Path) -> None:
    executor.submit(0, job_of(plan, "strange:wrong=breeds"))
    executor.kill(1, "nobody has it in hand")
    killing = when(strange, "child.*", lambda mark: executor.kill(0, "enough"))
    assert told(executor, 0)[-1] == Lost("enough", again=True)
    killing.join()
    [child] = strange.glob("child.*")
    while is_alive(process_of(child)):
        pass


def test_a_driver_that_is_killed_at_any_moment_leaves_no_file(
    executor: LocalExecutor, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    executor.submit(0, job_of(plan, "strange"))
    assert list(folder.iterdir()) == []
    assert told(executor, 0)[-1] == Finished()
    assert list(folder.iterdir()) == []


def test_a_script_is_not_run_again_by_its_workers(strange: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import emobench\nprint('once')\n"
        f"frame = emobench.run(models='strange', data='{DATA}', out='run', formats=[], draws=200, workers=2)\n"
        "print(len(frame) > 0)\n"
    )
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("once\nTrue\n", "")


@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        (RunFolderError("cannot write: no space"), Lost("cannot write: no space", again=False)),
        (ZeroDivisionError("by nothing"), "ZeroDivisionError: by nothing (test_local.py:"),
        (None, Finished()),
    ],
)
def test_what_becomes_of_a_job_is_told(
    monkeypatch: pytest.MonkeyPatch, plan: Plan, tmp_path: Path, raised: Exception | None, outcome: object
) -> None:
    def carry_out(*arguments: object, **more: object) -> None:
        if raised is not None:
            raise raised

    monkeypatch.setattr(local_process, "carry_out", carry_out)
    ours, theirs = Pipe()
    telling = local_process._Telling(theirs)
    found = local_process._outcome(plan, job_of(plan, "strange"), RunFolder(tmp_path), telling)
    if isinstance(outcome, str):
        assert isinstance(found, Lost)
        assert found.why.startswith(outcome)
    else:
        assert found == outcome
    telling.progress("training", 1, 2)
    assert ours.recv() == ("training", 1, 2)


def test_who_is_to_stop_begins_nothing_new(monkeypatch: pytest.MonkeyPatch, plan: Plan, tmp_path: Path) -> None:
    def carry_out(*arguments: object, tell: Callable[[Event], None], **more: object) -> None:
        try:
            tell(Began(Place(Combination("strange", DATA, 0), FIT)))
        finally:
            tell(Finished())

    monkeypatch.setattr(local_process, "carry_out", carry_out)
    ours, theirs = Pipe()
    telling = local_process._Telling(theirs)
    telling.stopping.set()
    stopped = local_process._outcome(plan, job_of(plan, "strange"), RunFolder(tmp_path), telling)
    assert stopped == Lost("stopped", again=True)
    assert ours.recv() == Finished(), "what is done is told all the same"

    def interrupted(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    telling.stopping.clear()
    monkeypatch.setattr(local_process, "carry_out", interrupted)
    with pytest.raises(KeyboardInterrupt):
        local_process._outcome(plan, job_of(plan, "strange"), RunFolder(tmp_path), telling)


def test_a_worker_ends_itself_when_the_driver_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int | None] = []
    monkeypatch.setattr(local_process, "kill_group", killed.append)
    reads, writes = Pipe(duplex=False)
    stopping = Flag()
    writes.send_bytes(local_process.STOP)
    writes.close()
    local_process._watch(reads, stopping)
    assert stopping.is_set()
    assert killed == [os.getpid()]


def test_a_group_that_is_gone_is_no_matter() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    done.wait()
    local_process.kill_group(done.pid)
    local_process.kill_group(None)

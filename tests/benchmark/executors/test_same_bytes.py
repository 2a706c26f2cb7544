"""Who computes, how many of them, and in which order: the bytes are the same."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pytest
from executor_runs import contents, plan_of, run

from emobench.benchmark import harness
from emobench.benchmark.executors.jobs import Event, Finished, Job
from emobench.benchmark.executors.worker import carry_out
from emobench.benchmark.plan import Plan
from emobench.benchmark.progress import silent
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_state import RunState

MODELS = ("strange", "prior", "strange+histogram")
ATTACK = "worst_subset"


def test_two_workers_leave_what_one_process_leaves(strange: Path, tmp_path: Path) -> None:
    plan = plan_of(*MODELS, seeds=2, hidden=True)
    run(plan, tmp_path / "here")
    run(plan, tmp_path / "there", workers=2)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "there").rglob("*")}
    run(plan, tmp_path / "there", workers=2)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "there").rglob("*")}
    assert {path: after[path] for path in before if path.is_file()} == {
        path: stamp for path, stamp in before.items() if path.is_file()
    }, "nothing is left to do"


class Backwards:
    """Computes in this process, the last job first, in a folder that the driver does not see."""

    slots = 1_000

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._jobs: list[tuple[int, Job]] = []

    def __enter__(self) -> "Backwards":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def submit(self, number: int, job: Job) -> None:
        self._jobs.append((number, job))

    def events(self, seconds: float) -> Sequence[tuple[int, Event]]:
        number, job = self._jobs.pop()
        told: list[Event] = []
        folder = RunFolder(self._folder / str(number))
        folder.path.mkdir(parents=True)
        (folder.path / "there.already").touch()
        carry_out(self._plan, job, folder, tell=told.append, progress=silent, sends_files=True)
        return [(number, event) for event in [*told, Finished()]]

    def kill(self, number: int, why: str) -> None:
        raise AssertionError

    def stop(self) -> None:
        raise AssertionError


def test_the_order_of_jobs_and_the_way_of_files_do_not_matter(
    strange: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(*MODELS, seeds=2, hidden=True, protocols=("modality_drop:rate=0.5", ATTACK))
    run(plan, tmp_path / "here")
    monkeypatch.setattr(harness, "make_executor", lambda *of: Backwards(plan, tmp_path / "elsewhere"))
    run(plan, tmp_path / "there", workers=2)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_working_carefully_gives_the_same_bytes(strange: Path, tmp_path: Path) -> None:
    """As after a loss: one thing at a time, whoever the model is."""
    saved = tmp_path / "saved.csv"
    data = plan_of("prior").data
    test = next(iter(data.values())).test
    columns = ",".join(f"p_{name}" for name in test.classes)
    share = ",".join(["0.1"] * 6 + ["0.4"])
    saved.write_text(f"utterance_id,{columns}\n" + "".join(f"{name},{share}\n" for name in test.utterance_ids))
    model = f"predictions:path={saved},values=probabilities"
    plan = plan_of("strange", model, protocols=("modality_drop:rate=0.5", "noise:snr_db=10", ATTACK))
    for name, careful in (("usual", False), ("careful", True)):
        folder = RunFolder(tmp_path / name)
        told: list[Event] = []
        for combination in RunState.begin(plan, RunFolder(tmp_path / "state")).combinations:
            job = Job((combination,), careful=careful)
            carry_out(plan, job, folder, tell=told.append, progress=silent)
    assert contents(tmp_path / "careful") == contents(tmp_path / "usual")
    assert "predictions" in {path.name for path in (tmp_path / "usual").iterdir()}

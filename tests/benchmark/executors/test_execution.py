"""Who computes is asked for in one place, and a wrong wish is one line."""

from pathlib import Path
from types import ModuleType

import pytest
from executor_runs import DATA, plan_of

from emobench.benchmark import api
from emobench.benchmark.command_line import exit_code
from emobench.benchmark.errors import MissingPackage
from emobench.benchmark.executors import choice
from emobench.benchmark.executors.choice import make_executor, require_package
from emobench.benchmark.executors.execution import Execution
from emobench.benchmark.executors.local import LocalExecutor
from emobench.benchmark.executors.ray_connection import Demand
from emobench.benchmark.plan import Plan
from emobench.benchmark.run_folder import RunFolder

FAST = ["--model", "prior", "--data", DATA, "--draws", "200", "--metric", "accuracy", "--format", "markdown", "-q"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--workers 0", "expected --workers from 1 to 1000, got 0"),
        ("--workers two", "Invalid value for '--workers'"),
        ("--executor lokal", "expected --executor local or ray, got 'lokal'; did you mean 'local'?"),
        ("--timeout 0", "expected --timeout in seconds above 0, got 0"),
        ("--timeout nan", "expected --timeout in seconds above 0, got nan"),
        ("--max-failures -1", "expected --max-failures of 0 or more, got -1"),
        ("--address auto", "--address goes with --executor ray; leave it out to compute on this machine"),
        ("--threads 0", "expected --threads from 1 to 1024, got 0"),
    ],
)
def test_a_wrong_wish_is_one_line(words: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["run", *FAST, "--out", str(tmp_path / "run"), *words.split()]) == 2
    captured = capsys.readouterr().err
    assert said in captured
    assert captured.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_only_what_needs_other_processes_starts_them() -> None:
    assert Execution(max_failures=3).in_process
    assert Execution(workers=1).in_process
    assert not Execution(timeout=3.0).in_process
    assert not Execution(workers=2).in_process
    assert not Execution(executor="ray").in_process


def test_executors_are_found_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plan, folder = plan_of("prior"), RunFolder(tmp_path)
    assert isinstance(make_executor(Execution(workers=2), plan, folder), LocalExecutor)
    asked: list[object] = []

    class RayExecutor(LocalExecutor):
        def __init__(self, plan: Plan, folder: RunFolder, *, address: str, demand: object, most: int) -> None:
            super().__init__(plan, folder, workers=1)
            asked.append((address, demand, most))

    cluster = ModuleType("cluster")
    # A module made here has what it is given.
    cluster.RayExecutor, cluster.Demand = RayExecutor, Demand  # type: ignore[attr-defined]
    monkeypatch.setattr(choice.importlib, "import_module", lambda name, package: cluster)
    for execution in (
        Execution(executor="ray", address="auto"),
        Execution(executor="ray", workers=5, memory=10**9, gpus=0.5),
        Execution(executor="ray", workers=1),
    ):
        assert isinstance(make_executor(execution, plan, folder), RayExecutor)
    assert asked == [("auto", Demand(1, 0, 0.0), 0), ("", Demand(1, 10**9, 0.5), 5), ("", Demand(), 1)]


def test_a_cluster_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice.importlib.util, "find_spec", lambda name: None)
    require_package(Execution())
    with pytest.raises(MissingPackage) as caught:
        api.run(models="prior", data=DATA, execution=Execution(executor="ray"))
    assert str(caught.value) == "--executor ray needs the package 'ray': pip install 'emobench[ray]'"
    monkeypatch.setattr(choice.importlib.util, "find_spec", lambda name: "found")
    require_package(Execution(executor="ray"))


def test_what_is_typed_about_workers_changes_no_figure_and_no_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "--workers",
        "2",
        "--timeout",
        "600",
        "--max-failures",
        "3",
        "--threads",
        "2",
        "--out",
        str(tmp_path / "two"),
    ]
    assert exit_code(["run", *FAST, *words]) == 0
    assert exit_code(["run", *FAST, "--threads", "2", "--out", str(tmp_path / "one")]) == 0
    two, one = (RunFolder(tmp_path / name).read_record() for name in ("two", "one"))
    assert two.command == one.command
    assert two.command.endswith("--threads 2")
    assert (two.threads, two.hardware["threads"]) == (2, "2")
    assert [cell.key for cell in two.cells] == [cell.key for cell in one.cells]
    assert exit_code(["run", *FAST, "--out", str(tmp_path / "two")]) == 2
    assert "the folder holds a run made with --threads 2, got --threads 1; choose" in capsys.readouterr().err
    other = tmp_path / "trained"
    assert exit_code(["train", "--model", "prior", "--data", DATA, "--out", str(other), "-q"]) == 0
    fits = (RunFolder(other).read_record().fits[0], one.fits[0])
    assert fits[0].key != fits[1].key, "another number of threads makes another model"

"""Suites on the command line and from Python."""

import shlex
from pathlib import Path

import pytest

import emobench
from emobench.benchmark.command_line import exit_code
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.suite_files import suite_names

DATA = "simulated:test=6,train=12,validation=6"
MINE = f"""
title = "Mine [really]"
shows = "Nothing that was published."
data = ["iemocap", "{DATA}"]
models = ["prior"]
protocols = ["modality_drop:drop=text"]
metrics = ["nll"]
seeds = 2
published_only = ["somebody"]
differs = ["Everything."]
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EMOBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(MINE, encoding="utf-8")
    return "mine.toml"


def test_a_suite_runs_on_what_is_there_and_names_what_is_missing(
    mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "--suite", mine, "--model", "late_fusion", "--metric", "ece", "--stress-draws", "1", "-q"]
    assert exit_code([*command, "--draws", "200", "--format", "latex", "--out", "out"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [line for line in said.err.splitlines() if "missing data: iemocap: no data" in line]
    record = RunFolder(tmp_path / "out").read_record()
    assert [model.name for model in record.models if not model.reference] == ["prior", "late_fusion"]
    assert (record.seeds, record.stress_draws, record.metrics) == ((0, 1), 1, ("nll", "ece"))
    (suite,) = record.suites
    assert (suite.path, suite.models, suite.missing, suite.published_only) == (
        mine,
        ("prior",),
        ("iemocap",),
        ("somebody",),
    )
    assert record.command == (
        f"emobench run --suite mine.toml --preset suite --model late_fusion --data {DATA} --metric ece --seeds 2"
        " --stress-draws 1 --selection validation --draws 200"
    )
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()}
    again = [*shlex.split(record.command)[1:], "-q", "--format", "latex", "--out", "out"]
    assert exit_code(again) == 0
    assert "missing data" not in capsys.readouterr().err
    changed = [path for path, then in before.items() if path.stat().st_mtime_ns != then]
    computed = {path.name for path in changed if path.parent.name != "tex"}
    assert computed <= {"run.json", "reports.json", "report.tex"}, "nothing is computed again"


def test_python_runs_suites_too(mine: str, tmp_path: Path) -> None:
    frame = emobench.run(suites=mine, data=DATA, metrics="ece", seeds=1, draws=200, formats=[], out=tmp_path / "out")
    assert set(frame.metric) == {"nll", "ece"}
    assert set(frame.model) == {"prior", "bayes_optimal"}


def test_a_suite_without_any_data_says_what_to_type(
    mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["run", "--suite", "cmerc_table2", "--out", "out"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "emobench data add meld --from FOLDER" in said
    assert said.endswith("type --data simulated\n")
    assert not (tmp_path / "out").exists()


def test_suites_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["list", "suites"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line[:1].strip()] == [*suite_names()]


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_can_be_shown(name: str, capsys: pytest.CaptureFixture[str], mine: str) -> None:
    assert exit_code(["show", name]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == f"{name} (suite)"
    assert f"Run it: emobench run --suite {name}" in shown
    assert "meld: not there yet; type: emobench data add meld --from FOLDER" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80


def test_a_file_of_ones_own_is_shown(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["show", mine]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "mine (suite)\nMine [really]\n\nNothing that was published.\n\nRun it: emobench run --suite"
    )
    assert f"  {DATA}: there" in shown
    assert "In the table, not computed here:\n  somebody" in shown
    assert "2 training seeds, epochs chosen on validation, 3 draws" in " ".join(shown.split())
    minimal = 'title = "Least"\ndata = ["simulated"]\nmodels = ["prior"]\n'
    Path("least.toml").write_text(minimal, encoding="utf-8")
    assert exit_code(["show", "least.toml"]) == 0
    shown = capsys.readouterr().out
    assert "Protocols:\n  clean input only" in shown
    assert "Metrics:\n  all" in shown
    assert "1 training seed, epochs" in shown
    assert "Source" not in shown


def test_names_of_suites_are_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["show", "cmerc_tabel3"]) == 2
    assert "did you mean 'cmerc_table3'" in capsys.readouterr().err
    assert exit_code(["run", "--suite", "cmerc_tabel3"]) == 2
    assert "unknown suite 'cmerc_tabel3'; did you mean 'cmerc_table3'" in capsys.readouterr().err

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
def mine(terminal: Path) -> str:
    (terminal / "mine.toml").write_text(MINE, encoding="utf-8")
    return "mine.toml"


def test_a_suite_runs_on_what_is_there_and_names_what_is_missing(
    mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "--suite", mine, "--model", "late_fusion", "--metric", "ece", "--stress-draws", "1", "-q"]
    assert exit_code([*command, "--draws", "200", "--format", "latex", "--out", "out"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        line for line in said.err.splitlines() if "missing data: iemocap: not there" in line
    ]
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


BLOCKS = f"""
title = "Two"
data = ["{DATA}"]
models = ["prior"]
metrics = ["nll"]
draws = 200
[[block]]
name = "clean"
[[block]]
name = "noisy"
seeds = 2
first_seed = 3
stress_seed = 9
hidden = true
stress_draws = 1
protocols = ["noise:snr_db=0"]
"""


@pytest.fixture
def blocks(mine: str) -> str:
    Path("blocks.toml").write_text(BLOCKS, encoding="utf-8")
    return "blocks.toml"


def test_each_block_is_a_run_in_a_folder_of_its_own(blocks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["run", "--suite", blocks, "--format", "latex", "--out", "out"]) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.endswith(":")] == ["blocks.toml#clean:", "blocks.toml#noisy:"]
    clean, noisy = (RunFolder(Path("out") / name).read_record() for name in ("clean", "noisy"))
    assert ([one.text for one in clean.conditions], clean.seeds) == (["clean"], (0,))
    assert ([one.text for one in noisy.conditions], noisy.seeds) == (["clean", "noise:snr_db=0"], (3, 4))
    assert (noisy.stress_seed, noisy.hidden, noisy.draws) == (9, True, 200)
    assert noisy.command.startswith("emobench run --suite blocks.toml#noisy --preset suite")
    again = [*shlex.split(noisy.command)[1:], "-q", "--format", "latex", "--out", "out/noisy"]
    assert exit_code(again) == 0
    assert RunFolder(Path("out/noisy")).read_record() == noisy


def test_a_mistake_in_the_last_block_is_found_before_the_first_runs(
    blocks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["run", "--suite", f"{blocks}#noisy", "--format", "latex", "-q", "--out", "out/noisy"]) == 0
    assert exit_code(["run", "--suite", blocks, "--stress-seed", "1", "-q", "--out", "out"]) == 2
    assert "holds a run made with --stress-seed 9, got --stress-seed 1" in capsys.readouterr().err
    assert not Path("out/clean").exists()


def test_without_a_folder_each_block_has_one_named_after_it(blocks: str) -> None:
    assert exit_code(["run", "--suite", blocks, "--format", "latex", "-q"]) == 0
    names = sorted(path.name.rpartition(".")[0] for path in Path("runs").iterdir())
    assert names == ["blocks-clean.simulated", "blocks-noisy.simulated"]


def test_blocks_are_shown_one_after_the_other(blocks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["show", blocks]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("blocks (suite, block clean) Two Run it: emobench run --suite blocks.toml#clean")
    assert "blocks (suite, block noisy) Two Run it: emobench run --suite blocks.toml#noisy" in shown
    assert shown.endswith("First training seed 3, stress seed 9, 200 bootstrap draws, hidden vectors are kept.")

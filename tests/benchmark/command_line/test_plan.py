"""`emobench plan`: what it prints, that it computes nothing, and that it needs little to say it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.run_folder import RunFolder

DATA = "simulated:test=4,train=8,validation=4"
PAPER = f"""
title = "Paper"
data = ["{DATA}", "iemocap"]
models = ["prior"]
metrics = ["nll"]
draws = 200
[[block]]
name = "clean"
[[block]]
name = "drop"
protocols = ["modality_drop:rate=0.5"]
"""


@pytest.fixture
def paper(terminal: Path) -> str:
    (terminal / "paper.toml").write_text(PAPER, encoding="utf-8")
    return "paper.toml"


def test_every_block_is_told_and_nothing_is_written(paper: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["plan", paper, "--seeds", "2", "--workers", "2", "--out", "out"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("emobench: missing data: iemocap: ")
    clean, drop = said.out.split("\n\n")
    assert clean.startswith("Block clean: out/clean\n")
    assert drop.startswith("Block drop: out/drop\n")
    assert "Cells  4: 0 done, 4 missing; 2 to train" in drop
    assert max(map(len, said.out.splitlines())) <= 80
    assert sorted(path.name for path in Path().iterdir()) == ["paper.toml"]


def test_blocks_learn_from_each_other_and_a_part_that_is_done_is_not_counted(
    paper: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["run", "--suite", f"{paper}#clean", "-q", "--format", "latex", "--out", "out/clean"]) == 0
    capsys.readouterr()
    assert exit_code(["plan", "--suite", paper, "--out", "out", "--json"]) == 0
    clean, drop = json.loads(capsys.readouterr().out)["runs"]
    assert clean["cells"] == {"cells": 2, "done": 2, "failed": 0, "declined": 0, "missing": 0}
    assert clean["time"]["most_seconds"] == 0
    assert (drop["cells"]["missing"], drop["sources"]) == (4, ["out/clean"])
    (prior, _) = drop["rows"]
    assert (prior["cost"]["unknown_fits"], prior["cost"]["unknown_cells"]) == (0, 1), "of modality_drop nobody knows"
    assert prior["cost"]["least_seconds"] > 0
    assert exit_code(["plan", f"{paper}#clean", "--out", "out/clean"]) == 0
    assert "Cells  2: 2 done, 0 missing; 0 to train\n" in capsys.readouterr().out


def test_what_is_typed_is_planned_without_a_suite(paper: str, capsys: pytest.CaptureFixture[str]) -> None:
    typed = ["--model", "prior", "--data", DATA, "--data", f"{DATA},seed=1", "--hidden"]
    assert exit_code(["plan", *typed]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("runs/prior.simulated-simulated.")
    assert "data" in shown.splitlines()[1], "where there are several"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["papr.toml"], "cannot read the suite papr.toml"),
        (["cmerc_tabel2"], "did you mean 'cmerc_table2'"),
        ([], "expected at least one model; type --model rage_fusion or --suite rage_fusion_table3"),
        (["--model", "prior", "--workers", "0"], "'--workers'"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], message: str, paper: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["plan", *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_plan_needs_no_heavy_package(paper: str) -> None:
    code = "import sys\nfrom emobench.benchmark.command_line import exit_code\n"
    code += f"exit_code(['plan', {paper!r}])\nprint()\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded & {"torch", "pandas", "sklearn", "scipy", "matplotlib", "netcal"} == set()


def test_what_the_folder_records_is_read_once(paper: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert exit_code(["run", "--suite", f"{paper}#clean", "-q", "--format", "latex", "--out", "out"]) == 0
    read: list[Path] = []

    def told(folder: RunFolder) -> str:
        read.append(folder.path)
        return folder.record_path.read_text(encoding="utf-8")

    monkeypatch.setattr(RunFolder, "_read_text", told)
    assert exit_code(["plan", f"{paper}#clean", "--out", "out"]) == 0
    assert read == [Path("out")]

"""The page about foreign models: its example runs as printed, and its tables are whole."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import emobench
from emobench.baselines.foreign_models.contract import INPUTS, Contract

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "foreign_models.md"
EXAMPLE = ROOT / "docs" / "examples" / "foreign"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_runs_as_printed(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "docs" / "examples" / "foreign")
    (contract,) = blocks("toml")
    assert contract == (EXAMPLE / "gru.toml").read_text(encoding="utf-8")
    # `emobench` and `python` are those of the environment that runs the tests.
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, call in (("emobench", "-m emobench"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    package = str(Path(emobench.__file__).parent.parent)
    done = subprocess.run(
        ["sh", "-euc", "\n".join(blocks("bash"))],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]),
            "EMOBENCH_HOME": str(tmp_path / "home"),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^epoch 2: loss 0\.\d+$", done.stdout, re.MULTILINE)
    run = tmp_path / "docs" / "examples" / "foreign" / "runs" / "foreign"
    fits = {fit["model"].partition(":")[0]: fit for fit in json.loads((run / "run.json").read_text())["fits"]}
    assert {fits[name]["state"] for name in ("foreign", "foreign_network")} == {"done"}, done.stderr
    notes = fits["foreign"]["notes"]
    assert notes["device"] == "calls that ask for CUDA were given the CPU"
    assert "warning" not in notes
    assert fits["foreign"]["parameters"] == fits["foreign_network"]["parameters"] > 0
    assert (run / "report.html").is_file()


def test_the_table_of_the_keys_is_whole() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| key |") : text.index("The last six")]
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", table, re.MULTILINE))
    assert {*rows} == {*Contract.model_fields}
    for name, field in Contract.model_fields.items():
        shown = rows[name].strip().strip("`")
        if isinstance(field.default, str | int | float) and field.default != "" and name not in ("root", "python"):
            assert shown == f"{field.default:g}" if isinstance(field.default, float) else shown == str(field.default)


def test_the_table_of_the_inputs_is_whole() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| input |") : text.index("The factory is called")]
    first = " ".join(line.split("|")[1] for line in table.strip().splitlines()[2:])
    assert {*re.findall(r"`(\w+)`", first)} == {*INPUTS, "text", "audio"}

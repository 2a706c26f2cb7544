"""The LaTeX file through pdflatex. Fails, not skips, where there is no pdflatex."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from latex_runs import RUNS

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.formats.latex import LatexDocument

Maker = Callable[..., RunFolder]


def compiled(folder: Path) -> str:
    """Compile twice and return the log."""
    for _ in range(2):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:]
    return (folder / "report.log").read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("name", RUNS)
def test_it_compiles_without_overfull_boxes_or_warnings(tmp_path: Path, make_run: Maker, name: str) -> None:
    folder = make_run(tmp_path, **RUNS[name])
    LatexDocument().write(folder)
    log = compiled(folder.path)
    assert (
        re.findall(r"^(?:Overfull|LaTeX Warning|Package .* Warning|Missing character).*", log, flags=re.MULTILINE) == []
    )


def test_figures_are_included_where_they_are(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, only=("clean",), metrics=("weighted_f1", "confusion"), models=("rage_fusion", "a", "b"))
    LatexDocument().write(folder)
    assert ".pdf>" not in compiled(folder.path)
    FigureFiles().write(folder)
    log = compiled(folder.path).replace("\n", "")
    for model in ("rage-fusion", "a", "b"):
        assert f"figures/confusion-simulated-{model}.pdf" in log

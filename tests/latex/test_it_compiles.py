"""The LaTeX file through pdflatex. Fails, not skips, where there is no pdflatex."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.formats.latex import LatexDocument

Maker = Callable[..., RunFolder]
RUNS: dict[str, dict[str, object]] = {
    "two data sets and four models": {
        "models": ("rage_fusion", "late_fusion:preset=a_rather_long_one,with_more=arguments", "prior", "bayes_optimal"),
        "data": ("simulated", "meld"),
        "failed": (("prior", "modality_drop:drop=text", "it was out of memory"),),
    },
    "one of everything": {
        "models": ("prior",),
        "data": ("mosi",),
        "only": ("clean",),
        "selection": "test",
        "dialogues": 31,
    },
    "sixty conditions": {
        "models": ("rage_fusion", "m3net", "late_fusion", "bayes_optimal"),
        "stresses": True,
        "failed": tuple(("m3net", f"noise:snr_db={level}", "it was out of memory") for level in (20, 10, 5, 0, -5)),
    },
    "hostile names": {
        "models": ('<script>alert("1")</script>&_%', "_{under}$x$~^\\#", "中文 é ß α", "bayes_optimal"),
        "classes": ("a<b>", "$x_1$ & 50%", "é→中", "~^\\#{}"),
        "command": 'emobench run --model "\\input{x}" && %$#_^ ' + "x" * 300,
        "failed": (("_{under}$x$~^\\#", "", "\\end{document} & " + "y" * 200),),
    },
}


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

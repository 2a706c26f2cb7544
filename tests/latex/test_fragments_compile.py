"""The files of tex/ through pdflatex and bibtex, in two columns. Fails, not skips, where there is no pdflatex."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from latex_runs import RUNS

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.latex import LatexDocument

Maker = Callable[..., RunFolder]
BAD = re.compile(r"^(?:Overfull|LaTeX Warning|LaTeX Font Warning|Package .* Warning|Missing character).*", re.MULTILINE)
TEN = ("rage_fusion", "m3net", "late_fusion", "mmgcn", "mm_dfn", "sure", "sdt", "mister_e", "dialogue_rnn")
MORE: dict[str, dict[str, object]] = {
    "ten models under sixty conditions": {
        "models": (*TEN, "multi_emo:preset=paper_meld,select_by=macro_f1", "bayes_optimal"),
        "stresses": True,
        "seeds": (0,),
        "dialogues": 30,
    },
}


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def compiled(folder: Path, name: str, *, citing: bool) -> str:
    """Compile until references are known, and return the log."""
    latex = ("pdflatex", "-interaction=nonstopmode", "-halt-on-error", name)
    run(folder, *latex)
    if citing:
        run(folder, "bibtex", name)
        run(folder, *latex)
    run(folder, *latex)
    return (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("name", [*RUNS, *MORE])
def test_all_files_fit_into_two_columns(tmp_path: Path, make_run: Maker, name: str) -> None:
    folder = make_run(tmp_path, **(RUNS | MORE)[name])
    LatexDocument().write(folder)
    assert BAD.findall(compiled(folder.path / "tex", "sample", citing=True)) == []
    run(folder.path / "tex", "pdftotext", "-layout", "sample.pdf", "sample.txt")
    text = (folder.path / "tex" / "sample.txt").read_text(encoding="utf-8")
    assert "??" not in text


@pytest.mark.parametrize("document", [r"\documentclass[10pt]{article}", r"\documentclass[twocolumn,11pt]{article}"])
def test_each_file_compiles_alone(tmp_path: Path, make_run: Maker, document: str) -> None:
    folder = make_run(tmp_path, models=("m3net+cmerc", "m3net", "prior"), data=("meld",), only=("clean",), dialogues=60)
    LatexDocument(layout="cmerc_table5").write(folder)
    target = folder.path / "tex"
    for path in sorted(target.glob("*.tex")):
        if path.stem in ("preamble", "sample", "methods") or path.stem.startswith("figure-"):
            continue
        text = f"{document}\n\\input{{preamble}}\n\\begin{{document}}\n\\input{{{path.stem}}}\n\\end{{document}}\n"
        (target / "alone.tex").write_text(text, encoding="utf-8")
        assert BAD.findall(compiled(target, "alone", citing=False)) == [], path.name


@pytest.mark.parametrize(
    "layout",
    [
        "cmerc_table2", "cmerc_table4", "cmerc_table5", "cmerc_table6", "sure_table2", "sure_table3",
        "mister_e_table2", "rage_fusion_table3",
    ],
)  # fmt: skip
def test_layouts_of_papers_compile(tmp_path: Path, make_run: Maker, layout: str) -> None:
    meld = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
    models = ("m3net", "m3net+cmerc", "mmgcn:preset=paper_meld,select_by=macro_f1", "sure", "rage_fusion", "mister_e")
    folder = make_run(
        tmp_path, models=models, data=("meld", "simulated"), classes=meld, only=("clean",), dialogues=40,
        metrics=("weighted_f1", "accuracy", "ece", "f1"),
    )  # fmt: skip
    LatexDocument(layout=layout).write(folder)
    assert BAD.findall(compiled(folder.path, "report", citing=False)) == []
    assert BAD.findall(compiled(folder.path / "tex", "sample", citing=True)) == []

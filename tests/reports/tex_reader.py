"""A second reader of the LaTeX file."""

import re

from emobench.benchmark.run_folder import RunFolder


def shown(cell: str) -> str:
    """Return what a reader sees of a cell."""
    cell = cell.replace(r"\allowbreak{}", "").replace("$-$", "−").replace(r"$\pm$", "± ")
    cell = re.sub(r"\\textsuperscript\{[^{}]*\}", "", cell)
    # Boxes that only keep room.
    cell = re.sub(r"\\hphantom\{(?:[^{}]|\{\})*\}", "", cell)
    cell = cell.replace(r"{\scriptsize\mbox{}}", "").replace(r"\hspace{.15em}", "")
    cell = cell.replace(r"\rlap", "").replace(r"\underline", "")
    cell = re.sub(r"\\textless\{\}", "<", re.sub(r"\\textgreater\{\}", ">", cell))
    while (
        inner := re.sub(r"\\(?:textbf|texttt|mbox|scriptsize|bfseries)\s*\{?((?:[^{}\\])*)\}?", r"\1", cell)
    ) != cell:
        cell = inner
    return " ".join(cell.replace("{", "").replace("}", "").replace("\\_", "_").split())


def tables(folder: RunFolder) -> dict[str, list[list[str]]]:
    """Return the rows of each longtable by label."""
    text = (folder.path / "report.tex").read_text(encoding="utf-8")
    found = {}
    for body in re.findall(r"\\begin\{longtable\}(.*?)\\end\{longtable\}", text, flags=re.DOTALL):
        label = re.search(r"\\label\{tab:([^}]*)\}", body)
        assert label is not None
        lines = body[body.index(r"\endlastfoot") :].splitlines()[1:]
        rows = [re.split(r"(?<!\\)&", line.removesuffix(r" \\")) for line in lines if line.endswith(r" \\")]
        found[label[1]] = [[shown(cell) for cell in row] for row in rows]
    return found

"""What the reports of a small fixed run say, word for word; a change shows as a difference of lines.

A change that is meant is taken over with `EMOBENCH_REFRESH_GOLD=1 pytest tests/reports/test_gold.py`; the difference
of the gold files then belongs to the change.
"""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_hidden import add_hidden

from emobench.benchmark.registry import FORMATS, make
from emobench.benchmark.run_folder import RunFolder

GOLD = Path(__file__).parent / "gold"
REFRESH = "EMOBENCH_REFRESH_GOLD"
MOST_LINES = 80
BLOCKS = {
    "p", "li", "tr", "h1", "h2", "h3", "h4", "caption", "summary", "figcaption", "dt", "dd", "pre", "div", "label",
}  # fmt: skip


@dataclass
class Said(HTMLParser):
    """What a page says, a line for each paragraph, heading or row; of a drawing its name alone."""

    lines: list[str] = field(default_factory=lambda: [""])
    inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self.lines.append("#" * int(tag[1]) + " " if tag in ("h1", "h2", "h3", "h4") else "")
        if tag in ("td", "th"):
            self.lines[-1] += " | "
        if tag in ("svg", "style", "script", "title"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()
        if tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.lines[-1] += data
        elif self.inside == ["svg", "title"]:
            self.lines.append(f"[drawing: {data}]")


def said_by(page: str) -> str:
    reader = Said()
    reader.feed(page)
    lines = (" ".join(line.split()) for line in reader.lines)
    return "\n".join(line for line in lines if line.strip("| ")) + "\n"


@pytest.fixture(scope="module")
def folder(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Two models and the ceiling, a curve, removals, hidden vectors of one model, and something that failed."""
    made = make_run(
        tmp_path_factory.mktemp("runs") / "gold", models=("m3net", "late_fusion", "bayes_optimal"), dialogues=60,
        seeds=(0, 1), failed=(("late_fusion", "modality_drop:drop=audio", "out of memory"),),
        only=("clean", "modality_drop:drop=text", "modality_drop:drop=audio", "modality_drop:rate=0.3",
              "modality_drop:rate=0.5"),
        metrics=("weighted_f1", "ece", "nll", "signed_gap", "cel", "f1"),
    )  # fmt: skip
    add_hidden(made, {"m3net": 4}, dialogues=60)
    for name in ("csv", "html:dialogues=0", "latex", "markdown"):
        make(FORMATS, name).write(made)
    return made


def tables_of(folder: RunFolder) -> str:
    """Return the names of the CSV files, their heads and how many lines they have."""
    found = []
    for path in sorted((folder.path / "tables").glob("*.csv")):
        lines = path.read_text(encoding="utf-8").splitlines()
        found.append(f"{path.name}: {len(lines) - 1} rows of {lines[0]}")
    return "\n".join([*found, ""])


@pytest.mark.parametrize("name", ["page.txt", "report.md", "report.tex", "tables.txt"])
def test_the_reports_say_what_they_said(folder: RunFolder, name: str) -> None:
    if name == "page.txt":
        now = said_by((folder.path / "report.html").read_text(encoding="utf-8"))
    else:
        now = tables_of(folder) if name == "tables.txt" else (folder.path / name).read_text(encoding="utf-8")
    path = GOLD / name
    if os.environ.get(REFRESH):
        GOLD.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    then = path.read_text(encoding="utf-8")
    changed = list(difflib.unified_diff(then.splitlines(), now.splitlines(), "was", "is", n=1, lineterm=""))
    more = [f"… and {len(changed) - MOST_LINES} lines more"] if len(changed) > MOST_LINES else []
    assert now == then, "\n".join(
        [f"{name} is not what it was; if that is meant: {REFRESH}=1 pytest {__file__}", *changed[:MOST_LINES], *more]
    )

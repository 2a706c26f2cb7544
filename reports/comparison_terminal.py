"""The tables of `emobench compare` on the terminal; they fit 80 columns."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from .comparisons import ComparisonTable, view_of
from .numbers import interval, number, percent, signed

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LABEL_WIDTH = 17
"""Characters of the first column that the other columns leave of 80."""
_STYLES = {"better": "green", "worse": "red"}


def comparison_summary(path: Path) -> "RenderableType":
    """Return what to print with rich about a comparisons.parquet.

    Raises
    ------
    RunFolderError
        When it is missing or damaged.
    """
    from rich.console import Group
    from rich.text import Text

    view = view_of(path)
    notes = [Text(sentence, style="dim") for sentence in view.sentences]
    return Group(*map(_table, view.tables), *notes, Text(f"Written: {path}", no_wrap=True, overflow="ignore"))


def _table(one: ComparisonTable) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(one.title),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        padding=(0, 1, 0, 0),
        width=80,
    )
    table.add_column("condition", ratio=1, overflow="fold")
    level = percent(one.rows[0].level, decimals=0)
    for head in ("change", f"{level} interval", "p", "verdict", "detects"):
        table.add_column(head, justify="left" if head == "verdict" else "right", no_wrap=True)
    for row in one.rows:
        cells = (signed(row.difference), interval(row.low, row.high), number(row.p_adjusted))
        table.add_row(
            Text(_broken(row.label)),
            *map(Text, cells),
            Text(row.verdict, style=_STYLES.get(row.verdict, "")),
            Text(number(row.detectable)),
        )
    return table


def _broken(label: str) -> str:
    """Return a label, broken after its signs where it is too long for a line."""
    lines = [""]
    for piece in re.split(r"(?<=[,+:/→])", label):
        if len(lines[-1] + piece) > LABEL_WIDTH and lines[-1].strip():
            lines.append("  ")
        lines[-1] += piece.lstrip() if not lines[-1].strip() else piece
    return "\n".join(lines)

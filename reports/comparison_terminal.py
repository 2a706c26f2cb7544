"""The tables of `emobench compare` on the terminal; they fit 80 columns."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..benchmark.run_folder import RunFolder
from .comparisons import ComparisonTable, view_of
from .numbers import number, percent
from .ranks import rank_sentence

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LABEL_WIDTH = 17
"""Characters of the first column that the other columns leave of 80."""
_VERDICTS = ("better", "worse", "higher", "lower", "equivalent", "not told apart", "not defined")
_STYLES = {"better": "green", "worse": "red"}


def comparison_summary(path: Path, *, replaced: bool = False) -> "RenderableType":
    """Return what to print with rich about a comparisons.parquet.

    Parameters
    ----------
    replaced
        Whether it took the place of an earlier one.

    Raises
    ------
    RunFolderError
        When it is missing or damaged.
    """
    from rich.console import Group
    from rich.text import Text

    view = view_of(path)
    ranked = [rank_sentence(one) for one in view.ranks]
    shown = [Text("Average ranks on clean input", style="bold"), *map(Text, ranked), Text()] if ranked else []
    shown += [Text("Who is better where", style="bold"), *map(Text, _tallies(view.tables))]
    notes = [Text(sentence, style="dim") for sentence in view.sentences if sentence not in ranked]
    ending = [f"Written: {path}"]
    if replaced:
        ending.append("This replaces the comparisons of an earlier call.")
    if RunFolder(path.parent).record_path.exists():
        ending.append(f"To show them on the page, type `emobench report {path.parent}`.")
    # A path that is broken can be neither clicked nor copied.
    said = [Text(line, no_wrap=True, overflow="ignore") for line in ending]
    return Group(*shown, Text(), *map(_table, view.tables), *notes, *said)


def _tallies(tables: Sequence[ComparisonTable]) -> Iterator[str]:
    """Yield by metric and sides how often each verdict occurs over all data, such as `2 better, 1 not told apart`."""
    metrics = list(dict.fromkeys(one.rows[0].metric for one in tables))
    counts: dict[str, Counter[str]] = {}
    for one in sorted(tables, key=lambda table: metrics.index(table.rows[0].metric)):
        sides = one.title.replace(f" on {one.rows[0].data}", "", 1)
        counts.setdefault(sides, Counter()).update(row.verdict for row in one.rows)
    for sides, count in counts.items():
        yield f"{sides}: " + ", ".join(f"{count[verdict]} {verdict}" for verdict in _VERDICTS if count[verdict])


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
    above = ""
    for row in one.rows:
        protocol = _protocol(row.condition)
        if protocol not in ("", above):
            table.add_row(Text(protocol, style="italic"))
        above = protocol
        label = row.label.removeprefix(f"{protocol}:") if protocol else row.label
        cells = (one.shown(row).value, one.shown(row).interval, number(row.p_adjusted))
        table.add_row(
            Text(_broken(label)),
            *map(Text, cells),
            Text(row.verdict, style=_STYLES.get(row.verdict, "")),
            Text(number(row.detectable)),
        )
    return table


def _protocol(condition: str) -> str:
    """Return the protocol that a line above the row can name; empty: clean input, a chain, or nothing to leave out."""
    return condition.partition(":")[0] if ":" in condition and "+" not in condition else ""


def _broken(label: str) -> str:
    """Return a label, broken after its signs where it is too long for a line."""
    lines = [""]
    for piece in re.split(r"(?<=[,+:/→])", label):
        if len(lines[-1] + piece) > LABEL_WIDTH and lines[-1].strip():
            lines.append("  ")
        lines[-1] += piece.lstrip() if not lines[-1].strip() else piece
    return "\n".join(lines)

"""The short table that ends a run on the terminal: main figures under a few conditions, and where the report is."""

import re
from typing import TYPE_CHECKING

from ..benchmark.run_folder import RunFolder
from .contents import DataView, ModelView, label_of
from .gathering import read
from .numbers import MISSING, interval, number
from .results import Result
from .selection import warnings
from .stress_contents import CLEAN
from .vocabulary import text_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LABEL_WIDTH = 33
"""Characters of the first column that the figures leave of 80."""
REPORTS = ("report.html", "report.tex")
"""Files to point to, the first that is there."""


def summary(folder: RunFolder) -> "RenderableType":
    """Return what to print with rich after a run; it fits 80 columns.

    Raises
    ------
    RunFolderError
        When the folder was not scored.
    """
    from rich.console import Group
    from rich.text import Text

    run = read(folder)
    lines: list[RenderableType] = [_table(data) for data in run.data]
    more = max((len(data.conditions) - len(shown_conditions(data)) for data in run.data), default=0)
    if more > 0:
        lines.append(Text(f"The report has {more} conditions more.", style="dim"))
    if run.problems:
        lines.append(Text(f"Not computed: {len(run.problems)} (the report says what and why).", style="yellow"))
    told = [warning for data in run.data for warning in warnings(data)]
    if told:
        more_told = f" ({len(told) - 1} more in the report)" if told[1:] else ""
        lines.append(Text(f"May be too good: {told[0]}{more_told}", style="yellow"))
    reports = [folder.path / name for name in REPORTS if (folder.path / name).exists()]
    if reports:
        # A path that is cut or wrapped can be neither clicked nor copied.
        lines.append(Text(f"Report: {reports[0]}", no_wrap=True, overflow="ignore"))
    return Group(*lines)


def shown_conditions(data: DataView) -> tuple[str, ...]:
    """Return the few conditions that tell most.

    Clean, the worst off the curves, and of each protocol's worst curve the last rung; with one curve in all its middle
    too.
    """
    off_curves = [condition.text for condition in data.other if condition.text != CLEAN]
    worst = min(off_curves, key=lambda text: _mean_quality(data, text), default=None)
    rungs: list[str] = []
    for stress in data.stresses:
        ends = [curve.rungs for curve in stress.curves]
        lowest = min(ends, key=lambda ends: _mean_quality(data, ends[-1].condition), default=())
        middle = [lowest[len(lowest) // 2].condition] if len(data.curves) == 1 and lowest else []
        rungs += [*middle, *(rung.condition for rung in lowest[-1:])]
    return tuple(dict.fromkeys((CLEAN, *([worst] if worst else []), *rungs)))


def _mean_quality(data: DataView, condition: str) -> float:
    # Without the exact posterior, which is not known everywhere.
    models = data.competitors or data.models
    found = [figures[data.quality].value for m in models if data.quality in (figures := m.results(condition))]
    return sum(found) / len(found) if found else float("inf")


def _table(data: DataView) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    kind = "simulated data, " if data.simulated else ""
    title = Text(f"{data.name} ({kind}test split: {data.dialogues} dialogues, {data.utterances} utterances)")
    table = Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", padding=(0, 1, 0, 0), title_style="bold", width=80
    )
    table.add_column("model, condition", ratio=1, overflow="fold")
    table.add_column(text_of(data.quality).title if data.quality else "quality", no_wrap=True)
    table.add_column("ECE (floor)", no_wrap=True)
    table.add_column("NLL", justify="right", no_wrap=True)
    for model in data.models:
        table.add_row(Text(model.name + " (ceiling)" * model.reference, style="bold"))
        shown = [condition for condition in shown_conditions(data) if model.results(condition)]
        if not shown:
            table.add_row(Text("  nothing was computed"))
        for condition in shown:
            label = condition if len(data.stresses) > 1 else _label(data, condition)
            table.add_row(*(Text(cell) for cell in (indented(label), *_figures(model, data, condition))))
        table.add_section()
    return table


def indented(label: str) -> str:
    """Return the text of a condition, broken after its commas and pluses where it is too long for a line."""
    lines = ["  "]
    for piece in re.split(r"(?<=[,+:])", label):
        if len(lines[-1] + piece) > LABEL_WIDTH and lines[-1].strip():
            lines.append("    ")
        lines[-1] += piece
    return "\n".join(lines)


def _label(data: DataView, condition: str) -> str:
    return next(label_of(one) for one in data.conditions if one.text == condition)


def _figures(model: ModelView, data: DataView, condition: str) -> tuple[str, str, str]:
    figures = model.results(condition)
    quality, ece, nll = (figures.get(metric) for metric in (data.quality, "ece", "nll"))
    return (_with_interval(quality), _with_floor(ece), number(nll.value if nll else None))


def _with_interval(figure: Result | None) -> str:
    if figure is None:
        return MISSING
    return f"{number(figure.value)} {interval(figure.low, figure.high)}".strip()


def _with_floor(figure: Result | None) -> str:
    if figure is None:
        return MISSING
    floor = number(figure.floor_high)
    return number(figure.value) if floor == MISSING else f"{number(figure.value)} (≤{floor})"

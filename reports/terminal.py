"""The short table that ends a run on the terminal: main figures under a few conditions, and where the report is."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..benchmark.run_folder import RunFolder
from .contents import DataView, ModelView, RunView, label_of
from .latency_summary import latency_line
from .numbers import MISSING, apart
from .only import read_view
from .published import beside
from .results import Result
from .selection import warnings
from .stress_contents import CLEAN
from .vocabulary import ONLINE, text_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

WIDTH, LABEL_WIDTH = 80, 32
"""Characters of a line, and those of its first column that figures of the usual length leave."""
_EDGES, _BETWEEN = 3, 2
"""Characters that hold nothing: at the ends of a line and behind its first column, and around each other column."""
ASKED = 6
"""Conditions asked for one by one that are shown at most."""
INSTEAD = 3
"""Metrics that are shown at most where the main ones are not in the run."""
REPORTS = ("report.html", "report.tex")
"""Files to point to, the first that is there."""


def summary(folder: RunFolder, written: Sequence[Path] = ()) -> "RenderableType":
    """Return what to print with rich after a run; it fits 80 columns.

    Parameters
    ----------
    written
        Reports to point to; empty: the page, or else the paper, where the folder has it.

    Raises
    ------
    RunFolderError
        When the folder was not scored.
    """
    from rich.console import Group
    from rich.text import Text

    run, _ = read_view(folder)
    lines: list[RenderableType] = [_table(data, _shown(data, run)) for data in run.data if run.scored]
    if rule := _rule(run):
        lines.append(Text(rule, style="dim"))
    if latencies := latency_line(run):
        lines.append(Text(latencies, style="dim"))
    lines += [Text(f"Missing: {sentence}.", style="yellow") for sentence in run.missing]
    if run.problems:
        lines.append(Text(f"Not computed: {len(run.problems)} (the report says what and why).", style="yellow"))
    told = [warning for data in run.data for warning in warnings(data)]
    if told:
        more_told = f" ({len(told) - 1} more in the report)" if told[1:] else ""
        lines.append(Text(f"May be too good: {told[0]}{more_told}", style="yellow"))
    reports = written or [folder.path / name for name in REPORTS if (folder.path / name).exists()][:1]
    if reports:
        lines += [Text(told, style="dim") for told in _published(run)]
        # A path that is cut or wrapped can be neither clicked nor copied.
        lines += [Text(f"Report: {path}", no_wrap=True, overflow="ignore") for path in reports]
    return Group(*lines)


def _published(run: RunView) -> Iterator[str]:
    """Say for which models the report has figures of papers beside its own."""
    models = dict.fromkeys(pair.model.name for data in run.data for pair in beside(data))
    if models:
        yield f"Beside published figures: {', '.join(models)} (in the report, with how epochs were chosen)."


def shown_conditions(data: DataView, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the few conditions that tell most, in the order of the run.

    Clean, those asked for one by one, of each protocol the worst (mean over the models), and what an online interface
    faces. A single curve is shown by its middle and its last rung too.

    Parameters
    ----------
    asked
        Protocols and conditions as they were typed.
    """
    typed = [_parsed(text) for text in asked]
    one_by_one = [one.text for one in data.conditions if _parsed(one.text) in typed]
    # The last of several that are alike: rungs go from mild to severe.
    worst = [
        min(texts, key=lambda text: _mean_quality(data, text))
        for stress in data.stresses
        if (texts := [one.text for one in reversed(stress.conditions) if one.text not in data.nothing_left])
    ]
    curve = [data.curves[0].rungs[place].condition for place in _ends(data)]
    online = [one.text for one in data.conditions if one.text == ONLINE]
    chosen = {*one_by_one[:ASKED], *worst, *curve, *online}
    return (CLEAN, *(one.text for one in data.conditions if one.text in chosen and one.text != CLEAN))


def _rule(run: RunView) -> str:
    """Say which conditions the table holds; empty: all."""
    more = max((len(data.conditions) - len(_shown(data, run)) for data in run.data), default=0)
    if more <= 0:
        return ""
    curve = ", the middle and the end of the curve" if any(_ends(data) for data in run.data) else ""
    online = f", {ONLINE}" if any(one.text == ONLINE for one in run.record.conditions) else ""
    return (
        f"Shown: clean, conditions asked for one by one, the worst of each protocol (mean over models){curve}{online}; "
        f"the report has {more} more."
    )


def _shown(data: DataView, run: RunView) -> tuple[str, ...]:
    return shown_conditions(data, run.record.protocols)


def _ends(data: DataView) -> tuple[int, ...]:
    """Return the rungs of a single curve that are shown."""
    return (len(data.curves[0].rungs) // 2, -1) if len(data.curves) == 1 else ()


def _parsed(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return a condition as stresses with arguments, whose order does not matter."""
    stresses = (part.partition(":") for part in text.split("+"))
    return tuple((name.strip(), frozenset(arguments.split(","))) for name, _, arguments in stresses)


def _mean_quality(data: DataView, condition: str) -> tuple[float, float]:
    """Return the mean over the models, then that of all: the exact posterior, not known everywhere, settles ties."""
    means = [
        [figures[data.quality].value for m in models if data.quality in (figures := m.results(condition))]
        for models in (data.competitors or data.models, data.models)
    ]
    first, second = (sum(found) / len(found) if found else float("inf") for found in means)
    return (first, second)


def _table(data: DataView, conditions: Sequence[str]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    kind = "simulated data, " if data.simulated else ""
    title = Text(f"{data.name} ({kind}test split: {data.dialogues} dialogues, {data.utterances} utterances)")
    table = Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", padding=(0, 1, 0, 0), title_style="bold", width=WIDTH
    )
    table.add_column("model, condition", ratio=1, overflow="fold")
    columns = _columns(data)
    for metric in columns:
        # Names of metrics with arguments are long; they may take several lines, figures may not.
        head = {"ece": "ECE (floor)"}.get(metric, text_of(metric).title)
        table.add_column(head, justify="right" if metric == "nll" else "left", overflow="fold", min_width=5)
    width = _label_width([[*_figures(model, columns, text)] for model in data.models for text in conditions])
    for model in data.models:
        table.add_row(Text(indented(model.name + " (ceiling)" * model.reference, width, by=""), style="bold"))
        shown = [condition for condition in conditions if columns and model.results(condition)]
        if not shown:
            table.add_row(Text("  in the report: figures by part" if model.parts else "  nothing was computed"))
        for condition in shown:
            label = condition if len(data.stresses) > 1 else _label(data, condition)
            table.add_row(*(Text(cell) for cell in (indented(label, width), *_figures(model, columns, condition))))
        table.add_section()
    return table


def _label_width(rows: Sequence[Sequence[str]]) -> int:
    """Return how many characters figures leave for the first column."""
    longest = [max(map(len, column)) + _BETWEEN for column in zip(*rows, strict=True)]
    return min(LABEL_WIDTH, WIDTH - _EDGES - sum(longest)) if longest else LABEL_WIDTH


def indented(label: str, width: int = LABEL_WIDTH, *, by: str = "  ") -> str:
    """Return the text of a condition, broken after signs, such as its commas, where it is too long for a line.

    Its lines begin with `by`, all but the first with two spaces more.
    """
    lines = [by]
    for piece in re.split(r"(?<=[,+:/])", label):
        if len(lines[-1] + piece) > width and lines[-1].strip():
            lines.append(f"{by}  ")
        lines[-1] += piece
    return "\n".join(lines)


def _label(data: DataView, condition: str) -> str:
    return next(label_of(one) for one in data.conditions if one.text == condition)


def _columns(data: DataView) -> tuple[str, ...]:
    """Return the metrics of the table: the main ones, or the first of the others where the run has none of them."""
    main = tuple(metric for metric in (data.quality, "ece", "nll") if metric in data.metrics)
    return main or data.metrics[:INSTEAD]


def _figures(model: ModelView, columns: Sequence[str], condition: str) -> Iterator[str]:
    figures = model.results(condition)
    for metric in columns:
        figure = figures.get(metric)
        if metric == "nll":
            yield figure.shown.value if figure else MISSING
        else:
            yield _with_floor(figure) if metric == "ece" else _with_interval(figure)


def _with_interval(figure: Result | None) -> str:
    if figure is None:
        return MISSING
    return str(figure.shown)


def _with_floor(figure: Result | None) -> str:
    if figure is None:
        return MISSING
    value, floor = apart(figure.value, figure.floor_high, decimals=figure.shown.decimals)
    return value if floor == MISSING else f"{value} (≤{floor})"

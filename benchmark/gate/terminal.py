"""A check on the terminal: by rule what passed, and a sentence for everything else."""

from typing import TYPE_CHECKING

from ...reports.numbers import number, percent
from .grouping import grouped
from .timings import LATENCY_METRICS
from .verdicts import Outcome, Status, Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 80
"""Columns that it fits."""
MOST_PASSES = 10
"""A rule with more passes gets a count of them instead of a sentence each."""
MOST_NAMED = 3
"""So many of the figures that may be beyond what is allowed are named."""
_STYLES: dict[Status, str] = {
    "pass": "green",
    "regression": "bold red",
    "failed": "bold red",
    "inconclusive": "yellow",
    "not measured": "yellow",
}


def summary(outcome: Outcome) -> "RenderableType":
    """Return what to print with rich."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), width=WIDTH)
    longest = max((len(verdict.word) for verdict in outcome.verdicts), default=0)
    table.add_column(no_wrap=True, width=max(longest, len("inconclusive")))
    table.add_column(ratio=1, overflow="fold")
    for number_, verdicts in _by_rule(outcome).items():
        table.add_row(f"rule {number_}", Text(_heading(verdicts[0]), style="bold"))
        passes = [verdict for verdict in verdicts if verdict.status == "pass"]
        others = [verdict for verdict in verdicts if verdict.status != "pass"]
        shown = [*others, *(passes if len(passes) <= MOST_PASSES else [])]
        for said in grouped(shown, short=True):
            table.add_row(Text(said.first.word, style=_STYLES[said.first.status]), Text(said.text))
        if len(passes) > MOST_PASSES:
            table.add_row(Text("pass", style=_STYLES["pass"]), Text(_passes(passes, others)))
    notes = [Text(f"Note: {note}.", style="dim") for note in outcome.notes]
    return Group(table, *notes, Text(outcome.summary, style="bold"))


def _by_rule(outcome: Outcome) -> dict[int, list[Verdict]]:
    found: dict[int, list[Verdict]] = {}
    for verdict in outcome.verdicts:
        found.setdefault(verdict.rule, []).append(verdict)
    return found


def _heading(verdict: Verdict) -> str:
    rule = verdict.about
    bounds = [f"limit {number(rule.limit)}"] if rule.limit is not None else []
    metric = LATENCY_METRICS.get(rule.metric)
    loss = percent if metric is not None and metric.relative else number
    bounds += [f"loss up to {loss(rule.max_loss)}"] if rule.max_loss is not None else []
    bounds += [f"differences up to {number(rule.min_effect)} never count"] if rule.min_effect else []
    return f"{rule.metric}, {rule.condition}: {', '.join(bounds)}"


def _passes(passes: list[Verdict], others: list[Verdict]) -> str:
    figures = {verdict.figure for verdict in passes} - {verdict.figure for verdict in others}
    seen = [verdict.seen_from for verdict in passes if verdict.seen_from is not None]
    text = f"{len(figures)} figures; a loss or breach of {number(max(seen))} would be seen in any of them 4 times in 5"
    several = len({verdict.model for verdict in passes}) > 1
    doubtful: dict[object, list[str]] = {}
    for verdict in passes:
        if verdict.doubtful:
            name = verdict.name.removesuffix(f": {verdict.kind}")
            kinds = doubtful.setdefault(verdict.figure, [f"{verdict.model}, {name}" if several else name])
            kinds.append(verdict.kind)
    if not doubtful:
        return text
    names = [f"{name} ({' and '.join(kinds)})" for name, *kinds in doubtful.values()]
    more = f"; and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{text}; {len(names)} beyond what is allowed, but that may be chance: {'; '.join(names[:MOST_NAMED])}{more}"

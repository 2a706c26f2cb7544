"""Latencies in short: for the Markdown summary, and a line on the terminal."""

from collections.abc import Iterator

from .contents import RunView
from .latency import LatencyOfData, main_cell, told_of_latency
from .latency_cells import budget_of
from .latency_words import label_of, named, setting_of, shown
from .markdown_text import code, table, text
from .numbers import MISSING, number, percent


def latency_markdown(run: RunView) -> Iterator[str]:
    """Yield the lines of a section: a sentence and a row for each model."""
    if run.latency is None or not run.shows("latency"):
        return
    yield "### Latency"
    yield ""
    for view in run.latency.data:
        yield (
            f"On {text(view.name)}{' (simulated data)' * view.simulated}, milliseconds from features to probabilities. "
            "Brackets: bounds of a percentile, each with 95 % confidence."
        )
        yield ""
        yield from (f"- **{code(model)}**: {text(said)}" for model, said in told_of_latency(view))
        yield ""
        yield from _rows(view)
        yield ""


def latency_line(run: RunView) -> str:
    """Return the latency of each model in one line; empty: none was measured."""
    found = []
    for view in run.latency.data if run.latency else ():
        for model in view.models:
            one = main_cell(view, model)
            p50, p95 = (named(one.summary(), name) if one else None for name in ("p50", "p95"))
            if one is None or p50 is None:
                continue
            tail = f", p95 {shown(p95).value} ms" if p95 else ""
            verdict = f" ({one.budget.verdict}: {budget_of(one.budget)})" if one.budget else ""
            found.append(f"{model} {shown(p50).value} ms{tail}{verdict}")
    return f"Latency, median: {'; '.join(found)}." if found else ""


def _rows(view: LatencyOfData) -> list[str]:
    cells = [one for model in view.models if (one := main_cell(view, model)) is not None]
    head = ["Model", "Asked", "p50, ms", "p95, ms", "Over budget", "Budget", "p50 × reference"]
    rows: list[list[object]] = []
    for one in cells:
        percentiles = [text(str(shown(named(one.summary(), name)))) for name in ("p50", "p95")]
        budget = one.budget
        judged = [percent(budget.over), f"{budget.verdict}: {budget_of(budget)}"] if budget else [MISSING, MISSING]
        asked = text(f"{label_of(one)}; {setting_of(one.cell)}")
        rows.append([code(one.cell.model, in_table=True), asked, *percentiles, *judged, number(one.ratio, decimals=2)])
    return table(head, rows, left=2) if rows else []

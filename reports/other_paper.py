"""Tables of the LaTeX file of metrics that were asked for by name and that no other table holds."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from .contents import DataView, RunView
from .definitions import defined
from .other_figures import PartTable, other_metrics, part_tables
from .paper_tables import FIRST, figure_cell, named, seeds_sentence, slug
from .tex import PAGE_WIDTH, Tex, breakable, code, escape, table
from .vocabulary import text_of

TOGETHER = 4
"""Metrics in one table."""


def other_tables(data: DataView, run: RunView) -> Iterator[Tex]:
    """Yield them: some metrics together, then each that has parts by part."""
    metrics = [metric for metric in other_metrics(data) if metric in run.record.metrics]
    for number, start in enumerate(range(0, len(metrics), TOGETHER), start=1):
        yield _several(data, run, metrics[start : start + TOGETHER], f"tab:{slug(data)}-other-{number}")
    for number, found in enumerate(part_tables(data, run.record), start=1):
        yield _by_part(data, run, found, f"tab:{slug(data)}-parts-{number}")


def _several(data: DataView, run: RunView, metrics: Sequence[str], label: str) -> Tex:
    rows: list[Sequence[Tex] | Tex] = []
    for model in data.models:
        own = [row for row in model.rows if set(metrics) & set(row.results)]
        rows += [breakable(model.name)] if own else []
        rows += [[code(row.condition.text), *(figure_cell(row.results.get(one)) for one in metrics)] for row in own]
    head = [Tex("Model, condition"), *(breakable(text_of(one).title) for one in metrics)]
    width = min((PAGE_WIDTH - FIRST) / len(metrics) - 0.25, 3.6)
    caption = escape(f"Other figures that were asked for on {named(data)}. {seeds_sentence(run)}")
    made = table(caption, label, head, rows, [FIRST, *[width] * len(metrics)])
    shown = (row.condition.text for model in data.models for row in model.rows if set(metrics) & set(row.results))
    return defined(made, data, run, shown)


def _by_part(data: DataView, run: RunView, found: PartTable, label: str) -> Tex:
    rows: list[Sequence[Tex] | Tex] = []
    for model, of_model in groupby(found.rows, key=lambda row: row[0]):
        rows.append(breakable(model))
        rows += [
            [code(condition), breakable(name), figure_cell(figure)]
            for _, condition, figures in of_model
            for name, figure in zip(found.names, figures, strict=True)
        ]
    head = [Tex("Model, condition"), Tex("Part"), Tex("Figure")]
    caption = escape(f"{text_of(found.metric).title} by part on {named(data)}. {seeds_sentence(run)}")
    made = table(caption, label, head, rows, [6, 4, 4])
    return defined(made, data, run, (condition for _, condition, _ in found.rows))

"""The tables of papers in the LaTeX file, filled from a run, with the published figures beside the measured ones."""

from collections.abc import Iterator, Sequence

from ..benchmark.published import Published
from .contents import RunView
from .layout_views import LayoutRow, LayoutTable, layout_views
from .numbers import MISSING
from .paper_tables import WITHIN_FLOOR, figure_cell, seeds_sentence
from .results import Result
from .tex import PAGE_WIDTH, Tex, breakable, code, escape, table

INTERVALS_UP_TO = 5
"""Columns of figures; a wider table has none, as the papers' have none."""
_FIRST = 3.6


def layout_tables(run: RunView, asked: str = "") -> Iterator[Tex]:
    """Yield the tables of the run's suites, and of the layout asked for by name; errors as in `layouts_of`."""
    yield from (_table(run, view) for view in layout_views(run, asked))


def _table(run: RunView, view: LayoutTable) -> Tex:
    head = [Tex("System"), *map(escape, view.head)]
    rows: list[Sequence[Tex] | Tex] = []
    for title, group in view.groups:
        rows += [breakable(title)] if title else []
        rows += [_row(row) for row in group]
    columns = len(view.places)
    width = min((PAGE_WIDTH - _FIRST) / columns - 0.25, 3.0)
    caption = escape(" ".join(_caption(run, view)))
    return table(caption, f"tab:{view.slug}", head, rows, [_FIRST, *[width] * columns])


def _row(row: LayoutRow) -> list[Tex]:
    if row.published:
        return [Tex(r"\quad\emph{published}"), *map(_as_printed, row.published)]
    own = Tex("") if row.alone else Tex(f" ({code(row.model)})")
    intervals = len(row.measured) <= INTERVALS_UP_TO
    cells = (
        figure_cell(found if intervals else _bare(found), bold=leads)
        for found, leads in zip(row.measured, row.leads, strict=True)
    )
    return [Tex(f"{escape(row.label)}{own}"), *cells]


def _caption(run: RunView, view: LayoutTable) -> Iterator[str]:
    layout = view.layout
    yield f"{layout.title}{f', {view.where}' if view.where else ''}: laid out as {layout.paper}, {layout.place}."
    yield f"{seeds_sentence(run)} Epochs chosen on {run.record.selection}."
    other = [column.head for _, column in view.places if not column.percent]
    yield f"Figures are in per cent, but {other[0]}." if other else "In per cent."
    if len(view.places) <= INTERVALS_UP_TO:
        yield "Brackets: 95 % intervals over dialogues."
    else:
        yield "Intervals are left out, as in the paper; they are in results.parquet."
    yield "Bold: best of those measured. Published: as the paper prints it, on features of its own."
    if any(found and found.within_floor for _, rows in view.groups for row in rows for found in row.measured):
        yield WITHIN_FLOOR
    if view.absent:
        yield f"–: not measured, as the run is without {', '.join(view.absent)}."
    if view.missing:
        yield f"Not in the run: {', '.join(view.missing)}."


def _as_printed(one: Published | None) -> Tex:
    """Return a figure with the digits of the paper."""
    if one is None:
        return escape(MISSING)
    value, _, spread = one.printed.removesuffix(" %").partition(" ± ")
    beside = rf" {{\scriptsize\mbox{{$\pm${escape(spread)}}}}}" if spread else ""
    return Tex(f"{escape(value)}{beside}")


def _bare(figure: Result | None) -> Result | None:
    return Result(figure.value, floor_high=figure.floor_high, decimals=figure.shown.decimals) if figure else None

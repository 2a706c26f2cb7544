"""The tables of papers in the LaTeX file, filled from a run, with the published figures beside the measured ones."""

from collections.abc import Iterator, Sequence

from ..benchmark.published import Published
from .contents import RunView
from .fragments import SMALL, fitting_widths
from .layouts import Block, Column, Layout, Line, blocks_of, columns_of, layouts_of, measured, models_of, printed
from .numbers import MISSING
from .paper_tables import figure_cell, seeds_sentence
from .results import Result
from .tex import PAGE_WIDTH, Tex, breakable, code, escape, table
from .vocabulary import text_of

INTERVALS_UP_TO = 5
"""Columns of figures; a wider table has none, as the papers' have none."""
_FIRST = 3.6

Place = tuple[Block, Column]


def layout_tables(run: RunView, asked: str = "") -> Iterator[Tex]:
    """Yield the tables of the run's suites, and of the layout asked for by name; errors as in `layouts_of`."""
    for layout in layouts_of(run, asked):
        blocks = blocks_of(layout, run)
        if layout.blocks == "tables":
            for number, block in enumerate(blocks, 1):
                label = f"tab:{layout.name.replace('_', '-')}-{number}"
                places = [(block, column) for column in columns_of(layout, block)]
                yield _table(run, layout, [(block, places)], label)
        elif layout.blocks == "columns":
            places = [(block, column) for block in blocks for column in columns_of(layout, block)]
            yield _table(run, layout, [(None, places)], f"tab:{layout.name.replace('_', '-')}")
        else:
            groups = [(block, [(block, column) for column in columns_of(layout, block)]) for block in blocks]
            yield _table(run, layout, groups, f"tab:{layout.name.replace('_', '-')}")


def _table(run: RunView, layout: Layout, groups: Sequence[tuple[Block | None, Sequence[Place]]], label: str) -> Tex:
    first = groups[0][1]
    several = len({block.title for block, _ in first}) > 1
    head = [
        Tex("System"),
        *(escape(f"{block.title} {column.head}" if several else column.head) for block, column in first),
    ]
    rows: list[Sequence[Tex] | Tex] = []
    for block, places in groups:
        rows += [breakable(block.title)] if block and layout.blocks == "rows" else []
        rows += [row for line in layout.rows for row in _rows(layout, line, places)]
    width = min((PAGE_WIDTH - _FIRST) / len(first) - 0.25, 3.0)
    where = groups[0][0].title if layout.blocks == "tables" and groups[0][0] else ""
    caption = escape(" ".join(_caption(run, layout, [place for _, places in groups for place in places], where)))
    wished = [_FIRST, *[width] * len(first)]
    widths = fitting_widths(table(caption, label, head, rows, wished), PAGE_WIDTH - 0.1, digit=SMALL)
    return table(caption, label, head, rows, widths)


def _rows(layout: Layout, line: Line, places: Sequence[Place]) -> Iterator[list[Tex]]:
    """Yield a row per model of the run that the line stands for, then what the paper prints."""
    names = dict.fromkeys(model.name for block, _ in places for model in models_of(layout, line, block.view))
    intervals = len(places) <= INTERVALS_UP_TO
    for name in names or ("",):
        own = Tex(f" ({code(name)})") if len(names) > 1 else Tex("")
        cells = []
        for place in places:
            found = _found(layout, line, place, name)
            leads = found is not None and found.value == _best(layout, place)
            cells.append(figure_cell(found if intervals else _bare(found), bold=leads))
        yield [Tex(f"{escape(line.label)}{own}"), *cells]
    there = [printed(layout, line, block, column) for block, column in places]
    if any(there):
        yield [Tex(r"\quad\emph{published}"), *map(_as_printed, there)]


def _found(layout: Layout, line: Line, place: Place, name: str) -> Result | None:
    block, column = place
    models = [model for model in models_of(layout, line, block.view) if model.name == name]
    return measured(models[0], line.condition, column) if models else None


def _best(layout: Layout, place: Place) -> float | None:
    """Return the best measured figure of a column; None: fewer than two, or neither direction is better."""
    block, column = place
    found = [
        figure.value
        for line in layout.rows
        for model in models_of(layout, line, block.view)
        if (figure := measured(model, line.condition, column)) is not None and figure.value == figure.value
    ]
    better = text_of(column.metrics[0].partition(":")[0]).better
    if len(found) < 2 or better not in ("higher", "lower"):
        return None
    return max(found) if better == "higher" else min(found)


def _caption(run: RunView, layout: Layout, places: Sequence[Place], where: str) -> Iterator[str]:
    yield f"{layout.title}{f', {where}' if where else ''}: laid out as {layout.paper}, {layout.place}."
    yield f"{seeds_sentence(run)} Epochs chosen on {run.record.selection}."
    other = [column.head for _, column in places if not column.percent]
    yield f"Figures are in per cent, but {other[0]}." if other else "In per cent."
    if len(places) <= INTERVALS_UP_TO:
        yield "Brackets: 95 % intervals over dialogues."
    else:
        yield "Intervals are left out, as in the paper; they are in results.parquet."
    yield "Bold: best of those measured. Published: as the paper prints it, on features of its own."
    absent = dict.fromkeys(block.title for block, _ in places if block.view is None)
    missing = [
        line.label for line in layout.rows if not any(models_of(layout, line, block.view) for block, _ in places)
    ]
    if absent:
        yield f"–: not measured, as the run is without {', '.join(absent)}."
    if missing and len(absent) < len({block.title for block, _ in places}):
        yield f"Not in the run: {', '.join(dict.fromkeys(missing))}."


def _as_printed(one: Published | None) -> Tex:
    """Return a figure with the digits of the paper."""
    if one is None:
        return escape(MISSING)
    value, _, spread = one.printed.removesuffix(" %").partition(" ± ")
    beside = rf" {{\scriptsize\mbox{{$\pm${escape(spread)}}}}}" if spread else ""
    return Tex(f"{escape(value)}{beside}")


def _bare(figure: Result | None) -> Result | None:
    return Result(figure.value, decimals=figure.shown.decimals) if figure else None

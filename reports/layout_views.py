"""The tables of papers as plain views: what stands in which cell, measured or published."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..benchmark.published import Published
from .contents import RunView
from .layouts import Block, Column, Layout, Line, blocks_of, columns_of, layouts_of, measured, models_of, printed
from .results import Result
from .vocabulary import text_of

Place = tuple[Block, Column]


@dataclass(frozen=True)
class LayoutRow:
    """A row: a system as the run measured it, or as the paper prints it."""

    label: str
    """Of the system, as printed."""
    model: str
    """Of the run that it stands for; empty: none."""
    alone: bool
    """Whether no other model of the run stands for this system."""
    measured: tuple[Result | None, ...]
    """By column, in the scale of the paper; empty: the row is the paper's."""
    leads: tuple[bool, ...] = ()
    """Which of them are the best of their column."""
    published: tuple[Published | None, ...] = ()
    """By column; empty: the row is measured."""


@dataclass(frozen=True)
class LayoutTable:
    """A table of a paper, filled from a run."""

    layout: Layout
    slug: str
    """Its label in LaTeX; see `layout_slug`."""
    where: str
    """Data set that it is of; empty: all of the layout."""
    places: tuple[Place, ...]
    """Of the columns of its first group."""
    groups: tuple[tuple[str, tuple[LayoutRow, ...]], ...]
    """Rows by what heads them; empty: nothing does."""
    absent: tuple[str, ...]
    """Data sets of the layout that the run is without."""
    missing: tuple[str, ...]
    """Systems that no model of the run stands for."""

    @property
    def head(self) -> tuple[str, ...]:
        """Names of the columns of figures, with their data sets where there are several side by side."""
        several = len({block.title for block, _ in self.places}) > 1
        return tuple(f"{block.title} {column.head}" if several else column.head for block, column in self.places)


def layout_slug(view: LayoutTable) -> str:
    """Return the name of the CSV file of a table."""
    return f"layout-{view.slug}"


def layout_views(run: RunView, asked: str = "") -> Iterator[LayoutTable]:
    """Yield the tables of the run's suites, and of the layout asked for by name; errors as in `layouts_of`."""
    for layout in layouts_of(run, asked):
        blocks = blocks_of(layout, run)
        of_block = [(block, tuple((block, column) for column in columns_of(layout, block))) for block in blocks]
        slug = layout.name.replace("_", "-")
        if layout.blocks == "tables":
            for number, (block, places) in enumerate(of_block, 1):
                yield _table(layout, f"{slug}-{number}", block.title, [("", places)])
        elif layout.blocks == "columns":
            yield _table(layout, slug, "", [("", tuple(place for _, places in of_block for place in places))])
        else:
            yield _table(layout, slug, "", [(block.title, places) for block, places in of_block])


def _table(layout: Layout, slug: str, where: str, groups: Sequence[tuple[str, tuple[Place, ...]]]) -> LayoutTable:
    blocks = [block for _, places in groups for block, _ in places]
    absent = tuple(dict.fromkeys(block.title for block in blocks if block.view is None))
    missing = (line.label for line in layout.rows if not any(models_of(layout, line, block.view) for block in blocks))
    return LayoutTable(
        layout=layout,
        slug=slug,
        where=where,
        places=groups[0][1],
        groups=tuple(
            (title, tuple(row for line in layout.rows for row in _rows(layout, line, places)))
            for title, places in groups
        ),
        absent=absent,
        missing=tuple(dict.fromkeys(missing)) if len(absent) < len({block.title for block in blocks}) else (),
    )


def _rows(layout: Layout, line: Line, places: Sequence[Place]) -> Iterator[LayoutRow]:
    """Yield a row per model of the run that a line stands for, then what the paper prints."""
    names = [*dict.fromkeys(model.name for block, _ in places for model in models_of(layout, line, block.view))]
    for name in names or [""]:
        found = tuple(_found(layout, line, place, name) for place in places)
        leads = tuple(
            one is not None and one.value == _best(layout, place) for one, place in zip(found, places, strict=True)
        )
        yield LayoutRow(line.label, name, len(names) < 2, found, leads)
    there = tuple(printed(layout, line, block, column) for block, column in places)
    if any(there):
        yield LayoutRow(line.label, "", alone=True, measured=(), published=there)


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

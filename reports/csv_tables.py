"""Every table and figure of the report as CSV, with its numbers in full.

A figure takes several columns: the head alone has the figure, `… low` and `… high` the ends of its interval, `… floor`
and `… floor_high` the mean and the 95th percentile of its noise floor, `… draw_sd` the standard deviation over draws of
the stress, `… churn` the churn below a flip rate, `… note` what stands beside it in words. What is not there is empty.
Tables as papers lay them out are in the scale of the paper, each measured row followed by the published one; `… spread`
is the standard deviation over runs that a paper prints.
A text that starts as a formula would (`=`, `+`, `-`, `@`) has an apostrophe before it; take one off where a name starts
with one.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from ..benchmark.published import Published
from .comparisons import ComparisonView
from .contents import RunView
from .exact_numbers import pieces
from .figure_views import FigureView, TableView
from .figures import figures
from .layout_views import LayoutTable, layout_slug, layout_views
from .numbers import MISSING, exact_of
from .page import tables_source
from .rank_figures import rank_figures
from .results import Result
from .vocabulary import METRICS

_FORMULA = ("=", "+", "-", "@", "'", "\t", "\r")
_DIRECTIONS = {one.arrow for one in METRICS.values()}
_FLOORS = ("floor", "floor_high")
_ASIDE = {"tag": "tag", "sign": "sign", "where": "note"}
"""Columns of words beside a figure or a name, by the class of what they stand in."""


@dataclass
class Cell:
    """What a cell of a table holds."""

    text: str = ""
    numbers: dict[str, str] = field(default_factory=dict)
    """In full, by name; the empty name: the figure itself."""
    aside: dict[str, str] = field(default_factory=dict)
    """Words beside it, by name."""


def csv_tables(run: RunView, comparisons: ComparisonView | None = None) -> dict[str, str]:
    """Return the content of the CSV files by the address of their table or figure, in the order of the report."""
    reader = _Reader()
    reader.feed(tables_source(run, comparisons))
    tables = {slug: rows for slug, rows in reader.tables.items() if slug and rows}
    drawn = {view.slug: _of_figure(view.table) for view in figures_of(run, comparisons)}
    laid_out = {layout_slug(view): _of_layout(view) for view in layout_views(run)}
    return {slug: _text(rows) for slug, rows in {**tables, **drawn, **laid_out}.items()}


def figures_of(run: RunView, comparisons: ComparisonView | None = None) -> tuple[FigureView, ...]:
    """Return the figures of a report in its order."""
    return (*figures(run), *rank_figures(comparisons.ranks if comparisons else ()))


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe("=1+1"), safe("m3net"), safe("-"), safe("'a")
    ("'=1+1", 'm3net', "'-", "''a")
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _of_figure(table: TableView) -> list[list[Cell]]:
    def cell(text: str) -> Cell:
        exact = {name: repr(number) for name, number in exact_of(text).items()}
        return Cell("" if exact else text, exact)

    rows = [list(map(cell, row)) for row in table.rows]
    return [[Cell(name) for name in table.head], *rows]


def _of_layout(view: LayoutTable) -> list[list[Cell]]:
    head = ["Data", "System", "Model", "Source", *view.head]
    rows = [
        [
            *map(Cell, (title or view.where, row.label, row.model, "published" if row.published else "run")),
            *(map(_published_cell, row.published) if row.published else map(_measured_cell, row.measured)),
        ]
        for title, group in view.groups
        for row in group
    ]
    return [list(map(Cell, head)), *rows]


def _measured_cell(found: Result | None) -> Cell:
    if found is None:
        return Cell()
    numbers = {"": found.value, "low": found.low, "high": found.high}
    return Cell(numbers={name: repr(number) for name, number in numbers.items() if not math.isnan(number)})


def _published_cell(one: Published | None) -> Cell:
    if one is None:
        return Cell()
    spread = {} if math.isnan(one.spread) else {"spread": repr(one.spread)}
    return Cell(numbers={"": repr(one.value), **spread})


def _text(rows: Sequence[Sequence[Cell]]) -> str:
    head, *body = rows
    # A heading over rows is one cell wide.
    body = [row for row in body if len(row) == len(head)]
    columns: list[list[str]] = []
    for place, name in enumerate(head):
        columns += _columns(name.text, [row[place] for row in body])
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(zip(*_told_apart(columns), strict=True))
    return lines.getvalue()


def _columns(head: str, cells: Sequence[Cell]) -> Iterator[list[str]]:
    """Yield the columns that a column of the page becomes, each with its head."""
    names = list(dict.fromkeys(name for cell in cells for name in cell.numbers))
    for name in names:
        # Columns of ends alone are named by them: "95 % interval low".
        yield [safe(f"{head} {name}".strip()), *(cell.numbers.get(name, "") for cell in cells)]
    texts = ["" if cell.text == MISSING else cell.text for cell in cells]
    if not names:
        yield [safe(head), *map(safe, texts)]
    elif any(texts):
        yield [safe(f"{head} note"), *map(safe, texts)]
    for name in dict.fromkeys(name for cell in cells for name in cell.aside):
        yield [safe(f"{head} {name}"), *(safe(cell.aside.get(name, "")) for cell in cells)]


def _told_apart(columns: Sequence[list[str]]) -> list[list[str]]:
    seen: dict[str, int] = {}
    for column in columns:
        seen[column[0]] = seen.get(column[0], 0) + 1
        if seen[column[0]] > 1:
            column[0] = f"{column[0]} ({seen[column[0]]})"
    return list(columns)


class _Reader(HTMLParser):
    """Reads the tables of a page whose numbers stand in full."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: dict[str, list[list[Cell]]] = {}
        self._rows: list[list[Cell]] | None = None
        self._said: list[tuple[str, str]] | None = None
        self._classes: list[str] = []
        self._head = self._of_words = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._rows = self.tables.setdefault(known.get("id", ""), [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th"):
            self._said, self._head = [], known.get("scope") == "col"
            self._of_words = "text" in known.get("class", "").split()
        elif tag == "span":
            self._classes.append(known.get("class", "").partition(" ")[0])

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            self._classes.pop()
        elif tag in ("td", "th") and self._said is not None and self._rows:
            make = _title if self._head else _words_cell if self._of_words else _cell
            self._rows[-1].append(make(self._said))
            self._said = None
        elif tag == "table":
            self._rows = None

    def handle_data(self, data: str) -> None:
        if self._said is not None:
            self._said.append((self._classes[-1] if self._classes else "", data))


def _title(said: Sequence[tuple[str, str]]) -> Cell:
    """Return the head of a column: a metric without its direction, or with what tells it from its like."""
    joined: dict[str, str] = {}
    for kind, words in said:
        joined[kind] = joined.get(kind, "") + words
    texts = list(map(_words, joined.values()))
    return Cell(", ".join(text for text in texts if text and text not in _DIRECTIONS))


def _words_cell(said: Sequence[tuple[str, str]]) -> Cell:
    """Return a cell of words, in which numbers stand among others."""
    found = (piece for _, words in said for piece in pieces(words))
    told = (piece if isinstance(piece, str) else " ".join(piece.values()) for piece in found)
    return Cell(_words("".join(told)))


def _cell(said: Sequence[tuple[str, str]]) -> Cell:
    cell = Cell()
    marks = {kind for kind, words in said for piece in pieces(words) if isinstance(piece, Mapping)}
    floors = iter(_FLOORS)
    for kind, words in said:
        for piece in pieces(words):
            if isinstance(piece, Mapping):
                cell.numbers |= _named(piece, kind, floors)
            elif kind in _ASIDE:
                cell.aside[_ASIDE[kind]] = cell.aside.get(_ASIDE[kind], "") + piece
            elif kind not in marks or kind == "":
                cell.text += piece
    return Cell(_words(cell.text), cell.numbers, {name: _words(text) for name, text in cell.aside.items()})


def _words(text: str) -> str:
    return " ".join(text.split())


def _named(numbers: Mapping[str, str], kind: str, floors: Iterator[str]) -> dict[str, str]:
    if kind == "floor":
        return {next(floors, name): number for name, number in numbers.items()}
    called = {"draws": "draw_sd", "churn": "churn"}
    return {called.get(kind, name): number for name, number in numbers.items()}

"""Tables as floats that stand alone in somebody's paper, of one column or two."""

import math
from collections.abc import Iterator, Sequence

from .tex import Table, Tex, table_parts
from .tex_columns import cell_width, column_groups, needed_widths, shown_width, with_whole_words

ONE_COLUMN = 7.0
"""Centimetres of a column in the narrowest layout of two columns that is common (article, 10 pt, letter paper)."""
TWO_COLUMNS = 14.2
"""The same of both columns."""
LINES = 50
"""Lines of a float at most; a longer table is continued in a further one."""
_NARROW = 8.4
"""Tables of the whole file that are no wider go into one column."""
FOOTNOTE = 0.155
"""Centimetres of a digit in footnote size."""
_BETWEEN = 6
"""Points between two columns."""
_SMALLEST = 1.25
"""How much wider than its room a table may be, which is then set in smaller type; of a wider one columns go apart."""
_CONTINUED = 4
"""Lines of a caption that says what is continued."""


def fragment(one: Table) -> Tex:
    """Return a table as floats: several where it would be longer than a page."""
    narrow = sum(one.widths) <= _NARROW
    room = ONE_COLUMN if narrow else TWO_COLUMNS
    caption = Tex(f"{one.caption} {one.definitions}".strip())
    cells = [row for row in one.rows if not isinstance(row, Tex)]
    groups = column_groups(needed_widths(one.head, cells, FOOTNOTE), _BETWEEN / 28.45, room * _SMALLEST)
    parts: list[str] = []
    for number, places in enumerate(groups, 1):
        part, label = one.of_columns(places), one.label if number == 1 else f"{one.label}-columns-{number}"
        said = caption if number == 1 else Tex(rf"Further columns of Table~\ref{{{one.label}}}.")
        parts += _floats(part, fitting_widths(part, room), said, label, room, "table" if narrow else "table*")
    return Tex("\n\n".join(parts))


def _floats(
    one: Table, widths: Sequence[float], caption: Tex, label: str, room: float, environment: str
) -> Iterator[str]:
    """Yield the floats of a table whose columns fit."""
    # Captions are set in the size of the text, which is larger.
    first = LINES - math.ceil(1.25 * shown_width(caption) * 0.185 / room)
    for place, rows in enumerate(_pages(one.rows, widths, max(first, LINES // 3))):
        own = label if not place else f"{label}-part-{place + 1}"
        said = caption if not place else Tex(rf"Continuation of Table~\ref{{{label}}}.")
        yield _float(one.head, rows, widths, said, own, environment=environment)


def fitting_widths(one: Table, room: float) -> list[float]:
    """Return good widths of the columns of a table, in centimetres: none narrower than what no line can break.

    Together they are no wider than `room`, where that is enough.
    """
    needed = needed_widths(one.head, [row for row in one.rows if not isinstance(row, Tex)], FOOTNOTE)
    return with_whole_words(one.widths, needed, room - _BETWEEN * (len(one.widths) - 1) / 28.45)


def _float(
    head: Sequence[Tex],
    rows: Sequence[Sequence[Tex] | Tex],
    widths: Sequence[float],
    caption: Tex,
    label: str,
    *,
    environment: str,
) -> str:
    shares = [rf"{width / sum(widths):.4f}\emobenchbody" for width in widths]
    columns, titles, lines = table_parts(head, rows, shares)
    between = _BETWEEN * (len(widths) - 1)
    return "\n".join(
        [
            rf"\begin{{{environment}}}[tbp]",
            r"\centering",
            # Classes leave room below captions, for those that stand under figures.
            rf"\caption{{{caption}}}\label{{{label}}}\vspace{{4pt}}",
            r"\footnotesize\setlength{\tabcolsep}{3pt}%",
            rf"\emobenchfit{{{sum(widths) + between / 28.45:.2f}cm}}{{{between}pt}}{{%",
            rf"\begin{{tabular}}{{{columns}}}",
            titles,
            *lines,
            r"\bottomrule",
            r"\end{tabular}}",
            rf"\end{{{environment}}}",
        ]
    )


def _pages(
    rows: Sequence[tuple[Tex, ...] | Tex], widths: Sequence[float], first: int
) -> Iterator[list[tuple[Tex, ...] | Tex]]:
    """Yield the rows of each float; a heading goes on with its rows."""
    page: list[tuple[Tex, ...] | Tex] = []
    room, heading = first, None
    for row in rows:
        lines = _lines(row, widths)
        # A heading has at least the next row below it.
        ahead = 3 if isinstance(row, Tex) else 0
        if page and lines + ahead > room:
            yield page
            goes_on = heading is not None and not isinstance(row, Tex)
            page, room = ([Tex(f"{heading} (continued)")] if goes_on else []), LINES - _CONTINUED - goes_on
        heading = row if isinstance(row, Tex) else heading
        page.append(row)
        room -= lines
    yield page


def _lines(row: Sequence[Tex] | Tex, widths: Sequence[float]) -> int:
    if isinstance(row, Tex):
        return 1
    return max(math.ceil(cell_width(cell) * FOOTNOTE / width) for cell, width in zip(row, widths, strict=True)) or 1

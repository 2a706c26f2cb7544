"""Tables as floats that stand alone in somebody's paper, of one column or two."""

import math
from collections.abc import Iterator, Sequence

from .tex import Table, Tex, table_parts
from .tex_columns import cell_width, longest_box, shown_width

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
SMALL = 0.172
"""The same in the size of the tables of the whole file."""
_BETWEEN = 6
"""Points between two columns."""
_CONTINUED = 4
"""Lines of a caption that says what is continued."""


def fragment(one: Table) -> Tex:
    """Return a table as floats: several where it would be longer than a page."""
    narrow = sum(one.widths) <= _NARROW
    room = ONE_COLUMN if narrow else TWO_COLUMNS
    widths = fitting_widths(one, room)
    caption = Tex(f"{one.caption} {one.definitions}".strip())
    # Captions are set in the size of the text, which is larger.
    first = LINES - math.ceil(1.25 * shown_width(caption) * 0.185 / room)
    pages = list(_pages(one.rows, widths, max(first, LINES // 3)))
    parts = []
    for place, rows in enumerate(pages):
        label = one.label if not place else f"{one.label}-part-{place + 1}"
        said = caption if not place else Tex(rf"Continuation of Table~\ref{{{one.label}}}.")
        parts.append(_float(one.head, rows, widths, said, label, environment="table" if narrow else "table*"))
    return Tex("\n\n".join(parts))


def fitting_widths(one: Table, room: float, *, digit: float = FOOTNOTE) -> list[float]:
    """Return good widths of the columns of a table, in centimetres: none narrower than what no line can break.

    Together they are no wider than `room`, where that is enough; `digit` is the width of one.
    """
    between = _BETWEEN * (len(one.widths) - 1) / 28.45
    scale = min((room - between) / sum(one.widths), 1.0)
    columns = zip(*(row for row in one.rows if not isinstance(row, Tex)), strict=True)
    # Heads are bold.
    heads = [longest_box([cell]) * 1.22 for cell in one.head]
    needed = [max(head, longest_box(cells)) * digit for head, cells in zip(heads, columns, strict=True)]
    wanted = [max(width * scale, least) for width, least in zip(one.widths, needed, strict=True)]
    # What some columns need above their share is taken from those that have more than they need.
    over = sum(wanted) + between - room
    spare = [width - least for width, least in zip(wanted, needed, strict=True)]
    given = min(over / sum(spare), 1.0) if over > 0 and sum(spare) > 0 else 0.0
    return [width - given * own for width, own in zip(wanted, spare, strict=True)]


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

"""Columns of numbers in LaTeX tables, with their points one under the other.

Each cell is filled up, by boxes that show nothing, to the longest fraction, marks and interval of its column. So all
cells end alike, and in columns that are set flush right the points stand below each other, whether a column is wide
enough for figure and interval side by side or not. It takes no package beyond LaTeX itself.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_FIGURE = re.compile(
    r"(?P<style>\\textbf|\\underline)?(?(style)\{)"
    r"(?P<whole>(?:\\textless\{\}|\\textgreater\{\}|\$-\$|\+)*[\d,]+|--)(?P<fraction>\.\d+)?(?(style)\})"
    r"(?P<marks>(?:\\textsuperscript\{[^{}]*\})?)"
    r"(?P<spreads>(?: \{\\scriptsize\\mbox\{(?:[^{}]|\{\})*\}\})*)"
)
_SPREAD = re.compile(r" \{\\scriptsize\\mbox\{((?:[^{}]|\{\})*)\}\}")
_SPREADS_FILLED = re.compile(r"\{\\scriptsize\\mbox\{((?:[^{}]|\{(?:[^{}]|\{\})*\})*)\}\}")
_OVER_DRAWS = r"$\pm$"
_SMALLER = 0.82
"""Width of what is set small."""


class _Cell(NamedTuple):
    """A figure taken apart."""

    style: str
    whole: str
    fraction: str
    marks: str
    over_draws: str
    """Standard deviation over draws; empty: none."""
    ends: str
    """Interval; empty: none."""


def aligned(cells: Sequence[str]) -> list[str]:
    r"""Return the cells of a column as they are to stand flush right; what is no figure is left as it is.

    Examples
    --------
    >>> print(*aligned(["0.5", "12.25", "not known"]), sep="  ")
    0.5\hphantom{0}  12.25  not known
    """
    read = [_read(text) for text in cells]
    figures = [cell for cell in read if cell is not None]
    longest = (max((cell[place] for cell in figures), key=shown_width, default="") for place in range(2, 6))
    widest = _Cell("", "", *longest)
    return [text if cell is None else _filled(cell, widest) for text, cell in zip(cells, read, strict=True)]


def shown_width(text: str) -> float:
    """Return about how wide a text of a cell is, in widths of a digit; boxes that show nothing count."""
    plain = re.sub(r"\\rlap\{(?:[^{}]|\{[^{}]*\})*\}", "", text)
    plain = re.sub(r"\\(?:allowbreak|textbf|underline|mbox|scriptsize|texttt|hphantom|textsuperscript)\b", "", plain)
    plain = re.sub(r"\\[a-zA-Z]+|\\.", "x", plain)
    return sum(0.55 if letter in ".,[] ijl" else 1.0 for letter in re.sub(r"[{}$]", "", plain))


def cell_width(text: str) -> float:
    """Return about how wide a cell is on one line, in widths of a digit: spreads are set small."""
    spreads = sum(map(shown_width, _SPREADS_FILLED.findall(text)))
    return shown_width(_SPREADS_FILLED.sub("", text)) + _SMALLER * spreads


def longest_box(cells: Iterable[str]) -> float:
    """Return about how wide the longest spread or word of a column is that no line can break, in widths of a digit."""
    return max((shown_width(word) for text in cells for word in _words(text)), default=0.0)


def needed_widths(head: Sequence[str], rows: Sequence[Sequence[str]], digit: float) -> list[float]:
    """Return how wide each column has to be for no word of it to be broken, in the unit of `digit`, the width of one.

    `rows` are without headings; heads are bold.
    """
    columns = zip(*rows, strict=True) if rows else [()] * len(head)
    heads = [longest_box([cell]) * 1.22 for cell in head]
    return [max(own, longest_box(cells)) * digit for own, cells in zip(heads, columns, strict=True)]


def with_whole_words(widths: Sequence[float], needed: Sequence[float], room: float) -> list[float]:
    """Return widths near those wished for: none narrower than needed, together no wider than `room` if that will do."""
    scale = min(room / sum(widths), 1.0)
    wanted = [max(width * scale, least) for width, least in zip(widths, needed, strict=True)]
    # What some columns need above their share is taken from those that have more than they need.
    over = sum(wanted) - room
    spare = [width - least for width, least in zip(wanted, needed, strict=True)]
    given = min(over / sum(spare), 1.0) if over > 0 and sum(spare) > 0 else 0.0
    return [width - given * own for width, own in zip(wanted, spare, strict=True)]


def column_groups(needed: Sequence[float], between: float, room: float) -> list[list[int]]:
    """Return which columns stand in which part of a table: the first in all, of the others as many as fit.

    There are as few parts as can be, about as wide as each other.

    Examples
    --------
    >>> column_groups([2.0, 1.0, 1.0, 1.0], 0.0, 10.0), column_groups([2.0, 4.0, 1.0, 4.0], 0.0, 7.0)
    ([[0, 1, 2, 3]], [[0, 1, 2], [0, 3]])
    """
    first, *others = needed

    def filled(most: int) -> list[list[int]]:
        groups, left = [[0]], room - first
        for place, width in enumerate(others, 1):
            full = len(groups[-1]) > most or (len(groups[-1]) > 1 and left < width + between)
            if full:
                groups, left = [*groups, [0]], room - first
            groups[-1].append(place)
            left -= width + between
        return groups

    fewest = len(filled(len(others)))
    even = next(most for most in range(1, len(others) + 1) if len(filled(most)) == fewest) if others else 1
    return filled(even)


def _read(text: str) -> _Cell | None:
    found = _FIGURE.fullmatch(text)
    if found is None:
        return None
    spreads = _SPREAD.findall(found["spreads"])
    over_draws = next((one for one in spreads if one.startswith(_OVER_DRAWS)), "")
    ends = next((one for one in spreads if not one.startswith(_OVER_DRAWS)), "")
    return _Cell(found["style"] or "", found["whole"], found["fraction"] or "", found["marks"], over_draws, ends)


def _words(text: str) -> list[str]:
    spreads = _SPREADS_FILLED.findall(text)
    small = ["0" * round(shown_width(one) * _SMALLER + 0.5) for one in spreads]
    return [*small, *re.split(r" |\\allowbreak\{\}", _SPREADS_FILLED.sub("", text))]


def _filled(cell: _Cell, widest: _Cell) -> str:
    number = f"{cell.whole}{cell.fraction}"
    if cell.style == r"\textbf":
        # Bold digits are wider: their fraction gets the room of plain ones, so that the point stays where it is.
        after = rf"\rlap{{\textbf{{{cell.fraction}}}}}\hphantom{{{cell.fraction}}}" if cell.fraction else ""
        number = rf"\textbf{{{cell.whole}}}{after}"
    elif cell.style:
        number = rf"\underline{{{number}}}"
    missing = len(widest.fraction) - len(cell.fraction)
    rest = ("0" if cell.fraction else ".") + "0" * (missing - 1) if missing > 0 else ""
    spreads = "".join(
        rf" {{\scriptsize\mbox{{{_boxed(own, longest)}}}}}"
        for own, longest in ((cell.over_draws, widest.over_draws), (cell.ends, widest.ends))
        if longest
    )
    # Bold digits reach a little into what follows.
    spreads = rf"\hspace{{.15em}}{spreads}" if spreads else ""
    return f"{number}{_hidden(rest)}{_boxed(cell.marks, widest.marks)}{spreads}"


def _boxed(own: str, widest: str) -> str:
    """Return a text in the room of the widest."""
    if shown_width(own) == shown_width(widest):
        return own
    return rf"\rlap{{{own}}}{_hidden(widest)}" if own else _hidden(widest)


def _hidden(text: str) -> str:
    return rf"\hphantom{{{text}}}" if text else ""

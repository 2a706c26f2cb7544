"""Widths of the columns of a table: figure and interval stand on one line wherever the page has the room."""

import re
from collections.abc import Sequence

from .tex_columns import cell_width

_DIGIT, _BETWEEN = 0.182, 0.22
"""Centimetres of a digit, spreads being a little wider than they are reckoned, and of the room between two columns."""
_NAME = 24
"""Letters of the first column that stay on one line; longer names are broken."""
_SPACE = re.compile(r"\\hspace\{[^{}]*\}")


def fitted(rows: Sequence[Sequence[str]], widths: Sequence[float], room: float) -> tuple[float, ...]:
    """Return the widths, those of figures with intervals widened where else some would go to a second line.

    The first column gives what it does not need. Where there is no room for all of them the widths stay as they are.

    Parameters
    ----------
    rows
        Cells, numbers aligned.
    widths
        Of the columns in centimetres.
    room
        Of the whole table.
    """
    if not rows:
        return tuple(widths)
    first, *others = zip(*rows, strict=True)
    wanted = [max(width, _needed(cells)) for width, cells in zip(widths[1:], others, strict=True)]
    left = room - _BETWEEN * len(others) - sum(wanted)
    least = min(widths[0], _DIGIT * max(min(cell_width(cell), _NAME) for cell in first))
    return (min(widths[0], left), *wanted) if left >= least else tuple(widths)


def _needed(cells: Sequence[str]) -> float:
    """Return how wide a column has to be for its figures with spreads; 0: it has none."""
    found = (cell_width(_SPACE.sub("", cell)) for cell in cells if r"\mbox" in cell)
    return _DIGIT * max(found, default=0.0)

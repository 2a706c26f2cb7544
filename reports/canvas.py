"""What all figures share: panels measured in pixels, legends, limits, and saving with the same bytes every time."""

import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .late_ticks import late_axes
from .svg_marks import marks_as_paths
from .svg_text import shortened
from .theme import CEILING_DASH, DASHES, MARKERS, WEB, Theme, with_variables
from .ticks import as_few_artists

Pixels = float | int
"""Of the page; in papers 100 to the inch."""
LEGEND_COLUMNS = 3
"""Entries of a legend side by side, at most, in a column of text."""
LONGEST = 24
"""Characters of a name beside an axis; the table below the figure has it in full."""

OPEN_DASH = (0, (4.0, 2.0))
"""Of lines whose marks are open."""

_LEGEND_ROW, _LEGEND_HANDLE = 16.0, 42.0
"""Pixels of a legend: a row, and what an entry is wider than its name."""


class Entry(NamedTuple):
    """An entry of a legend."""

    name: str
    """As shown."""
    place: int
    """For colour and mark; −1: the ceiling."""
    dashed: bool = False
    """Whether its line is, whatever its place, and its mark open."""


def blank(theme: Theme, width: Pixels, height: Pixels) -> Figure:
    """Return an empty figure of so many pixels."""
    return Figure(figsize=(width * theme.scale / 72, height * theme.scale / 72))


def axes_in(theme: Theme, figure: Figure, *, left: Pixels, right: Pixels, top: Pixels, bottom: Pixels) -> Axes:
    """Add axes with these margins in pixels."""
    width, height = figure.get_figwidth() * 72 / theme.scale, figure.get_figheight() * 72 / theme.scale
    return late_axes(
        figure, (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )


def panel(
    theme: Theme,
    height: Pixels,
    *,
    left: Pixels,
    right: Pixels = 12,
    top: Pixels = 28,
    bottom: Pixels = 40,
    entries: int = 0,
) -> tuple[Figure, Axes]:
    """Return a figure with one pair of axes; sizes and margins in pixels, room for a legend's entries added below."""
    room = legend_room(theme, entries)
    figure = blank(theme, theme.width, height + room)
    return figure, axes_in(theme, figure, left=left, right=right, top=top, bottom=bottom + room)


def legend_room(theme: Theme, entries: int) -> float:
    """Return the height in pixels of a legend of short names; 0 where the theme has none. See `legend`."""
    return 6 + _LEGEND_ROW * math.ceil(entries / _most_columns(theme)) if theme.legend and entries else 0.0


def label_room(names: Sequence[str], theme: Theme = WEB) -> float:
    """Return the left margin in pixels that names beside an axis need."""
    lines = [line for name in names for line in name.splitlines()]
    return 18 + theme.letter * max((min(len(line), LONGEST) for line in lines), default=0)


def cut(name: str) -> str:
    """Return a name short enough to stand beside an axis."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def wrapped(condition: str) -> str:
    """Return a condition on lines short enough to stand beside an axis: nothing is cut that tells it from others.

    Examples
    --------
    >>> wrapped("modality=audio,kind=impulse,snr_db=5").splitlines()
    ['modality=audio,', 'kind=impulse,snr_db=5']
    >>> wrapped("modality_drop:drop=audio/text").splitlines()
    ['modality_drop:', 'drop=audio/text']
    """
    lines = [""]
    # The parts of a chain stay whole for as long as they can.
    ends = "[,+/]" if "+" in condition else "[,+/:]"
    for piece in re.split(rf"(?<={ends})(?=.)", condition):
        if lines[-1] and len(lines[-1] + piece) > LONGEST:
            lines.append("")
        lines[-1] += piece
    return "\n".join(map(cut, lines))


def lines_of(names: Sequence[str]) -> int:
    """Return how many lines the longest of some names has."""
    return max((name.count("\n") + 1 for name in names), default=1)


def shaded(axes: Axes, colour: str, shares: Float[np.ndarray, "rows columns"]) -> None:
    """Fill the cells of a matrix, centred on whole numbers, with so much of a colour each; NaN: nothing."""
    cells = [(row, column, share) for (row, column), share in np.ndenumerate(shares) if share > 0]
    corners = [
        [(column + x, row + y) for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))]
        for row, column, _ in cells
    ]
    colours = [to_rgba(colour, share) for *_, share in cells]
    axes.add_collection(PolyCollection(corners, facecolors=colours, linewidths=0), autolim=False)


def limit(axes: Axes, which: Literal["x", "y"], *, unit_range: bool) -> None:
    """Start at 0 unless something is negative, and end at 1 where that is the largest possible value."""
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    ends = (min(low, 0.0) if low < -0.02 * (high - low) else 0.0, 1.0 if unit_range else high)
    if which == "x":
        axes.set_xlim(ends)
    else:
        axes.set_ylim(ends)


def legend(
    theme: Theme,
    figure: Figure,
    series: Sequence[Entry],
    *,
    patches: bool = False,
    dashes: bool = False,
    marks: bool = False,
) -> None:
    """Add a legend of lines with marks (or patches, dashes, marks alone) below the axes where the theme wants one.

    Names that need more rows make the figure higher.
    """
    if not theme.legend or not series:
        return
    columns = _legend_columns(theme, [cut(one.name) for one in series])
    more = math.ceil(len(series) / columns) - math.ceil(len(series) / _most_columns(theme))
    _lift(figure, more * _LEGEND_ROW * theme.scale / 72)
    handles = [_patch(theme, one) if patches else _line(theme, one, dashes=dashes, marks=marks) for one in series]
    figure.legend(
        handles, [_shown(one.name) for one in series], loc="lower center", ncols=columns,
        fontsize=theme.points(9.5), handlelength=2.2, columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip


def svg_for_page(figure: Figure, slug: str) -> str:
    """Return the figure as an SVG element for a page: no ids but those it needs, colours by name, text as text."""
    with io.StringIO() as stream:
        with quiet():
            as_few_artists(figure)
            figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        text = stream.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style[^>]*>.*?</style>", "", text, flags=re.DOTALL)
    text = marks_as_paths(text[text.index("<svg") :])
    text = re.sub(r"<[^>]*>", lambda tag: _tag_for_page(tag.group(), slug), text)
    return shortened(text, slug)


def saved(figure: Figure, file_format: Literal["svg", "pdf"]) -> bytes:
    """Return a file for a paper: fonts embedded, text as text, and no dates; the same figure gives the same bytes."""
    metadata = {"svg": {"Date": None, "Creator": "emobench"}, "pdf": {"CreationDate": None, "Creator": "emobench"}}
    with io.BytesIO() as stream:
        with quiet():
            as_few_artists(figure)
            figure.savefig(stream, format=file_format, metadata=metadata[file_format])
        return stream.getvalue()


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the warning about characters that the font lacks: a name in any script must not stop a report."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+")
        yield


def _most_columns(theme: Theme) -> int:
    return max(1, round(LEGEND_COLUMNS * theme.width / WEB.width))


def _legend_columns(theme: Theme, names: Sequence[str]) -> int:
    """Return how many columns of names, filled one after the other, stand side by side."""
    for columns in range(min(len(names), _most_columns(theme)), 1, -1):
        rows = math.ceil(len(names) / columns)
        longest = [max(map(len, names[first : first + rows])) for first in range(0, len(names), rows)]
        if sum(_LEGEND_HANDLE + 0.88 * theme.letter * letters for letters in longest) <= theme.width:
            return len(longest)
    return 1


def _lift(figure: Figure, inches: float) -> None:
    """Make a figure higher at the bottom; what is in it keeps its size and its distance from the top."""
    before = figure.get_figheight()
    after = before + inches
    figure.set_figheight(after)
    for axes in figure.axes:
        left, bottom, width, height = axes.get_position().bounds
        axes.set_position((left, (bottom * before + inches) / after, width, height * before / after))
    for text in figure.texts:
        text.set_y((text.get_position()[1] * before + inches) / after)


def _line(theme: Theme, one: Entry, *, dashes: bool, marks: bool) -> Line2D:
    style: tuple[float, tuple[float, ...]] | Literal["solid", "none"] = "none" if marks else "solid"
    if one.place < 0 or dashes:
        style = CEILING_DASH if one.place < 0 else DASHES[one.place % len(DASHES)]
    marker = "" if dashes or one.place < 0 else MARKERS[one.place % len(MARKERS)]
    colour = theme.colour(one.place)
    if one.dashed:
        return Line2D([], [], color=colour, linestyle=OPEN_DASH, marker=marker, markerfacecolor=theme.surface)
    return Line2D([], [], color=colour, linestyle=style, marker=marker)


def _patch(theme: Theme, one: Entry) -> Patch:
    return Patch(
        facecolor=to_rgba(theme.colour(one.place), 0.4), edgecolor=theme.ink if theme.hatched else "none", linewidth=0,
        hatch=theme.hatch(one.place),
    )  # fmt: skip


def _shown(name: str) -> str:
    # matplotlib leaves out of legends what starts with an underscore.
    return f" {cut(name)}" if name.startswith("_") else cut(name)


def _tag_for_page(tag: str, slug: str) -> str:
    if tag.startswith("<svg"):
        box = re.search(r'viewBox="[\d. ]*"', tag)
        assert box is not None
        return f'<svg {box.group()} role="img" aria-labelledby="{slug}-title {slug}-description">'
    if tag.startswith("<g "):
        tag = re.sub(r'(<g) id="[^"]*"', r"\1", tag)
    if "#" in tag:
        tag = with_variables(tag.replace("xlink:href", "href"))
    if "font" in tag:
        # The page has its own font; matplotlib writes it in one property or in two.
        tag = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", tag)
        tag = re.sub(r" font-family: [^;\"]*;?", "", tag)
    return re.sub(r' transform="rotate\(-0 [^"]*"', "", tag) if "rotate(-0" in tag else tag

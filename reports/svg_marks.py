"""Many marks of an SVG as one path each kind: a few bytes per mark in the place of an element.

A mark of matplotlib is an element that names its shape, its place and its looks. Here a kind of mark is said once, as
an SVG marker, and stands at every vertex of a path that is not drawn itself; vertices are on a grid of half a pixel,
one after the other from the left end of a band to the right and back in the next, so that each is a short step.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence

POINTS = "points"
"""Ids of lines of matplotlib that are nothing but marks begin with it."""
GRID = 0.5
"""Pixels between places."""

_LINE = re.compile(rf'<g id="{POINTS}[^"]*">(.*?)</g>', re.DOTALL)
_MARK = re.compile(r'<use xlink:href="#([^"]*)" x="([^"]*)" y="([^"]*)"(?: style="([^"]*)")?/>')
_MARKS = re.compile(rf"(?:\s*{_MARK.pattern})+")
_SHAPE = re.compile(r'<path id="([^"]*)" d="([^"]*)"(?: style="([^"]*)")?/>')
Place = tuple[float, float]


def marks_as_paths(svg: str) -> str:
    """Return an SVG of matplotlib in which each line that is nothing but marks is one path, with markers."""
    kinds: dict[tuple[str, str], str] = {}

    def pathed(found: re.Match[str]) -> str:
        marks = _MARK.findall(found.group())
        # All marks of a line are alike.
        shape, _, _, looks = marks[0]
        name = kinds.setdefault((shape, looks), f"{POINTS}{len(kinds)}")
        path = "".join(_steps([(float(x), float(y)) for _, x, y, _ in marks]))
        return f'<path d="{path}" style="fill: none; marker: url(#{name})"/>'

    short = _LINE.sub(lambda line: _MARKS.sub(pathed, line.group()), svg)
    shapes = {found[1]: (found[2], found[3] or "") for found in _SHAPE.finditer(svg)}
    made = "".join(_marker(name, *shapes[shape], looks) for (shape, looks), name in kinds.items())
    unused = {shape for shape, _ in kinds if f'href="#{shape}"' not in short}
    short = _SHAPE.sub(lambda found: "" if found[1] in unused else found.group(), short)
    short = re.sub(r"<defs>\s*</defs>", "", short)
    return re.sub(r"(<svg[^>]*>)", rf"\1<defs>{made}</defs>", short, count=1) if made else svg


def _marker(name: str, outline: str, *looks: str) -> str:
    style = "; ".join(filter(None, looks))
    return (
        f'<marker id="{name}" markerUnits="userSpaceOnUse" style="overflow: visible">'
        f'<path d="{outline}" style="{style}"/></marker>'
    )


def _steps(places: Sequence[Place]) -> Iterator[str]:
    """Yield the commands of a path over all places, in whole steps of the grid, each relative to the one before."""
    x = y = 0
    for number, (across, down) in enumerate(_in_order(places)):
        pair = f"{_length(across - x)} {_length(down - y)}".replace(" -", "-")
        yield f"{'m' if not number else '' if pair.startswith('-') else ' '}{pair}"
        x, y = across, down


def _in_order(places: Sequence[Place]) -> Iterable[tuple[int, int]]:
    """Return places on the grid, band by band, each second band from the right."""
    steps = [(round(x / GRID), round(y / GRID)) for x, y in places]
    low, high = (end(y for _, y in steps) for end in (min, max))
    width = max(across for across, _ in steps) - min(across for across, _ in steps)
    # As high as the bands are, steps along and across them are of one length.
    band = math.sqrt(max(width, 1) * max(high - low, 1) / len(steps)) or 1.0

    def order(step: tuple[int, int]) -> tuple[int, int, int]:
        row = int((step[1] - low) / band)
        return row, -step[0] if row % 2 else step[0], step[1]

    return sorted(steps, key=order)


def _length(steps: int) -> str:
    return f"{steps * GRID:g}".replace("0.", ".", 1) if abs(steps * GRID) < 1 else f"{steps * GRID:g}"

"""Colours, marks and sizes of figures: one set for the page, whose colours are CSS variables, and one for papers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl

from .venues import SANS, SERIF, VENUES, Style

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*", ">", "p")
"""One per series, so that colour is not the only difference; with seven colours, 77 series have a pair of their own."""
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++")
"""One per filled series of a paper, so that grey is enough."""
DASHES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0, ()), (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 2)), (0, (2, 3)),
)  # fmt: skip
"""One per series, as matplotlib takes them."""
CEILING_DASH: tuple[float, tuple[float, ...]] = (0, (3, 2))
"""Of the exact posterior."""

_LEFT_ALONE = ("backend", "interactive", "toolbar", "webagg", "tk.", "macosx", "date.")
"""Settings that are not about how figures look, by the start of their names."""


@dataclass(frozen=True)
class Theme:
    """How figures look. Lengths are in pixels of a page; times `scale` they are points."""

    series: tuple[str, ...]
    """Colours of models or modalities, in order; used again from the start when there are more."""
    ink: str
    """Text, and the ceiling."""
    muted: str
    """Ticks and what is in the background."""
    grid: str
    """Lines that help the eye."""
    surface: str
    """Behind everything."""
    scale: float
    """Points per pixel."""
    legend: bool
    """True: figures carry their own legend; False: the page has one for several figures."""
    width: float = 340.0
    """Pixels of every figure."""
    least: float = 0.0
    """Points of the smallest text."""
    fonts: tuple[str, ...] = SANS
    """The first that has a character draws it."""
    letter: float = 6.6
    """Pixels of a letter beside an axis, as names have them."""
    hatched: bool = False
    """Whether filled series are told apart by hatches too."""

    def points(self, pixels: float) -> float:
        """Return the size of text of so many pixels in points."""
        return max(self.least, pixels * self.scale)

    def colour(self, place: int) -> str:
        """Return the colour of a series; −1 is the ceiling."""
        return self.ink if place < 0 else self.series[place % len(self.series)]

    def shade(self, place: int) -> str:
        """Return the colour whose shades stand for numbers in a figure of one series: of papers always the darkest."""
        return self.series[0] if self.hatched else self.colour(place)

    def hatch(self, place: int) -> str:
        """Return the hatch of a filled series; empty: none."""
        return HATCHES[place % len(HATCHES)] if self.hatched else ""

    @contextmanager
    def active(self) -> Iterator[None]:
        """Draw and save within: matplotlib's settings for this theme, and its own for all else.

        What a user has set, in a file or in a notebook, changes no figure: all processes draw the same.
        """
        own = {name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(_LEFT_ALONE)}
        with mpl.rc_context({**own, **self._settings()}):
            yield

    # `Any`: matplotlib types these keys one by one, and not in all versions.
    def _settings(self) -> dict[Any, Any]:
        return {
            "axes.edgecolor": self.muted,
            "axes.facecolor": "none",
            "axes.grid": True,
            "axes.labelcolor": self.ink,
            "axes.labelsize": self.points(11),
            "axes.linewidth": 0.8 * self.scale,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": self.points(12.1),
            "axes.titlelocation": "left",
            # Where it stands anyway: matplotlib would measure all ticks to find out.
            "axes.titley": 1.0,
            "axes.titlecolor": self.ink,
            "axes.axisbelow": True,
            "figure.facecolor": "none",
            "font.family": list(self.fonts),
            "font.size": self.points(11),
            "grid.color": self.grid,
            "grid.linewidth": 0.8 * self.scale,
            "hatch.color": self.ink,
            "hatch.linewidth": 0.5 * self.scale,
            "legend.frameon": False,
            "legend.labelcolor": self.ink,
            "lines.linewidth": 1.8 * self.scale,
            "lines.markersize": 5 * self.scale,
            "pdf.fonttype": 42,
            "svg.fonttype": "none",
            "svg.hashsalt": "emobench",
            "text.color": self.ink,
            # Names of models and classes are names, whatever signs they hold.
            "text.parse_math": False,
            "xtick.color": self.muted,
            "xtick.labelcolor": self.ink,
            "xtick.labelsize": self.points(10.45),
            "ytick.color": self.muted,
            "ytick.labelcolor": self.ink,
            "ytick.labelsize": self.points(10.45),
        }


# Colours of the page are told apart by colours nobody would choose and then replaced by names (see `with_variables`).
_VARIABLES = {
    **{f"#fe01{place:02x}": f"var(--series-{place})" for place in range(7)},
    "#fe02a0": "var(--ink)",
    "#fe02a1": "var(--muted)",
    "#fe02a2": "var(--grid)",
    "#fe02a3": "var(--surface)",
}
_NAMES = {name: colour for colour, name in _VARIABLES.items()}

WEB = Theme(
    series=tuple(_NAMES[f"var(--series-{place})"] for place in range(7)),
    ink=_NAMES["var(--ink)"],
    muted=_NAMES["var(--muted)"],
    grid=_NAMES["var(--grid)"],
    surface=_NAMES["var(--surface)"],
    scale=1.0,
    legend=False,
)
"""For the page."""

LABEL = 8.0
"""Points of the labels of axes in papers."""
LEAST = 7.0
"""Points of the smallest text in papers."""

# Okabe and Ito's palette for all kinds of colour vision, strongest contrast on white first.
_PAPER = Theme(
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"),
    ink="#000000",
    muted="#555555",
    grid="#dddddd",
    surface="#ffffff",
    scale=LABEL / 11,
    legend=True,
    least=LEAST,
    hatched=True,
)


def paper_theme(style: Style, columns: int) -> Theme:
    """Return the theme of figures that are as wide as one or two columns of a venue."""
    venue = VENUES[style]
    width = (venue.column if columns == 1 else venue.text) * 72 / _PAPER.scale
    return replace(_PAPER, width=width, fonts=venue.fonts, letter=5.5 if venue.fonts == SERIF else Theme.letter)


PAPER = paper_theme("plain", 1)
"""For papers of no venue in particular."""


def with_variables(svg: str) -> str:
    """Return an SVG drawn in the theme `WEB` with the page's colours by name, so that they follow dark mode."""
    return re.sub("|".join(_VARIABLES), lambda found: _VARIABLES[found.group()], svg)

"""Column and text widths of venues, for figures that fit them without being scaled.

Fonts are those that come with matplotlib, so that figures are the same on every machine: STIX has the letters of Times,
DejaVu Sans stands in for Helvetica and Arial.
"""

from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "acl", "ieee", "neurips", "elsevier", "springer", "acm"]

SANS, SERIF = ("DejaVu Sans",), ("STIXGeneral", "DejaVu Sans")
"""Fonts of figures: the first that has a character draws it."""
_CM, _MM, _PICA, _POINT = 1 / 2.54, 1 / 25.4, 12 / 72.27, 1 / 72.27
"""In inches; picas and points as TeX has them."""


@dataclass(frozen=True)
class Venue:
    """How wide its columns and its text are."""

    column: float
    """Inches; the whole text where there is one column."""
    text: float
    """Inches."""
    fonts: tuple[str, ...]
    """What text of figures is set in."""
    source: str
    """Where the widths are from."""


VENUES: dict[Style, Venue] = {
    "plain": Venue(3.4, 7.0, SERIF, "no venue in particular"),
    "acl": Venue(7.7 * _CM, 16 * _CM, SERIF, "acl.sty: A4, margins of 2.5 cm, 0.6 cm between two columns; Times"),
    "ieee": Venue(
        21 * _PICA, 43 * _PICA, SERIF, "IEEEtran.cls: text 43 pc wide, two columns of 21 pc, 1 pc between them; Times"
    ),
    "neurips": Venue(5.5, 5.5, SERIF, "neurips.sty: text 5.5 in wide, one column; Times"),
    "elsevier": Venue(
        90 * _MM, 190 * _MM, SERIF,
        "Elsevier's artwork sizing: 90 mm and 190 mm, letters of 7 pt or more; Times is among its fonts",
    ),
    "springer": Venue(
        12.2 * _CM, 12.2 * _CM, SANS, "llncs.cls: text 12.2 cm wide, one column; Springer asks for Helvetica or Arial"
    ),
    "acm": Venue(
        (8.5 - 108 * _POINT - 2 * _PICA) / 2, 8.5 - 108 * _POINT, SERIF,
        "acmart.cls, sigconf: letter paper, margins of 54 pt, 2 pc between two columns; Libertine, in whose place STIX "
        "stands",
    ),
}  # fmt: skip
"""By name."""

"""A figure that is to be drawn, as one process can hand it to another, and what is drawn of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure

from .canvas import saved, svg_for_page
from .theme import Theme

Kind = Literal["page", "svg", "pdf"]
"""As an element of a page, or as a file."""
Contents = Mapping[Kind, bytes]
"""What was drawn of one figure."""


@dataclass(frozen=True)
class Job:
    """One figure."""

    slug: str
    """Ids of an element of a page begin with it."""
    draw: Callable[[Theme], Figure]
    kinds: tuple[Kind, ...]
    """Put together once for all of them."""


def contents_of(job: Job, theme: Theme) -> Contents:
    """Draw a figure, within `theme.active()`; the same job and theme give the same bytes in any process."""
    figure = job.draw(theme)
    return {
        kind: svg_for_page(figure, job.slug).encode() if kind == "page" else saved(figure, kind) for kind in job.kinds
    }

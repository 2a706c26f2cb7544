"""Figures for papers: figures/*.pdf and *.svg, fonts embedded, text as text, the same bytes every time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from annotated_types import Ge, Le
from typing_extensions import Doc

from ...benchmark.files import write_whole
from ...benchmark.run_folder import RunFolder
from ..venues import Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["svg", "pdf"]
"""Of file."""


@dataclass(frozen=True)
class FigureFiles:
    """One PDF and one SVG per figure, as wide as a column; a style other than `plain` has a folder of its own."""

    style: Annotated[Style, Doc("venue whose columns they fit")] = "plain"
    columns: Annotated[int, Ge(1), Le(2), Doc("width: one column, or two, which is the whole text")] = 1

    def write(self, folder: RunFolder) -> Path:
        """Write the figures and return their folder."""
        from ..drawings import Drawings
        from ..leftovers import keep_only
        from ..paper_figures import paper_figures
        from ..theme import paper_theme

        theme, target = paper_theme(self.style, self.columns), folder.path / "figures" / self._subfolder
        drawings, kinds, written = Drawings(theme), get_args(Kind), list[str]()
        with theme.active():
            for view in paper_figures(folder):
                # Put together once for both files.
                figure = cache(partial(view.draw, theme))
                for kind in kinds:
                    content = drawings.drawn(view, kind, partial(_file, figure, kind))
                    written.append(f"{view.slug}.{kind}")
                    with write_whole(target / written[-1]) as temporary:
                        temporary.write_bytes(content)
        drawings.prune()
        keep_only(target, written)
        return target

    @property
    def _subfolder(self) -> str:
        """Return where a style's figures lie; empty: where a report looks for them."""
        columns = "-two-columns" if self.columns == 2 else ""
        return "" if (self.style, self.columns) == ("plain", 1) else f"{self.style}{columns}"


def _file(figure: Callable[[], "Figure"], kind: Kind) -> bytes:
    from ..canvas import saved

    return saved(figure(), kind)


PLUGIN = FigureFiles

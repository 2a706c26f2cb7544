"""Figures for papers: figures/*.pdf and *.svg, fonts embedded, text as text, the same bytes every time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from typing_extensions import Doc

from ...benchmark.files import write_whole
from ...benchmark.run_folder import RunFolder
from ..venues import Style


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
        drawings, views, written = Drawings(theme), paper_figures(folder), list[str]()
        for view, contents in zip(views, drawings.drawn(views, ["svg", "pdf"]), strict=True):
            for kind, content in contents.items():
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


PLUGIN = FigureFiles

"""Figures for papers: figures/*.pdf and *.svg, fonts embedded, text as text, the same bytes every time."""

from dataclasses import dataclass
from pathlib import Path

from ...benchmark.files import write_whole
from ...benchmark.run_folder import RunFolder


@dataclass(frozen=True)
class FigureFiles:
    """One PDF and one SVG per figure of the report, one column (3.4 inches) wide."""

    def write(self, folder: RunFolder) -> Path:
        """Write the figures and return their folder."""
        from ..canvas import save
        from ..figures import figures
        from ..only import read_view
        from ..rank_figures import rank_figures
        from ..theme import PAPER

        target = folder.path / "figures"
        run, comparisons = read_view(folder)
        views = (*figures(run), *rank_figures(comparisons.ranks if comparisons else ()))
        with PAPER.active():
            for view in views:
                drawn = view.draw(PAPER)
                for file_format in ("svg", "pdf"):
                    with write_whole(target / f"{view.slug}.{file_format}") as temporary:
                        save(drawn, temporary, file_format=file_format)
        target.mkdir(exist_ok=True)
        return target


PLUGIN = FigureFiles

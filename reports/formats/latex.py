"""Tables for a paper, report.tex: booktabs, intervals, best marked; compiles as it is."""

from dataclasses import dataclass
from pathlib import Path

from ...benchmark.files import write_text
from ...benchmark.run_folder import RunFolder


@dataclass(frozen=True)
class LatexDocument:
    """An article whose tables can be copied; figures are included where figures/ has been written."""

    def write(self, folder: RunFolder) -> Path:
        """Write report.tex and return its path."""
        from ..only import read_view
        from ..paper import render

        path = folder.path / "report.tex"
        write_text(path, render(*read_view(folder)))
        return path


PLUGIN = LatexDocument

"""Tables for a paper, report.tex, which compiles as it is, and its pieces in tex/: tables, figures, methods."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from ...benchmark.files import write_text
from ...benchmark.run_folder import RunFolder


@dataclass(frozen=True)
class LatexDocument:
    """An article, and pieces of it to be used in another; figures are included where figures/ has been written."""

    layout: Annotated[str, Doc("a paper's table to lay out too, such as cmerc_table5; those of suites always are")] = ""

    def write(self, folder: RunFolder) -> Path:
        """Write report.tex and tex/, and return the path of report.tex."""
        from ..only import read_view
        from ..paper import render
        from ..tex_folder import MARK, files

        run, comparisons = read_view(folder)
        target = folder.path / "tex"
        written = files(run, comparisons, self.layout)
        for name, text in written.items():
            write_text(target / name, text)
        for other in sorted(target.glob("*.tex")):
            # What an earlier run of this format wrote and this one does not.
            if other.name not in written and other.read_text(encoding="utf-8", errors="replace").startswith(MARK):
                other.unlink()
        path = folder.path / "report.tex"
        write_text(path, render(run, comparisons, self.layout))
        return path


PLUGIN = LatexDocument

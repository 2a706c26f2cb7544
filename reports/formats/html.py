"""One self-contained page, report.html: summaries, tables with intervals, figures with their numbers, provenance."""

from dataclasses import dataclass
from pathlib import Path

from ...benchmark.files import write_text
from ...benchmark.run_folder import RunFolder


@dataclass(frozen=True)
class HtmlPage:
    """No network, no fonts from elsewhere; light and dark, on a phone and on paper."""

    def write(self, folder: RunFolder) -> Path:
        """Write report.html, with links to tables/*.csv where they are there, and return its path."""
        from ..only import read_view
        from ..page import render

        path = folder.path / "report.html"
        linked = {table.stem for table in (folder.path / "tables").glob("*.csv")}
        write_text(path, render(*read_view(folder), linked=linked))
        return path


PLUGIN = HtmlPage

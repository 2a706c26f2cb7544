"""A summary for a pull request or a README, report.md: main figures with intervals, what breaks, what failed."""

from dataclasses import dataclass
from pathlib import Path

from ...benchmark.files import write_text
from ...benchmark.run_folder import RunFolder


@dataclass(frozen=True)
class MarkdownSummary:
    """GitHub-flavoured Markdown; all conditions are folded away."""

    def write(self, folder: RunFolder) -> Path:
        """Write report.md and return its path."""
        from ..markdown import render
        from ..only import read_view

        path = folder.path / "report.md"
        write_text(path, render(*read_view(folder)))
        return path


PLUGIN = MarkdownSummary

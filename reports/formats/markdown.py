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
        from ..comparisons import comparisons_of
        from ..gathering import read
        from ..markdown import render

        path = folder.path / "report.md"
        write_text(path, render(read(folder), comparisons_of(folder)))
        return path


PLUGIN = MarkdownSummary

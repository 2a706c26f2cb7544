"""One self-contained page, report.html: summaries, tables with intervals, figures with their numbers, provenance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from typing_extensions import Doc

from ...benchmark.files import write_text
from ...benchmark.run_folder import RunFolder


@dataclass(frozen=True)
class HtmlPage:
    """No network, no fonts from elsewhere; light and dark, on a phone and on paper."""

    dialogues: Annotated[
        int | None,
        Ge(0),
        Doc("dialogues of each data set shown turn by turn; not set: 8, or fewer where they are large"),
    ] = None
    conditions: Annotated[
        int | None, Ge(1), Doc("conditions shown of each dialogue, those that change it most; not set: what fits")
    ] = None
    turns: Annotated[int, Ge(1), Doc("turns shown of each dialogue")] = 40

    def write(self, folder: RunFolder) -> Path:
        """Write report.html, with links to tables/*.csv where they are there, and return its path."""
        from ..dialogues import Limits, dialogues_of
        from ..only import read_view
        from ..page import render

        path = folder.path / "report.html"
        run, comparisons = read_view(folder)
        shown = dialogues_of(folder, run, Limits(self.dialogues, self.conditions, self.turns))
        linked = {table.stem for table in (folder.path / "tables").glob("*.csv")}
        write_text(path, render(run, comparisons, shown, linked=linked))
        return path


PLUGIN = HtmlPage

"""A run folder in a notebook: its tables and figures by name, and a summary that shows itself."""

import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from . import api
from .errors import SpecError, suggestion
from .run_folder import RunFolder
from .run_record import RunRecord

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ..reports.comparisons import ComparisonView
    from ..reports.contents import RunView
    from ..reports.figure_views import FigureView


class Run:
    """A scored run: what its report holds, from the run folder alone."""

    def __init__(self, path: Path) -> None:
        """Read the record; all else is read when it is asked for.

        Raises
        ------
        RunFolderError
            When there is no run folder, or run.json is damaged.
        """
        self.path = path
        self.record: RunRecord = RunFolder(path).read_older()[0]

    @property
    def results(self) -> "pd.DataFrame":
        """Every figure, one a row, as `emobench.run` returns them."""
        return api.results(RunFolder(self.path))

    @property
    def comparisons(self) -> "pd.DataFrame | None":
        """What `emobench compare` found, one difference a row; None: nothing was compared."""
        import pandas as pd

        path = RunFolder(self.path).comparisons_path
        return pd.read_parquet(path) if path.exists() else None

    @property
    def figures(self) -> tuple[str, ...]:
        """Addresses of the figures of the report, in its order."""
        return tuple(self._figures)

    def figure(self, address: str) -> "Figure":
        """Return a figure of the report, as it is drawn for papers.

        Raises
        ------
        SpecError
            When there is none of that address.
        """
        from ..reports.theme import PAPER

        if address not in self._figures:
            raise SpecError(f"no figure {address!r} in the report of {self.path}; {suggestion(address, self._figures)}")
        with PAPER.active():
            return self._figures[address].draw(PAPER)

    @property
    def tables(self) -> tuple[str, ...]:
        """Addresses of the tables of the report, those of its figures included."""
        return tuple(self._tables)

    def table(self, address: str) -> "pd.DataFrame":
        """Return a table of the report, or the numbers of a figure, in full.

        Raises
        ------
        SpecError
            When there is none of that address.
        """
        import pandas as pd

        if address not in self._tables:
            raise SpecError(f"no table {address!r} in the report of {self.path}; {suggestion(address, self._tables)}")
        return pd.read_csv(io.StringIO(self._tables[address]))

    def report(self, formats: Sequence[str] | str | None = None, only: Sequence[str] | str = ()) -> tuple[Path, ...]:
        """Write reports and return their paths; see `emobench.report`."""
        return api.report(self.path, formats=formats, only=only).paths

    def __repr__(self) -> str:
        """Return how to open it again."""
        return f"emobench.open_run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        from ..reports.notebook import summary_html

        return summary_html(self._view[0])

    def _repr_markdown_(self) -> str:
        from ..reports.markdown import short

        return short(self._view[0])

    @cached_property
    def _view(self) -> "tuple[RunView, ComparisonView | None]":
        from ..reports.only import read_view

        return read_view(RunFolder(self.path))

    @cached_property
    def _figures(self) -> "dict[str, FigureView]":
        from ..reports.csv_tables import figures_of

        return {view.slug: view for view in figures_of(*self._view)}

    @cached_property
    def _tables(self) -> dict[str, str]:
        from ..reports.csv_tables import csv_tables

        return csv_tables(*self._view)

"""Every table and figure as CSV, tables/*.csv: numbers in full, named as on the page."""

from dataclasses import dataclass
from pathlib import Path

from ...benchmark.files import write_text
from ...benchmark.run_folder import RunFolder


@dataclass(frozen=True)
class CsvTables:
    """One file for each table and figure, UTF-8, with a line of heads; see `reports.csv_tables`."""

    def write(self, folder: RunFolder) -> Path:
        """Write the tables and return their folder."""
        from ..csv_tables import csv_tables
        from ..leftovers import keep_only
        from ..only import read_view

        target = folder.path / "tables"
        tables = {f"{slug}.csv": text for slug, text in csv_tables(*read_view(folder)).items()}
        for name, text in tables.items():
            write_text(target / name, text)
        keep_only(target, tables)
        return target


PLUGIN = CsvTables

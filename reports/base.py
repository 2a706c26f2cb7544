"""What a report format is: run folder in, file out."""

from pathlib import Path
from typing import Protocol

from ..benchmark.run_folder import RunFolder


class Format(Protocol):
    """A plug-in: a frozen dataclass whose fields are the arguments."""

    def write(self, folder: RunFolder) -> Path:
        """Write the report into the run folder and return its path (of a file, or of a folder of files).

        What is written depends on run.json and results.parquet, and of figures of single utterances on predictions:
        the same folder gives the same bytes.

        Raises
        ------
        RunFolderError
            When the folder cannot be read, or not written to.
        """
        ...

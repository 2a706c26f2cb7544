"""What a data set is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..conversations import DataSplits


@runtime_checkable
class DataSet(Protocol):
    """A plug-in: a frozen dataclass whose fields are the arguments."""

    def load(self) -> DataSplits:
        """Return the splits; the same arguments give the same content.

        Raises
        ------
        DataError
            When the data were not added yet (the message holds the line to type) or are damaged.
        """
        ...


@runtime_checkable
class ConvertibleDataSet(DataSet, Protocol):
    """A data set that is converted once from files its user has: `emobench data add NAME --from FOLDER`."""

    def convert(
        self,
        source: Path,
        *,
        partial: bool,
        text_encoder: str,
        progress: Callable[[str, int, int], None],
    ) -> DataSplits:
        """Read the public files in `source`.

        Parameters
        ----------
        source
            Folder with the files, laid out as published.
        partial
            True accepts counts other than the published ones.
        text_encoder
            Name on a hub or folder of a sentence encoder; empty: not given.
        progress
            Called with what is done, how far, of how many.

        Raises
        ------
        DataError
            When a file is missing, truncated, re-ordered, mislabelled or holds values that cannot be; names the file
            and the line.
        """
        ...


@runtime_checkable
class JoiningDataSet(ConvertibleDataSet, Protocol):
    """A data set that can be made of several files: `emobench data add NAME --from FILE FILE`; inherits `convert`."""

    def convert(
        self,
        source: Path,
        *,
        partial: bool,
        text_encoder: str,
        progress: Callable[[str, int, int], None],
    ) -> DataSplits:
        """Read one file, or those of one folder; see `ConvertibleDataSet`."""
        return self.join((source,), partial=partial, text_encoder=text_encoder, progress=progress)

    def join(
        self,
        sources: Sequence[Path],
        *,
        partial: bool,
        text_encoder: str,
        progress: Callable[[str, int, int], None],
    ) -> DataSplits:
        """Read the files, and those of the folders, in `sources`; all else as in `convert`.

        Raises
        ------
        DataError
            As in `convert`, and when the sources do not agree; names the first utterance on which they do not.
        """
        ...

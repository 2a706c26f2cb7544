"""`emobench data`: add a data set from the files its user has, describe it, verify it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import store
from .conversations import DataSplits
from .data_summary import summary
from .datasets.base import ConvertibleDataSet, DataSet, JoiningDataSet
from .errors import DataError
from .home import data_folder
from .progress import Progress, silent
from .registry import DATASETS, make


@dataclass(frozen=True, eq=False)
class Description:
    """A data set and what to show of it."""

    splits: DataSplits
    """The data."""
    text: str
    """Summary in lines of at most 80 characters."""
    folder: Path | None
    """Where it is stored; None: made in memory."""


def add(
    name: str,
    source: Path | Sequence[Path],
    *,
    partial: bool = False,
    text_encoder: str = "",
    progress: Progress = silent,
) -> Description:
    """Convert the public files of a data set and store them; `load` and `run` find them from then on.

    Parameters
    ----------
    name
        Spec text of the data set, such as `mosi`.
    source
        Folder with its files, or the files; several are joined where the data set can.
    partial
        True accepts counts other than the published ones.
    text_encoder
        Folder of a sentence encoder or its name on the hub; empty: none.

    Raises
    ------
    DataError
        When the data set needs no files, the files are not what they should be (names file and line) or the result
        cannot be written. What was stored before is still there then.
    UnknownName, SpecError, MissingPackage
        One line: what was expected, what was got, what to type.
    """
    plugin = make(DATASETS, name)
    sources = (source,) if isinstance(source, Path) else tuple(source)
    if not isinstance(plugin, ConvertibleDataSet):
        raise DataError(f"{name} needs no files and is there already; type: emobench data describe {name}")
    splits = _converted(plugin, name, sources, partial=partial, text_encoder=text_encoder, progress=progress)
    store.save(splits, text_encoder=text_encoder)
    return _description(plugin, splits)


def describe(name: str) -> Description:
    """Load a data set by its spec text and say what is in it; errors as in `add`."""
    plugin = make(DATASETS, name)
    return _description(plugin, plugin.load())


def verify(name: str) -> Description:
    """Load a data set and check that its content is what it was when added.

    A data set that is made in memory is made twice.

    Raises
    ------
    DataError
        When the content differs, or a file is missing or damaged; the message holds the line to type.
    """
    plugin = make(DATASETS, name)
    first = plugin.load()  # converted data are compared with their recorded fingerprint on loading
    second = first if isinstance(plugin, ConvertibleDataSet) else plugin.load()
    if first.fingerprint != second.fingerprint:
        raise DataError(
            f"{name}: expected the same content each time it is made, got the fingerprints "
            f"{first.fingerprint[:16]}… and {second.fingerprint[:16]}…"
        )
    return _description(plugin, first)


def _converted(
    plugin: ConvertibleDataSet,
    name: str,
    sources: Sequence[Path],
    *,
    partial: bool,
    text_encoder: str,
    progress: Progress,
) -> DataSplits:
    if isinstance(plugin, JoiningDataSet):
        return plugin.join(sources, partial=partial, text_encoder=text_encoder, progress=progress)
    if len(sources) != 1:
        raise DataError(f"{name} is made of one folder, got {len(sources)} paths; type: {store.add_line(name)}")
    return plugin.convert(sources[0], partial=partial, text_encoder=text_encoder, progress=progress)


def _description(plugin: DataSet, splits: DataSplits) -> Description:
    if not isinstance(plugin, ConvertibleDataSet):
        return Description(splits, summary(splits), None)
    notes = {"text encoder": store.read_manifest(splits.data).text_encoder}
    return Description(splits, summary(splits, notes=notes), data_folder(splits.data))

"""How long fits and cells took, as run folders record it, and how large the checkpoints are that they left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..errors import EmobenchError
from ..models import before_calibration
from ..run_folder import RunFolder
from ..run_record import FitRecord, RunRecord

MOST_FOLDERS = 100
"""So many other run folders are looked into, the newest."""


class FitTime(NamedTuple):
    """A fit that was recorded, of a model without calibrators."""

    model: str
    data: str
    seconds: float
    epochs: int
    """Trained; 0: it has none."""
    utterances: int
    """Of training."""
    bytes: int
    """Of its checkpoint; 0: it is not there any more."""


class CellTime(NamedTuple):
    """A cell that was recorded."""

    model: str
    data: str
    condition: str
    seconds: float
    """Of one draw."""
    utterances: int
    """Of the test split."""


@dataclass
class Times:
    """What folders record of the device in question."""

    fits: list[FitTime] = field(default_factory=list)
    cells: list[CellTime] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    """Those that record any."""
    processors: set[str] = field(default_factory=set)
    """On which they were measured."""

    def add(self, folder: RunFolder, record: RunRecord, *, device: str) -> None:
        """Take in what a folder records; nothing where it was another device."""
        if record.hardware.get("device") != device:
            return
        sizes = {data.name: {split: size["utterances"] for split, size in data.sizes.items()} for data in record.data}
        draws = {one.text: record.stress_draws if one.random else 1 for one in record.conditions}
        fits = [
            FitTime(fit.model, fit.data, fit.seconds, len(fit.epochs), sizes[fit.data]["train"], _bytes(folder, fit))
            for fit in record.fits
            if fit.state == "done" and before_calibration(fit.model) == fit.model
        ]
        cells = [
            CellTime(
                cell.model, cell.data, cell.condition, cell.seconds / draws[cell.condition], sizes[cell.data]["test"]
            )
            for cell in record.cells
            if cell.state == "done"
        ]
        if fits or cells:
            self.fits += fits
            self.cells += cells
            self.folders.append(str(folder.path))
            self.processors.add(record.hardware.get("processor", ""))


def read_times(folder: RunFolder, others: Sequence[Path], *, device: str) -> tuple[Times, Times]:
    """Return what a folder records, and what those below `others` do; what cannot be read is passed over."""
    here, elsewhere = Times(), Times()
    for times, folders in ((here, [folder]), (elsewhere, list(_below(others, folder)))):
        for one in folders:
            try:
                times.add(one, one.read_record(), device=device)
            except (EmobenchError, KeyError):  # no run, or one of another version
                continue
    return here, elsewhere


def _below(others: Sequence[Path], folder: RunFolder) -> Iterator[RunFolder]:
    """Yield the newest run folders below some folders, down to where blocks are; not the one given."""
    mine = folder.path.resolve()
    patterns = ("*/run.json", "*/*/run.json")
    found = {path.parent for place in others for pattern in patterns for path in place.glob(pattern)}
    newest = sorted((path for path in found if path.resolve() != mine), key=_changed, reverse=True)
    for path in newest[:MOST_FOLDERS]:
        yield RunFolder(path)


def _changed(folder: Path) -> float:
    return (folder / "run.json").stat().st_mtime


def _bytes(folder: RunFolder, fit: FitRecord) -> int:
    path = folder.weights_path(fit.model, fit.data, fit.seed)
    return path.stat().st_size if path.exists() else 0

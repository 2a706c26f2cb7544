"""The key that tells whether results still belong to the predictions they lie beside."""

import hashlib
from pathlib import Path

import numpy as np

from .errors import RunFolderError
from .metrics.base import ReadsFile
from .provenance import key
from .reading import regular
from .registry import METRICS, make, names, source_key
from .run_folder import RunFolder
from .run_record import RunRecord

_CODE = (
    "metrics/*.py",
    "bootstrap.py",
    "gap_intervals.py",
    "noise_floor.py",
    "scoring*.py",
    "*_file.py",
    "*_files.py",
    "randomness.py",
)


def scoring_key(folder: RunFolder, record: RunRecord) -> str:
    """Return the key of all that results depend on: predictions, utterances, what is asked for, and the code.

    Raises
    ------
    RunFolderError
        When a file that the record says is there cannot be read.
    DataError
        When a file that a metric reads cannot be read.
    """
    done = sorted({(c.model, c.data, c.seed) for c in record.cells if c.state == "done"})
    paths = [folder.utterances_path, *(folder.predictions_path(*fit) for fit in done)]
    chosen_on = [folder.validation.utterances_path, *(folder.validation.predictions_path(*fit) for fit in done)]
    return key(
        record.draws,
        record.stress_draws,
        record.metrics,
        [(data.name, data.fingerprint, data.classes) for data in record.data],
        [model.name for model in record.models],
        record.conditions,
        sorted((c.model, c.data, c.seed, c.condition, c.state) for c in record.cells),
        [_digest(path) for path in paths],
        [_digest(path) if path.exists() else "" for path in chosen_on],
        [_digest(path) for fit in done if (path := folder.hidden_path(*fit)).exists()],
        _metric_files(record),
        _code_key(),
    )


def _metric_files(record: RunRecord) -> list[str]:
    """Return the keys of the files that metrics read."""
    made = [make(METRICS, text) for text in record.metrics]
    return [metric.content_key() for metric in made if isinstance(metric, ReadsFile)]


def _code_key() -> str:
    here = Path(__file__).parent
    files = sorted({path for pattern in _CODE for path in here.glob(pattern)})
    elsewhere = [(name, source_key(METRICS, name)) for name in names(METRICS)]
    return key([(path.name, path.read_bytes()) for path in files], elsewhere, np.__version__)


def _digest(path: Path) -> str:
    try:
        with regular(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise RunFolderError(f"{path} is missing; run the same `emobench run` again to complete the folder") from None
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror or error}") from None

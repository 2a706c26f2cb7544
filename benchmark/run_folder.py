"""The run folder: the only bridge between computing and showing.

run.json               `RunRecord`: what was run, on what, with which versions, and the state of every cell
utterances.parquet     data, utterance, dialogue, turn, speaker, label, transcript: the test split of each data set
predictions/*.parquet  one file per model × data × seed: condition, utterance, p_0 … p_{C-1}, optional weight_<modality>
results.parquet        `RESULT_COLUMNS`
checkpoints/           safetensors and JSON
report.html  report.tex  figures/

Files are written whole or not at all (temporary name, then rename).
"""

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import RunFolderError

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1
"""Raised when a reader of older folders would misunderstand a new one."""

ALL_SEEDS = -1
"""In the column `seed` of results: the mean over all seeds of the run."""

RESULT_COLUMNS = (
    "model", "data", "seed", "condition", "metric", "part", "value", "low", "high",
    "floor", "floor_high", "seed_sd", "utterances", "dialogues",
)  # fmt: skip
"""Columns of results.parquet. One row is one figure.

condition    canonical condition, or for a figure of a whole curve its family, such as `modality_drop:rate=*`
part         class name, removal, cell of a matrix (`gold→predicted`); empty: the figure itself
low, high    95 % BCa interval over dialogues; NaN: none
floor        for ECE-like figures the mean of the noise floor, for CEL the exact posterior's own; NaN: none
floor_high   95th percentile of the noise floor; NaN: none
seed         training seed, or ALL_SEEDS for the mean over seeds (always there, also with one seed)
seed_sd      in rows of ALL_SEEDS with two or more seeds: standard deviation over seeds; else NaN
"""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConditionRecord(_Record):
    """A condition of the run."""

    text: str
    """Canonical text; `clean` is the first."""
    protocol: str = ""
    """Name of the protocol (of the last in a chain); empty for `clean`."""
    family: str = ""
    """Text with its severity replaced by `*` where the condition is a rung of a degradation curve; else empty."""
    severity: float | None = None
    """The rung's severity (clean is 0); None: not on a curve."""
    removal: str = ""
    """Modality or context that is wholly removed and told, in the sense of CMERC; else empty."""


class DataRecord(_Record):
    """A data set of the run."""

    name: str
    """Canonical spec text."""
    fingerprint: str
    """SHA-256 over the content."""
    classes: tuple[str, ...]
    """Names of the classes in the order of the probability columns."""
    widths: dict[str, int]
    """Feature width per modality, in the order text, audio, video."""
    sizes: dict[str, dict[str, int]]
    """Per split: `dialogues`, `utterances`."""
    label_counts: dict[str, tuple[int, ...]]
    """Per split: utterances of each class."""
    licence: str = ""
    """Terms of use; empty: not stated."""
    leaks: tuple[str, ...] = ()
    """Known leaks."""
    realised: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Per condition and modality: the share of test utterances whose row was really taken away."""


class ModelRecord(_Record):
    """A model of the run."""

    name: str
    """Canonical spec text."""
    summary: str = ""
    """One sentence: what it is."""
    reference: bool = False
    """True: added by emobench for comparison (the exact posterior), not asked for."""


class EpochRecord(_Record):
    """One epoch of training: see `baselines.base.Epoch`."""

    number: int
    train_loss: float
    validation: dict[str, float]
    test: dict[str, float]


class FitRecord(_Record):
    """One trained model: model × data × seed."""

    model: str
    data: str
    seed: int
    state: Literal["done", "failed", "not applicable"]
    why: str = ""
    """Reason, where the state is not `done`."""
    key: str = ""
    """Content key: code, model, data fingerprint, seed, selection, device class."""
    seconds: float = 0.0
    epochs: tuple[EpochRecord, ...] = ()
    chosen_epoch: int | None = None
    selection: Literal["validation", "test"] = "validation"
    selection_optimism: float | None = None
    parameters: int = 0
    notes: dict[str, float | str] = Field(default_factory=dict)


class CellRecord(_Record):
    """One cell: model × data × seed × condition."""

    model: str
    data: str
    seed: int
    condition: str
    state: Literal["done", "failed", "not applicable"]
    why: str = ""
    """Reason, where the state is not `done`."""
    key: str = ""
    """Content key: that of the fit, and protocol code, condition, stress seed."""
    seconds: float = 0.0


class RunRecord(_Record):
    """All that is known about a run: the content of run.json."""

    schema_version: int = SCHEMA_VERSION
    command: str
    """What to type to make this run again."""
    created: str
    """ISO 8601, UTC."""
    versions: dict[str, str]
    """emobench, Python and the packages that numbers depend on."""
    git_revision: str = ""
    """Of the checkout emobench ran from; empty: none."""
    hardware: dict[str, str]
    """`processor`, `cores`, `memory`, `device`, `threads`, `system`."""
    seeds: tuple[int, ...]
    """Training seeds."""
    stress_seed: int
    """Seed of the stresses, the same for all models and training seeds."""
    selection: Literal["validation", "test"]
    draws: int = 10_000
    """Bootstrap draws."""
    protocols: tuple[str, ...] = ()
    """Protocols and conditions as asked for; bare names stand for ladders."""
    metrics: tuple[str, ...] = ()
    """Canonical texts of the metrics asked for; empty: all."""
    data: tuple[DataRecord, ...]
    models: tuple[ModelRecord, ...]
    conditions: tuple[ConditionRecord, ...]
    fits: tuple[FitRecord, ...] = ()
    cells: tuple[CellRecord, ...] = ()


def file_stem(*parts: str) -> str:
    """Return a file name for texts that may hold any character: readable, safe and without collisions.

    Examples
    --------
    >>> file_stem("rage_fusion:preset=paper", "simulated", "0")
    'rage_fusion-preset-paper.simulated.0.26c1e4ae'
    """
    readable = ".".join(re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-")[:60] for part in parts)
    return f"{readable}.{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"


@contextlib.contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving without an error it takes the place of `path`.

    Raises
    ------
    RunFolderError
        When the folder cannot be written to or the disk is full; what was at `path` is still there.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files private; a run folder is meant to be shared like any other file.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise RunFolderError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another folder with --out"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with write_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(path: Path, table: "pa.Table") -> None:
    """Write a Parquet file whole or not at all."""
    import pyarrow.parquet as pq

    with write_whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_table(path: Path) -> "pa.Table":
    """Read a Parquet file.

    Raises
    ------
    RunFolderError
        When it is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except FileNotFoundError:
        raise RunFolderError(f"{path} is missing; run the same `emobench run` again to complete the folder") from None
    except (pa.ArrowException, OSError) as error:
        first = str(error).partition("\n")[0]
        raise RunFolderError(f"{path} is damaged ({first}); delete it and run the same `emobench run` again") from None


class RunFolder:
    """Paths and files of one run."""

    def __init__(self, path: Path) -> None:
        """Keep the path; nothing is read or made yet."""
        self.path = path

    @property
    def record_path(self) -> Path:
        """Path of run.json."""
        return self.path / "run.json"

    @property
    def results_path(self) -> Path:
        """Path of results.parquet."""
        return self.path / "results.parquet"

    @property
    def utterances_path(self) -> Path:
        """Path of utterances.parquet."""
        return self.path / "utterances.parquet"

    def predictions_path(self, model: str, data: str, seed: int) -> Path:
        """Path of the predictions of one fitted model."""
        return self.path / "predictions" / f"{file_stem(model, data, str(seed))}.parquet"

    def checkpoint_stem(self, model: str, data: str, seed: int) -> Path:
        """Path of a checkpoint without its ending (`.safetensors`, `.json`)."""
        return self.path / "checkpoints" / file_stem(model, data, str(seed))

    def read_record(self) -> RunRecord:
        """Return the content of run.json.

        Raises
        ------
        RunFolderError
            When there is none, or it is damaged, or of another schema version.
        """
        try:
            text = self.record_path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            raise RunFolderError(
                f"{self.path} is no run folder (it has no run.json); see `emobench run --help`"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise RunFolderError(f"cannot read {self.record_path}: {error}") from None
        try:
            return RunRecord.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "its start"
            raise RunFolderError(
                f"{self.record_path} cannot be read: at {place}: {first['msg']}; it is damaged or of another version "
                f"(this emobench reads schema version {SCHEMA_VERSION}); choose another folder with --out"
            ) from None

    def write_record(self, record: RunRecord) -> None:
        """Write run.json whole or not at all."""
        write_text(self.record_path, record.model_dump_json(indent=1) + "\n")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

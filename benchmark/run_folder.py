"""The run folder: the only bridge between computing and showing.

run.json               `RunRecord`: what was run, on what, with which versions, and the state of every cell
utterances.parquet     data, utterance, dialogue, turn, speaker, label, transcript: the test split of each data set
predictions/*.parquet  one file per model × data × seed: condition, draw, utterance, p_0 …, optional weight_<modality>
validation/            utterances.parquet and predictions/ once more: the validation split as recorded, on clean input
stresses/*.parquet     one file per data set: what each condition did to each utterance (`benchmark.stress_records`)
hidden/*.npz           where asked for, hidden vectors of clean test input (`benchmark.hidden_vectors`)
hidden/*.parquet       where those that are drawn lie in the plane (`benchmark.hidden_plane_files`)
results.parquet        `RESULT_COLUMNS`
comparisons.parquet    `COMPARISON_COLUMNS`, where `emobench compare` was asked
latency.json           where measured, how long models took and on what (`benchmark.latency.record`)
latency.parquet        every sample of it
checkpoints/           safetensors and JSON
report.html  report.tex  figures/

Files are written whole or not at all (temporary name, then rename).
"""

import json
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from .errors import RunFolderError
from .files import file_stem, remove_leftovers, write_text
from .older_runs import modern
from .reading import regular
from .run_record import SCHEMA_VERSION, RunRecord


class RunFolder:
    """Paths and files of one run."""

    def __init__(self, path: Path) -> None:
        """Keep the path; nothing is read or made yet."""
        self.path = path

    def require_no_file(self) -> None:
        """Raise RunFolderError where there is a file in the place of the folder."""
        if self.path.exists() and not self.path.is_dir():
            raise RunFolderError(f"expected a folder for the run, got the file {self.path}; choose another with --out")

    def remove_leftovers(self) -> None:
        """Remove what processes that were killed left of files that they wrote; nobody may compute into it now."""
        parts = ("predictions", "hidden", "stresses", "checkpoints", "validation", "validation/predictions")
        for folder in (self.path, *(self.path / part for part in parts)):
            remove_leftovers(folder)

    @property
    def record_path(self) -> Path:
        """Path of run.json."""
        return self.path / "run.json"

    @property
    def lock_path(self) -> Path:
        """Path of the file that is there while somebody computes into the folder."""
        return self.path / "run.lock"

    @property
    def results_path(self) -> Path:
        """Path of results.parquet."""
        return self.path / "results.parquet"

    @property
    def comparisons_path(self) -> Path:
        """Path of comparisons.parquet."""
        return self.path / "comparisons.parquet"

    @property
    def utterances_path(self) -> Path:
        """Path of utterances.parquet."""
        return self.path / "utterances.parquet"

    @property
    def validation(self) -> "RunFolder":
        """Where the same files lie for the validation split, without run.json."""
        return RunFolder(self.path / "validation")

    def predictions_path(self, model: str, data: str, seed: int) -> Path:
        """Path of the predictions of one fitted model."""
        return self.path / "predictions" / f"{file_stem(model, data, str(seed))}.parquet"

    def hidden_path(self, model: str, data: str, seed: int) -> Path:
        """Path of the hidden vectors of one fitted model."""
        return self.path / "hidden" / f"{file_stem(model, data, str(seed))}.npz"

    def plane_path(self, model: str, data: str) -> Path:
        """Path of the places in the plane of a model's hidden vectors."""
        return self.path / "hidden" / f"{file_stem(model, data)}.parquet"

    def stresses_path(self, *of: str) -> Path:
        """Path of the record of the stresses of a data set; for attacks of a model, data set and seed."""
        return self.path / "stresses" / f"{file_stem(*of)}.parquet"

    def checkpoint_stem(self, model: str, data: str, seed: int) -> Path:
        """Path of a checkpoint without its ending (`.safetensors`, `.json`)."""
        return self.path / "checkpoints" / file_stem(model, data, str(seed))

    def weights_path(self, model: str, data: str, seed: int) -> Path:
        """Path of the arrays of a checkpoint."""
        stem = self.checkpoint_stem(model, data, seed)
        return stem.with_name(f"{stem.name}.safetensors")

    def read_record(self) -> RunRecord:
        """Return the content of run.json.

        Raises
        ------
        RunFolderError
            When there is none, or it is damaged, or of another schema version.
        """
        return self._checked(self._read_text())

    def read_earlier(self) -> RunRecord | None:
        """Return the content of run.json of a folder that is to be computed into; None: nothing is in it yet.

        Raises
        ------
        RunFolderError
            When it holds something else, or is a file, or run.json cannot be read.
        """
        self.require_no_file()
        if self.record_path.exists():
            return self.read_record()
        if self.path.is_dir() and any(path != self.lock_path for path in self.path.iterdir()):
            raise RunFolderError(f"{self.path} holds other files and no run.json; choose an empty folder with --out")
        return None

    def read_older(self) -> tuple[RunRecord, str]:
        """Return the content of run.json, also of one that an older emobench wrote, and what it does not say.

        For what only shows a run. Raises as `read_record`, but for older schema versions that can be shown.
        """
        text = self._read_text()
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError):
            raw = None
        known, missing = modern(raw) if isinstance(raw, dict) else (raw, "")
        return self._checked(json.dumps(known) if missing else text), missing

    def _read_text(self) -> str:
        try:
            return regular(self.record_path).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            raise RunFolderError(
                f"{self.path} is no run folder (it has no run.json); see `emobench run --help`"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise RunFolderError(
                f"cannot read {self.record_path}: {error}; restore it, or run into another folder"
            ) from None

    def _checked(self, text: str) -> RunRecord:
        try:
            return RunRecord.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "its start"
            raise RunFolderError(
                f"{self.record_path} cannot be read: at {place}: {first['msg']}; it is damaged or of another version "
                f"(this emobench reads schema version {SCHEMA_VERSION}; `emobench report` shows older ones too); "
                "restore it, or run into another folder"
            ) from None

    def write_record(self, record: RunRecord) -> None:
        """Write run.json whole or not at all."""
        write_text(self.record_path, record.model_dump_json(indent=1) + "\n")


class StillFolder(RunFolder):
    """A run folder that nobody computes into while it is looked at: run.json is read once."""

    def read_record(self) -> RunRecord:
        """Return the content of run.json; errors as of any run folder."""
        return self._record

    @cached_property
    def _record(self) -> RunRecord:
        return super().read_record()

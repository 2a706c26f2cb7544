"""What models said of single turns: utterances.parquet and predictions/*.parquet, read as far as they are asked for."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from ..benchmark.arrow_columns import is_number, numbers_of, texts_of
from ..benchmark.errors import PredictionError, RunFolderError
from ..benchmark.files import read_table
from ..benchmark.parquet_files import open_parquet
from ..benchmark.prediction_files import WRITE_AGAIN, problems_told
from ..benchmark.predictions import check_probabilities
from ..benchmark.run_folder import RunFolder
from ..benchmark.run_record import RunRecord
from ..benchmark.utterance_file import Utterances, read_utterances
from .stress_contents import CLEAN

FIRST_DRAW = 0
"""The draw of a random stress that is shown turn by turn."""


@dataclass(frozen=True, eq=False)
class Said:
    """The test split of one data set as a reader sees it; one row per utterance, dialogues contiguous."""

    utterances: Utterances
    """Who spoke when, and the gold classes."""
    dialogue_ids: tuple[str, ...]
    """Name of the dialogue of each utterance."""
    transcripts: tuple[str | None, ...]
    """What was said; None: not known."""

    @property
    def transcribed(self) -> bool:
        """Whether anything that was said is known."""
        return any(text is not None for text in self.transcripts)


def read_said(folder: RunFolder) -> dict[str, Said]:
    """Return the utterances by data set.

    Raises
    ------
    RunFolderError
        When utterances.parquet is missing, damaged, or its rows are not in order.
    """
    found, table = read_utterances(folder), read_table(folder.utterances_path)
    data_of = texts_of(table["data"])
    columns = {
        name: texts_of(table[name]) if name in table.column_names else np.full(len(data_of), None, object)
        for name in ("dialogue_id", "transcript")
    }
    for name, column in columns.items():
        if not all(text is None or isinstance(text, str) for text in column):
            raise RunFolderError(f"{folder.utterances_path}: expected texts in the column {name!r}, got other values")
    return {
        data: Said(
            utterances=utterances,
            dialogue_ids=tuple(
                str(place) if name is None else name
                for name, place in zip(columns["dialogue_id"][data_of == data], utterances.dialogue, strict=True)
            ),
            transcripts=tuple(columns["transcript"][data_of == data]),
        )
        for data, utterances in found.items()
    }


@dataclass(frozen=True)
class Source:
    """Where the predictions of one model on one data set are shown from."""

    model: str
    data: str
    seed: int
    """The lowest training seed that has clean input, or else anything."""
    conditions: tuple[str, ...]
    """Conditions that are done for this seed, in the order of the run."""


def sources_of(record: RunRecord, data: str) -> tuple[Source, ...]:
    """Return where the predictions on a data set are, models in the order of the run; none where nothing is done."""
    done: dict[str, dict[int, set[str]]] = {}
    for cell in record.cells:
        if (cell.data, cell.state) == (data, "done"):
            done.setdefault(cell.model, {}).setdefault(cell.seed, set()).add(cell.condition)
    found = []
    for model in record.models:
        seeds = done.get(model.name, {})
        if seeds:
            seed = min(seeds, key=lambda one: (CLEAN not in seeds[one], one))
            there = tuple(one.text for one in record.conditions if one.text in seeds[seed])
            found.append(Source(model.name, data, seed, there))
    return tuple(found)


class Outputs:
    """The probabilities that one model gave, by condition; the file is read again for each.

    Of a condition that was drawn several times these are the first draw.

    Raises
    ------
    RunFolderError
        When the file is missing, damaged, or of another number of classes.
    """

    def __init__(self, folder: RunFolder, source: Source, *, utterances: int, classes: int) -> None:
        """Open the file and find out where the conditions are."""
        self.source = source
        self._path = folder.predictions_path(source.model, source.data, source.seed)
        self._utterances = utterances
        self._columns = [f"p_{k}" for k in range(classes)]
        with problems_told(self._path):
            self._file = open_parquet(self._path)
        try:
            self._check_columns()
            self._groups = self._index()
        except RunFolderError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; nothing can be read any more."""
        self._file.close()

    def read(self, condition: str) -> Float[np.ndarray, "utterances classes"]:
        """Return the probabilities under a condition.

        Raises
        ------
        RunFolderError
            When the condition is not there, is not that of these utterances in their order, or holds no probabilities.
        """
        if condition not in self._groups:
            raise self._wrong(f"the predictions under {condition!r}", "none")
        with problems_told(self._path):
            table = self._file.read_row_group(self._groups[condition], columns=["utterance", *self._columns])
        odd = next((name for name in table.column_names if not is_number(table[name])), "")
        if odd:
            raise self._wrong(f"numbers in the column {odd!r}", str(table[odd].type))
        if not np.array_equal(numbers_of(table["utterance"]), np.arange(self._utterances)):
            raise self._wrong(f"{self._utterances} utterances in order under {condition!r}", f"{len(table)} rows")
        probabilities = np.stack([numbers_of(table[name]) for name in self._columns], axis=1)
        try:
            check_probabilities(probabilities)
        except PredictionError as error:
            raise RunFolderError(f"{self._path}, condition {condition!r}: {error}; {WRITE_AGAIN}") from None
        return probabilities

    def predicted(self, condition: str) -> Int64[np.ndarray, " utterances"]:
        """Return the most probable class of each utterance under a condition; of equal ones the first."""
        return np.asarray(self.read(condition).argmax(axis=1))

    def _check_columns(self) -> None:
        names = self._file.schema_arrow.names
        classes = [name for name in names if name.startswith("p_")]
        missing = [name for name in ("condition", "draw", "utterance", *self._columns) if name not in names]
        if missing or len(classes) != len(self._columns):
            raise self._wrong(f"{len(self._columns)} classes and the columns of predictions", ", ".join(names))

    def _index(self) -> dict[str, int]:
        """Return the row group of each condition's first draw by its statistics."""
        place = {name: number for number, name in enumerate(self._file.schema_arrow.names)}
        found: dict[str, int] = {}
        for group in range(self._file.num_row_groups):
            columns = self._file.metadata.row_group(group)
            condition, draw = (columns.column(place[name]).statistics for name in ("condition", "draw"))
            if condition is not None and draw is not None and draw.min == FIRST_DRAW:
                found.setdefault(condition.min, group)
        return found

    def _wrong(self, expected: str, got: str) -> RunFolderError:
        return RunFolderError(f"{self._path}: expected {expected}, got {got}; {WRITE_AGAIN}")

"""Predictions of a run folder as Parquet files.

A file has the columns `condition`, `draw` (0, 1, … where the condition depends on random numbers, else 0), `utterance`
(row in the data set's test split), `p_0` … `p_{C-1}` and, where the model has them, `weight_<modality>`. Each draw of a
condition is one row group of its own, so that it can be read without the others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float, Int64

from .arrow_columns import is_number, is_text_type, number_column, numbers_of, repeated_text_column, texts_of
from .errors import PredictionError, RunFolderError
from .files import write_whole
from .parquet_files import DAMAGED, open_parquet, sound
from .predictions import Predictions

_WEIGHT = "weight_"
FAST = {"compression": "zstd", "use_dictionary": ["condition"], "write_statistics": ["condition", "draw"]}
"""How a file is written whose row groups are draws of conditions: numbers that hardly repeat take twice as long and
more room with a dictionary, and nobody looks for a draw by anything but the range of these two columns."""
WRITE_AGAIN = "delete it and run the same `emobench run` again"
"""What to do with a damaged file of predictions."""


def write_predictions(path: Path, predictions: Mapping[str, Sequence[Predictions]]) -> None:
    """Write the predictions of one fitted model, by condition and draw, whole or not at all.

    All of them have the same classes and modality weights. An empty mapping is refused, since a file without
    conditions would have no columns.

    Raises
    ------
    PredictionError
        When there is nothing to write, or the conditions differ in classes or modality weights.
    RunFolderError
        When the file cannot be written.
    """
    write_tables(
        path,
        (
            prediction_table(condition, draw, of)
            for condition, draws in predictions.items()
            for draw, of in enumerate(draws)
        ),
    )


def write_tables(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write tables of `prediction_table`, one after the other, of which one is in memory at a time; else the same."""
    each = iter(tables)
    first = next(each, None)
    if first is None:
        raise PredictionError(f"expected predictions under one condition or more for {path.name}, got none")
    with write_whole(path) as temporary, pq.ParquetWriter(temporary, first.schema, **FAST) as writer:
        for table in chain([first], each):
            if table.schema != first.schema:
                raise PredictionError(
                    f"expected the columns {', '.join(first.schema.names)} under every condition, as under "
                    f"{_condition(first)!r}; got {', '.join(table.schema.names)} under {_condition(table)!r}"
                )
            writer.write_table(table, row_group_size=max(1, len(table)))


def read_predictions(path: Path, condition: str, draw: int = 0) -> Predictions:
    """Return the predictions under one draw of a condition, ordered by utterance; see `PredictionFile.read`."""
    with PredictionFile(path) as file:
        return file.read(condition, draw)


class PredictionFile:
    """A predictions file that is read many times; open until `close`.

    Raises
    ------
    PredictionError
        When a column is missing.
    RunFolderError
        When the file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and find out where the conditions are."""
        self._path = path
        with problems_told(path):
            self._file = open_parquet(path)
        try:
            with problems_told(path):
                self._columns = _columns(self._file, path)
                self._groups = self._index()
        except Exception:
            self.close()
            raise

    def __enter__(self) -> "PredictionFile":
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; nothing can be read any more."""
        self._file.close()

    def read(self, condition: str, draw: int = 0) -> Predictions:
        """Return the predictions under one draw of a condition, ordered by utterance.

        Raises
        ------
        PredictionError
            For a condition or draw that is not there, an utterance that is there twice or left out, or rows that are
            no probabilities; the message names file and row.
        RunFolderError
            When the file is damaged.
        """
        with problems_told(self._path):
            table = sound(
                self._file.read_row_groups(
                    sorted({*self._groups.get((condition, draw), ()), *self._groups.get(None, ())})
                )
            )
        where = f"{self._path}, condition {condition!r}" + f", draw {draw}" * bool(draw)
        rows = np.flatnonzero((texts_of(table["condition"]) == condition) & (_numbers(table, "draw", where) == draw))
        if not len(rows):
            raise PredictionError(f"{where}: expected its predictions, got none; run the same `emobench run` again")
        read = {name: _numbers(table, name, where)[rows] for name in self._columns if name not in ("condition", "draw")}
        order = _order(read["utterance"], where)
        try:
            return _predictions({name: values[order] for name, values in read.items()})
        except PredictionError as error:
            raise PredictionError(f"{where}: {error}; run the same `emobench run` again to predict it anew") from None

    def _index(self) -> dict[tuple[str, int] | None, list[int]]:
        """Return the row groups of each condition and draw by their statistics; those that do not tell under None."""
        found: dict[tuple[str, int] | None, list[int]] = {}
        for group in range(self._file.num_row_groups):
            columns = self._file.metadata.row_group(group)
            condition, draw = (columns.column(self._columns[name]).statistics for name in ("condition", "draw"))
            found.setdefault((condition.min, draw.min) if _one(condition) and _one(draw) else None, []).append(group)
        return found


def conditions_in(path: Path) -> tuple[str, ...]:
    """Return the conditions of a predictions file, in the order they were written.

    Raises
    ------
    PredictionError, RunFolderError
        When the file is missing, damaged or no predictions file.
    """
    with problems_told(path), open_parquet(path) as file:
        _columns(file, path)
        groups = (file.read_row_group(group, columns=["condition"]) for group in range(file.num_row_groups))
        return tuple(dict.fromkeys(str(text) for group in groups for text in texts_of(sound(group)["condition"])))


def prediction_table(condition: str, draw: int, predictions: Predictions) -> pa.Table:
    """Return the rows of one draw of a condition as they stand in a file."""
    rows, classes = predictions.probabilities.shape
    columns = {
        "condition": repeated_text_column(condition, rows),
        "draw": number_column(np.full(rows, draw, dtype=np.int64)),
        "utterance": number_column(np.arange(rows, dtype=np.int64)),
    }
    for k in range(classes):
        columns[f"p_{k}"] = number_column(predictions.probabilities[:, k].astype(np.float64))
    for modality, weights in predictions.modality_weights.items():
        columns[f"{_WEIGHT}{modality}"] = number_column(weights.astype(np.float64))
    return pa.table(columns)


def predictions_of(table: pa.Table) -> Predictions:
    """Return what `prediction_table` made a table of; real numbers come back in double precision."""
    names = [name for name in table.schema.names if name not in ("condition", "draw")]
    return _predictions({name: numbers_of(table[name]) for name in names})


def _predictions(columns: Mapping[str, Float[np.ndarray, " utterances"]]) -> Predictions:
    """Return predictions from their columns, which are in the order of the utterances."""
    classes = sum(name.startswith("p_") for name in columns)
    return Predictions(
        probabilities=np.stack([columns[f"p_{k}"] for k in range(classes)], axis=1),
        modality_weights={
            name.removeprefix(_WEIGHT): values for name, values in columns.items() if name.startswith(_WEIGHT)
        },
    )


def _condition(table: pa.Table) -> str:
    return str(texts_of(table["condition"])[0])


@contextmanager
def problems_told(path: Path) -> Iterator[None]:
    """Say in one line what is wrong with a file."""
    try:
        yield
    except FileNotFoundError:
        raise RunFolderError(f"{path} is missing; run the same `emobench run` again to complete the folder") from None
    except DAMAGED as error:
        first = str(error).partition("\n")[0]
        raise RunFolderError(f"{path} is damaged ({first}); {WRITE_AGAIN}") from None


def _columns(file: pq.ParquetFile, path: Path) -> dict[str, int]:
    """Return the place of each column; the probabilities are p_0 to p_{C-1} without a gap."""
    names = file.schema_arrow.names
    if len(file.schema) != len(names):
        raise PredictionError(f"{path}: expected columns of numbers and texts, got some that are made of parts")
    classes = sum(name.startswith("p_") for name in names)
    expected = ["condition", "draw", "utterance", *(f"p_{k}" for k in range(max(classes, 1)))]
    missing = [name for name in expected if name not in names]
    if missing:
        raise PredictionError(f"{path}: expected the column {missing[0]!r}, got {', '.join(names)}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PredictionError(f"{path}: expected each column once, got {twice!r} twice")
    kind = file.schema_arrow.field("condition").type
    if not is_text_type(kind):
        raise PredictionError(f"{path}: expected texts in the column 'condition', got {kind}")
    return {name: place for place, name in enumerate(names)}


def _one(statistics: pq.Statistics | None) -> bool:
    """Return whether a row group's statistics say that a column holds one value only."""
    return statistics is not None and bool(statistics.has_min_max) and statistics.min == statistics.max


def _order(utterance: Float[np.ndarray, " rows"], where: str) -> Int64[np.ndarray, " rows"]:
    order = np.argsort(utterance, kind="stable").astype(np.int64)
    wrong = utterance[order] != np.arange(len(utterance))
    if wrong.any():
        place = int(np.argmax(wrong))
        row, got = int(order[place]), utterance[order[place]]
        twice = place > 0 and utterance[order[place - 1]] == got
        raise PredictionError(
            f"{where}: expected each utterance from 0 to {len(utterance) - 1} once, got utterance {got:g} "
            f"{'twice, the second time ' if twice else ''}in row {row}"
        )
    return order


def _numbers(table: pa.Table, column: str, where: str) -> Float[np.ndarray, " rows"]:
    """Return a column as numbers; an empty cell becomes NaN, which no check lets pass."""
    if not is_number(table[column]):
        raise PredictionError(f"{where}: expected numbers in the column {column!r}, got {table[column].type}")
    return numbers_of(table[column])

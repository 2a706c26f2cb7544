"""The utterances of one split of a run's data sets as a Parquet file: what was said by whom, and what was felt."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from .arrow_columns import is_text_type, number_column, text_column, texts_of, whole_numbers_of, wrong_column
from .conversations import UNKNOWN, Conversations
from .errors import RunFolderError
from .files import read_table, write_table
from .run_folder import RunFolder

_AGAIN = "delete it and run the same `emobench run` again"


@dataclass(frozen=True, eq=False)
class Utterances:
    """A split of a data set as far as scoring needs it; one row per utterance, dialogues contiguous."""

    dialogue: Int64[np.ndarray, " utterances"]
    """Index of the dialogue, not decreasing."""
    turn: Int64[np.ndarray, " utterances"]
    """Position in the dialogue, from 0."""
    speaker: Int64[np.ndarray, " utterances"]
    """Index of the speaker, local to the dialogue."""
    label: Int64[np.ndarray, " utterances"]
    """Index of the gold class; −1 unknown."""

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.label)

    @property
    def labelled(self) -> Int64[np.ndarray, " labelled"]:
        """Rows whose label is known."""
        return np.flatnonzero(self.label != UNKNOWN).astype(np.int64)


def write_utterances(folder: RunFolder, datas: Mapping[str, Conversations]) -> None:
    """Write the utterances of one split of the data sets, by name, into utterances.parquet."""
    tables = [_utterance_table(name, conversations) for name, conversations in datas.items()]
    write_table(folder.utterances_path, pa.concat_tables(tables))


def read_utterances(folder: RunFolder) -> dict[str, Utterances]:
    """Return the utterances by data set.

    Raises
    ------
    RunFolderError
        When the file is missing, damaged, or its rows are not in order.
    """
    return _checked(read_table(folder.utterances_path), folder.utterances_path)


def read_utterance_table(folder: RunFolder) -> pa.Table:
    """Return utterances.parquet as it is, its rows in order, data set by data set, with a column of transcripts.

    Raises
    ------
    RunFolderError
        As `read_utterances`; also when the rows of a data set do not stand together, or transcripts are no texts.
    """
    table, path = read_table(folder.utterances_path), folder.utterances_path
    _checked(table, path)
    data_of = texts_of(table["data"])
    begun = 1 + int((data_of[1:] != data_of[:-1]).sum()) if len(table) else 0
    if begun != len(set(data_of)):
        raise RunFolderError(f"{path}: expected the utterances of a data set beside each other; {_AGAIN}")
    if "transcript" not in table.column_names:
        return table.append_column("transcript", pa.nulls(len(table), pa.string()))
    kind = table["transcript"].type
    if not is_text_type(kind):
        raise RunFolderError(f"{path}: expected texts in the column 'transcript', got {kind}; {_AGAIN}")
    return table


def _checked(table: pa.Table, path: Path) -> dict[str, Utterances]:
    needed = ("data", "utterance", "dialogue", "turn", "speaker", "label")
    if wrong := wrong_column(table, texts=needed[:1], whole=needed[1:]):
        raise RunFolderError(f"{path}: {wrong}; {_AGAIN}")
    columns = {name: whole_numbers_of(table[name]) for name in needed[1:]}
    data_of = texts_of(table["data"])
    found = {}
    for data in dict.fromkeys(data_of.tolist()):
        of_data = {name: values[data_of == data] for name, values in columns.items()}
        utterance, rows = of_data.pop("utterance"), int((data_of == data).sum())
        if not np.array_equal(utterance, np.arange(rows)) or (np.diff(of_data["dialogue"]) < 0).any():
            expected = f"the utterances of {data} in order, 0 to {rows - 1}, dialogue by dialogue"
            raise RunFolderError(f"{path}: expected {expected}; {_AGAIN}")
        found[data] = Utterances(**of_data)
    return found


def _utterance_table(name: str, c: Conversations) -> pa.Table:
    rows = len(c)
    return pa.table(
        {
            "data": text_column([name] * rows),
            "utterance": number_column(np.arange(rows, dtype=np.int64)),
            "dialogue": number_column(c.dialogue),
            "turn": number_column(c.turn),
            "speaker": number_column(c.speaker),
            "label": number_column(c.label),
            "utterance_id": text_column(c.utterance_ids),
            "dialogue_id": text_column([c.dialogue_ids[dialogue] for dialogue in c.dialogue]),
            "transcript": pa.nulls(rows, pa.string()) if c.transcripts is None else text_column(c.transcripts),
        }
    )

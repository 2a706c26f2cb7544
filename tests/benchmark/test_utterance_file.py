"""The test utterances of a run as a file."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.utterance_file import Utterances, read_utterance_table, read_utterances, write_utterances

Small = Callable[..., Conversations]


def test_what_is_written_is_read(tmp_path: Path, small: Small) -> None:
    folder = RunFolder(tmp_path)
    one, other = small(lengths=(2, 3)), small(lengths=(4,), seed=1)
    unknown = one.change(label=np.array([0, -1, 2, -1, 1]))
    write_utterances(folder, {"one": unknown, "other:seed=3": other})
    read = read_utterances(folder)
    assert list(read) == ["one", "other:seed=3"]
    assert len(read["one"]) == 5
    np.testing.assert_array_equal(read["one"].labelled, [0, 2, 4])
    for name, conversations in (("one", unknown), ("other:seed=3", other)):
        for column in fields(Utterances):
            np.testing.assert_array_equal(getattr(read[name], column.name), getattr(conversations, column.name))


def test_the_file_is_as_documented(tmp_path: Path, small: Small) -> None:
    write_utterances(RunFolder(tmp_path), {"one": small(lengths=(1, 2)).change(transcripts=("a", "b", "c"))})
    table = pq.read_table(tmp_path / "utterances.parquet")
    assert table.column_names == [
        "data", "utterance", "dialogue", "turn", "speaker", "label", "utterance_id", "dialogue_id", "transcript",
    ]  # fmt: skip
    assert table["turn"].to_pylist() == [0, 0, 1]
    assert table["dialogue_id"].to_pylist() == ["test_dialogue_0", "test_dialogue_1", "test_dialogue_1"]
    assert table["transcript"].to_pylist() == ["a", "b", "c"]


def test_data_without_transcripts_have_empty_cells(tmp_path: Path, small: Small) -> None:
    write_utterances(RunFolder(tmp_path), {"one": small(lengths=(1, 2))})
    assert pq.read_table(tmp_path / "utterances.parquet")["transcript"].to_pylist() == [None] * 3


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("utterance", [0, 2, 1], "expected the utterances of one in order, 0 to 2, dialogue by dialogue"),
        ("dialogue", [1, 0, 0], "expected the utterances of one in order, 0 to 2, dialogue by dialogue"),
        ("label", ["a", "b", "c"], "expected whole numbers in the column 'label', got string"),
        ("label", [1, None, 0], "expected whole numbers in the column 'label', got int64 with 1 empty cells"),
        (
            "turn",
            None,
            "expected the column 'turn', got data, utterance, dialogue, speaker, label, utterance_id, dialogue_id, "
            "transcript",
        ),
    ],
)
def test_damage_is_named(tmp_path: Path, small: Small, column: str, values: list[object] | None, message: str) -> None:
    folder = RunFolder(tmp_path)
    write_utterances(folder, {"one": small(lengths=(1, 2))})
    table = pq.read_table(folder.utterances_path).drop_columns([column])
    table = table if values is None else table.append_column(column, pa.array(values))
    pq.write_table(table, folder.utterances_path)
    with pytest.raises(RunFolderError) as caught:
        read_utterances(folder)
    expected = f"{folder.utterances_path}: {message}; delete it and run the same `emobench run` again"
    assert str(caught.value) == expected


def test_the_table_itself_has_transcripts_and_its_data_sets_beside_each_other(tmp_path: Path, small: Small) -> None:
    folder = RunFolder(tmp_path)
    write_utterances(folder, {"one": small(lengths=(1, 2)), "other": small(lengths=(2,))})
    table = pq.read_table(folder.utterances_path)
    assert read_utterance_table(folder).equals(table)
    pq.write_table(table.drop_columns(["transcript"]), folder.utterances_path)
    assert read_utterance_table(folder).equals(table)
    for change, message in (
        (table.take([0, 1, 3, 2, 4]), "expected the utterances of a data set beside each other"),
        (table.set_column(8, "transcript", pa.array([5] * 5)), "expected texts in the column 'transcript', got int64"),
        (table.take([1, 0, 2, 3, 4]), "expected the utterances of one in order, 0 to 2, dialogue by dialogue"),
    ):
        pq.write_table(change, folder.utterances_path)
        with pytest.raises(RunFolderError) as caught:
            read_utterance_table(folder)
        expected = f"{folder.utterances_path}: {message}; delete it and run the same `emobench run` again"
        assert str(caught.value) == expected
    pq.write_table(table.slice(0, 0), folder.utterances_path)
    assert not len(read_utterance_table(folder))

"""Single turns read from a run folder, and what is said of files that cannot be read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_outputs import TURNS, add_outputs, words

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.prediction_files import read_predictions
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.outputs import Outputs, Source, read_said, sources_of

Maker = Callable[..., RunFolder]
ROWS = sum(TURNS)
DROPPED = "modality_drop:rate=0.3"
CLASSES = ("a", "b", "c")


@pytest.fixture
def folder(make_run: Maker, tmp_path: Path) -> RunFolder:
    run = make_run(
        tmp_path / "run", models=("rage_fusion", "bayes_optimal"), classes=CLASSES, only=("clean", DROPPED),
        stresses=True, dialogues=5,
    )  # fmt: skip
    return add_outputs(run)


def source(condition: str = DROPPED) -> Source:
    return Source("rage_fusion", "simulated", 0, ("clean", condition))


def opened(folder: RunFolder, *, utterances: int = ROWS, classes: int = 3) -> Outputs:
    return Outputs(folder, source(), utterances=utterances, classes=classes)


def rewritten(folder: RunFolder, change: Callable[[pa.Table], pa.Table], row_group_size: int = ROWS) -> None:
    path = folder.predictions_path("rage_fusion", "simulated", 0)
    pq.write_table(change(pq.read_table(path)), path, row_group_size=row_group_size)


def test_utterances_come_with_their_dialogue_and_words(folder: RunFolder) -> None:
    said = read_said(folder)["simulated"]
    assert said.dialogue_ids[:7] == ("dia_0",) * 6 + ("dia_1",)
    assert said.transcripts[5:8] == (words(0, 5), words(1, 0), None)
    assert said.transcribed
    assert len(said.utterances) == len(said.transcripts) == ROWS


def test_a_folder_without_names_and_words_has_numbers_and_no_transcript(folder: RunFolder) -> None:
    table = pq.read_table(folder.utterances_path).drop_columns(["dialogue_id", "transcript"])
    pq.write_table(table, folder.utterances_path)
    said = read_said(folder)["simulated"]
    assert said.dialogue_ids[:7] == ("0",) * 6 + ("1",)
    assert not said.transcribed


def test_predictions_are_those_of_the_first_draw(folder: RunFolder) -> None:
    outputs = opened(folder)
    path = folder.predictions_path("rage_fusion", "simulated", 0)
    for condition in ("clean", DROPPED):
        expected = read_predictions(path, condition, draw=0).probabilities
        np.testing.assert_array_equal(outputs.read(condition), expected)
        np.testing.assert_array_equal(outputs.predicted(condition), expected.argmax(axis=1))
    assert not np.array_equal(expected, read_predictions(path, DROPPED, draw=1).probabilities)
    outputs.close()


def test_the_seed_shown_is_the_lowest_that_has_clean_input(folder: RunFolder) -> None:
    record = folder.read_record()
    assert [one.seed for one in sources_of(record, "simulated")] == [0, 0]
    assert sources_of(record, "simulated")[0] == source()
    cells = [
        cell.model_copy(update={"state": "failed"}) if (cell.seed, cell.condition) == (0, "clean") else cell
        for cell in record.cells
    ]
    found = sources_of(record.model_copy(update={"cells": tuple(cells)}), "simulated")
    assert [(one.model, one.seed) for one in found] == [("rage_fusion", 1), ("bayes_optimal", 0)]
    assert found[1].conditions == (DROPPED,)
    assert sources_of(record, "meld") == ()


def test_a_missing_or_damaged_file_is_named(folder: RunFolder) -> None:
    path = folder.predictions_path("rage_fusion", "simulated", 0)
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(RunFolderError, match=r"rage_fusion.*parquet is damaged \(.*delete it and run"):
        opened(folder)
    path.unlink()
    with pytest.raises(RunFolderError, match=r"rage_fusion.*parquet is missing; run the same `emobench run` again"):
        opened(folder)


def test_other_classes_columns_or_utterances_are_told(folder: RunFolder) -> None:
    with pytest.raises(RunFolderError, match="expected 4 classes and the columns of predictions, got condition, draw"):
        opened(folder, classes=4)
    with pytest.raises(RunFolderError, match="expected 2 classes"):
        opened(folder, classes=2)
    with pytest.raises(RunFolderError, match=rf"expected 7 utterances in order under 'clean', got {ROWS} rows"):
        opened(folder, utterances=7).read("clean")
    with pytest.raises(RunFolderError, match="expected the predictions under 'noise', got none"):
        opened(folder).read("noise")


def test_what_is_no_number_or_no_probability_is_told(folder: RunFolder) -> None:
    def spoilt(values: list[object]) -> Callable[[pa.Table], pa.Table]:
        return lambda table: table.set_column(table.column_names.index("p_1"), "p_1", [values * len(table)])

    rewritten(folder, spoilt([0.9]))
    with pytest.raises(RunFolderError, match=r"condition 'clean': expected probabilities ≥ 0 that sum to 1.*delete it"):
        opened(folder).read("clean")
    rewritten(folder, spoilt(["much"]))
    with pytest.raises(RunFolderError, match="expected numbers in the column 'p_1', got string"):
        opened(folder).read("clean")


def test_a_file_without_statistics_holds_no_condition(folder: RunFolder) -> None:
    path = folder.predictions_path("rage_fusion", "simulated", 0)
    pq.write_table(pq.read_table(path), path, write_statistics=False)
    with pytest.raises(RunFolderError, match="expected the predictions under 'clean', got none"):
        opened(folder).read("clean")


def test_a_file_cut_short_while_it_is_read_is_called_damaged(folder: RunFolder) -> None:
    outputs = opened(folder)
    path = folder.predictions_path("rage_fusion", "simulated", 0)
    with path.open("r+b") as file:
        file.truncate(100)
    with pytest.raises(RunFolderError, match="is damaged"):
        outputs.read(DROPPED)

"""Scoring a run folder that was scored before, or is damaged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scoring_runs import (
    CLASSES,
    LENGTHS,
    TEXTS,
    Run,
    Table,
    content,
    conversations,
    predictions,
)

from emobench.benchmark.errors import PredictionError, RunFolderError
from emobench.benchmark.prediction_files import read_predictions, write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.scoring import score
from emobench.benchmark.utterance_file import write_utterances


def stamp(folder: RunFolder) -> tuple[int, int]:
    status = folder.results_path.stat()
    return status.st_ino, status.st_mtime_ns


def test_an_unchanged_folder_is_left_as_it_is(tmp_path: Path) -> None:
    folder = Run(seeds=(0,)).write(tmp_path)
    first, before = score(folder), stamp(folder)
    again = score(folder)
    assert stamp(folder) == before
    assert content(again) == content(first)


def change_predictions(folder: RunFolder) -> None:
    path = folder.predictions_path("gated", "small", 0)
    those = {text: (read_predictions(path, text),) for text in TEXTS}
    write_predictions(path, {**those, "clean": (predictions("else", weights=True),)})


def change_draws(folder: RunFolder) -> None:
    folder.write_record(folder.read_record().model_copy(update={"draws": 50}))


def fail_a_cell(folder: RunFolder) -> None:
    record = folder.read_record()
    cells = (record.cells[0].model_copy(update={"state": "failed"}), *record.cells[1:])
    folder.write_record(record.model_copy(update={"cells": cells}))


def damage_results(folder: RunFolder) -> None:
    folder.results_path.write_bytes(folder.results_path.read_bytes()[:100])


def strip_results(folder: RunFolder) -> None:
    pq.write_table(pq.read_table(folder.results_path).replace_schema_metadata(None), folder.results_path)


@pytest.mark.parametrize(
    "change", [change_predictions, change_draws, fail_a_cell, damage_results, strip_results], ids=lambda c: c.__name__
)
def test_a_changed_folder_is_scored_anew(tmp_path: Path, change: object) -> None:
    assert callable(change)
    folder = Run(seeds=(0,)).write(tmp_path)
    score(folder)
    change(folder)
    before = stamp(folder)
    table = score(folder)
    assert stamp(folder) != before
    assert content(pq.read_table(folder.results_path)) == content(table)


def test_changed_predictions_change_figures_of_their_cells_only(tmp_path: Path) -> None:
    folder = Run(seeds=(0,)).write(tmp_path)
    first = Table(score(folder))
    change_predictions(folder)
    second = Table(score(folder))
    assert first("accuracy") != second("accuracy")
    untouched = [
        key for key in first.rows if key[2] == TEXTS[1] and key[3] not in ("churn", "change", "relative_change")
    ]
    for key in untouched:
        assert list(first.rows[key].values()) == pytest.approx(list(second.rows[key].values()), nan_ok=True)


def test_a_missing_predictions_file(tmp_path: Path) -> None:
    folder = Run().write(tmp_path)
    path = folder.predictions_path("gated", "small", 1)
    path.unlink()
    with pytest.raises(RunFolderError) as caught:
        score(folder)
    assert str(caught.value) == f"{path} is missing; run the same `emobench run` again to complete the folder"


def test_a_predictions_file_that_cannot_be_read(tmp_path: Path) -> None:
    folder = Run().write(tmp_path)
    path = folder.predictions_path("gated", "small", 1)
    path.unlink()
    path.mkdir()
    with pytest.raises(RunFolderError, match=r"cannot read .*parquet: Is a directory"):
        score(folder)


def test_a_condition_that_is_not_in_the_file(tmp_path: Path) -> None:
    folder = Run(seeds=(0,)).write(tmp_path)
    path = folder.predictions_path("gated", "small", 0)
    write_predictions(path, {"clean": (predictions("x", weights=True),)})
    with pytest.raises(PredictionError) as caught:
        score(folder)
    assert str(caught.value).startswith(f"{path}, condition ")
    assert "expected its predictions, got none; run the same `emobench run` again" in str(caught.value)


@pytest.mark.parametrize(("shape", "got"), [((sum(LENGTHS) - 1, 3), "got 31 × 3"), ((sum(LENGTHS), 4), "got 32 × 4")])
def test_predictions_for_other_data(tmp_path: Path, shape: tuple[int, int], got: str) -> None:
    folder = Run(seeds=(0,)).write(tmp_path)
    path = folder.predictions_path("gated", "small", 0)
    write_predictions(path, {"clean": (Predictions(np.full(shape, 1 / shape[1])),)})
    with pytest.raises(PredictionError) as caught:
        score(folder)
    assert str(caught.value) == f"{path}, condition 'clean': expected 32 utterances × 3 classes of small, {got}"


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    folder = Run(seeds=(0,)).write(tmp_path)
    path = folder.predictions_path("gated", "small", 0)
    good = predictions("x", weights=True)
    text = good.modality_weights["text"].copy()
    text[7] = np.nan
    write_predictions(path, {"clean": (replace(good, modality_weights={"text": text}),)})
    with pytest.raises(PredictionError) as caught:
        score(folder)
    assert str(caught.value) == f"{path}, condition 'clean': expected finite weights of text, got nan in row 7"


def test_utterances_of_another_run(tmp_path: Path) -> None:
    folder = Run().write(tmp_path)
    write_utterances(folder, {"large": conversations(name="large")})
    with pytest.raises(RunFolderError) as caught:
        score(folder)
    assert str(caught.value) == (
        f"{folder.utterances_path}: expected 32 test utterances of small, got 0; delete it and run the same "
        "`emobench run` again"
    )


def test_labels_of_other_classes(tmp_path: Path) -> None:
    folder = Run().write(tmp_path)
    test = conversations()
    more = test.change(classes=(*CLASSES, "fear"), label=np.where(np.arange(len(test)) == 5, 3, test.label))
    write_utterances(folder, {"small": more})
    with pytest.raises(RunFolderError, match="expected labels of small below 3, got 3; delete it"):
        score(folder)
    path = folder.utterances_path
    pq.write_table(pq.read_table(path).set_column(5, "label", pa.array([-2] * len(test))), path)
    with pytest.raises(RunFolderError, match="expected labels of small below 3, got -2; delete it"):
        score(folder)


@pytest.mark.parametrize("sizes", [{}, {"test": {"dialogues": 8}}])
def test_a_record_without_the_number_of_utterances(tmp_path: Path, sizes: dict[str, dict[str, int]]) -> None:
    folder = Run().write(tmp_path)
    record = folder.read_record()
    (data,) = record.data
    folder.write_record(record.model_copy(update={"data": (data.model_copy(update={"sizes": sizes}),)}))
    with pytest.raises(
        RunFolderError, match=r"expected run\.json to say how many test utterances small has; restore it"
    ):
        score(folder)


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"is no run folder \(it has no run\.json\)"):
        score(RunFolder(tmp_path))

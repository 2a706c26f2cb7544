"""What scoring knows of the validation split."""

from pathlib import Path

import numpy as np
import pytest
from scoring_runs import CONDITIONS, VALIDATION_LENGTHS, Run, Table, conversations, predictions, validation_predictions

from emobench.benchmark.errors import PredictionError, RunFolderError
from emobench.benchmark.prediction_files import write_predictions
from emobench.benchmark.registry import METRICS, make
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import FitRecord
from emobench.benchmark.scoring import score
from emobench.benchmark.scoring_inputs import Inputs, inputs_of
from emobench.benchmark.scoring_key import scoring_key
from emobench.benchmark.utterance_file import write_utterances

RUN = Run(validation=True)


def inputs(folder: RunFolder) -> Inputs:
    (one,) = inputs_of(folder, folder.read_record())
    return one


@pytest.mark.parametrize("condition", [CONDITIONS[0].text, CONDITIONS[-1].text])
@pytest.mark.parametrize("seed", [0, 1])
def test_predictions_on_validation_are_there_under_every_condition(tmp_path: Path, condition: str, seed: int) -> None:
    validation = inputs(RUN.write(tmp_path)).scored("gated", seed, condition).validation
    assert validation is not None
    split = conversations(split="validation")
    keep = split.label >= 0
    assert keep.sum() == sum(VALIDATION_LENGTHS) - 2
    expected = validation_predictions("gated", seed).probabilities[keep]
    assert np.allclose(validation.probabilities, expected, atol=1e-12)
    assert np.array_equal(validation.label, split.label[keep])
    # Dialogue 1 has lost its only label, and those after it move up; turns stay what they were.
    assert np.array_equal(validation.dialogue, split.dialogue[keep] - (split.dialogue[keep] > 1))
    assert np.array_equal(validation.turn, split.turn[keep])
    assert np.array_equal(validation.speaker, split.speaker[keep])
    assert validation.classes == split.classes


def test_they_are_read_once_for_all_conditions(tmp_path: Path) -> None:
    read = inputs(RUN.write(tmp_path))
    first, second = (read.scored("gated", 0, condition.text).validation for condition in CONDITIONS[:2])
    assert first is not None
    assert first is second


def test_without_the_folder_there_are_none(tmp_path: Path) -> None:
    assert inputs(Run().write(tmp_path)).scored("gated", 0, "clean").validation is None


def test_a_model_without_such_predictions_has_none_and_others_do(tmp_path: Path) -> None:
    folder = RUN.write(tmp_path)
    folder.validation.predictions_path("gated", "small", 0).unlink()
    read = inputs(folder)
    assert read.scored("gated", 0, "clean").validation is None
    assert read.scored("gated", 1, "clean").validation is not None


def test_a_validation_split_without_labels_counts_as_none(tmp_path: Path) -> None:
    folder = Run(validation=True, validation_labelled=False).write(tmp_path)
    assert inputs(folder).scored("gated", 0, "clean").validation is None


def test_predictions_of_another_size_are_refused(tmp_path: Path) -> None:
    folder, rows = RUN.write(tmp_path), sum(VALIDATION_LENGTHS)
    path = folder.validation.predictions_path("gated", "small", 0)
    write_predictions(path, {"clean": (predictions("else", rows=rows - 1),)})
    expected = f"expected {rows} utterances × 3 classes of small, got {rows - 1} × 3"
    with pytest.raises(PredictionError) as caught:
        inputs(folder).scored("gated", 0, "clean")
    assert str(caught.value) == f"{path}, condition 'clean': {expected}"


def test_utterances_of_another_split_are_refused(tmp_path: Path) -> None:
    folder = RUN.write(tmp_path)
    write_utterances(folder.validation, {"small": conversations()})
    with pytest.raises(
        RunFolderError, match=r"validation/utterances\.parquet: expected 20 validation utterances .* got 32"
    ):
        inputs(folder)


def test_results_depend_on_them(tmp_path: Path) -> None:
    folder = RUN.write(tmp_path)
    record, path = folder.read_record(), folder.validation.predictions_path("gated", "small", 1)
    keys = [scoring_key(folder, record)]
    write_predictions(path, {"clean": (predictions("else", rows=sum(VALIDATION_LENGTHS)),)})
    keys.append(scoring_key(folder, record))
    path.unlink()
    keys.append(scoring_key(folder, record))
    write_utterances(folder.validation, {"small": conversations(split="validation", labelled=False)})
    keys.append(scoring_key(folder, record))
    assert len(set(keys)) == 4


def test_prediction_sets_are_scored_under_every_condition(tmp_path: Path) -> None:
    metrics = ("conformal_coverage", "conformal_coverage:method=aps", "conformal_set_size:method=aps")
    folder = Run(validation=True, metrics=metrics).write(tmp_path)
    table, read = Table(score(folder)), inputs(folder)
    for text in (CONDITIONS[0].text, CONDITIONS[-1].text):
        for metric in metrics:
            made = make(METRICS, metric)
            scored = [read.scored("gated", seed, text) for seed in (0, 1)]
            found = [made.value(made.statistic(one).sum(axis=0)) for one in scored]
            assert table.parts(metric, condition=text) == ["", *scored[0].classes]
            for place, part in enumerate(made.parts(scored[0])):
                row = table(metric, part, condition=text)
                assert row["value"] == pytest.approx(np.mean([values[place] for values in found]))
                assert row["low"] <= row["value"] <= row["high"]


def test_a_run_without_validation_has_no_prediction_sets(tmp_path: Path) -> None:
    table = Table(score(Run(seeds=(0,), metrics=("accuracy", "conformal_gap")).write(tmp_path)))
    assert {key[3] for key in table.rows} == {"accuracy"}


@pytest.mark.parametrize("gone", ["predictions", "utterances"])
def test_what_the_run_says_is_there_and_is_not_is_no_run_without_validation(tmp_path: Path, gone: str) -> None:
    folder = RUN.write(tmp_path)
    record = folder.read_record()
    fit = FitRecord(model="gated", data="small", seed=0, state="done", validation_state="done")
    folder.write_record(record.model_copy(update={"fits": (fit,)}))
    path = folder.validation.utterances_path
    if gone == "predictions":
        path = folder.validation.predictions_path("gated", "small", 0)
    path.unlink()
    with pytest.raises(RunFolderError, match=r"missing; run the same `emobench run` again to complete the folder"):
        inputs(folder).scored("gated", 0, "clean")
    declined = fit.model_copy(update={"validation_state": "not applicable"})
    folder.write_record(record.model_copy(update={"fits": (declined,)}))
    assert inputs(folder).scored("gated", 0, "clean").validation is None

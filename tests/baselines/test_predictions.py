"""Saved predictions as a model: in a run, beside others, with calibrators, seeds and stress."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emobench.baselines.base import (
    Asked,
    FitContext,
    FittedModel,
    Model,
    PredictsConditions,
    ReadsFiles,
    TrainingRecord,
)
from emobench.baselines.calibrated import FittedCalibrated
from emobench.baselines.predictions import FittedPredictions, Predictions
from emobench.baselines.prior import Prior
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError, NotApplicable, PredictionError
from emobench.benchmark.harness import execute
from emobench.benchmark.models import make_model
from emobench.benchmark.plan import Options, Plan, Request, make_plan
from emobench.benchmark.prediction_files import read_predictions
from emobench.benchmark.predictions import Predictions as Predicted
from emobench.benchmark.registry import DATASETS
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import CellRecord
from emobench.benchmark.run_state import RunState
from emobench.benchmark.stressed import predict_condition

Register = Callable[..., None]
NAMES = ("p_neutral", "p_joy", "p_anger")
RATE = "modality_drop:rate=0.5"


def rows(split: Conversations, numbers: int = 0, **columns: object) -> pd.DataFrame:
    p = np.random.default_rng(numbers).dirichlet(np.ones(3), len(split))
    values = {name: p[:, k] for k, name in enumerate(NAMES)}
    return pd.DataFrame({"split": split.split, "utterance_id": split.utterance_ids, **values}).assign(**columns)


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the model's text; the file is `saved.csv` in the working folder."""
    monkeypatch.chdir(tmp_path)
    return "predictions:path=saved.csv,values=probabilities"


@pytest.fixture(autouse=True)
def _data(small_splits: DataSplits, register: Register) -> None:
    @dataclass(frozen=True)
    class Small:
        def load(self) -> DataSplits:
            return small_splits

    register(DATASETS, "small", Small)


def save(*frames: pd.DataFrame) -> None:
    pd.concat(frames).to_csv("saved.csv", index=False)


def fit(text: str, splits: DataSplits, seed: int = 0) -> FittedPredictions:
    context = FitContext(seed=seed, monitor=splits.test)
    fitted = make_model(text).fit(splits.train, splits.validation, context=context)
    assert isinstance(fitted, FittedPredictions)
    return fitted


def plan(*models: str, protocols: tuple[str, ...] = (), seeds: int = 1, draws: int = 3, stress_seed: int = 0) -> Plan:
    options = Options(seeds=seeds, stress_draws=draws, stress_seed=stress_seed, device="cpu")
    return make_plan(Request(models, protocols, ("small",), options))


def cells(text: str, tmp_path: Path, **options: object) -> dict[tuple[str, int], CellRecord]:
    record = execute(plan(text, **options), RunFolder(tmp_path / "run"))
    return {(cell.condition, cell.seed): cell for cell in record.cells}


def whys(text: str, tmp_path: Path, **options: object) -> dict[str, tuple[str, str]]:
    return {condition: (cell.state, cell.why) for (condition, _), cell in cells(text, tmp_path, **options).items()}


def test_it_has_the_interfaces(text: str, small_splits: DataSplits) -> None:
    save(rows(small_splits.test))
    model, fitted = make_model(text), fit(text, small_splits)
    assert isinstance(model, Model)
    assert isinstance(model, ReadsFiles)
    assert isinstance(fitted, FittedModel)
    assert isinstance(fitted, PredictsConditions)
    assert fitted.record.notes == {"conditions in the file": 1.0}
    assert not isinstance(Prior(), ReadsFiles)


def test_a_run_has_what_the_file_says_of_each_condition_and_draw(
    text: str, tmp_path: Path, small_splits: DataSplits
) -> None:
    test = small_splits.test
    drawn = [rows(test, 1 + draw, condition=RATE, draw=draw) for draw in range(3)]
    clean = rows(test, condition="clean", draw=0)
    save(pd.concat([clean, *drawn]).sample(frac=1, random_state=0))
    assert {why for _, why in whys(text, tmp_path, protocols=(RATE,)).values()} == {""}
    folder = RunFolder(tmp_path / "run")
    for condition, draw, frame in (("clean", 0, clean), *((RATE, draw, drawn[draw]) for draw in range(3))):
        found = read_predictions(folder.predictions_path(text, "small", 0), condition, draw).probabilities
        assert np.array_equal(found, frame[list(NAMES)].to_numpy())
    realised = folder.read_record().data[0].realised
    assert 0.3 < realised[RATE]["missing text"] < 0.7, "what the stress did is recorded though nobody was given it"


def test_it_is_never_given_the_stressed_input(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    # Both leave a model with the same input, which would otherwise be predicted once.
    first, second = "modality_drop:rate=0", "modality_drop:rate=0,signal=silent"
    frames = [rows(small_splits.test, seed, condition=name) for seed, name in enumerate(("clean", first, second))]
    save(*frames)
    execute(plan(text, protocols=(first, second), draws=1), RunFolder(tmp_path / "run"))
    path = RunFolder(tmp_path / "run").predictions_path(text, "small", 0)
    for name, frame in zip(("clean", first, second), frames, strict=True):
        assert np.array_equal(read_predictions(path, name).probabilities, frame[list(NAMES)].to_numpy())


def test_what_the_stress_did_is_noted_once(
    text: str, tmp_path: Path, small_splits: DataSplits, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(*(rows(small_splits.test, condition=name) for name in ("clean", "modality_drop:drop=text")))
    made = []
    original = RunState.stressed
    monkeypatch.setattr(RunState, "stressed", lambda *of, **model: made.append(of[2].text) or original(*of, **model))
    execute(plan("prior", text, protocols=("modality_drop:drop=text",)), RunFolder(tmp_path / "run"))
    assert made == ["clean", "modality_drop:drop=text"]


def test_what_the_file_does_not_have_is_not_applicable(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    test = small_splits.test
    empty = rows(test, condition="modality_drop:drop=audio", draw=0).assign(**dict.fromkeys(NAMES))
    save(rows(test, condition="clean", draw=0), rows(test, condition=RATE, draw=0), empty)
    protocols = (RATE, "modality_drop:drop=text", "modality_drop:drop=audio", "worst_subset")
    found = whys(text, tmp_path, protocols=protocols)
    assert found == {
        "clean": ("done", ""),
        RATE: ("not applicable", "saved.csv: draw 1 is not there, only 1 of them: type --stress-draws 1"),
        "modality_drop:drop=text": ("not applicable", "saved.csv: it has no rows of this condition"),
        "modality_drop:drop=audio": ("not applicable", "saved.csv: its rows there are empty"),
        "worst_subset": ("not applicable", "saved.csv: it has no rows of this condition"),
    }


def test_an_attack_made_elsewhere_is_scored(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    save(*(rows(small_splits.test, condition=name) for name in ("clean", "worst_subset")))
    assert {state for state, _ in whys(text, tmp_path, protocols=("worst_subset",)).values()} == {"done"}


def test_other_random_numbers_are_not_passed_off_as_these(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    test, fixed = small_splits.test, "modality_drop:drop=text"
    save(*(rows(test, condition=name, stress_seed=7) for name in ("clean", fixed, RATE)))
    found = whys(text, tmp_path, protocols=(fixed, RATE), draws=1)
    assert [state for state, _ in found.values()] == ["done", "done", "not applicable"]
    assert found[RATE][1] == "saved.csv was made with --stress-seed 7, the run has 0"
    same = cells(text, tmp_path / "same", protocols=(fixed, RATE), draws=1, stress_seed=7)
    assert {cell.state for cell in same.values()} == {"done"}


def test_a_file_that_has_changed_is_read_again(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    folder = RunFolder(tmp_path / "run")
    save(rows(small_splits.test))
    first = execute(plan(text), folder)
    assert execute(plan(text), folder) == first
    save(rows(small_splits.test, 5))
    second = execute(plan(text), folder)
    assert first.fits[0].key != second.fits[0].key
    found = read_predictions(folder.predictions_path(text, "small", 0), "clean").probabilities
    assert np.array_equal(found, rows(small_splits.test, 5)[list(NAMES)].to_numpy())


def test_a_run_goes_on_with_a_new_condition(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    save(*(rows(small_splits.test, condition=name) for name in ("clean", "modality_drop:drop=text")))
    folder = RunFolder(tmp_path / "run")
    execute(plan(text), folder)
    record = execute(plan(text, protocols=("modality_drop:drop=text",)), folder)
    assert [cell.state for cell in record.cells] == ["done", "done"]


def test_seeds_of_the_run_are_those_of_the_file(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    save(*(rows(small_splits.test, seed, seed=seed) for seed in (0, 1)))
    found = cells(text, tmp_path, seeds=3)
    assert [cell.state for cell in found.values()] == ["done", "done", "not applicable"]
    assert found["clean", 2].why == "saved.csv holds no predictions of seed 2, only of 0, 1"
    paths = [RunFolder(tmp_path / "run").predictions_path(text, "small", seed) for seed in (0, 1)]
    first, second = (read_predictions(path, "clean").probabilities for path in paths)
    assert np.array_equal(second, rows(small_splits.test, 1)[list(NAMES)].to_numpy())
    assert not np.array_equal(first, second)


def test_without_a_column_seed_one_set_stands_for_all(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    save(rows(small_splits.test))
    assert list(cells(text, tmp_path, seeds=3)) == [("clean", 0)]
    assert make_model("predictions:path=absent.csv,values=logits").deterministic


def test_calibrators_learn_from_the_validation_rows(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    condition = "modality_drop:drop=text"
    save(
        rows(small_splits.validation, condition="clean"),
        *(rows(small_splits.test, condition=name) for name in ("clean", condition)),
    )
    found = whys(f"{text}+temperature", tmp_path, protocols=(condition,))
    assert {state for state, _ in found.values()} == {"done"}
    calibrated, raw = make_model(f"{text}+temperature"), fit(text, small_splits)
    fitted = calibrated.fit(small_splits.train, small_splits.validation, context=FitContext(0))
    assert isinstance(fitted, FittedCalibrated)
    path = RunFolder(tmp_path / "run").predictions_path(f"{text}+temperature", "small", 0)
    expected = fitted.calibrators[0].apply(raw.predict_condition(Asked(condition), small_splits.test).probabilities)
    assert np.allclose(read_predictions(path, condition).probabilities, expected)
    restored = calibrated.restore(fitted.state())
    assert isinstance(restored, PredictsConditions)
    again = restored.predict_condition(Asked(condition), small_splits.test).probabilities
    assert np.array_equal(again, read_predictions(path, condition).probabilities)


def test_calibrators_decline_without_validation_rows_and_for_masks(
    text: str, tmp_path: Path, small_splits: DataSplits
) -> None:
    save(rows(small_splits.test))
    why = "saved.csv: it has no rows whose column split says validation, which is needed to calibrate"
    assert whys(f"{text}+temperature", tmp_path) == {"clean": ("not applicable", why)}
    save(rows(small_splits.test), rows(small_splits.validation))
    found = whys(f"{text}+temperature:per_mask=true", tmp_path / "masks")
    assert found["clean"][1].startswith("saved predictions are known for whole splits under named conditions")


def test_other_input_is_declined(text: str, small_splits: DataSplits) -> None:
    save(rows(small_splits.test))
    fitted, test = fit(text, small_splits), small_splits.test
    expected = rows(test)[list(NAMES)].to_numpy()
    assert np.array_equal(fitted.predict(test).probabilities, expected)
    width = test.features["text"].shape
    stressed = (
        test.with_modalities(observed={"text": np.zeros(len(test), bool)}),
        test.with_modalities(features={"text": test.features["text"] * np.float32(2)}),
        test.change(concealed={"text": np.ones(width, bool)}),
        test.take_dialogues([0]),
    )
    for conversations in stressed:
        with pytest.raises(NotApplicable, match="known for whole splits under named conditions, not for other input"):
            fitted.predict(conversations)


def test_predictions_for_other_data_fail(text: str, tmp_path: Path, small_splits: DataSplits) -> None:
    save(rows(small_splits.test, fingerprint=small_splits.fingerprint[:16]))
    assert whys(text, tmp_path)["clean"] == ("done", "")
    save(rows(small_splits.test, fingerprint="0123456789abcdef"))
    state, why = whys(text, tmp_path)["clean"]
    assert state == "failed"
    assert why == (
        f"saved.csv: expected predictions for small with the fingerprint {small_splits.fingerprint[:16]}…, got some "
        "for 0123456789abcdef…: other data, or another version; `emobench template --data small` writes new rows"
    )
    save(rows(small_splits.test, data="mosi"))
    assert whys(text, tmp_path)["clean"] == ("not applicable", "saved.csv holds no predictions for small")


def test_every_block_is_checked_before_anything_is_predicted(
    text: str, tmp_path: Path, small_splits: DataSplits
) -> None:
    wrong = rows(small_splits.test, condition="modality_drop:drop=text")
    wrong.loc[3, "p_joy"] += 0.5
    save(rows(small_splits.test, condition="clean"), wrong)
    found = whys(text, tmp_path, protocols=("modality_drop:drop=text",))
    assert {state for state, _ in found.values()} == {"failed"}
    assert found["clean"][1].startswith("saved.csv, condition 'modality_drop:drop=text': expected probabilities that")


def test_a_file_that_is_not_there_ends_the_run_before_it_starts(text: str) -> None:
    with pytest.raises(DataError, match=r"^saved.csv: there is no such file; expected saved predictions"):
        plan("prior", text)


def test_without_a_test_split_its_rows_are_checked_when_asked_for(text: str, small_splits: DataSplits) -> None:
    save(rows(small_splits.test, fingerprint="other"))
    model = Predictions("saved.csv", "probabilities")
    fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(0))
    assert fitted.predict_condition(Asked("clean"), small_splits.test).probabilities.shape == (34, 3)


def test_a_model_that_answers_with_other_rows_is_found_out(small_splits: DataSplits) -> None:
    @dataclass(frozen=True)
    class Short:
        record: TrainingRecord

        def predict_condition(self, asked: Asked, clean: Conversations) -> Predicted:
            return Predicted(np.full((2, 3), 1 / 3))

    with pytest.raises(PredictionError, match=r"utterances × classes \(34, 3\), got \(2, 3\)"):
        predict_condition(Short(TrainingRecord()), small_splits.test, Asked("clean"))


def test_another_seed_reads_its_own_rows_only(text: str, small_splits: DataSplits) -> None:
    save(rows(small_splits.test).assign(seed=0), rows(small_splits.test).assign(seed=1, p_joy=2.0))
    assert fit(text, small_splits).seed == 0
    with pytest.raises(DataError, match="seed 1"):
        fit(text, small_splits, seed=1)
    relabelled = replace(small_splits, test=small_splits.test.change(label=np.full(34, -1)))
    assert fit(text, relabelled).clean == fit(text, small_splits).clean, "labels are not looked at"

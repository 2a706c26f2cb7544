"""The harness computes what is missing, keeps what is there, and survives what goes wrong."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emobench.baselines.base import Epoch, FitContext, FittedModel, State, TrainingRecord
from emobench.baselines.calibrated import Calibrated, FittedCalibrated
from emobench.benchmark import computing, fitting, prediction_store
from emobench.benchmark.condition_predictions import TURN
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError, NotApplicable, RunFolderError
from emobench.benchmark.harness import execute
from emobench.benchmark.parquet_files import read_schema
from emobench.benchmark.plan import Options, Plan, Request, make_plan
from emobench.benchmark.prediction_files import conditions_in, read_predictions
from emobench.benchmark.prediction_store import PredictionStore
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.registry import DATASETS, MODELS
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import RunRecord
from emobench.benchmark.stress_records import StressRecords
from emobench.benchmark.utterance_file import read_utterances

Register = Callable[..., None]
RECORD = TrainingRecord(
    epochs=(Epoch(1, 0.5, {"weighted_f1": 0.4}, {"weighted_f1": 0.3}),),
    chosen_epoch=1,
    selection_optimism=0.0,
    parameters=7,
    notes={"temperature": 1.5},
)


class Log:
    """What the fake models were asked to do."""

    fits: ClassVar[list[int]] = []
    predictions: ClassVar[int] = 0
    """Of the test split."""
    validations: ClassVar[int] = 0
    """Of the validation split."""
    turns: ClassVar[set[float]] = set()
    """Of threads, while a model predicts the test split."""


@dataclass(frozen=True)
class FittedFake:
    offset: float
    mode: str
    record: TrainingRecord = field(default=RECORD)

    def predict(self, conversations: Conversations) -> Predictions:
        Log.validations += conversations.split == "validation"
        if conversations.split == "test":
            Log.predictions += 1
            Log.turns.add(round(sys.getswitchinterval(), 6))
        if self.mode == "fails always":
            raise ValueError("never again")
        if not conversations.observed["audio"].all():
            if self.mode == "fails without audio":
                raise ValueError("no sound\nat all")
            if self.mode == "declines without audio":
                raise NotApplicable("needs audio")
            if self.mode == "interrupted without audio":
                raise KeyboardInterrupt
        logits = np.stack([conversations.features["text"][:, 0], conversations.features["audio"][:, 0]], axis=1)
        grown = np.exp(np.concatenate([logits, np.full((len(logits), 1), self.offset)], axis=1))
        return Predictions(grown / grown.sum(axis=1, keepdims=True), {"text": np.ones(len(grown))})

    def state(self) -> State:
        return State({"offset": np.array([self.offset])}, {"mode": self.mode})


@dataclass(frozen=True)
class Fake:
    mode: str = "works"
    deterministic: ClassVar[bool] = False

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedFake:
        Log.fits.append(context.seed)
        if self.mode == "fails":
            raise ZeroDivisionError("one by nothing")
        if self.mode == "declines":
            raise NotApplicable("not for these data")
        if self.mode == "misses":
            raise FileNotFoundError(os.fsdecode(b"caf\xe9.wav"))
        context.progress("epoch", 1, 1)
        return FittedFake(float(context.seed), self.mode.replace("_", " "))

    def restore(self, state: State, *, device: str = "cpu") -> FittedFake:
        return FittedFake(float(state.arrays["offset"][0]), str(state.settings["mode"]))


@pytest.fixture(autouse=True)
def _fakes(small_splits: DataSplits, register: Register) -> None:
    Log.fits, Log.predictions, Log.validations, Log.turns = [], 0, 0, set()

    @dataclass(frozen=True)
    class Plain:
        def load(self) -> DataSplits:
            return replace(small_splits, licence="free", leaks=("none known",))

    register(DATASETS, "plain", Plain)
    register(MODELS, "fake", Fake)


def plan(*models: str, protocols: tuple[str, ...] = ("modality_drop",), seeds: int = 1, stress_draws: int = 1) -> Plan:
    options = Options(seeds=seeds, stress_draws=stress_draws, device="cpu")
    return make_plan(Request(models, protocols, ("plain",), options))


def states(record: RunRecord) -> dict[str, set[str]]:
    return {model.name: {cell.state for cell in record.cells if cell.model == model.name} for model in record.models}


def test_everything_is_computed_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    record = execute(plan("fake", seeds=2), folder)
    assert (Log.fits, Log.predictions) == ([0, 1], 26)
    assert len(record.cells) == 26
    assert states(record) == {"fake": {"done"}}
    assert record == folder.read_record()
    assert conditions_in(folder.predictions_path("fake", "plain", 1))[0] == "clean"
    again = execute(plan("fake", seeds=2), folder)
    assert (Log.fits, Log.predictions) == ([0, 1], 26), "the second run has nothing to do"
    assert again == record


def test_what_was_learned_and_what_was_hit_are_recorded(tmp_path: Path) -> None:
    record = execute(plan("fake"), RunFolder(tmp_path))
    (fit,), (data,) = record.fits, record.data
    assert (fit.state, fit.chosen_epoch, fit.parameters, fit.notes) == ("done", 1, 7, {"temperature": 1.5})
    assert fit.epochs[0].validation == {"weighted_f1": 0.4}
    none = {"missing text": 0.0, "missing audio": 0.0, "missing video": 0.0}
    assert data.realised["modality_drop:drop=audio"] == none | {"missing audio": 1.0}
    assert 0 < data.realised["modality_drop:rate=0.5"]["missing text"] < 1
    assert (data.licence, data.leaks, data.sizes["test"]) == (
        "free",
        ("none known",),
        {"dialogues": 8, "utterances": 34},
    )
    assert sum(data.label_counts["train"]) == 34


def test_a_new_condition_costs_itself_only(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    execute(plan("fake", protocols=("modality_drop:drop=audio",)), folder)
    before = read_predictions(folder.predictions_path("fake", "plain", 0), "clean").probabilities
    execute(plan("fake", protocols=("modality_drop:drop=audio", "modality_drop:drop=text")), folder)
    assert (Log.fits, Log.predictions) == ([0], 3), "the checkpoint was read, the two conditions kept"
    path = folder.predictions_path("fake", "plain", 0)
    assert conditions_in(path) == ("clean", "modality_drop:drop=audio", "modality_drop:drop=text")
    assert np.array_equal(read_predictions(path, "clean").probabilities, before)


def test_random_conditions_are_drawn_several_times_and_others_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    protocols = ("modality_drop:drop=audio", "modality_drop:rate=0.5")
    record = execute(plan("fake", protocols=protocols, stress_draws=3), folder)
    assert Log.predictions == 1 + 1 + 3
    assert record.stress_draws == 3
    assert [condition.random for condition in record.conditions] == [False, False, True]
    path = folder.predictions_path("fake", "plain", 0)
    draws = [read_predictions(path, "modality_drop:rate=0.5", draw).probabilities for draw in range(3)]
    assert len({draw.tobytes() for draw in draws}) == 3
    stresses = pq.read_table(folder.stresses_path("plain")).to_pylist()
    assert len(stresses) == 5 * 34
    missing = [
        np.mean([row["missing_text"] for row in stresses if (row["condition"], row["draw"]) == (protocols[1], draw)])
        for draw in range(3)
    ]
    assert record.data[0].realised[protocols[1]]["missing text"] == pytest.approx(np.mean(missing))
    # Asked for again with the same draws nothing is done; with fewer, the random condition is another one.
    execute(plan("fake", protocols=protocols, stress_draws=3), folder)
    assert Log.predictions == 5
    execute(plan("fake", protocols=protocols, stress_draws=2), folder)
    assert Log.predictions == 7


def test_an_input_that_two_conditions_share_is_predicted_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    protocols = ("modality_drop:rate=0", "modality_drop:rate=0,signal=silent", "modality_drop:rate=1")
    protocols += ("modality_drop:drop=audio/text/video",)
    record = execute(plan("fake", protocols=protocols, stress_draws=3), folder)
    assert len(record.conditions) == 5
    assert Log.predictions == 2, "everything there, and nothing there"
    path = folder.predictions_path("fake", "plain", 0)
    clean, same = (read_predictions(path, text).probabilities for text in ("clean", protocols[1]))
    assert np.array_equal(clean, same)


def test_an_input_whose_prediction_failed_is_tried_again_under_the_next_condition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = FittedFake.predict

    def predict(self: FittedFake, conversations: Conversations) -> Predictions:
        predictions = original(self, conversations)
        if Log.predictions == 1:
            raise ValueError("once")
        return predictions

    monkeypatch.setattr(FittedFake, "predict", predict)
    record = execute(plan("fake", protocols=("modality_drop:rate=0",)), RunFolder(tmp_path))
    assert [cell.state for cell in record.cells] == ["failed", "done"]


def test_the_files_are_the_same_whatever_was_asked_for_first(tmp_path: Path) -> None:
    once, by_and_by = RunFolder(tmp_path / "once"), RunFolder(tmp_path / "by_and_by")
    protocols = ("modality_drop:drop=audio", "noise:snr_db=0", "modality_drop:rate=0.5")
    execute(plan("fake", protocols=protocols, stress_draws=2), once)
    for some in ((protocols[1],), protocols):
        asked = plan("fake", protocols=protocols, stress_draws=2)
        conditions = tuple(c for c in asked.conditions["plain"] if c.text == "clean" or c.text in some)
        execute(replace(asked, conditions={"plain": conditions}), by_and_by)
    for path in (once.predictions_path("fake", "plain", 0), once.stresses_path("plain")):
        assert path.read_bytes() == (by_and_by.path / path.relative_to(once.path)).read_bytes()


def test_a_first_run_has_written_its_files_when_the_last_condition_is_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for records in (PredictionStore, StressRecords):
        monkeypatch.delattr(records, "_tables")  # what would write them in one go
    folder, attack = RunFolder(tmp_path), "worst_subset:least=1"
    asked = plan("fake", "late_fusion", protocols=("modality_drop:rate=0.5", attack), stress_draws=2)
    record = execute(asked, folder)
    assert {cell.state for cell in record.cells if cell.model == "late_fusion"} == {"done"}
    written = [
        read_schema(folder.stresses_path(*place)).metadata[b"emobench.randomness"]
        for place in (
            ("plain",),
            ("attack", "late_fusion", "plain", "0"),
        )
    ]
    assert [len(json.loads(draws)) for draws in written] == [3, 1]


def test_other_data_are_another_fit(tmp_path: Path, small_splits: DataSplits, register: Register) -> None:
    folder = RunFolder(tmp_path)
    execute(plan("fake", protocols=()), folder)
    relabelled = small_splits.test.change(label=np.roll(small_splits.test.label, 1))

    @dataclass(frozen=True)
    class Other:
        def load(self) -> DataSplits:
            return replace(small_splits, test=relabelled)

    register(DATASETS, "plain", Other)
    execute(plan("fake", protocols=()), folder)
    assert Log.fits == [0, 0]


@pytest.mark.parametrize(
    ("mode", "state", "why"),
    [
        ("fails", "failed", "ZeroDivisionError: one by nothing (test_harness.py:"),
        ("declines", "not applicable", "not for these data"),
        ("misses", "failed", "FileNotFoundError: caf\\udce9.wav (test_harness.py:"),
    ],
)
def test_a_fit_that_fails_costs_nobody_else_anything(tmp_path: Path, mode: str, state: str, why: str) -> None:
    record = execute(plan(f"fake:mode={mode}", "fake"), RunFolder(tmp_path))
    assert states(record) == {f"fake:mode={mode}": {state}, "fake": {"done"}}
    fit = next(fit for fit in record.fits if fit.model != "fake")
    assert (fit.state, fit.why.startswith(why)) == (state, True)
    assert all(cell.why.startswith(why) for cell in record.cells if cell.model != "fake")


@pytest.mark.parametrize(
    ("mode", "state", "why"),
    [
        ("fails_without_audio", "failed", "ValueError: no sound at all (test_harness.py:"),
        ("declines_without_audio", "not applicable", "needs audio"),
    ],
)
def test_a_condition_that_fails_costs_itself_only(tmp_path: Path, mode: str, state: str, why: str) -> None:
    folder = RunFolder(tmp_path)
    record = execute(
        plan(f"fake:mode={mode}", protocols=("modality_drop:drop=audio", "modality_drop:drop=text")), folder
    )
    assert [cell.state for cell in record.cells] == ["done", state, "done"]
    assert record.cells[1].why.startswith(why)
    assert conditions_in(folder.predictions_path(f"fake:mode={mode}", "plain", 0)) == (
        "clean",
        "modality_drop:drop=text",
    )
    before = Log.predictions
    again = execute(
        plan(f"fake:mode={mode}", protocols=("modality_drop:drop=audio", "modality_drop:drop=text")), folder
    )
    assert Log.predictions == before + (state == "failed"), "only what failed is tried again"
    assert (again == record) == (state != "failed"), "what declined is not even timed again"


def test_an_interruption_keeps_what_was_done_and_the_run_goes_on_from_there(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    interrupted = plan(
        "fake:mode=interrupted_without_audio", protocols=("modality_drop:drop=text", "modality_drop:drop=audio")
    )
    before = sys.getswitchinterval()
    with pytest.raises(KeyboardInterrupt):
        execute(interrupted, folder)
    assert [cell.condition for cell in folder.read_record().cells] == ["clean", "modality_drop:drop=text"]
    assert Log.turns == {TURN}, "the network's thread is not kept waiting"
    assert sys.getswitchinterval() == before
    assert "emobench ahead" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(KeyboardInterrupt):
        execute(interrupted, folder)
    assert (Log.fits, Log.predictions) == ([0], 4), "neither the fit nor the two conditions were done again"


def test_a_model_that_fails_under_every_condition_leaves_no_predictions(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    record = execute(plan("fake:mode=fails_always", protocols=("modality_drop:drop=audio",)), folder)
    assert states(record) == {"fake:mode=fails_always": {"failed"}}
    assert not folder.predictions_path("fake:mode=fails_always", "plain", 0).exists()


def test_long_runs_are_written_down_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "SECONDS_BETWEEN_FLUSHES", float("-inf"))
    written = []
    original = prediction_store.write_tables

    def counting(path: Path, tables: Iterable[pa.Table]) -> None:
        original(path, tables)
        written.append(len(conditions_in(path)))

    monkeypatch.setattr(prediction_store, "write_tables", counting)
    execute(plan("fake", protocols=("modality_drop:drop=audio",)), RunFolder(tmp_path))
    assert written == [1, 2], "what has not changed since is not written again"


def test_damaged_predictions_are_made_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    execute(plan("fake", protocols=()), folder)
    path = folder.predictions_path("fake", "plain", 0)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    execute(plan("fake", protocols=()), folder)
    assert read_predictions(path, "clean").probabilities.shape == (34, 3)
    assert Log.fits == [0]


def test_predictions_that_are_no_probabilities_are_made_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    execute(plan("fake", protocols=("modality_drop:drop=audio",)), folder)
    path = folder.predictions_path("fake", "plain", 0)
    whole = pq.read_table(path).to_pandas()
    damaged = whole.copy()
    damaged.loc[damaged.condition == "clean", "p_0"] = np.nan
    pq.write_table(pa.Table.from_pandas(damaged, preserve_index=False), path)
    execute(plan("fake", protocols=("modality_drop:drop=audio",)), folder)
    assert pq.read_table(path).to_pandas().equals(whole)
    assert Log.predictions == 3, "one condition was damaged, and one was predicted again"


def test_damaged_utterances_are_written_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    execute(plan("fake", protocols=()), folder)
    whole = folder.utterances_path.read_bytes()
    folder.utterances_path.write_bytes(whole[:50])
    execute(plan("fake", protocols=()), folder)
    assert folder.utterances_path.read_bytes() == whole
    assert Log.predictions == 1


@pytest.mark.parametrize("length", [None, 50])
def test_a_record_of_the_stresses_that_is_lost_is_written_again(length: int | None, tmp_path: Path) -> None:
    folder, asked = RunFolder(tmp_path), plan("fake", protocols=("modality_drop:rate=0.5", "order"), stress_draws=2)
    record = execute(asked, folder)
    path = folder.stresses_path("plain")
    whole, made = path.read_bytes(), Log.predictions
    if length is None:
        path.unlink()
    else:
        path.write_bytes(whole[:length])
    assert execute(asked, folder) == record
    assert path.read_bytes() == whole
    assert Log.predictions == made
    # What only models know that are not given the stressed input was never recorded.
    path.unlink()
    unknown = record.model_copy(update={"data": (record.data[0].model_copy(update={"realised": {}}),)})
    folder.write_record(unknown)
    execute(asked, folder)
    assert not path.exists()


def test_what_is_chosen_on_validation_has_its_predictions(tmp_path: Path, small_splits: DataSplits) -> None:
    folder = RunFolder(tmp_path)
    record = execute(plan("fake", seeds=2), folder)
    assert [fit.validation_state for fit in record.fits] == ["done", "done"]
    path = folder.validation.predictions_path("fake", "plain", 1)
    said = read_predictions(path, "clean").probabilities
    expected = FittedFake(1.0, "works").predict(small_splits.validation).probabilities
    assert np.allclose(said, expected, atol=1e-12)
    labels = read_utterances(folder.validation)["plain"].label
    assert np.array_equal(labels, small_splits.validation.label)
    path.unlink()
    before = Log.validations
    assert execute(plan("fake", seeds=2), folder) == record
    assert (Log.validations, Log.fits) == (before + 1, [0, 1]), "what is missing is predicted again"
    assert np.array_equal(read_predictions(path, "clean").probabilities, said)


@pytest.mark.parametrize(
    ("error", "state"), [(NotApplicable("saved test only"), "not applicable"), (ValueError(), "failed")]
)
def test_a_model_without_predictions_on_validation_keeps_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str
) -> None:
    folder, original = RunFolder(tmp_path), FittedFake.predict
    execute(plan("fake", protocols=()), folder)
    fit = folder.read_record().fits[0]
    folder.write_record(
        folder.read_record().model_copy(update={"fits": (fit.model_copy(update={"validation_state": ""}),)})
    )

    def predict(self: FittedFake, conversations: Conversations) -> Predictions:
        predictions = original(self, conversations)
        if conversations.split == "validation":
            raise error
        return predictions

    monkeypatch.setattr(FittedFake, "predict", predict)
    record = execute(plan("fake", protocols=()), folder)
    assert states(record) == {"fake": {"done"}}
    assert record.fits[0].validation_state == state
    assert record.fits[0].validation_why.startswith("saved" if state == "not applicable" else "ValueError")
    path = folder.validation.predictions_path("fake", "plain", 0)
    assert not path.exists(), "none is better than one of another fit"
    asked = Log.validations
    execute(plan("fake", protocols=()), folder)
    assert Log.validations == asked + (state == "failed"), "what declined is not asked again"


def test_a_full_disk_at_the_predictions_on_validation_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise RunFolderError("cannot write: no space")

    monkeypatch.setattr(fitting, "write_predictions", full)
    with pytest.raises(RunFolderError, match="no space"):
        execute(plan("fake"), RunFolder(tmp_path))


def test_a_full_disk_at_the_predictions_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise RunFolderError("cannot write: no space")

    monkeypatch.setattr(PredictionStore, "put", full)
    with pytest.raises(RunFolderError, match="no space"):
        execute(plan("fake"), RunFolder(tmp_path))
    assert "emobench ahead" not in [thread.name for thread in threading.enumerate()]


CALIBRATED = ("fake+histogram", "fake+isotonic", "fake")


def test_models_that_differ_in_their_calibrators_are_trained_once(tmp_path: Path) -> None:
    record = execute(plan(*CALIBRATED, seeds=2), RunFolder(tmp_path / "together"))
    assert Log.fits == [0, 1]
    assert states(record) == {model: {"done"} for model in CALIBRATED}
    fits = {fit.model: fit for fit in record.fits if fit.seed == 1}
    for model in CALIBRATED[:2]:
        assert (fits[model].epochs, fits[model].chosen_epoch) == (fits["fake"].epochs, 1)
        assert fits[model].parameters == 7
        assert fits[model].notes.items() >= fits["fake"].notes.items()
        assert fits[model].key != fits["fake"].key
        assert fits[model].seconds >= fits["fake"].seconds
    # The same numbers as from a folder of its own.
    alone = RunFolder(tmp_path / "alone")
    (fit,) = execute(plan("fake+isotonic"), alone).fits
    assert fit.notes == next(f for f in record.fits if (f.model, f.seed) == ("fake+isotonic", 0)).notes
    for text in ("clean", "modality_drop:drop=audio"):
        ours, theirs = (
            read_predictions(RunFolder(tmp_path / where).predictions_path("fake+isotonic", "plain", 0), text)
            for where in ("together", "alone")
        )
        assert np.array_equal(ours.probabilities, theirs.probabilities)


def test_a_fit_that_calibrators_share_is_counted_once_in_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    fit, calibrate = Fake.fit, Calibrated.calibrate

    def slow_fit(self: Fake, *args: Conversations, context: FitContext) -> FittedFake:
        seconds[0] += 100
        return fit(self, *args, context=context)

    def slow_calibrate(self: Calibrated, fitted: FittedModel, validation: Conversations) -> FittedCalibrated:
        seconds[0] += 7
        return calibrate(self, fitted, validation)

    monkeypatch.setattr(fitting, "time", SimpleNamespace(perf_counter=lambda: seconds[0]))
    monkeypatch.setattr(Fake, "fit", slow_fit)
    monkeypatch.setattr(Calibrated, "calibrate", slow_calibrate)
    record = execute(plan(*CALIBRATED), RunFolder(tmp_path))
    assert {fit.model: fit.seconds for fit in record.fits} == {
        "fake+histogram": 107.0,  # trained for it
        "fake+isotonic": 107.0,  # trained before
        "fake": 100.0,
    }


def test_a_calibrator_that_is_added_later_needs_no_training(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    execute(plan("fake"), folder)
    record = execute(plan("fake", "fake+histogram"), folder)
    assert Log.fits == [0]
    assert [fit.epochs for fit in record.fits] == [record.fits[0].epochs] * 2
    assert [fit.validation_state for fit in record.fits] == ["done", "done"]


def test_a_model_that_cannot_be_trained_cannot_be_calibrated(tmp_path: Path) -> None:
    record = execute(plan("fake:mode=declines+histogram", "fake:mode=declines"), RunFolder(tmp_path))
    assert [(fit.state, fit.why) for fit in record.fits] == [("not applicable", "not for these data")] * 2
    assert states(record) == {model.name: {"not applicable"} for model in record.models}


def test_a_disk_that_is_full_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise RunFolderError("cannot write: no space")

    monkeypatch.setattr(fitting, "save_checkpoint", full)
    with pytest.raises(RunFolderError, match="no space"):
        execute(plan("fake"), RunFolder(tmp_path))


def test_a_stored_model_of_others_weights_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path)
    execute(plan("fake"), folder)

    def refuse(*args: object, **options: object) -> None:
        raise DataError("expected the weights of this very model, got others; train the model again")

    monkeypatch.setattr(type(fitting.make_model("fake")), "restore", refuse)
    stem = folder.checkpoint_stem("fake", "plain", 0)
    folder.predictions_path("fake", "plain", 0).unlink()
    with pytest.raises(RunFolderError) as caught:
        execute(plan("fake"), folder)
    assert str(caught.value) == (
        f"{stem}.*: expected the weights of this very model, got others; train the model again: "
        "delete these files and type the command again"
    )


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(RunFolderError, match=r"holds other files and no run.json; choose an empty folder with --out"):
        execute(plan("fake"), RunFolder(tmp_path))
    with pytest.raises(RunFolderError, match="expected a folder for the run, got the file"):
        execute(plan("fake"), RunFolder(tmp_path / "thesis.tex"))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_what_splits_share_is_in_the_record(tmp_path: Path) -> None:
    shared = replace(plan("fake"), overlaps={"plain": ("1 of 34 utterances",)})
    assert execute(shared, RunFolder(tmp_path)).data[0].overlaps == ("1 of 34 utterances",)


def test_damaged_data_are_the_fault_of_the_data_and_of_no_line_of_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*args: object, **more: object) -> FittedFake:
        raise DataError("row 3 is empty")

    monkeypatch.setattr(Fake, "fit", damaged)
    assert execute(plan("fake"), RunFolder(tmp_path)).fits[0].why == "row 3 is empty"

"""Scoring whole run folders."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as pq
import pytest
from jaxtyping import Float

from emobench.benchmark.bootstrap import intervals, left_out, per_dialogue, resampled, weights
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import PredictionError, RunFolderError, SpecError, UnknownName
from emobench.benchmark.metrics.base import Direction, Floor, Need, Scored
from emobench.benchmark.metrics.statistics import Losses
from emobench.benchmark.prediction_files import read_predictions, write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import (
    ALL_SEEDS,
    RESULT_COLUMNS,
    CellRecord,
    ConditionRecord,
    DataRecord,
    ModelRecord,
    RunRecord,
)
from emobench.benchmark.scoring import score
from emobench.benchmark.utterance_file import write_utterances

CLASSES = ("neutral", "joy", "anger")
LENGTHS = (4, 1, 6, 3, 5, 2, 7, 4)
FAMILY = "modality_drop:rate=*"
CONDITIONS = (
    ConditionRecord(text="clean"),
    *(
        ConditionRecord(text=f"modality_drop:drop={modality}", protocol="modality_drop", removal=modality)
        for modality in ("audio", "text")
    ),
    *(
        ConditionRecord(text=f"modality_drop:rate={rate}", protocol="modality_drop", family=FAMILY, severity=rate)
        for rate in (0.2, 0.5)
    ),
)
TEXTS = tuple(condition.text for condition in CONDITIONS)
State = Literal["done", "failed", "not applicable"]


def conversations(*, name: str = "small", labelled: bool = True) -> Conversations:
    rows = sum(LENGTHS)
    rng = Randomness(0, ("scoring", name)).generator()
    label = rng.integers(0, len(CLASSES), rows)
    label[[2, 4]] = -1  # one inside a dialogue, and all of the dialogue of one utterance
    return Conversations(
        data=name,
        split="test",
        classes=CLASSES,
        features={modality: np.zeros((rows, 1), np.float32) for modality in ("text", "audio")},
        observed={modality: np.ones(rows, bool) for modality in ("text", "audio")},
        present={modality: np.ones(rows, bool) for modality in ("text", "audio")},
        dialogue=np.repeat(np.arange(len(LENGTHS)), LENGTHS),
        speaker=rng.integers(0, 2, rows),
        label=label if labelled else np.full(rows, -1),
        target=np.arange(rows),
        utterance_ids=tuple(map(str, range(rows))),
        dialogue_ids=tuple(map(str, range(len(LENGTHS)))),
    )


def predictions(*purpose: str, weights: bool = False) -> Predictions:
    rng = Randomness(1, purpose).generator()
    rows = sum(LENGTHS)
    return Predictions(
        probabilities=rng.dirichlet(np.ones(len(CLASSES)), rows),
        modality_weights={"text": rng.random(rows), "audio": rng.random(rows)} if weights else {},
    )


@dataclass(frozen=True)
class Run:
    """A run folder to be written."""

    models: tuple[str, ...] = ("gated",)
    seeds: tuple[int, ...] = (0, 1)
    conditions: tuple[ConditionRecord, ...] = CONDITIONS
    states: Mapping[tuple[str, int, str], State] = field(default_factory=dict)
    """Cells that are not done, by model, seed and condition."""
    only: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Seeds of models that have not all of them."""
    metrics: tuple[str, ...] = ()
    draws: int = 100
    labelled: bool = True

    def write(self, path: Path) -> RunFolder:
        folder, test = RunFolder(path), conversations(labelled=self.labelled)
        cells = []
        for model in self.models:
            for seed in self.only.get(model, self.seeds):
                texts = [condition.text for condition in self.conditions]
                states = {text: self.states.get((model, seed, text), "done") for text in texts}
                done = {
                    text: predictions(model, str(seed), text, weights=model == "gated")
                    for text in texts
                    if states[text] == "done"
                }
                if done:
                    write_predictions(
                        folder.predictions_path(model, "small", seed), {text: (those,) for text, those in done.items()}
                    )
                cells += [
                    CellRecord(model=model, data="small", seed=seed, condition=text, state=states[text])
                    for text in texts
                ]
        write_utterances(folder, {"small": test})
        folder.write_record(self.record(cells))
        return folder

    def record(self, cells: Sequence[CellRecord]) -> RunRecord:
        sizes = {"test": {"dialogues": len(LENGTHS), "utterances": sum(LENGTHS)}}
        data = DataRecord(
            name="small",
            fingerprint="f" * 64,
            classes=CLASSES,
            widths={"text": 1, "audio": 1},
            sizes=sizes,
            label_counts={},
        )
        return RunRecord(
            command="emobench run",
            created="2026-01-01T00:00:00+00:00",
            versions={},
            hardware={},
            seeds=self.seeds,
            stress_seed=0,
            selection="validation",
            draws=self.draws,
            metrics=self.metrics,
            data=(data,),
            models=tuple(ModelRecord(name=model) for model in self.models),
            conditions=self.conditions,
            cells=tuple(cells),
        )


class Table:
    """Results by place."""

    def __init__(self, table: pa.Table) -> None:
        self.rows = {
            (row["model"], row["seed"], row["condition"], row["metric"], row["part"]): row for row in table.to_pylist()
        }
        assert len(self.rows) == len(table), "two rows say the same"

    def __call__(
        self, metric: str, part: str = "", *, condition: str = "clean", seed: int = ALL_SEEDS, model: str = "gated"
    ) -> dict[str, float]:
        return self.rows[model, seed, condition, metric, part]

    def parts(self, metric: str, *, condition: str = "clean", seed: int = ALL_SEEDS, model: str = "gated") -> list[str]:
        return [key[4] for key in self.rows if key[:4] == (model, seed, condition, metric)]


def content(table: pa.Table) -> str:
    """Return all cells as text: two NaN are the same here."""
    return str(table.to_pylist())


def scored_by_hand(model: str, seed: int, condition: str) -> Scored:
    """Return what scoring should see, put together on another way."""
    test = conversations()
    keep = test.label >= 0
    # Dialogue 1 has lost its only label, and those after it move up.
    dialogue = test.dialogue[keep] - (test.dialogue[keep] > 1)
    return Scored(
        probabilities=predictions(model, str(seed), condition, weights=model == "gated").probabilities[keep],
        label=test.label[keep],
        dialogue=dialogue,
        turn=test.turn[keep],
        speaker=test.speaker[keep],
        classes=CLASSES,
        clean=predictions(model, str(seed), "clean", weights=model == "gated").probabilities[keep],
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Return the results of a run of two seeds."""
    return Table(score(Run().write(tmp_path_factory.mktemp("run"))))


def test_the_table_is_as_documented(tmp_path: Path) -> None:
    folder = Run().write(tmp_path)
    table = score(folder)
    assert tuple(table.column_names) == RESULT_COLUMNS
    assert content(pq.read_table(folder.results_path)) == content(table)
    assert {str(table.schema.field(name).type) for name in ("seed", "utterances", "dialogues")} == {"int64"}
    about = json.loads(table.schema.metadata[b"emobench.metrics"])
    assert about["weighted_f1"] == {"title": "Weighted F1", "unit": "", "direction": "higher"}
    # There is no posterior here, and modalities are removed by zeros only.
    absent = set(about) - set(table["metric"].to_pylist())
    assert {metric for metric in absent if "operator=" not in metric and "mode=" not in metric} == {
        "regret", "graph_gap", "graph_gap:space=log",
    }  # fmt: skip


@pytest.mark.parametrize("condition", ["clean", "modality_drop:rate=0.5"])
@pytest.mark.parametrize("metric", ["accuracy", "weighted_f1", "ece", "nll", "flip_rate", "churn"])
def test_every_cell_has_its_figure_with_its_interval(results: Table, condition: str, metric: str) -> None:
    made, of_seeds = make(METRICS, metric), []
    drawn = weights(7, 100, Randomness(0, ("bootstrap", "f" * 64)))
    for seed in (0, 1):
        scored = scored_by_hand("gated", seed, condition)
        sums = per_dialogue(made.statistic(scored), scored.dialogue)
        samples = (sums.sum(axis=0), resampled(drawn, sums), left_out(sums))
        of_seeds.append([made.value(totals)[..., :1] for totals in samples])
        row, (low, high) = results(metric, condition=condition, seed=seed), intervals(*of_seeds[-1])
        # What is within its noise floor may be 0.
        within = row["value"] <= row["floor_high"]
        expected = [of_seeds[-1][0][0], 0.0 if within else low[0], high[0]]
        assert [row["value"], row["low"], row["high"]] == pytest.approx(expected, rel=1e-9)
        assert np.isnan(row["seed_sd"])
        assert (row["utterances"], row["dialogues"]) == (sum(LENGTHS) - 2, 7)
    mean, (first, second) = results(metric, condition=condition), [values[0][0] for values in of_seeds]
    averaged = [(one + other) / 2 for one, other in zip(*of_seeds, strict=True)]
    assert mean["value"] == pytest.approx((first + second) / 2)
    low, high = intervals(*averaged)
    expected = [0.0 if mean["value"] <= mean["floor_high"] else low[0], high[0]]
    assert [mean["low"], mean["high"]] == pytest.approx(expected, rel=1e-9)
    assert mean["seed_sd"] == pytest.approx(abs(first - second) / np.sqrt(2))
    assert (mean["utterances"], mean["dialogues"]) == (sum(LENGTHS) - 2, 7)


def test_calibration_errors_have_a_noise_floor_and_others_none(results: Table) -> None:
    for metric in ("ece", "mce", "rmsce"):
        row = results(metric, seed=1)
        assert 0 < row["floor"] < row["floor_high"] < 1
        both = [results(metric, seed=seed)["floor_high"] for seed in (0, 1)]
        assert results(metric)["floor_high"] == pytest.approx(np.mean(both))
    for metric in ("accuracy", "signed_gap", "cel"):
        part = results.parts(metric)[0]
        assert np.isnan([results(metric, part)["floor"], results(metric, part)["floor_high"]]).all()


def test_removals_are_measured_on_clean_input_only(results: Table) -> None:
    # In the order of the data's modalities, whatever that of the conditions.
    assert results.parts("cel") == results.parts("uncertain_share") == ["text", "audio", "modalities"]
    assert results.parts("cel", condition=TEXTS[1]) == []
    clean = scored_by_hand("gated", 0, "clean")
    rows = np.arange(len(clean.label))
    gain = scored_by_hand("gated", 0, "modality_drop:drop=text").probabilities - clean.probabilities
    expected = np.maximum(0, gain[rows, clean.label]).mean()
    assert results("cel", "text", seed=0)["value"] == pytest.approx(expected)
    variants = {key[3] for key in results.rows if key[3].startswith("cel")}
    assert variants == {"cel", "cel:form=sum", "cel:space=log", "cel:form=sum,space=log"}


def test_weights_and_parts(results: Table) -> None:
    assert results.parts("modality_weight") == ["text", "audio"]
    assert results.parts("f1", seed=0) == list(CLASSES)
    assert len(results.parts("confusion")) == 9
    assert len(results.parts("reliability")) == 45


def test_curves_are_rows_of_their_family(results: Table) -> None:
    rungs = [results("weighted_f1", condition=text, seed=0)["value"] for text in ("clean", *TEXTS[3:])]
    area = (0.2 * (rungs[0] + rungs[1]) / 2 + 0.3 * (rungs[1] + rungs[2]) / 2) / (rungs[0] * 0.5)
    row = results("degradation_area", condition=FAMILY, seed=0)
    assert row["value"] == pytest.approx(area)
    assert row["low"] <= row["value"] <= row["high"]
    assert row["low"] < row["high"]
    assert results("worst_rung", condition=FAMILY, seed=0)["value"] == pytest.approx(min(rungs[1:]))
    both = [results("degradation_area", condition=FAMILY, seed=seed)["value"] for seed in (0, 1)]
    assert results("degradation_area", condition=FAMILY)["value"] == pytest.approx(np.mean(both))
    assert {key[3] for key in results.rows if key[2] == FAMILY} == {"degradation_area", "worst_rung"}


def test_with_one_seed_the_mean_is_that_seed(tmp_path: Path) -> None:
    table = score(Run(seeds=(3,)).write(tmp_path))
    alone = table.filter(compute.equal(table["seed"], 3)).drop_columns(["seed"])
    mean = table.filter(compute.equal(table["seed"], ALL_SEEDS)).drop_columns(["seed"])
    assert len(alone) == len(mean) == len(table) / 2
    for name in alone.column_names:
        np.testing.assert_array_equal(alone[name].to_numpy(), mean[name].to_numpy())


def test_models_meet_the_same_draws(tmp_path: Path) -> None:
    folder = Run(models=("one", "other"), seeds=(0,)).write(tmp_path)
    source = folder.predictions_path("one", "small", 0)
    folder.predictions_path("other", "small", 0).write_bytes(source.read_bytes())
    table = Table(score(folder))
    for key, row in table.rows.items():
        if key[0] == "one":
            other = table.rows["other", *key[1:]]
            assert [row["value"], row["low"], row["high"]] == pytest.approx(
                [other["value"], other["low"], other["high"]], nan_ok=True
            )


def test_the_exact_posterior_is_the_floor_of_cel_and_of_regret(tmp_path: Path) -> None:
    run = Run(models=("gated", "bayes_optimal"), only={"bayes_optimal": (0,)})
    table = Table(score(run.write(tmp_path)))
    for part in ("text", "audio", "modalities"):
        own = table("cel", part, model="bayes_optimal")["value"]
        # The posterior was computed for one seed only; it is that of the other too.
        assert [table("cel", part, seed=seed)["floor"] for seed in (0, 1, ALL_SEEDS)] == pytest.approx([own] * 3)
    for condition in TEXTS:
        losses = [table("nll", condition=condition, model=model)["value"] for model in ("gated", "bayes_optimal")]
        assert table("regret", condition=condition)["value"] == pytest.approx(losses[0] - losses[1])
        assert table("regret", condition=condition, model="bayes_optimal")["value"] == 0


def test_a_posterior_under_other_removals_is_no_floor(tmp_path: Path) -> None:
    states: dict[tuple[str, int, str], State] = {("bayes_optimal", 0, TEXTS[1]): "not applicable"}
    run = Run(models=("gated", "bayes_optimal"), seeds=(0,), states=states)
    table = Table(score(run.write(tmp_path)))
    assert table.parts("cel", model="bayes_optimal") == ["text", "modalities"]
    assert all(np.isnan(table("cel", part)["floor"]) for part in table.parts("cel"))
    assert table.parts("regret", condition=TEXTS[1]) == []
    assert table.parts("regret", condition=TEXTS[2]) == [""]


def test_a_failed_removal_leaves_no_figure_over_the_others(tmp_path: Path) -> None:
    table = Table(score(Run(states={("gated", 1, TEXTS[1]): "failed"}).write(tmp_path)))
    assert table.parts("cel", seed=0) == ["text", "audio", "modalities"]
    assert table.parts("cel", seed=1) == table.parts("cel") == []
    # What the other figures are means of is then one seed, and the other's cells are not there.
    assert table.parts("accuracy", condition=TEXTS[1], seed=1) == []
    mean, alone = (table("accuracy", condition=TEXTS[1], seed=seed) for seed in (ALL_SEEDS, 0))
    assert (mean["value"], mean["low"], mean["high"]) == (alone["value"], alone["low"], alone["high"])


def test_a_failed_rung_leaves_no_curve(tmp_path: Path) -> None:
    table = Table(score(Run(states={("gated", 1, TEXTS[4]): "failed"}).write(tmp_path)))
    assert table.parts("degradation_area", condition=FAMILY, seed=0) == [""]
    assert table.parts("degradation_area", condition=FAMILY, seed=1) == []
    both = Run(states={("gated", seed, TEXTS[4]): "failed" for seed in (0, 1)})
    assert FAMILY not in {key[2] for key in Table(score(both.write(tmp_path / "both"))).rows}


def test_without_clean_input_there_is_no_churn_and_no_curve(tmp_path: Path) -> None:
    table = Table(score(Run(seeds=(0,), states={("gated", 0, "clean"): "failed"}).write(tmp_path)))
    assert "clean" not in {key[2] for key in table.rows}
    assert FAMILY not in {key[2] for key in table.rows}
    assert not {"churn", "cel"} & {key[3] for key in table.rows}


def test_of_two_conditions_that_are_one_removal_the_plainer_counts(tmp_path: Path) -> None:
    other = ConditionRecord(text="modality_drop:drop=text,fill=mean", protocol="modality_drop", removal="text")
    table = Table(score(Run(conditions=(CONDITIONS[0], other, *CONDITIONS[1:])).write(tmp_path / "both")))
    alone = Table(score(Run().write(tmp_path / "alone")))
    assert table("cel", "text")["value"] == alone("cel", "text")["value"]


def test_only_what_is_asked_for_is_shown(tmp_path: Path) -> None:
    table = Table(score(Run(metrics=("degradation_area:metric=accuracy", "ece:bins=10"), seeds=(0,)).write(tmp_path)))
    assert {key[3] for key in table.rows} == {"degradation_area:metric=accuracy", "ece:bins=10"}
    assert table.parts("degradation_area:metric=accuracy", condition=FAMILY) == [""]


def test_a_curve_of_something_without_one_figure_is_left_out(tmp_path: Path) -> None:
    table = Table(score(Run(metrics=("worst_rung:metric=f1", "nll"), seeds=(0,)).write(tmp_path)))
    assert {key[3] for key in table.rows} == {"nll"}


@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        (
            "worst_rung:metric=degradation_area",
            SpecError,
            "expected a metric of one condition, such as metric=weighted_f1, got metric=degradation_area",
        ),
        ("acuracy", UnknownName, "unknown metric 'acuracy'; did you mean 'accuracy'?"),
    ],
)
def test_a_metric_that_cannot_be_made(tmp_path: Path, metric: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        score(Run(metrics=(metric,)).write(tmp_path))
    assert str(caught.value) == message


def test_data_without_labels_have_no_figures(tmp_path: Path) -> None:
    table = score(Run(labelled=False).write(tmp_path))
    assert (len(table), tuple(table.column_names)) == (0, RESULT_COLUMNS)


def test_progress_counts_conditions(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    score(Run(seeds=(0,)).write(tmp_path), progress=lambda *step: seen.append(step))
    assert seen == [("scoring gated on small", done, 5) for done in range(6)]


@dataclass(frozen=True)
class Worst:
    """A metric of somebody else's."""

    title: ClassVar[str] = "Share without any loss"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 2.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> Losses:
        return Losses()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        return totals[..., :1] / totals[..., -1:]


def test_a_metric_from_elsewhere_is_scored_like_any_other(tmp_path: Path, register: object) -> None:
    assert callable(register)
    register(METRICS, "worst", Worst)
    table = Table(score(Run(seeds=(0,)).write(tmp_path)))
    assert table("worst")["value"] == table("brier")["value"]
    assert table("worst")["low"] == table("brier")["low"]


# --- scored again


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
    untouched = [key for key in first.rows if key[2] == TEXTS[1] and key[3] not in ("churn", "change")]
    for key in untouched:
        assert list(first.rows[key].values()) == pytest.approx(list(second.rows[key].values()), nan_ok=True)


# --- damage


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


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"is no run folder \(it has no run\.json\)"):
        score(RunFolder(tmp_path))


def test_scoring_imports_nothing_heavy(tmp_path: Path) -> None:
    Run(seeds=(0,)).write(tmp_path)
    code = (
        "import sys; from pathlib import Path; from emobench.benchmark.scoring import score; "
        "from emobench.benchmark.run_folder import RunFolder; score(RunFolder(Path(sys.argv[1]))); "
        "print(*sorted({'torch', 'pandas', 'sklearn', 'scipy', 'matplotlib', 'netcal'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""

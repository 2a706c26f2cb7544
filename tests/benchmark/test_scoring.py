"""Scoring whole run folders."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow.compute as compute
import pyarrow.parquet as pq
import pytest
from jaxtyping import Float
from scoring_runs import (
    CLASSES,
    CONDITIONS,
    FAMILY,
    LENGTHS,
    TEXTS,
    Run,
    State,
    Table,
    content,
    scored_by_hand,
)

from emobench.benchmark.bootstrap import intervals, left_out, per_dialogue, resampled, weights
from emobench.benchmark.errors import SpecError, UnknownName
from emobench.benchmark.gap_intervals import gap_intervals, shrunken
from emobench.benchmark.metrics.base import Direction, Floor, Metric, Need, Scored
from emobench.benchmark.metrics.statistics import Losses
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make
from emobench.benchmark.run_record import (
    ALL_SEEDS,
    RESULT_COLUMNS,
    ConditionRecord,
)
from emobench.benchmark.scoring import score
from emobench.benchmark.scoring_samples import RANK_DRAWS, sampled


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Return the results of a run of two seeds."""
    return Table(score(Run().write(tmp_path_factory.mktemp("run"))))


def test_the_table_is_as_documented(tmp_path: Path) -> None:
    folder = Run().write(tmp_path)
    table = score(folder)
    assert tuple(table.column_names) == RESULT_COLUMNS
    assert content(pq.read_table(folder.results_path)) == content(table)
    assert {str(table.schema.field(name).type) for name in ("seed", "utterances", "dialogues", "draws")} == {"int64"}
    about = json.loads(table.schema.metadata[b"emobench.metrics"])
    assert about["weighted_f1"] == {"title": "Weighted F1", "unit": "", "direction": "higher"}
    # There is no posterior here, no validation, no hidden vectors; modalities are removed by zeros, one at a time.
    absent = set(about) - set(table["metric"].to_pylist())
    absent = {metric for metric in absent if "operator=" not in metric and "mode=" not in metric}
    of_validation = ("act_", "unsafe_share", "conformal")
    assert {metric for metric in absent if not metric.startswith(of_validation)} == {
        "regret", "graph_gap", "graph_gap:space=log", "removal_gap", "cel_excess", "cel_excess:space=log",
        "shapley", "shapley_share", "weight_agreement", "silhouette",
    }  # fmt: skip
    figures = ("coverage", "gap", "set_size", "empty")
    methods = ("", ":method=aps")
    assert {metric for metric in absent if metric.startswith("conformal")} == {
        f"conformal_{figure}{method}" for figure in figures for method in methods
    }


@pytest.mark.parametrize("condition", ["clean", "modality_drop:rate=0.5"])
@pytest.mark.parametrize("metric", ["accuracy", "weighted_f1", "brier", "nll", "flip_rate", "churn"])
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


def test_a_calibration_error_has_the_interval_of_a_norm_of_gaps(results: Table) -> None:
    made, drawn = make(METRICS, "ece"), weights(7, 100, Randomness(0, ("bootstrap", "f" * 64)))
    assert isinstance(made, Metric)
    scored = scored_by_hand("gated", 0, "clean")
    sums = per_dialogue(made.statistic(scored), scored.dialogue)
    samples = (sums.sum(axis=0, keepdims=True), resampled(drawn, sums), left_out(sums))
    whole, draws, jackknife = map(made.value, samples)
    low, high = gap_intervals(whole[0], draws, jackknife, [shrunken(made, *samples[:2])[..., 0]])
    row = results("ece", condition="clean", seed=0)
    expected = [whole[0, 0], 0.0 if row["value"] <= row["floor_high"] else low[0], high[0]]
    assert [row["value"], row["low"], row["high"]] == pytest.approx(expected, rel=1e-9)


def test_metrics_that_rank_have_fewer_draws_and_say_so(tmp_path: Path) -> None:
    asked = ("aurc", "degradation_area:metric=aurc", "nll", "sliced:by=shift,metric=aurc", "worst_rung:metric=nll")
    table = Table(score(Run(metrics=asked, seeds=(0, 1), draws=RANK_DRAWS + 100).write(tmp_path)))
    drawn = {key[3]: row["draws"] for key, row in table.rows.items()}
    assert {text: count == RANK_DRAWS for text, count in drawn.items()} == {text: "aurc" in text for text in asked}
    assert drawn["nll"] == drawn["worst_rung:metric=nll"] == RANK_DRAWS + 100
    scored = [scored_by_hand("gated", seed, "clean") for seed in (0, 1)]
    few = weights(7, RANK_DRAWS + 100, Randomness(0, ("bootstrap", "f" * 64)))[:RANK_DRAWS]
    both = [sampled(one, {"aurc": make(METRICS, "aurc")}, few)["aurc"] for one in scored]
    whole, draws, jackknife = (sum(arrays) / 2 for arrays in zip(*(one[:3] for one in both), strict=True))
    low, high = intervals(whole[0], draws, jackknife)
    row = table("aurc")
    assert [row["value"], row["low"], row["high"]] == pytest.approx([whole[0, 0], low[0], high[0]])
    area = table("degradation_area:metric=aurc", condition=FAMILY)
    assert area["low"] < area["value"] < area["high"]


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
        ("weighted_f2", UnknownName, "unknown metric 'weighted_f2'; did you mean 'weighted_f1'?"),
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
    table = Table(score(Run(seeds=(0,), metrics=("worst", "brier")).write(tmp_path)))
    assert table("worst")["value"] == table("brier")["value"]
    assert table("worst")["low"] == table("brier")["low"]


def test_a_metric_from_elsewhere_that_nobody_names_is_not_run(tmp_path: Path, register: object) -> None:
    assert callable(register)
    register(METRICS, "worst", Worst)
    metrics = {row["metric"] for row in score(Run(seeds=(0,), models=("late",)).write(tmp_path)).to_pylist()}
    assert "brier" in metrics
    assert "worst" not in metrics


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

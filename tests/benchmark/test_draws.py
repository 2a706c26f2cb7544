"""Conditions that depend on random numbers are drawn several times: what the results then say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score, log_loss

from emobench.benchmark import api
from emobench.benchmark.bootstrap import intervals, left_out, per_dialogue, resampled, weights
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.prediction_files import read_predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, PROTOCOLS, make
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ALL_SEEDS
from emobench.benchmark.utterance_file import read_utterances
from emobench.protocols.base import Attack, Attacked, FeatureStatistics

DATA = "simulated:test=30,train=30,validation=10"
RATE = "modality_drop:rate=0.5"


def run(
    path: Path, stress_draws: int, *protocols: str, models: str | tuple[str, ...] = "late_fusion"
) -> tuple[RunFolder, pd.DataFrame]:
    options = api.options(stress_draws=stress_draws, draws=200, metrics=["weighted_f1", "nll", "regret", "ece"])
    wanted = protocols or (RATE, "modality_drop:drop=text")
    api.run(models=models, protocols=wanted, data=DATA, out=path, options=options, formats=())
    return RunFolder(path), pq.read_table(path / "results.parquet").to_pandas()


def one(results: pd.DataFrame, metric: str, condition: str = RATE, seed: int = 0) -> pd.Series:
    wanted = {"model": "late_fusion", "metric": metric, "condition": condition, "seed": seed, "part": ""}
    found = results[np.all([results[column] == value for column, value in wanted.items()], axis=0)]
    assert len(found) == 1
    return found.iloc[0]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, pd.DataFrame]:
    """Return a run whose random condition was drawn three times, and its results."""
    return run(tmp_path_factory.mktemp("drawn"), 3)


def test_the_figure_is_the_mean_over_draws_and_their_spread_stands_beside_it(
    drawn: tuple[RunFolder, pd.DataFrame],
) -> None:
    folder, results = drawn
    label = read_utterances(folder)[DATA].label
    path = folder.predictions_path("late_fusion", DATA, 0)
    draws = [read_predictions(path, RATE, draw).probabilities for draw in range(3)]
    f1 = [f1_score(label, p.argmax(axis=1), average="weighted") for p in draws]
    nll = [log_loss(label, p, labels=range(p.shape[1])) for p in draws]
    for metric, expected in (("weighted_f1", f1), ("nll", nll)):
        for seed in (0, ALL_SEEDS):
            row = one(results, metric, seed=seed)
            assert row["value"] == pytest.approx(np.mean(expected), abs=1e-9)
            assert row["draw_sd"] == pytest.approx(np.std(expected, ddof=1), abs=1e-9)


def test_the_interval_is_that_of_the_mean_over_dialogues(drawn: tuple[RunFolder, pd.DataFrame]) -> None:
    folder, results = drawn
    utterances = read_utterances(folder)[DATA]
    path, metric = folder.predictions_path("late_fusion", DATA, 0), make(METRICS, "nll")
    fingerprint = folder.read_record().data[0].fingerprint
    weighed = weights(30, 200, Randomness(0, ("bootstrap", fingerprint)))
    parts = []
    for draw in range(3):
        scored = Scored(
            probabilities=read_predictions(path, RATE, draw).probabilities,
            label=utterances.label,
            dialogue=utterances.dialogue,
            turn=utterances.turn,
            speaker=utterances.speaker,
            classes=tuple("abcdefg"),
        )
        sums = per_dialogue(metric.statistic(scored), scored.dialogue)
        parts.append([metric.value(totals) for totals in (sums.sum(axis=0), resampled(weighed, sums), left_out(sums))])
    value, resamples, jackknife = (np.mean([part[place] for part in parts], axis=0) for place in range(3))
    low, high = intervals(value, resamples, jackknife)
    row = one(results, "nll")
    assert (row["low"], row["high"]) == pytest.approx((low[0], high[0]), abs=1e-9)


def test_regret_is_taken_draw_by_draw(drawn: tuple[RunFolder, pd.DataFrame]) -> None:
    folder, results = drawn
    label = read_utterances(folder)[DATA].label
    rows = np.arange(len(label))
    gaps = []
    for draw in range(3):
        model, best = (
            read_predictions(folder.predictions_path(name, DATA, 0), RATE, draw).probabilities[rows, label]
            for name in ("late_fusion", "bayes_optimal")
        )
        gaps.append(float(np.mean(np.log(best) - np.log(model))))
    row = one(results, "regret")
    assert row["value"] == pytest.approx(np.mean(gaps), abs=1e-9)
    assert row["draw_sd"] == pytest.approx(np.std(gaps, ddof=1), abs=1e-9)


def test_what_is_not_random_has_no_spread(drawn: tuple[RunFolder, pd.DataFrame]) -> None:
    _, results = drawn
    for condition in ("clean", "modality_drop:drop=text"):
        assert results[results["condition"] == condition]["draw_sd"].isna().all()
    assert results[results["condition"] == RATE]["draw_sd"].notna().any()


def test_the_first_draw_is_all_there_is_in_a_run_with_one(
    drawn: tuple[RunFolder, pd.DataFrame], tmp_path: Path
) -> None:
    folder, single = run(tmp_path, 1)
    assert single["draw_sd"].isna().all()
    first = read_predictions(drawn[0].predictions_path("late_fusion", DATA, 0), RATE, 0)
    only = read_predictions(folder.predictions_path("late_fusion", DATA, 0), RATE, 0)
    assert np.array_equal(first.probabilities, only.probabilities)


def test_a_folder_has_one_number_of_draws(drawn: tuple[RunFolder, pd.DataFrame]) -> None:
    with pytest.raises(Exception, match="a run made with --stress-draws 3, got --stress-draws 2"):
        run(drawn[0].path, 2)


@dataclass(frozen=True)
class Swayed(Attack):
    """An attack: text goes missing the more often the surer the model is of the first class."""

    meaning: ClassVar[str] = "Swayed."

    @property
    def random(self) -> bool:
        return True

    def attack(
        self,
        conversations: Conversations,
        *,
        model: Attacked,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        there = randomness.generator().random(len(conversations)) < model.predict(conversations).probabilities[:, 0]
        rows = np.where(there[:, None], np.float32(0), conversations.features["text"])
        return conversations.with_modalities(
            observed={"text": ~there}, present={"text": ~there}, features={"text": rows}
        )


def test_what_an_attack_did_is_recorded_for_each_model(tmp_path: Path, register: Callable[..., None]) -> None:
    register(PROTOCOLS, "swayed", Swayed)
    folder, _ = run(tmp_path, 2, "swayed", RATE, models=("late_fusion", "late_fusion:inverse_penalty=0.01"))
    record = folder.read_record()
    assert set(record.data[0].realised) == {"clean", RATE}
    one_model = pq.read_table(folder.stresses_path("attack", "late_fusion", DATA, "0")).to_pylist()
    other = pq.read_table(folder.stresses_path("attack", "late_fusion:inverse_penalty=0.01", DATA, "0")).to_pylist()
    assert {row["draw"] for row in one_model} == {0, 1}
    missing = [[row["missing_text"] for row in rows] for rows in (one_model, other)]
    assert missing[0] != missing[1]
    (cell,) = [cell for cell in record.cells if (cell.model, cell.condition) == ("bayes_optimal", "swayed")]
    assert cell.state == "not applicable"
    cells = {cell.model: cell for cell in record.cells if cell.condition == "swayed"}
    assert cells["late_fusion"].realised["missing text"] == pytest.approx(np.mean(missing[0]))
    assert all(not cell.realised for cell in record.cells if cell.condition == RATE)
    assert "the stress was chosen by looking at the model and the label" in cell.why
    assert set(pq.read_table(folder.stresses_path(DATA))["condition"].to_pylist()) == {"clean", RATE}

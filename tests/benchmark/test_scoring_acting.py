"""Acting on confidence and decision costs, from a run folder to its results and in a plan."""

from pathlib import Path

import numpy as np
import pytest
from scoring_runs import CLASSES, TEXTS, Run, Table, conversations, predictions, validation_predictions

from emobench.benchmark.errors import DataError
from emobench.benchmark.metrics.acting import chosen_threshold
from emobench.benchmark.plan import Options, Request, make_plan
from emobench.benchmark.scoring import score
from emobench.benchmark.scoring_key import scoring_key

RISK = 0.65
METRICS = tuple(f"{name}:risk={RISK}" for name in ("act_share", "act_risk", "act_threshold", "unsafe_share"))
TABLE = "gold,neutral,joy,anger,abstain\nneutral,0,1,1,0.3\njoy,1,0,1,0.3\nanger,1,1,0,0.3\n"


def by_hand(seed: int, condition: str) -> tuple[float, float, float]:
    """Return threshold, share acted on and unsafe share."""
    validation, test = conversations(split="validation"), conversations()
    p, own = (
        validation_predictions("gated", seed).probabilities,
        predictions("gated", str(seed), condition, weights=True),
    )
    known, keep = validation.label >= 0, test.label >= 0
    right = p[known].argmax(axis=1) == validation.label[known]
    threshold = chosen_threshold(p[known].max(axis=1), right, risk=RISK)
    acts = own.probabilities[keep].max(axis=1) >= threshold
    wrong = own.probabilities[keep].argmax(axis=1) != test.label[keep]
    return threshold, float(acts.mean()), float((acts & wrong).mean())


def test_every_condition_is_acted_on_by_the_threshold_of_validation(tmp_path: Path) -> None:
    table = Table(score(Run(validation=True, metrics=METRICS).write(tmp_path)))
    shares = []
    for condition in TEXTS:
        each = [by_hand(seed, condition) for seed in (0, 1)]
        for seed, (threshold, share, unsafe) in enumerate(each):
            row = table(METRICS[0], condition=condition, seed=seed)
            assert row["value"] == pytest.approx(share)
            assert row["low"] <= row["value"] <= row["high"]
            assert table(METRICS[1], condition=condition, seed=seed)["value"] == pytest.approx(unsafe / share)
            assert table(METRICS[2], condition=condition, seed=seed)["value"] == pytest.approx(threshold)
            assert table(METRICS[3], condition=condition, seed=seed)["value"] == pytest.approx(unsafe)
        assert table(METRICS[3], condition=condition)["value"] == pytest.approx(np.mean([one[2] for one in each]))
        shares += [one[1] for one in each]
    assert len(set(shares)) > 2


def test_where_one_of_two_trainings_never_acts_there_is_no_mean_risk(tmp_path: Path) -> None:
    names = ("act_share:risk=0.5", "act_risk:risk=0.5", "act_threshold:risk=0.5", "unsafe_share:risk=0.5")
    table = Table(score(Run(validation=True, metrics=names).write(tmp_path)))
    assert table(names[0], seed=1)["value"] == 0
    assert table(names[0])["value"] == pytest.approx(table(names[0], seed=0)["value"] / 2)
    assert table(names[3])["value"] == pytest.approx(table(names[3], seed=0)["value"] / 2)
    for name in names[1:3]:
        assert table(name, seed=0)["value"] > 0
        assert np.isnan(table(name, seed=1)["value"])
        assert np.isnan(table(name)["value"])


def test_without_predictions_on_validation_there_are_no_such_figures(tmp_path: Path) -> None:
    assert not len(score(Run(metrics=METRICS).write(tmp_path)))


def test_the_file_of_costs_belongs_to_the_key_of_results(tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text(TABLE, encoding="utf-8")
    text = f"decision_cost:costs={file}"
    folder = Run(metrics=(text, "accuracy")).write(tmp_path / "run")
    first = Table(score(folder))(text)["value"]
    before = scoring_key(folder, folder.read_record())
    assert Table(score(folder))(text)["value"] == first
    file.write_text(TABLE.replace("1", "9"), encoding="utf-8")
    assert scoring_key(folder, folder.read_record()) != before
    assert Table(score(folder))(text)["value"] != first
    file.unlink()
    with pytest.raises(DataError, match="there is no such file"):
        score(folder)


def test_a_table_of_other_classes_is_told_by_scoring(tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text("gold,neutral,joy\nneutral,0,1\njoy,1,0\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"expected a row for each of {', '.join(CLASSES)}, got none for 'anger'"):
        score(Run(metrics=(f"decision_cost:costs={file}",)).write(tmp_path / "run"))


def test_a_plan_holds_the_table_against_the_data_before_anything_is_computed(tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text(TABLE, encoding="utf-8")
    options = Options(metrics=(f"decision_cost:costs={file}", "accuracy"))
    request = Request(models=("prior",), protocols=(), data=("simulated:test=2,train=2,validation=2",), options=options)
    with pytest.raises(DataError, match=r"expected a row for each of neutral, surprise,.* got none for 'surprise'"):
        make_plan(request)
    gold = ["neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"]
    rows = [",".join([one, *("0" if one == other else "1" for other in gold)]) for one in gold]
    file.write_text("\n".join([",".join(["gold", *gold]), *rows]), encoding="utf-8")
    assert make_plan(request).options.metrics == options.metrics


def test_cells_that_are_not_done_have_no_figures(tmp_path: Path) -> None:
    run = Run(validation=True, metrics=METRICS, states={("gated", 1, "clean"): "failed"})
    folder = run.write(tmp_path)
    table = Table(score(folder))
    assert table(METRICS[3])["value"] == table(METRICS[3], seed=0)["value"]

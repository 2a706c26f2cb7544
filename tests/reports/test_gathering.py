from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ConditionRecord
from emobench.reports.contents import label_of
from emobench.reports.gathering import read

Maker = Callable[..., RunFolder]


def test_a_run_is_put_together_by_data_set_and_model(plain: RunFolder) -> None:
    run = read(plain)
    (data,) = run.data
    assert (run.name, data.name, data.simulated, data.dialogues, data.utterances) == (
        "plain",
        "simulated",
        True,
        120,
        1200,
    )
    assert [(model.name, model.place, model.reference) for model in data.models] == [
        ("rage_fusion", 0, False),
        ("bayes_optimal", -1, True),
    ]
    assert data.reference is data.models[1]
    assert data.competitors == (data.models[0],)
    assert not data.rough
    assert run.simulated
    assert run.problems == ()


def test_a_curve_starts_at_clean_and_is_sorted_by_severity(plain: RunFolder) -> None:
    (curve,) = read(plain).data[0].curves
    assert (curve.family, curve.protocol, curve.argument) == ("modality_drop:rate=*", "modality_drop", "rate")
    assert [rung.severity for rung in curve.rungs] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7]
    assert curve.rungs[0] == (0, "clean", "clean")
    assert curve.rungs[1] == (0.1, "modality_drop:rate=0.1", "0.1")


def test_a_confusion_matrix_has_gold_in_rows(plain: RunFolder) -> None:
    frame = pd.read_parquet(plain.results_path)
    cell = frame[(frame.seed == -1) & (frame.model == "rage_fusion") & (frame.part == "joy→anger")].value.item()
    data = read(plain).data[0]
    gold, predicted = data.record.classes.index("joy"), data.record.classes.index("anger")
    assert data.models[0].confusion[gold][predicted] == cell
    assert sum(map(sum, data.models[0].confusion)) == 1200


def test_bins_go_up_from_zero_to_one(plain: RunFolder) -> None:
    bins = read(plain).data[0].models[0].bins
    assert len(bins) == 15
    assert (bins[0].low, bins[-1].high) == (0, 1)
    filled = [one for one in bins if one.count.value]
    assert all(one.low < one.confidence.value <= one.high for one in filled)
    assert sum(one.count.value for one in bins) == 1200


def test_labels_leave_out_the_protocol_only(plain: RunFolder) -> None:
    rows = read(plain).data[0].models[0].rows
    assert [row.label for row in rows][:3] == ["clean", "drop=audio", "drop=text"]
    assert list(read(plain).data[0].models[0].weights) == [row.condition.text for row in rows]
    chain = ConditionRecord(text="noise:snr_db=5+noise:snr_db=0", protocol="noise")
    assert label_of(chain) == chain.text


def test_failures_are_told_once_with_all_their_seeds_and_take_no_row_away(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(
        tmp_path,
        models=("rage_fusion", "late_fusion"),
        seeds=(3, 1),
        only=("clean", "modality_drop:drop=text"),
        failed=(("rage_fusion", "modality_drop:drop=text", "out of memory"), ("late_fusion", "", "did not converge")),
        dialogues=20,
    )
    run = read(folder)
    told = [(p.model, p.condition, p.seeds, p.state, p.why) for p in run.problems]
    assert told == [
        ("late_fusion", "", (1, 3), "failed", "did not converge"),
        ("rage_fusion", "modality_drop:drop=text", (1, 3), "failed", "out of memory"),
    ]
    rage, late = run.data[0].models
    assert [(row.condition.text, bool(row.results), len(row.problems)) for row in rage.rows] == [
        ("clean", True, 0),
        ("modality_drop:drop=text", False, 1),
    ]
    assert (late.rows, late.clean, late.seeds) == ((), {}, ())


def test_several_data_sets_have_a_section_each(tmp_path: Path, make_run: Maker) -> None:
    run = read(make_run(tmp_path, data=("simulated:seed=3", "meld"), only=("clean",), dialogues=49))
    assert [(data.name, data.simulated, data.rough) for data in run.data] == [
        ("simulated:seed=3", True, True),
        ("meld", False, True),
    ]
    assert not run.simulated


def test_a_run_of_one_model_one_condition_and_one_metric_is_a_run(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), metrics=("accuracy",), dialogues=20)
    (data,) = read(folder).data
    assert (data.quality, data.metrics, data.curves, data.reference) == ("accuracy", ("accuracy",), (), None)
    (model,) = data.models
    assert (model.bins, model.confusion, model.weights, model.removals) == ((), (), {}, ())


@pytest.mark.parametrize(("selection", "told"), [("validation", False), ("test", True)])
def test_selection_on_test_is_seen(tmp_path: Path, make_run: Maker, selection: str, *, told: bool) -> None:
    folder = make_run(tmp_path, models=("rage_fusion", "prior"), only=("clean",), selection=selection, dialogues=20)
    rage, prior = read(folder).data[0].models
    assert rage.test_selected is told
    assert not prior.test_selected

"""Daggers and places in tables."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from test_comparisons import one, write

from emobench.benchmark.paired import Place
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.comparisons import OUTDATED, comparisons_of
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.paper_marks import differences, leaders

Maker = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_run(
        tmp_path_factory.mktemp("runs") / "marked", models=("rage_fusion", "prior", "late_fusion", "bayes_optimal"),
        metrics=("ece", "weighted_f1"), seeds=(0,), only=("clean", "modality_drop:drop=text"),
    )  # fmt: skip


def test_the_best_and_the_second_best_are_told(folder: RunFolder) -> None:
    models = read(folder).data[0].models
    values = {model.name: model.clean["weighted_f1"].value for model in models if not model.reference}
    order = sorted(values, key=lambda name: -values[name])
    assert leaders(models, "clean", "weighted_f1") == ({order[0]}, {order[1]})
    tied = [*models, replace(next(model for model in models if model.name == order[0]), name="twin")]
    assert leaders(tied, "clean", "weighted_f1") == ({order[0], "twin"}, frozenset())
    same = [replace(tied[-1], name=name) for name in ("a", "b", "c")]
    assert leaders(same, "clean", "weighted_f1") == (frozenset(), frozenset()), "where all are the same none is best"
    two = [model for model in models if model.name in order[:2]]
    assert leaders(two, "clean", "weighted_f1") == ({order[0]}, frozenset())


def test_daggers_follow_the_adjusted_p(folder: RunFolder) -> None:
    far = Place("late_fusion", "simulated", "clean")
    write(folder, [one(), one(place=far, p=0.0001), one(condition="modality_drop:drop=text", p=0.9)])
    told = differences(comparisons_of(folder))
    assert told.mark("rage_fusion", "simulated", "clean", "ece") == r"\dag "
    assert told.mark("late_fusion", "simulated", "clean", "ece") == r"\ddag "
    assert told.mark("rage_fusion", "simulated", "modality_drop:drop=text", "ece") == ""
    assert told.mark("prior", "simulated", "clean", "ece") == ""
    text = LatexDocument().write(folder).read_text(encoding="utf-8")
    assert (
        r"\dag{} and \ddag{}: differs from prior by more than chance, paired over dialogues, p below 0.05 and 0.01 "
        "after Benjamini and Hochberg over 3 comparisons."
    ) in text
    row = next(line for line in text.splitlines() if line.startswith(r"late\_\allowbreak{}fusion & "))
    assert r"\ddag" in row


def test_only_models_of_one_run_on_like_input_are_marked(folder: RunFolder) -> None:
    nan = float("nan")
    write(
        folder,
        [
            one(part="joy"),
            one(metric="nll", reference_run="runs/old"),
            one(metric="brier", place=Place("prior", "simulated", "modality_drop:drop=text")),
            one(metric="churn", p=nan),
        ],
    )
    found = comparisons_of(folder)
    assert found is not None
    assert differences(found).p == {}
    assert differences(replace(found, sentences=(OUTDATED,))).p == {}
    assert differences(replace(found, tables=())).compared == 0
    assert differences(None).sentence([("prior", "simulated", "clean", "ece")]) == ""
    folder.comparisons_path.unlink()


def test_further_metrics_go_into_a_further_table(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, only=("clean",), dialogues=20)
    record = folder.read_record()
    counts = {**record.data[0].label_counts, "test": (0, *record.data[0].label_counts["test"][1:])}
    folder.write_record(
        record.model_copy(update={"data": (record.data[0].model_copy(update={"label_counts": counts}),)})
    )
    text = LatexDocument().write(folder).read_text(encoding="utf-8")
    assert f"No test utterance is labelled {record.data[0].classes[0]}, which counts as 0 in macro F1." in text
    assert r"\label{tab:simulated-main}" in text
    assert r"Further figures of the models on the simulated data simulated" in text
    assert r"\label{tab:simulated-main-2}" in text
    assert "Condition &" not in text, "with clean input alone there is no table of conditions"

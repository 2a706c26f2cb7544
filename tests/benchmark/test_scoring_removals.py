"""Confidence under removal from run folder to results: which removals are put together, and what their floor is."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.prediction_files import write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import (
    ALL_SEEDS,
    CellRecord,
    ConditionRecord,
    DataRecord,
    ModelRecord,
    RunRecord,
    SkippedRecord,
)
from emobench.benchmark.scoring import score
from emobench.benchmark.utterance_file import write_utterances

LENGTHS = (4, 3, 5)
ROWS = sum(LENGTHS)
REMOVALS = ("text", "audio", "text:mean", "audio:mean", "intra", "inter", "intra:graph", "inter:graph")
CURVE = "noise:snr_db=*"
Figures = Mapping[tuple[str, str, str, str], Mapping[str, float]]


def conversations(speakers: int = 1) -> Conversations:
    return Conversations(
        data="small",
        split="test",
        classes=("joy", "anger"),
        features={modality: np.zeros((ROWS, 1), np.float32) for modality in ("text", "audio")},
        observed={modality: np.ones(ROWS, bool) for modality in ("text", "audio")},
        present={modality: np.ones(ROWS, bool) for modality in ("text", "audio")},
        dialogue=np.repeat(np.arange(len(LENGTHS)), LENGTHS),
        speaker=np.concatenate([np.arange(length) % speakers for length in LENGTHS]),
        label=np.arange(ROWS) % 2,
        target=np.arange(ROWS),
        utterance_ids=tuple(map(str, range(ROWS))),
        dialogue_ids=tuple(map(str, range(len(LENGTHS)))),
    )


def predictions(model: str, condition: str) -> Predictions:
    return Predictions(Randomness(1, (model, condition)).generator().dirichlet((1, 1), ROWS))


def figures(
    path: Path,
    *,
    models: tuple[str, ...] = ("gated",),
    removals: tuple[str, ...] = REMOVALS,
    rungs: tuple[int, ...] = (),
    states: Mapping[tuple[str, str], str] | None = None,
    skipped: tuple[str, ...] = (),
    speakers: int = 1,
) -> Figures:
    """Score a run and return its rows by model, condition, metric and part; a condition is named as its removal."""
    conditions = (
        ConditionRecord(text="clean"),
        *(ConditionRecord(text=f"remove:{removal}", protocol="remove", removal=removal) for removal in removals),
        *(
            ConditionRecord(text=f"noise:snr_db={place}", protocol="noise", family=CURVE, severity=10 ** (-level / 20))
            for place, level in enumerate(rungs)
        ),
    )
    folder, cells = RunFolder(path), []
    for model in models:
        texts = [one.text for one in conditions if one.text.removeprefix("remove:") not in skipped]
        known = {text: (states or {}).get((model, text.removeprefix("remove:")), "done") for text in texts}
        done = {text: (predictions(model, text),) for text in texts if known[text] == "done"}
        write_predictions(folder.predictions_path(model, "small", 0), done)
        cells += [CellRecord(model=model, data="small", seed=0, condition=t, state=known[t]) for t in texts]
    write_utterances(folder, {"small": conversations(speakers)})
    data = DataRecord(
        name="small", fingerprint="f" * 64, classes=("joy", "anger"), widths={"text": 1, "audio": 1},
        sizes={"test": {"dialogues": len(LENGTHS), "utterances": ROWS}}, label_counts={},
    )  # fmt: skip
    names = [f"remove:{one}" if one in REMOVALS else one for one in skipped]
    folder.write_record(
        RunRecord(
            command="emobench run", created="2026-01-01T00:00:00+00:00", versions={}, hardware={}, seeds=(0,),
            stress_seed=0, selection="validation", draws=50, data=(data,), cells=tuple(cells),
            models=tuple(ModelRecord(name=model) for model in models), conditions=conditions,
            skipped=tuple(SkippedRecord(data="small", condition=text, why="not defined") for text in names),
        )
    )  # fmt: skip
    rows = score(folder).to_pylist()
    return {
        (row["model"], row["condition"], row["metric"], row["part"]): row for row in rows if row["seed"] == ALL_SEEDS
    }


def parts(found: Figures, metric: str, model: str = "gated") -> list[str]:
    return [key[3] for key in found if (key[0], key[2]) == (model, metric)]


EVERY = ["text", "audio", "intra", "inter", "modalities", "contexts", "all"]


def test_each_operator_and_mode_has_figures_of_its_own_removals(tmp_path: Path) -> None:
    found = figures(tmp_path)
    label = np.arange(ROWS) % 2

    def gain(removal: str) -> float:
        own, removed = (
            predictions("gated", text).probabilities[np.arange(ROWS), label] for text in ("clean", f"remove:{removal}")
        )
        return float(np.maximum(0, removed - own).mean())

    sets = {
        "cel": ("", ""), "cel:operator=mean": (":mean", ""), "cel:mode=graph": ("", ":graph"),
        "cel:mode=graph,operator=mean": (":mean", ":graph"),
    }  # fmt: skip
    for metric, (of_modality, of_context) in sets.items():
        assert parts(found, metric) == EVERY
        for name in EVERY[:4]:
            removal = name + (of_context if name in ("intra", "inter") else of_modality)
            assert found["gated", "clean", metric, name]["value"] == pytest.approx(gain(removal))
    gap = found["gated", "clean", "graph_gap", "inter"]
    assert gap["value"] == pytest.approx(gain("inter:graph") - gain("inter"))
    assert gap["low"] <= gap["value"] <= gap["high"]
    assert parts(found, "graph_gap") == ["intra", "inter", "contexts"]


def test_a_run_without_other_operators_and_modes_has_no_figures_of_them(tmp_path: Path) -> None:
    found = figures(tmp_path, removals=("text", "audio", "intra", "inter"))
    metrics = {key[2] for key in found}
    assert {"cel", "cel:form=sum,space=log", "uncertain_share"} <= metrics
    assert not [metric for metric in metrics if "operator" in metric or "mode" in metric or "graph" in metric]


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        ("inter", {"cel": ["text", "audio", "modalities"], "cel:operator=mean": ["text", "audio", "modalities"]}),
        ("text", {"cel": ["intra", "inter", "contexts"], "cel:operator=mean": EVERY}),
        ("text:mean", {"cel": EVERY, "cel:operator=mean": [], "cel:mode=graph": EVERY}),
        ("intra:graph", {"cel": EVERY, "cel:mode=graph": [], "graph_gap": []}),
    ],
)
def test_a_failed_removal_takes_its_group_with_it(tmp_path: Path, failed: str, expected: dict[str, list[str]]) -> None:
    found = figures(tmp_path, states={("gated", failed): "failed"})
    assert {metric: parts(found, metric) for metric in expected} == expected


def test_a_removal_that_is_not_defined_for_the_data_takes_nothing_with_it(tmp_path: Path) -> None:
    found = figures(tmp_path, skipped=("inter", "inter:graph"))
    assert parts(found, "cel") == ["text", "audio", "intra", "modalities", "contexts", "all"]
    assert parts(found, "graph_gap") == ["intra", "contexts"]


def test_a_model_that_declines_the_graph_mode_has_the_strict_figures(tmp_path: Path) -> None:
    states = {("gated", f"{context}:graph"): "not applicable" for context in ("intra", "inter")}
    found = figures(tmp_path, states=states)
    assert (parts(found, "cel"), parts(found, "cel:mode=graph"), parts(found, "graph_gap")) == (EVERY, [], [])


def test_the_floor_is_the_posterior_s_under_the_same_removals(tmp_path: Path) -> None:
    declined = {("bayes_optimal", removal): "not applicable" for removal in REMOVALS if ":" in removal}
    found = figures(tmp_path, models=("gated", "bayes_optimal"), states=declined)
    for part in EVERY:
        own = found["bayes_optimal", "clean", "cel", part]["value"]
        assert found["gated", "clean", "cel", part]["floor"] == pytest.approx(own)
        for how in ("operator=mean", "mode=graph"):
            assert np.isnan(found["gated", "clean", f"cel:{how}", part]["floor"])
    assert parts(found, "cel:operator=mean", "bayes_optimal") == []


def test_a_curve_is_drawn_over_the_rungs_that_are_defined(tmp_path: Path) -> None:
    levels = (20, 10, 5, 0, -5)
    whole = figures(tmp_path / "whole", removals=(), rungs=levels)
    part = figures(tmp_path / "part", removals=(), rungs=levels, skipped=("noise:snr_db=4",))
    rungs = {
        0.0 if text == "clean" else 10 ** (-levels[int(text[-1])] / 20): figure["value"]
        for (_, text, metric, _), figure in whole.items()
        if metric == "weighted_f1"
    }
    for found, last in ((whole, None), (part, -1)):
        # Increasing severity: from clean at 0 over 20 dB at 0.1 to −5 dB at 1.78.
        severities = sorted(rungs)[:last]
        values = [rungs[severity] for severity in severities]
        area = np.trapezoid(np.array(values) / values[0], severities) / severities[-1]
        assert found["gated", CURVE, "degradation_area", ""]["value"] == pytest.approx(area)
        assert found["gated", CURVE, "worst_rung", ""]["value"] == pytest.approx(min(values[1:]))
    assert sorted(rungs)[1] == pytest.approx(0.1)


def test_two_rungs_of_one_severity_are_both_on_the_curve(tmp_path: Path) -> None:
    found = figures(tmp_path, removals=(), rungs=(20, 20))
    values = [found["gated", f"noise:snr_db={place}", "weighted_f1", ""]["value"] for place in (0, 1)]
    assert found["gated", CURVE, "worst_rung", ""]["value"] == pytest.approx(min(values))


SUBSETS = ("text", "audio", "audio/text", "intra", "inter", "inter/intra")


def players(found: Figures, metric: str = "shapley", model: str = "gated") -> list[str]:
    return [part for part in parts(found, metric, model) if ": " not in part]


def test_coalitions_are_put_together_from_the_removals_of_all_subsets(tmp_path: Path) -> None:
    found = figures(tmp_path, removals=SUBSETS, speakers=2)
    assert players(found) == ["text", "audio", "modalities", "intra", "inter", "contexts"]
    own = predictions("gated", "clean").probabilities
    rows, predicted = np.arange(ROWS), own.argmax(axis=1)
    for game, removal in (("modalities", "audio/text"), ("contexts", "inter/intra")):
        none = predictions("gated", f"remove:{removal}").probabilities
        expected = (own - none)[rows, predicted].mean()
        assert found["gated", "clean", "shapley", game]["value"] == pytest.approx(expected)
    # Removals of several things at once are none of CEL.
    assert parts(found, "cel") == EVERY


@pytest.mark.parametrize(
    ("removals", "failed", "expected"),
    [
        (SUBSETS, "audio/text", ["intra", "inter", "contexts"]),
        (SUBSETS, "inter", ["text", "audio", "modalities"]),
        (SUBSETS[:-1], "", ["text", "audio", "modalities"]),
        (("text", "audio", "intra", "inter"), "", []),
    ],
)
def test_a_coalition_that_is_not_there_takes_its_game_with_it(
    tmp_path: Path, removals: tuple[str, ...], failed: str, expected: list[str]
) -> None:
    found = figures(tmp_path, removals=removals, speakers=2, states={("gated", failed): "failed"})
    assert players(found) == expected


def test_a_monologue_has_one_context(tmp_path: Path) -> None:
    found = figures(tmp_path, removals=(*SUBSETS[:3], "intra"))
    assert players(found) == ["text", "audio", "modalities", "intra", "contexts"]
    assert players(found, "shapley_share") == ["text", "audio"]


def test_another_operator_has_coalitions_of_its_own(tmp_path: Path) -> None:
    found = figures(tmp_path, removals=(*SUBSETS, *(f"{name}:mean" for name in SUBSETS[:3])), speakers=2)
    assert players(found, "shapley:operator=mean") == ["text", "audio", "modalities"]
    assert players(found, "shapley:mode=graph") == []

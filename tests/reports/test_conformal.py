"""Prediction sets on the page, in LaTeX and in figures."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
from page_reader import parsed, words

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.conformal import METHODS, absent, methods_of, promise, rows_of, sets_of, shortfall, told
from emobench.reports.conformal_figures import conformal_figures
from emobench.reports.conformal_paper import conformal_tables
from emobench.reports.contents import DataView, ModelView, RunView
from emobench.reports.figures import figures
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.other_figures import other_metrics
from emobench.reports.results import Result
from emobench.reports.sentences import plain as text_of
from emobench.reports.theme import WEB

Maker = Callable[..., RunFolder]
LAC, APS = METHODS
TEXTS = ("clean", "modality_drop:drop=text", "modality_drop:rate=0.1")


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_run(tmp_path_factory.mktemp("sets"), sets=True, only=TEXTS, dialogues=40, seeds=(0,))


@pytest.fixture(scope="module")
def run(folder: RunFolder) -> RunView:
    return read(folder)


def with_figures(data: DataView, figures: Mapping[str, Mapping[str, Result]], by_class: object = None) -> ModelView:
    """Return the first model with other figures by condition."""
    model = data.models[0]
    rows = tuple(replace(row, results=figures.get(row.condition.text, {})) for row in model.rows)
    return replace(model, rows=rows, class_coverage=by_class or {})


def said(data: DataView, model: ModelView) -> str:
    ((_, sentence),) = told(replace(data, models=(model,)))
    return text_of(sentence)


def test_a_sentence_per_model(run: RunView) -> None:
    data = run.data[0]
    figures = {
        "clean": {LAC.coverage: Result(0.912, 0.88, 0.93), LAC.size: Result(2.134)},
        TEXTS[1]: {LAC.coverage: Result(0.71, 0.68, 0.74), LAC.size: Result(1.5)},
        TEXTS[2]: {LAC.coverage: Result(0.89, 0.87, 0.91), LAC.size: Result(2.0)},
    }
    by_class = {(LAC.coverage, "clean"): {"joy": Result(0.9), "fear": Result(0.25), "anger": Result(nan)}}
    assert said(data, with_figures(data, figures, by_class)) == (
        "Asked for 90 %, its sets (LAC) hold the gold class 91.2 % [88.0, 93.0] of the time on clean input, as asked "
        "for, with 2.13 of 7 classes on average. Least often of the class fear: 25.0 %. Less than asked for under 1 of "
        "2 conditions, least under modality_drop:drop=text: 71.0 % [68.0, 74.0], with 1.50 classes on average."
    )


@pytest.mark.parametrize(
    ("clean", "expected"),
    [
        (Result(0.85, 0.82, 0.89), "less than asked for."),
        (Result(0.95, 0.92, 0.97), "more than asked for."),
        (Result(0.95), "as asked for."),
    ],
)
def test_coverage_is_held_against_its_interval(run: RunView, clean: Result, expected: str) -> None:
    data = run.data[0]
    text = said(data, with_figures(data, {"clean": {LAC.coverage: clean}}))
    assert text.endswith(f"of the time on clean input, {expected}")


def test_what_holds_under_stress_is_said_too(run: RunView) -> None:
    data = run.data[0]
    text = said(data, with_figures(data, {TEXTS[1]: {LAC.coverage: Result(0.89, 0.87, 0.91)}}))
    expected = "No condition of 1 takes it below 90 % beyond chance; least under modality_drop:drop=text"
    assert text.strip() == f"{expected}: 89.0 % [87.0, 91.0]."


def test_the_promise_tells_its_assumptions(run: RunView) -> None:
    data = run.data[0]
    # 1.96 · √(.09 / (107 + 2)).
    assert sum(data.record.label_counts["validation"]) == 107
    assert "exchangeable" in promise(data)
    assert "A validation split of 107 utterances leaves ±5.6 points to chance even then;" in promise(data)
    unknown = replace(data, record=data.record.model_copy(update={"label_counts": {}}))
    assert promise(unknown).endswith("is what is measured here.")


def test_the_page_shows_sentences_figures_and_a_table(folder: RunFolder, run: RunView) -> None:
    HtmlPage().write(folder)
    page = parsed(folder)
    text = words("".join(page.text))
    assert text.count("How many classes must it name") == 1
    assert "Asked for 90 %, its sets (LAC) hold the gold class" in text
    assert "No prediction sets" not in text
    data = run.data[0]
    least = data.models[0].class_coverage[LAC.coverage, TEXTS[1]]
    assert min(least, key=lambda name: least[name].value) in text
    metrics = other_metrics(data)
    assert "conformal_gap" in metrics
    assert not {LAC.coverage, LAC.size, APS.coverage, APS.size} & set(metrics)


def test_the_paper_has_the_same_table(folder: RunFolder, run: RunView) -> None:
    LatexDocument().write(folder)
    tex = " ".join((folder.path / "report.tex").read_text(encoding="utf-8").split())
    assert r"\label{tab:simulated-conformal}" in tex
    assert r"\subsection*{Prediction sets}" in tex
    assert r"\bfseries Least covered class (APS)" in tex
    model = run.data[0].models[0]
    (first, *_) = sets_of(model, LAC)
    assert f"{first.coverage.value:.3f}" in tex


def test_a_method_or_class_that_is_not_there_is_a_dash(run: RunView) -> None:
    data = run.data[0]
    model = with_figures(data, {"clean": {LAC.coverage: Result(0.9)}, TEXTS[1]: {APS.coverage: Result(0.8)}})
    one = replace(data, models=(model,))
    assert methods_of(one) == METHODS
    rows = dict(rows_of(model, METHODS))
    assert rows["clean"][1] is rows[TEXTS[1]][0] is None
    assert rows["clean"][0] is not None
    assert rows["clean"][0].least is None
    _, table = conformal_tables(one, run)
    assert table.count(" & --") >= 4
    assert [view.caption for view in figures(replace(run, data=(one,))) if view.group == "conformal"] == [
        "Coverage of sets (LAC)", "Coverage of sets (APS)",
    ]  # fmt: skip


def test_a_model_without_sets_stands_in_no_table(run: RunView) -> None:
    data = run.data[0]
    without = replace(data.models[1], rows=(), fits=())
    table = list(conformal_tables(replace(data, models=(data.models[0], without)), run))[-1]
    assert "rage" in table
    assert "bayes" not in table


def test_coverage_is_drawn_against_the_level(run: RunView) -> None:
    views = [view for view in figures(run) if view.group == "conformal"]
    assert [view.caption for view in views] == [
        "Coverage of sets (LAC)", "Set size (LAC)", "Coverage of sets (APS)", "Set size (APS)",
    ]  # fmt: skip
    with WEB.active():
        lines = [[line.get_xdata() for line in view.draw(WEB).axes[0].lines] for view in views[:2]]
    assert [0.9, 0.9] in [list(data) for data in lines[0]]
    assert [0.9, 0.9] not in [list(data) for data in lines[1]]
    conditions = [row[1] for row in views[0].table.rows]
    assert conditions == [*TEXTS, *TEXTS], "few conditions are shown one by one"
    assert views[0].note.endswith("All conditions are shown.")


def test_of_many_conditions_each_protocol_shows_its_worst(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("rage_fusion",), sets=True, stresses=True, dialogues=20, seeds=(0,))
    run = read(folder)
    data = run.data[0]
    view = next(view for view in figures(run) if view.group == "conformal")
    shown = [row[1] for row in view.table.rows]
    assert "Of each protocol the condition with the lowest coverage" in view.note
    there = [stress for stress in data.stresses if stress.conditions]
    assert len(shown) == len(there) + 1 < len(data.conditions)
    assert len(there) < len(data.stresses), "a protocol that was left out has no row"
    coverage = {one.row.condition.text: one.coverage.value for one in sets_of(data.models[0], LAC)}
    for stress, text in zip(there, shown[1:], strict=True):
        assert coverage[text] == min(coverage[one.text] for one in stress.conditions)


@pytest.mark.parametrize(
    ("state", "why", "expected"),
    [
        ("", "", "the run folder keeps no predictions on validation"),
        ("not applicable", "saved predictions of test only", "saved predictions of test only"),
        ("done", "", "the validation split has no labels"),
    ],
)
def test_it_is_said_why_there_are_none(tmp_path: Path, make_run: Maker, state: str, why: str, expected: str) -> None:
    folder = make_run(tmp_path, only=("clean",), dialogues=20, seeds=(0,))
    record = folder.read_record()
    fits = tuple(fit.model_copy(update={"validation_state": state, "validation_why": why}) for fit in record.fits)
    counts = {**record.data[0].label_counts, "validation": (0,) * 7}
    data = tuple(one.model_copy(update={"label_counts": counts}) for one in record.data)
    folder.write_record(record.model_copy(update={"fits": fits, "data": data}))
    run = read(folder)
    sentence = f"No prediction sets of rage_fusion and bayes_optimal: {expected}."
    assert absent(run.data[0], run.record) == (sentence,)
    HtmlPage().write(folder)
    text = words("".join(parsed(folder).text))
    assert sentence in text
    assert "Asked for 90 %" not in text
    assert list(conformal_tables(run.data[0], run)) == [sentence.replace("_", r"\_")] or state
    assert told(run.data[0]) == ()


def test_a_run_that_was_not_asked_for_sets_says_nothing(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, only=("clean",), dialogues=20, seeds=(0,))
    run = read(folder)
    asked = run.record.model_copy(update={"metrics": ("accuracy",)})
    assert absent(run.data[0], asked) == ()
    sets = run.record.model_copy(update={"metrics": ("conformal_gap",)})
    assert absent(run.data[0], sets)
    failed = tuple(replace(model, fits=()) for model in run.data[0].models)
    assert absent(replace(run.data[0], models=failed), run.record) == ()


def test_sets_that_hold_less_than_asked_for_are_told_beside_their_figure(run: RunView) -> None:
    data = run.data[0]

    def of(*coverages: Result) -> DataView:
        models = [with_figures(data, {"clean": {LAC.coverage: one}}) for one in coverages]
        return replace(data, models=tuple(replace(one, name=f"m{place}") for place, one in enumerate(models)))

    less, least, chance = Result(0.48, 0.44, 0.52), Result(0.39, 0.35, 0.43), Result(0.89, 0.87, 0.91)
    assert shortfall(of(chance, Result(0.95, 0.94, 0.96)), LAC) == ""
    assert shortfall(of(less), APS) == ""
    assert shortfall(of(less), LAC) == (
        "On clean input already the sets of m0 hold the gold class less often than the 90 % asked for: "
        "48.0 % [44.0, 52.0] of the time. What held on validation does not hold on test; the level promises "
        "nothing here."
    )
    told_of_several = shortfall(of(less, least, chance), LAC)
    assert told_of_several.startswith(
        "On clean input already the sets of 2 of 3 models hold the gold class less often than the 90 % asked for, "
        "least often those of m1: 39.0 % [35.0, 43.0] of the time."
    )
    views = [view for view in conformal_figures(of(less, least, chance)) if view.caption == "Coverage of sets (LAC)"]
    assert [view.note.endswith(told_of_several) for view in views] == [True]

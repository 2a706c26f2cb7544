"""Reliability, risk over coverage, entropies and gains by removal: what is looked up, drawn and said."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from page_reader import parsed

from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ALL_SEEDS
from emobench.reports.canvas import saved
from emobench.reports.contents import Bin, DataView
from emobench.reports.distribution_figures import confidence_figures, gain_figures, shown_in
from emobench.reports.distribution_plots import Whole, reliability
from emobench.reports.distributions import distributions_of
from emobench.reports.figure_views import FigureView
from emobench.reports.formats.html import HtmlPage
from emobench.reports.gathering import read
from emobench.reports.numbers import interval, percent
from emobench.reports.results import Place, Result, Results
from emobench.reports.theme import PAPER, WEB

Maker = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def run(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Two models and the ceiling, modalities and contexts removed."""
    return make_run(
        tmp_path_factory.mktemp("distributions"), models=("m3net", "rage_fusion", "bayes_optimal"), seeds=(0,),
        stresses=True, only=("clean", "modality_drop:drop=text", "context_removal:context=inter"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(run: RunFolder) -> DataView:
    return read(run).data[0]


def view(views: object, group: str, model: str = "") -> FigureView:
    (found,) = (one for one in views if (one.group, one.model) == (group, model))  # type: ignore[attr-defined] # any iterator
    return found


def drawn(one: FigureView) -> Figure:
    with PAPER.active():
        return one.draw(PAPER)


def results(metric: str, parts: dict[str, float]) -> Results:
    place = Place("it", "small", ALL_SEEDS, "clean", metric)
    return Results({place: {part: Result(value) for part, value in parts.items()}})


def test_points_are_in_the_order_of_the_axis_whatever_that_of_the_results() -> None:
    found = distributions_of(results("risk_coverage", {"1": 0.4, "0.05": 0.1, "0.5": 0.2}), "it", "small")
    assert [(place, one.value) for place, one in found.risk] == [(0.05, 0.1), (0.5, 0.2), (1.0, 0.4)]
    parts = {"contexts > 0.1": 0.1, "contexts > 0": 0.3, "modalities > 0": 0.2}
    gains = distributions_of(results("cf_distribution", parts), "it", "small").gains
    assert [place for place, _ in gains["contexts"]] == [0.0, 0.1]
    assert gains["modalities"][0][1].value == 0.2


def test_another_operator_or_mode_stands_in_where_the_standard_one_is_not_in_the_run() -> None:
    only = results("cf_distribution:mode=graph,operator=mean", {"modalities > 0": 0.25})
    assert distributions_of(only, "it", "small").gains["modalities"][0][1].value == 0.25


def test_a_group_without_utterances_is_left_out() -> None:
    parts = {"right": 0.2, "wrong": math.nan, "right 01": 0.9, "right 02": 0.1, "wrong 01": math.nan}
    (group,) = distributions_of(results("entropy", parts), "it", "small").entropy
    assert (group.name, group.mean.value, [one.value for one in group.shares]) == ("right", 0.2, [0.9, 0.1])
    nothing = distributions_of(Results({}), "it", "small")
    assert (nothing.risk, nothing.entropy, nothing.uncertain_entropy, dict(nothing.gains)) == ((), (), (), {})


def test_the_reliability_diagram_has_the_bars_in_its_numbers(data: DataView) -> None:
    figure = view(confidence_figures(data), "reliability", "m3net")
    one = data.models[0].bins[-1]
    row = figure.table.rows[-1]
    assert row[0] == "(0.933, 1]"
    assert row[3:] == (
        one.accuracy.shown.value,
        one.accuracy.shown.interval,
        interval(one.calibrated_low, one.calibrated_high),
    )
    assert 0 < one.calibrated_low < one.calibrated_high <= 1
    empty = figure.table.rows[0]
    assert empty[1:] == ("0", "–", "–", "–", "–")


def bin_of(accuracy: float, *, low: float = math.nan, high: float = math.nan, place: int = 10) -> Bin:
    ends = Result(accuracy, accuracy - 0.1, accuracy + 0.1)
    middle = (place + 0.5) / 15
    return Bin(place / 15, (place + 1) / 15, Result(20.0), Result(middle), ends, low, high)


def test_a_mark_is_open_where_chance_may_have_done_it_and_filled_where_not() -> None:
    bins = (bin_of(0.7, low=0.6, high=0.8), bin_of(0.5, low=0.6, high=0.9, place=11), bin_of(0.9, place=13))
    assert [one.as_calibrated for one in bins] == [True, False, False]
    assert bin_of(0.1 + 0.2, low=0.3, high=0.4).as_calibrated, "ends belong to the bar, whatever rounding does"
    with WEB.active():
        upper, lower = reliability(WEB, bins, Whole(0.8, 0.7), place=0).axes
    within, outside = [line for line in upper.lines if line.get_linestyle() == "None"]
    assert np.asarray(within.get_ydata()).tolist() == [0.7]
    assert np.asarray(outside.get_ydata()).tolist() == [0.5, 0.9]
    assert within.get_markerfacecolor() == WEB.surface
    assert outside.get_markerfacecolor() == WEB.colour(0)
    boxes = upper.collections[0].get_paths()
    assert [(box.vertices[:, 1].min(), box.vertices[:, 1].max()) for box in boxes] == [(0.6, 0.8), (0.6, 0.9)]
    assert [float(np.asarray(line.get_xdata())[0]) for line in lower.lines] == [0.8, 0.7]


def test_without_means_there_are_no_lines_of_them(data: DataView) -> None:
    model = data.models[0]
    rows = tuple(replace(row, results={}) for row in model.rows)
    figure = drawn(view(confidence_figures(replace(data, models=(replace(model, rows=rows),))), "reliability", "m3net"))
    assert len(figure.axes[1].lines) == 0
    whole = drawn(view(confidence_figures(data), "reliability", "m3net")).axes[1].lines
    confidence, accuracy = (float(np.asarray(line.get_xdata())[0]) for line in whole)
    assert accuracy == model.clean["accuracy"].value
    assert confidence - accuracy == pytest.approx(model.clean["signed_gap"].value)


def test_risk_over_coverage_shows_all_models_and_the_ceiling(data: DataView) -> None:
    one = view(confidence_figures(data), "risk_coverage")
    assert len(one.table.rows) == 3 * 20
    first = data.models[0].distributions.risk[0][1]
    assert one.table.rows[0] == ("m3net", "5 %", first.shown.value, first.shown.interval)
    figure = drawn(one)
    (axes,) = figure.axes
    assert [np.asarray(line.get_xdata())[-1] for line in axes.lines] == [1.0, 1.0, 1.0]
    assert [line.get_marker() for line in axes.lines] == ["o", "s", ""], "told apart without colours"
    assert axes.get_ylim()[0] == 0
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["m3net", "rage_fusion", "bayes_optimal"]
    assert shown_in("risk_coverage", data) == (("m3net", 0), ("rage_fusion", 1), ("bayes_optimal", -1))


@pytest.mark.parametrize("group", ["entropy", "uncertain_entropy"])
def test_entropies_of_both_groups_are_drawn_with_their_means(data: DataView, group: str) -> None:
    views = [*confidence_figures(data), *gain_figures(data)]
    one = view(views, group, "rage_fusion")
    groups = getattr(data.models[1].distributions, group)
    (axes,) = drawn(one).axes
    assert [np.asarray(line.get_xdata())[0] for line in axes.lines] == [each.mean.value for each in groups]
    assert [patch.get_fill() for patch in axes.patches] == [True, False]
    assert axes.get_title(loc="left") == {
        "entropy": "Right (shaded), wrong (outlined)", "uncertain_entropy": "Uncertain (shaded), other (outlined)",
    }[group]  # fmt: skip
    assert len(one.table.rows) == 2 + 2 * 15
    last = groups[1].shares[-1]
    assert one.table.rows[-1] == (groups[1].name, "(0.933, 1]", percent(last.value))


def test_gains_have_a_panel_per_kind_of_removal_on_one_scale(data: DataView) -> None:
    one = view(gain_figures(data), "gains")
    figure = drawn(one)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["without a modality", "without a context"]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert [len(axes.lines) for axes in figure.axes] == [3, 3]
    (left,) = {axes.get_xlim()[0] for axes in figure.axes}
    assert left == 0
    assert one.table.rows[0][:3] == ("m3net", "without a modality", "0")
    assert shown_in("gains", data) == shown_in("risk_coverage", data)


def test_one_kind_of_removal_has_the_figure_for_itself(data: DataView) -> None:
    models = tuple(
        replace(
            model,
            distributions=replace(
                model.distributions, gains={"modalities": model.distributions.gains["modalities"]} if place else {}
            ),
        )
        for place, model in enumerate(data.models)
    )
    few = replace(data, models=models)
    assert len(drawn(view(gain_figures(few), "gains")).axes) == 1
    assert shown_in("gains", few) == (("rage_fusion", 1), ("bayes_optimal", -1))


def test_a_figure_without_intervals_is_drawn_all_the_same(data: DataView) -> None:
    model = data.models[0]
    risk = tuple((place, Result(one.value)) for place, one in model.distributions.risk)
    bare = replace(data, models=(replace(model, distributions=replace(model.distributions, risk=risk)),))
    one = view(confidence_figures(bare), "risk_coverage")
    assert one.table.rows[0][-1] == "–"
    assert len(drawn(one).axes[0].lines) == 1


def test_they_are_saved_with_the_same_bytes_every_time(data: DataView) -> None:
    for group, model in (("reliability", "m3net"), ("risk_coverage", ""), ("gains", "")):
        found = set()
        for _ in range(2):
            views = [*confidence_figures(data), *gain_figures(data)]
            with PAPER.active():
                found.add(hashlib.sha256(saved(view(views, group, model).draw(PAPER), "pdf")).hexdigest())
        assert len(found) == 1


def test_on_the_page_each_section_has_its_figures(run: RunFolder) -> None:
    HtmlPage().write(run)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    places = [
        page.index(text)
        for text in (
            "Can its confidence be believed?", 'id="reliability-simulated-m3net"', 'id="risk-coverage-simulated"',
            'id="entropy-simulated-m3net"', "Does taking something away", 'id="cel-simulated"',
            "What these figures cannot say", 'id="gains-simulated"', 'id="uncertain-entropy-simulated-m3net"',
        )
    ]  # fmt: skip
    assert places == sorted(places)
    assert parsed(run).tables
    assert page.count("(floor)") == 2


def test_a_run_without_them_has_neither_figures_nor_headings(make_run: Maker, tmp_path: Path) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), metrics=("weighted_f1",), dialogues=20, seeds=(0,))
    data = read(folder).data[0]
    assert [*confidence_figures(data), *gain_figures(data)] == []
    HtmlPage().write(folder)
    page = (folder.path / "report.html").read_text(encoding="utf-8")
    assert "Can its confidence" not in page
    assert "Does taking something" not in page

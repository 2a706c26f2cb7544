"""Figures of latencies: what is drawn where, and what is left out."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import fake_latency as fake
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from emobench.benchmark.latency.files import PartSamples, samples_path
from emobench.benchmark.latency.record import CellLatency
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.canvas import Entry, legend, panel, svg_for_page
from emobench.reports.figure_views import FigureView
from emobench.reports.figures import figures
from emobench.reports.latency_curves import Mark, by_turn, line_of, width_of
from emobench.reports.latency_figures import GROUPS, latency_legend
from emobench.reports.latency_plots import Line, beside_quality, distribution, nines, turns
from emobench.reports.only import read_view
from emobench.reports.theme import PAPER, WEB

Maker = Callable[..., RunFolder]
Cells = Sequence[tuple[CellLatency, Sequence[PartSamples]]]


@pytest.fixture
def empty(make_run: Maker, tmp_path: Path) -> RunFolder:
    return make_run(
        tmp_path,
        models=("rage_fusion", "late_fusion"),
        only=("clean",),
        seeds=(0,),
        dialogues=20,
        metrics=("weighted_f1",),
    )


def views_of(folder: RunFolder) -> dict[str, list[FigureView]]:
    found: dict[str, list[FigureView]] = {group: [] for group in GROUPS}
    for view in figures(read_view(folder)[0]):
        if view.group in found:
            found[view.group].append(view)
    return found


def axes_of(view: FigureView) -> list[Axes]:
    with WEB.active():
        drawn = view.draw(WEB)
        assert svg_for_page(drawn, view.slug)
        drawn.canvas.draw()
    return drawn.axes


def lines_in(axes: Axes) -> list[Line2D]:
    """Return the lines of data: not those of the grid, which have gaps, nor the marks of the ticks."""
    drawn = [line for line in axes.lines if len(np.asarray(line.get_xdata())) > 1 and line.get_linestyle() != "None"]
    return [line for line in drawn if np.isfinite(line.get_xydata()).all()]


def test_every_group_is_drawn_and_its_numbers_are_those_of_the_record(empty: RunFolder) -> None:
    folder = fake.with_latencies(empty)
    views = views_of(folder)
    assert {group: len(those) for group, those in views.items()} == {
        "latency_distribution": 2, "latency_turns": 1, "latency_batch": 1, "latency_quality": 1,
    }  # fmt: skip
    latency = read_view(folder)[0].latency
    assert latency is not None
    whole = latency.cells[0].summary()
    assert whole is not None
    rows = views["latency_distribution"][0].table.rows
    assert [row[1] for row in rows[:4]] == ["p50", "p90", "p95", "p99"]
    assert float(rows[0][2]) == round(whole.percentiles[0].value, 3)
    assert [row[:2] for row in views["latency_batch"][0].table.rows[:3]] == [
        ("rage_fusion", "1"), ("rage_fusion", "8"), ("rage_fusion", "64"),
    ]  # fmt: skip
    assert views["latency_quality"][0].table.head == (
        "model", "p95, ms", "bounds", "Weighted F1, clean", "95 % interval",
    )  # fmt: skip
    for view in (one for those in views.values() for one in those):
        assert "(simulated data)" in view.title
        assert axes_of(view)
        with PAPER.active():
            view.draw(PAPER)


def test_a_line_ends_at_the_highest_percentile_that_has_a_bound(empty: RunFolder) -> None:
    few, many = fake.samples(fake.cell(), iterations=60), fake.samples(fake.cell("late_fusion"), iterations=400)
    fake.write(empty, [(fake.done((one,)), (one,)) for one in (few, many)])
    (axes,) = axes_of(views_of(empty)["latency_distribution"][0])
    ends = [float(np.asarray(line.get_xdata())[-1]) for line in lines_in(axes)]
    assert ends == pytest.approx([nines(95), nines(99)])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "50", "90", "95", "99"]


def test_without_single_latencies_percentiles_are_drawn_and_turns_are_not(empty: RunFolder) -> None:
    folder = fake.with_latencies(empty)
    samples_path(folder).unlink()
    views = views_of(folder)
    assert views["latency_turns"] == []
    lines = lines_in(axes_of(views["latency_distribution"][0])[0])
    assert len(np.asarray(lines[0].get_xdata())) == 4


def test_models_that_keep_state_are_told_from_those_that_do_not(empty: RunFolder) -> None:
    folder = fake.with_latencies(empty)
    latency = read_view(folder)[0].latency
    assert latency is not None
    assert latency_legend(latency, latency.data[0], "latency_turns") == (
        ("rage_fusion (reads anew, dashed)", 0), ("late_fusion (keeps state)", 1),
    )  # fmt: skip
    assert latency_legend(latency, latency.data[0], "latency_batch") == (("rage_fusion", 0), ("late_fusion", 1))
    view = views_of(folder)["latency_turns"][0]
    median, tail = axes_of(view)
    assert (median.get_title(loc="left"), tail.get_title(loc="left")) == ("p50", "p95, 5 turns together")
    anew, state = lines_in(median)
    assert (anew.is_dashed(), state.is_dashed()) == (True, False)
    assert list(np.asarray(anew.get_xdata())) == list(range(1, 13))
    assert np.asarray(anew.get_ydata())[-1] > 2 * np.asarray(anew.get_ydata())[0]
    rows = [row for row in view.table.rows if row[:3] == ("rage_fusion", "anew", "p95")]
    assert [row[3:5] for row in rows] == [("1–5", "135"), ("6–10", "133"), ("11–12", "52")]
    assert rows[-1][5:] == ("–", "–")


def test_neighbouring_turns_are_put_together_until_there_are_enough() -> None:
    samples = fake.samples(fake.cell(scenario="stream"), iterations=240)
    assert width_of([samples], 50.0) == 1
    assert width_of([samples], 95.0) == 5
    assert width_of([fake.samples(fake.cell(scenario="stream"), iterations=24)], 95.0) == 100
    groups = by_turn(samples, 95.0, 5)
    assert [(one.name, one.middle, one.iterations) for one in groups] == [
        ("1–5", 3.0, 100), ("6–10", 8.0, 100), ("11–12", 11.5, 40),
    ]  # fmt: skip
    assert [one.found is None for one in groups] == [False, False, True]
    found = groups[0].found
    assert found is not None
    of_group = samples.host[samples.turn < 5].astype(np.float64)
    assert found.value == np.percentile(of_group, 95)
    assert by_turn(samples, 50.0, 1)[3].name == "4"


def test_too_few_latencies_make_no_figure(empty: RunFolder) -> None:
    single, stream = (fake.samples(fake.cell(scenario=name), iterations=4) for name in ("single", "stream"))
    batch = fake.samples(fake.cell(scenario="batch", batch=8))
    bare = fake.samples(fake.cell(scenario="batch", batch=16))
    without = fake.done((bare,)).model_copy(update={"throughput": None})
    of_batch: Cells = [(fake.done((batch,)), (batch,)), (without, (bare,))]
    fake.write(empty, [(fake.done((stream,)), (stream,)), *of_batch])
    assert views_of(empty) == {group: [] for group in GROUPS}
    fake.write(empty, [(fake.done((single,)), (single,))])
    assert views_of(empty) == {group: [] for group in GROUPS}


def test_a_batch_of_one_is_what_single_measured(empty: RunFolder) -> None:
    wanted = [fake.cell(), fake.cell(dropped="audio"), fake.cell("late_fusion"), fake.cell(scenario="batch", batch=8)]
    those = [fake.samples(one, median=median) for one, median in zip(wanted, (2.0, 3.0, 4.0, 8.0), strict=True)]
    cells = [(fake.done((one,)), (one,)) for one in those]
    fake.write(empty, cells)
    (view,) = views_of(empty)["latency_batch"]
    assert [row[:2] for row in view.table.rows] == [("rage_fusion", "1"), ("rage_fusion", "8")]
    rate = cells[0][0].throughput
    assert rate is not None
    assert view.table.rows[0][2] == f"{rate.value:.0f}"


def test_quality_is_that_of_trained_models_of_the_run_alone(empty: RunFolder) -> None:
    cells = [
        fake.cell("stranger"), fake.cell("rage_fusion", weights="first"), fake.cell("rage_fusion", dropped="audio"),
        fake.cell("late_fusion"),
    ]  # fmt: skip
    those = [fake.samples(one) for one in cells]
    fake.write(empty, [(fake.done((one,)), (one,)) for one in those])
    (view,) = views_of(empty)["latency_quality"]
    assert [row[0] for row in view.table.rows] == ["late_fusion"]
    other = [fake.samples(fake.cell("late_fusion", data="mosi"))]
    fake.write(empty, [(fake.done((one,)), (one,)) for one in other])
    assert views_of(empty)["latency_quality"] == []
    assert "(simulated" not in views_of(empty)["latency_distribution"][0].title


def test_wide_ranges_have_logarithmic_axes_with_plain_numbers() -> None:
    def drawn(high: float) -> Axes:
        lines = [Line(str(at), at, (Mark(50.0, value, value, value),)) for at, value in enumerate((1.0, high))]
        with WEB.active():
            figure = distribution(WEB, lines, title="t", budgets=(5.0,))
            figure.canvas.draw()
        return figure.axes[0]

    assert drawn(4.0).get_yscale() == "linear"
    assert drawn(4.0).get_ylim()[0] == 0
    wide = drawn(9_000.0)
    assert wide.get_yscale() == "log"
    assert {"1", "10", "100", "1,000"} <= {tick.get_text() for tick in wide.get_yticklabels()}
    assert {"1", "2", "5", "10"} <= {tick.get_text() for tick in drawn(20.0).get_yticklabels()}
    assert [text.get_text() for text in wide.texts] == ["budget 5 ms"]


def test_unknown_ends_are_drawn_as_none() -> None:
    wait, good = Mark(95.0, 2.0, None, 3.0), Mark(0.0, 0.7, None, None)
    with PAPER.active():
        figure = beside_quality(PAPER, [(Line("m", -1, (wait,)), good)], title="t", quality="q", budgets=(4.0,))
    across, upright, *_ = figure.axes[0].lines
    assert list(np.asarray(across.get_xdata())) == [2.0, 3.0]
    assert list(np.asarray(upright.get_ydata())) == [0.7, 0.7]


def test_papers_tell_dashed_lines_in_their_legend() -> None:
    with PAPER.active():
        figure, _ = panel(PAPER, 200, left=40, entries=2)
        legend(PAPER, figure, [Entry("a", 0), Entry("b", 1, dashed=True)])
        figure.savefig(io.BytesIO(), format="svg")
        one, two = figure.legends[0].get_lines()
        assert (one.is_dashed(), two.is_dashed()) == (False, True)
        line = Line("a", 0, (Mark(1.0, 2.0, 1.9, 2.2), Mark(2.0, 2.0, 1.9, 2.2)), dashed=True)
        assert len(turns(PAPER, [("p50", [line])]).axes) == 1


def test_a_summary_without_percentiles_has_no_line() -> None:
    whole = fake.done((fake.samples(fake.cell(), iterations=4),)).summary()
    assert whole is not None
    assert line_of(fake.samples(fake.cell()), whole) == ()

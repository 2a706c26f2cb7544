"""CEL by removal: rows of the figure, what it marks, and what is said of modalities against contexts."""

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from page_reader import parsed

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.contents import DataView, ModelView, Removal
from emobench.reports.context_use import OF_CONTEXT
from emobench.reports.formats.html import HtmlPage
from emobench.reports.gathering import read
from emobench.reports.numbers import percent
from emobench.reports.removal_figures import cel_figures, cel_legend, removal_rows
from emobench.reports.removal_sentences import told_of_removals
from emobench.reports.results import Result
from emobench.reports.sentences import plain
from emobench.reports.theme import PAPER


@pytest.fixture(scope="module")
def data(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> DataView:
    folder = make_run(
        tmp_path_factory.mktemp("removals"), models=("m3net", "rage_fusion", "bayes_optimal"), stresses=True,
        dialogues=20, seeds=(0,), only=("clean", "modality_drop:drop=text", "context_removal:context=inter"),
    )  # fmt: skip
    return read(folder).data[0]


def removal(part: str, value: float, *, wide: float = 0.01, floor: float = float("nan"), how: str = "") -> Removal:
    cel = Result(value, value - wide, value + wide, floor)
    return Removal(
        part, how or ("strict" if part in ("intra", "inter", "contexts") else "zeros"), cel, None, None, None
    )


def of(data: DataView, *removals: Removal, gap: Result | None = None) -> DataView:
    return replace(data, models=(replace(data.models[0], removals=removals, removal_gap=gap),))


def told(data: DataView, *removals: Removal, gap: Result | None = None) -> str:
    ((_, sentence),) = told_of_removals(of(data, *removals, gap=gap))
    return plain(sentence)


def drawn(data: DataView) -> Figure:
    (view,) = cel_figures(data)
    with PAPER.active():
        return view.draw(PAPER)


def floors(figure: Figure, panel: int) -> list[float]:
    found = (line for line in figure.axes[panel].lines if line.get_color() == PAPER.ink)
    return [float(np.asarray(line.get_xdata())[0]) for line in found]


def test_rows_stand_modalities_first_then_contexts_then_everything(data: DataView) -> None:
    assert [row.label for row in removal_rows(data)] == [
        "text", "audio", "video", "modalities", "intra", "inter", "contexts", "all",
    ]  # fmt: skip


def test_what_was_removed_in_two_ways_is_told_apart(data: DataView) -> None:
    both = of(data, removal("text", 0.1), removal("text", 0.2, how="dialogue mean"), removal("intra", 0.1))
    assert [row.label for row in removal_rows(both)] == ["text, zeros", "text, dialogue mean", "intra"]


def test_bars_are_of_models_and_the_exact_posterior_is_the_floor(data: DataView) -> None:
    figure = drawn(data)
    cel, share = figure.axes
    assert [len(axes.patches) for axes in (cel, share)] == [2 * 8, 0]
    first = removal_rows(data)[0].found
    # One model after the other.
    assert [patch.get_width() for patch in cel.patches[::8]] == [removal.cel.value for _, removal in first[:2]]
    floor = next(removal for model, removal in first if model.reference)
    assert floors(figure, 0)[0] == floor.cel.value
    assert floors(figure, 1)[0] == floor.uncertain.value
    assert cel.get_xlim()[0] == share.get_xlim()[0] == 0
    assert cel_legend(data) == (("m3net", 0), ("rage_fusion", 1), ("bayes_optimal", -1))
    # A line before contexts, and one before everything.
    rules = [line for line in cel.lines if line.get_color() == PAPER.muted]
    assert [float(np.asarray(line.get_ydata())[0]) for line in rules] == [3.5, 6.5]


def test_the_numbers_are_those_of_the_results(data: DataView) -> None:
    (view,) = cel_figures(data)
    assert len(view.table.rows) == 3 * 8
    one = next(removal for removal in data.models[1].removals if removal.part == "audio")
    row = next(row for row in view.table.rows if row[:2] == ("rage_fusion", "audio"))
    assert row[2:] == (
        one.cel.shown.value,
        one.cel.shown.interval,
        one.uncertain.shown.value,
        one.uncertain.shown.interval,
    )


def test_without_contexts_there_is_no_line_and_a_missing_share_is_a_dash(data: DataView) -> None:
    only = of(data, removal("text", 0.1), removal("audio", 0.2), Removal("video", "zeros", None, None, None, None))
    (view,) = cel_figures(only)
    assert [row[4:] for row in view.table.rows] == [("–", "–")] * 2
    figure = drawn(only)
    assert [line for line in figure.axes[0].lines if line.get_color() == PAPER.muted] == []
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["CEL"], "no panel without a figure"


def test_a_share_that_one_removal_lacks_has_no_mark(data: DataView) -> None:
    whole = replace(removal("text", 0.1), uncertain=Result(0.4, 0.3, 0.5))
    figure = drawn(of(data, whole, removal("audio", 0.2)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["CEL", "Uncertain share"]
    marks = [line.get_ydata() for line in figure.axes[1].lines if line.get_marker() not in ("None", "")]
    assert [list(ends) for ends in marks] == [[0.0]]


def test_where_nothing_was_removed_there_is_nothing(data: DataView) -> None:
    nothing = of(data)
    assert [*cel_figures(nothing)] == []
    assert cel_legend(nothing) == told_of_removals(nothing) == ()


def test_the_floor_alone_is_drawn_too(data: DataView) -> None:
    reference = [model for model in data.models if model.reference]
    figure = drawn(replace(data, models=tuple(reference)))
    assert len(floors(figure, 0)) == 8
    assert told_of_removals(replace(data, models=tuple(reference))) == ()


def test_both_kinds_are_told_with_their_excess(data: DataView) -> None:
    said = told(
        data, removal("text", 0.07), removal("audio", 0.03), removal("modalities", 0.05, floor=0.02),
        removal("intra", 0.01), removal("inter", 0.03), removal("contexts", 0.02, floor=0.025),
    )  # fmt: skip
    assert said == (
        "CEL of modalities 0.050 [0.040, 0.060], +0.030 against the exact posterior, most without text (0.070); "
        "of contexts 0.020 [0.010, 0.030], −0.005 against the exact posterior, most without inter (0.030)."
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.05, "+0.030 [0.010, 0.050]; it gains more from losing a modality than from losing context."),
        (-0.05, -0.01, "−0.030 [−0.050, −0.010]; it gains more from losing context than from losing a modality."),
        (-0.02, 0.05, "+0.015 [−0.020, 0.050]; from losing which it gains more is not settled."),
    ],
)
def test_modalities_are_held_against_contexts_by_their_paired_difference(
    data: DataView, low: float, high: float, said: str
) -> None:
    both = (removal("modalities", 0.05), removal("contexts", 0.05))
    gap = Result((low + high) / 2, low, high)
    assert told(data, *both, gap=gap).endswith(f" Modalities minus contexts, paired by utterance: {said}")
    # It is that of the standard ways.
    (first, second) = both
    assert told(data, replace(first, how="dialogue mean"), second, gap=gap).count("paired") == 0
    assert told(data, *both, gap=replace(gap, low=math.nan)).count("paired") == 0
    assert told(data, *both).count("paired") == 0


def test_where_an_interval_or_a_kind_is_missing_nothing_is_held_against_anything(data: DataView) -> None:
    bare = told(data, removal("modalities", 0.05, wide=float("nan")), removal("contexts", 0.02))
    assert bare == "CEL of modalities 0.050; of contexts 0.020 [0.010, 0.030]."
    assert told(data, removal("contexts", 0.0, wide=0.0)) == "CEL of contexts 0.000 [0.000, 0.000]."
    assert told(data, removal("modalities", float("nan")), removal("contexts", 0.02)).startswith("CEL of contexts")


def test_who_gains_by_nothing_gains_most_without_nothing(data: DataView) -> None:
    said = told(data, *(removal(part, 0.0, wide=0.0) for part in ("intra", "inter", "contexts")))
    assert "most" not in said


def test_shares_of_utterances_that_gain_are_told(data: DataView) -> None:
    said = {model.name: plain(sentence) for model, sentence in told_of_removals(data)}
    assert [*said] == ["m3net", "rage_fusion"]
    share = {one.part: percent(one.uncertain.value) for one in _model(data, "m3net").removals}
    assert said["m3net"].endswith(
        f"On {share['modalities']} of the utterances the right class gains by losing one of the modalities, "
        f"on {share['contexts']} by losing one of the contexts."
    )


def test_where_no_context_is_used_the_two_kinds_are_not_held_against_each_other(data: DataView) -> None:
    context = {one.text for stress in data.stresses if stress.protocol in OF_CONTEXT for one in stress.conditions}
    model = _model(data, "m3net")
    unmoved = {**model.clean, "churn": Result(0.0, 0.0, 0.0)}
    rows = tuple(replace(row, results=unmoved) if row.condition.text in context else row for row in model.rows)
    gap = Result(0.03, 0.01, 0.05)
    assert "paired" in plain(told_of_removals(replace(data, models=(replace(model, removal_gap=gap),)))[0][1])
    free = replace(data, models=(replace(model, rows=rows, removal_gap=gap),))
    said = plain(told_of_removals(free)[0][1])
    assert "paired" not in said
    assert "gains by losing one of the modalities" in said


def test_floors_have_a_column_only_where_one_is_known(tmp_path: Path, stressed: RunFolder) -> None:
    shutil.copytree(stressed.path, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert "Excess over floor" in _heads(folder)
    frame = pd.read_parquet(folder.results_path)
    frame.loc[frame.metric.str.startswith("cel"), "floor"] = math.nan
    frame.to_parquet(folder.results_path)
    HtmlPage().write(folder)
    assert "Excess over floor" not in _heads(folder)
    assert "CEL" in _heads(folder)


def _heads(folder: RunFolder) -> list[str]:
    (table,) = [one for one in parsed(folder).tables if one.caption.startswith("Confidence under removal")]
    assert ("the floor is the exact posterior's own figure" in table.caption) == ("Excess over floor" in table.rows[0])
    assert {len(row) for row in table.rows} == {len(table.rows[0])}
    return table.rows[0]


def _model(data: DataView, name: str) -> ModelView:
    return next(model for model in data.models if model.name == name)

"""Flip rates beside gold, and churn: table and figures."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from number_reader import wrong
from page_reader import parsed, words

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.figures import figures
from emobench.reports.formats.html import HtmlPage
from emobench.reports.gathering import read
from emobench.reports.stability import GROUP, flip_rows
from emobench.reports.theme import PAPER

Maker = Callable[..., RunFolder]
METRICS = ("flip_rate", "gold_flip_rate", "churn")


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = make_run(tmp_path_factory.mktemp("run"), metrics=METRICS, dialogues=20, seeds=(0,))
    HtmlPage().write(run)
    return run


def value(folder: RunFolder, model: str, condition: str, metric: str) -> pd.Series:
    frame = pd.read_parquet(folder.results_path).set_index(["model", "seed", "condition", "metric", "part"])
    return frame.loc[(model, -1, condition, metric, "")]


def test_each_row_has_gold_flips_and_churn(folder: RunFolder) -> None:
    (table,) = [one for one in parsed(folder).tables if one.caption.startswith("Flip rate, and below it churn, on sim")]
    assert table.rows[0] == ["Condition", "Gold", "rage_fusion", "bayes_optimal"]
    assert len(table.rows) == 14
    for condition, gold, *cells in table.rows[1:]:
        assert not wrong(gold, value(folder, "rage_fusion", condition, "gold_flip_rate"))
        for model, cell in zip(table.rows[0][2:], cells, strict=True):
            flips, _, below = words(cell).partition(" churn ")
            assert not wrong(flips, value(folder, model, condition, "flip_rate"))
            assert (condition == "clean") == (not below)
            assert not below or abs(float(below) - value(folder, model, condition, "churn").value) < 0.006


def test_figures_hold_the_ends_over_all_conditions(folder: RunFolder) -> None:
    flips, churn = (view for view in figures(read(folder)) if view.group == GROUP)
    assert [flips.caption, churn.caption] == ["Flip rate over all conditions", "Churn over all conditions"]
    frame = pd.read_parquet(folder.results_path).query("seed == -1 and condition != 'clean' and model == 'rage_fusion'")
    for view, metric in ((flips, "flip_rate"), (churn, "churn")):
        found = frame[frame.metric == metric].sort_values("value", kind="stable")
        cells = view.table.rows[0]
        assert cells[4] == found.condition.iloc[0]
        assert abs(float(cells[3]) - found.value.iloc[0]) < 0.006
        assert abs(float(cells[5]) - found.value.iloc[-1]) < 0.006
        assert frame[(frame.metric == metric) & (frame.condition == cells[6])].value.item() == found.value.iloc[-1]
    clean = value(folder, "rage_fusion", "clean", "flip_rate")
    assert not wrong(" ".join(flips.table.rows[0][1:3]), clean)
    assert churn.table.rows[0][1:3] == ("–", "–")
    told = re.search(r"The dashed line is the gold classes' own: ([\d.]+)\.$", flips.note)
    assert told
    assert abs(float(told[1]) - value(folder, "rage_fusion", "clean", "gold_flip_rate").value) < 0.006
    assert "dashed" not in churn.note


def test_the_line_of_gold_and_every_condition_are_drawn(folder: RunFolder) -> None:
    flips, churn = (view for view in figures(read(folder)) if view.group == GROUP)
    (axes,) = flips.draw(PAPER).axes
    gold = value(folder, "rage_fusion", "clean", "gold_flip_rate").value
    first, *lines = axes.lines
    assert list(first.get_xdata()) == [gold, gold]
    strokes = [line for line in lines if line.get_marker() == "|"]
    assert [len(line.get_xdata()) for line in strokes] == [12, 12]
    assert axes.get_xlim()[0] == 0
    (axes,) = churn.draw(PAPER).axes
    assert len(axes.lines) == 4


def test_clean_input_alone_and_runs_without_gold_have_no_figure_of_it(make_run: Maker, tmp_path: Path) -> None:
    run = make_run(tmp_path / "clean", metrics=METRICS, only=("clean",), dialogues=20)
    assert [view for view in figures(read(run)) if view.group == GROUP] == []
    (row,) = flip_rows(read(run).data[0])
    assert row.models[0][1] is None
    run = make_run(tmp_path / "bare", metrics=("flip_rate",), dialogues=20)
    (view,) = [view for view in figures(read(run)) if view.group == GROUP]
    assert "dashed" not in view.note
    assert {row.gold for row in flip_rows(read(run).data[0])} == {None}
    run = make_run(tmp_path / "none", metrics=("accuracy",), dialogues=20)
    assert flip_rows(read(run).data[0]) == ()
    HtmlPage().write(run)
    assert "Does it flicker" not in words("".join(parsed(run).text))


def test_many_conditions_are_folded(make_run: Maker, tmp_path: Path) -> None:
    run = make_run(tmp_path / "many", metrics=METRICS, stresses=True, models=("rage_fusion",), dialogues=5, seeds=(0,))
    HtmlPage().write(run)
    assert "Every condition, flip rate and churn" in words("".join(parsed(run).text))


def test_conditions_stand_with_their_protocol_whenever_they_were_added(folder: RunFolder) -> None:
    (data, *_) = read(folder).data
    everything = next(one for one in data.conditions if one.text.startswith("modality_drop:"))
    last = everything.model_copy(update={"text": "modality_drop:drop=audio/text/video"})
    results = {**data.models[0].results(everything.text)}
    rows = (*data.models[0].rows, replace(data.models[0].rows[1], condition=last, results=results))
    later = replace(data, conditions=(*data.conditions, last), models=(replace(data.models[0], rows=rows),))
    found = [row.condition for row in flip_rows(later)]
    protocols = [text.partition(":")[0] for text in found]
    assert found[0] == "clean"
    assert found.index(last.text) == max(place for place, one in enumerate(protocols) if one == "modality_drop")
    # Each protocol is in one piece, and what stood in order before still does.
    assert len([one for one, next_one in zip(protocols, [*protocols[1:], ""], strict=True) if one != next_one]) == len(
        set(protocols)
    )
    before = [row.condition for row in flip_rows(data)]
    assert [text for text in found if text != last.text] == before

"""The figure of calibration under stress: which conditions, models and metrics it shows, and what it says of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.contents import DataView, ModelView
from emobench.reports.figures import figures, legend_entries
from emobench.reports.gathering import read
from emobench.reports.theme import PAPER, WEB
from emobench.reports.transfer_figures import transfer_figures

Maker = Callable[..., RunFolder]
MODELS = ("late_fusion", "late_fusion+temperature", "prior")


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_run(tmp_path_factory.mktemp("transfer"), models=MODELS, stresses=True, dialogues=20, seeds=(0,))


@pytest.fixture(scope="module")
def data(folder: RunFolder) -> DataView:
    return read(folder).data[0]


def only(data: DataView, conditions: tuple[str, ...] = (), without: str = "") -> DataView:
    def kept(model: ModelView) -> ModelView:
        rows = tuple(
            replace(row, results={name: figure for name, figure in row.results.items() if name != without})
            for row in model.rows
            if not conditions or row.condition.text in conditions
        )
        return replace(model, rows=rows)

    return replace(data, models=tuple(map(kept, data.models)))


def test_of_many_conditions_the_worst_of_each_protocol_is_shown(data: DataView) -> None:
    (view,) = transfer_figures(data)
    raw, calibrated, _ = data.models
    shown = list(dict.fromkeys(row[1] for row in view.table.rows))
    worst = {
        max(
            (one.text for one in stress.conditions),
            key=lambda text: max(model.results(text)["ece"].value for model in (raw, calibrated)),
        )
        for stress in data.stresses
        if stress.conditions
    }
    assert shown[0] == "clean"
    assert set(shown) == {"clean", *worst}
    assert view.note.endswith("Of each protocol the condition with the highest ECE is shown.")
    assert {row[0] for row in view.table.rows} == {raw.name, calibrated.name}


def test_of_few_all_are_shown_with_interval_and_floor(data: DataView) -> None:
    (view,) = transfer_figures(only(data, ("clean", "noise:snr_db=5")))
    assert view.note.endswith("All conditions are shown.")
    ece = data.models[0].results("noise:snr_db=5")["ece"]
    gap = data.models[0].results("noise:snr_db=5")["signed_gap"]
    assert view.table.rows[2] == (
        "late_fusion", "noise:snr_db=5", ece.shown.value, ece.shown.interval, ece.beside(ece.floor_high),
        gap.signed.value, gap.signed.interval,
    )  # fmt: skip


def test_it_is_drawn_with_marks_intervals_floors_and_a_line_at_no_gap(data: DataView) -> None:
    (view,) = transfer_figures(data)
    for theme in (WEB, PAPER):
        with theme.active():
            left, right = view.draw(theme).axes
        assert [axes.get_title(loc="left") for axes in (left, right)] == ["ECE", "Confidence gap"]
        marks = [line for line in left.get_lines() if line.get_marker() != "None"]
        assert sum(len(line.get_xdata()) for line in marks) == len(view.table.rows)
        # Of each model first intervals, then floors.
        drawn = [[own.vertices for own in lines.get_paths()] for lines in left.collections]
        assert {float(x) for lines in drawn[1::2] for x, _ in np.concatenate(lines)} == {
            data.models[0].clean["ece"].floor_high
        }
        assert sum(map(len, drawn[::2])) == len(view.table.rows)
        assert {tuple(own[:, 0]) for lines in drawn[::2] for own in lines} <= {
            (found.low, found.high) for model in data.models[:2] for row in model.rows if (found := row.results["ece"])
        }
        assert any(list(line.get_xdata()) == [0, 0] for line in right.get_lines())
        assert left.get_xlim()[0] == 0


def test_a_metric_that_is_not_there_has_no_panel(data: DataView) -> None:
    (view,) = transfer_figures(only(data, without="ece"))
    assert view.table.head == ("model", "condition", "Confidence gap", "95 % interval")
    with WEB.active():
        assert len(view.draw(WEB).axes) == 1
    assert list(transfer_figures(only(only(data, without="ece"), without="signed_gap"))) == []
    first, second, third = data.models
    broken = replace(second, rows=tuple(replace(row, results={}) for row in second.rows[1:]) + second.rows[:1])
    (view,) = transfer_figures(replace(data, models=(first, broken, third)))
    assert ("late_fusion+temperature", "–", "–") in {(row[0], row[2], row[5]) for row in view.table.rows}


def test_it_stands_among_the_figures_with_a_legend(folder: RunFolder, data: DataView) -> None:
    (view,) = (one for one in figures(read(folder)) if one.group == "transfer")
    assert (view.slug, view.model) == ("transfer-simulated-late-fusion", "late_fusion")
    assert legend_entries("transfer", data, "late_fusion") == (("late_fusion", 0), ("late_fusion+temperature", 1))
    assert legend_entries("transfer", data, "prior") == ()

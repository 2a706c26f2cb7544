"""Heat maps: every condition of every model once, shades in the order of the figures."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.figure_views import FigureView
from emobench.reports.gathering import read
from emobench.reports.heat_figures import heat_figures, packed
from emobench.reports.heat_plots import HeatGroup, HeatRow, heat_map, shares_of
from emobench.reports.theme import PAPER, paper_theme


def maps(folder: RunFolder) -> list[FigureView]:
    return [view for data in read(folder).data for view in heat_figures(data)]


def test_every_condition_of_every_model_is_in_the_map(stressed: RunFolder) -> None:
    data = read(stressed).data[0]
    views = maps(stressed)
    assert [view.slug for view in views] == ["heat-simulated-weighted_f1", "heat-simulated-ece"]
    rows = {(row[0], row[1]): row[2] for row in views[1].table.rows}
    expected = {
        (model.name, row.condition.text): row.results["ece"].shown.value
        for model in data.models
        for row in model.rows
        if "ece" in row.results
    }
    assert rows == expected
    theme = paper_theme("acl", 2)
    with theme.active():
        axes = views[0].draw(theme).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("noise") == 1
    assert "clean" in texts
    assert {"m3net", "rage_fusion", "bayes_optimal"} <= set(texts)
    # The exact posterior is not known under all of them.
    assert texts.count("–") == sum(bool(one.unknown) for one in data.conditions)
    assert "modality=text,snr_db=10" in texts


def test_clean_input_alone_and_other_metrics_have_no_map(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    assert maps(make_run(tmp_path / "a", only=("clean",), seeds=(0,), dialogues=20)) == []
    assert maps(make_run(tmp_path / "b", metrics=("nll",), seeds=(0,), dialogues=20)) == []


def test_a_long_run_has_several_maps(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    folder = make_run(tmp_path, models=("prior",), stresses=True, metrics=("ece",), seeds=(0,), dialogues=20)
    views = maps(folder)
    assert [view.slug for view in views] == ["heat-simulated-ece", "heat-simulated-ece-2"]
    assert [view.caption for view in views] == [
        "ECE by model and condition (1 of 2)", "ECE by model and condition (2 of 2)",
    ]  # fmt: skip


def test_groups_are_packed_whole_and_divided_only_where_they_must_be() -> None:
    def group(heading: str, rows: int) -> HeatGroup:
        return HeatGroup(heading, tuple(HeatRow(str(row), (0.0,)) for row in range(rows)))

    found = packed([group("", 1), group("a", 3), group("b", 2), group("c", 7)], 5)
    assert [[(one.heading, len(one.rows)) for one in those] for those in found] == [
        [("", 1), ("a", 3)], [("b", 2)], [("c", 4)], [("c", 3)],
    ]  # fmt: skip


def test_higher_figures_are_darker_and_none_is_white() -> None:
    shares = shares_of(np.array([0.2, 0.5, 0.8, math.nan]), (0.2, 0.8))
    assert list(np.diff(shares[:3]) > 0) == [True, True]
    assert 0 < shares[0] < shares[2] < 1
    assert math.isnan(shares[3])
    assert shares_of(np.array([0.3]), (0.3, 0.3)) == pytest.approx(shares[0])
    groups = [HeatGroup("", (HeatRow("clean", (0.8, math.nan)),)), HeatGroup("noise", (HeatRow("x", (0.2, 0.5)),))]
    narrow = paper_theme("acl", 1)
    with narrow.active():
        axes, scale = heat_map(narrow, groups, ["a", "b" * 30], title="F1", limits=(0.2, 0.8)).axes
    colours = np.asarray(axes.collections[0].get_facecolor())
    assert len(colours) == 3
    assert colours[:, 3] == pytest.approx([shares[2], shares[0], shares[1]])
    assert [label.get_text() for label in scale.get_xticklabels()] == ["0.20", "0.35", "0.50", "0.65", "0.80"]
    rotations = {text.get_text(): text.get_rotation() for text in axes.texts}
    assert rotations["a"] == 90.0
    with PAPER.active():
        axes, _ = heat_map(PAPER, groups, ["a", "b"], title="F1", limits=(0.2, 0.8)).axes
    assert {text.get_rotation() for text in axes.texts} == {0.0}


def test_a_label_that_is_too_long_is_cut_on_the_map_only(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    chain = "noise:snr_db=5+modality_drop:rate=0.3"
    folder = make_run(
        tmp_path, models=("prior",), stresses=True, only=("clean", chain), metrics=("ece",), seeds=(0,), dialogues=20
    )
    (view,) = maps(folder)
    assert chain in {row[1] for row in view.table.rows}
    with PAPER.active():
        axes, _ = view.draw(PAPER).axes
    assert "noise:snr_db=5+modality_drop:…" in {text.get_text() for text in axes.texts}

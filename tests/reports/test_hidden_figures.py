"""Hidden vectors in the plane: uncertain and other utterances, with the coefficients of the results."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_hidden import SILHOUETTES, add_hidden
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from page_reader import parsed

from emobench.benchmark import hidden_planes as planes
from emobench.benchmark.run_folder import RunFolder
from emobench.reports import planes as planes_of_reports
from emobench.reports.contents import RunView
from emobench.reports.figure_views import FigureView
from emobench.reports.figures import figures
from emobench.reports.formats.csv import CsvTables
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.hidden_figures import hidden_figures, hidden_legend
from emobench.reports.paper_figures import paper_figures
from emobench.reports.theme import MARKERS, PAPER

CONDITIONS = ("clean", "modality_drop:drop=text")


@pytest.fixture(autouse=True)
def _none_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "plane", None)


@pytest.fixture
def kept(tmp_path: Path, make_run: Callable[..., RunFolder]) -> RunFolder:
    """Two models of one seed, of which the first has vectors, with predictions under the removal of text."""
    folder = make_run(
        tmp_path / "run", models=("m3net", "prior"), only=CONDITIONS, metrics=("ece",), seeds=(0,), dialogues=20
    )
    return add_hidden(folder, {"m3net": 4, "prior": 0})


def of(run: RunView) -> tuple[FigureView, ...]:
    return tuple(figure for data in run.data for figure in hidden_figures(data))


def drawn(view: FigureView) -> Figure:
    with PAPER.active():
        return view.draw(PAPER)


def points(axes: Axes) -> int:
    return sum(np.size(line.get_xdata()) for line in axes.lines)


def test_uncertain_and_other_utterances_are_drawn_with_their_coefficients(kept: RunFolder) -> None:
    run = read(kept)
    (view,) = of(run)
    assert view.slug == "hidden-simulated-m3net"
    counts = [int(row[1]) for row in view.table.rows]
    assert counts[0] == counts[1] + counts[2]
    assert [row[::2] for row in view.table.rows] == [
        ("all utterances", "0.031"), ("uncertain utterances", "0.123"), ("other utterances", "−0.081"),
    ]  # fmt: skip
    figure = drawn(view)
    uncertain, other = figure.axes
    assert uncertain.get_title(loc="left") == f"uncertain utterances ({counts[1]})\nsilhouette 0.123"
    assert other.get_title(loc="left") == f"other utterances ({counts[2]})\nsilhouette −0.081"
    for axes, count in zip((uncertain, other), counts[1:], strict=True):
        assert points(axes) == count
        assert [line.get_marker() for line in axes.lines] == list(MARKERS[: len(axes.lines)])
    assert uncertain.get_xlim() == other.get_xlim()
    classes = run.data[0].record.classes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(classes)
    assert hidden_legend(run.data[0]) == tuple(zip(classes, range(len(classes)), strict=True))
    assert view.slug in {one.slug for one in paper_figures(kept)}


def test_every_report_holds_them(kept: RunFolder) -> None:
    for report in (CsvTables(), HtmlPage(dialogues=0), LatexDocument()):
        report.write(kept)
    page = parsed(kept)
    assert ("figure", {"id": "hidden-simulated-m3net"}) in page.tags
    assert ("a", {"class": "data", "href": "tables/hidden-simulated-m3net.csv"}) in page.tags
    assert "Hidden vectors of m3net on clean input by gold class" in "".join(page.text)
    lines = (kept.path / "tables" / "hidden-simulated-m3net.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == 'utterances,"count, seed 0",silhouette,95 % interval low,95 % interval high'
    assert [line.split(",")[2:] for line in lines[1:]] == [list(map(repr, one)) for one in SILHOUETTES.values()]
    tex = (kept.path / "report.tex").read_text(encoding="utf-8")
    assert r"\figureifthere{hidden-simulated-m3net}{Hidden vectors of m3net on clean input" in tex
    assert (kept.path / "tex" / "figure-hidden-simulated-m3net.tex").exists()


def test_without_removals_all_utterances_are_one_panel(kept: RunFolder) -> None:
    record = kept.read_record()
    conditions = tuple(one.model_copy(update={"removal": ""}) for one in record.conditions)
    kept.write_record(record.model_copy(update={"conditions": conditions}))
    (view,) = of(read(kept))
    (axes,) = drawn(view).axes
    assert axes.get_title(loc="left").startswith("all utterances (")
    assert len(view.table.rows) == 1


def test_a_coefficient_that_is_not_in_the_results_is_a_dash(tmp_path: Path, make_run: Callable[..., RunFolder]) -> None:
    folder = make_run(tmp_path / "run", models=("m3net",), only=CONDITIONS, metrics=("ece",), seeds=(0,), dialogues=20)
    add_hidden(folder, {"m3net": 4}, silhouettes={})
    (view,) = of(read(folder))
    assert [row[2:] for row in view.table.rows] == [("–", "")] * 3
    assert drawn(view).axes[0].get_title(loc="left").endswith("silhouette –")


def test_of_many_utterances_some_are_drawn(kept: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = of(read(kept))
    assert whole.shown == ""
    monkeypatch.setattr(planes, "MOST", 40)
    add_hidden(kept, {"m3net": 4, "prior": 0})
    (view,) = of(read(kept))
    assert view.shown.startswith("40 of ")
    assert view.note.endswith("utterances are drawn, at even distances.")
    assert sum(map(points, drawn(view).axes)) == 40


def test_where_places_are_not_kept_the_report_computes_them(
    kept: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (there,) = of(read(kept))
    with_places = drawn(there)
    asked: list[np.ndarray] = []

    def placed(vectors: np.ndarray) -> np.ndarray:
        asked.append(vectors)
        return np.asarray(vectors[:, :2], np.float64)

    monkeypatch.setattr(planes, "plane", placed)
    monkeypatch.setattr(planes_of_reports, "cache_folder", lambda: tmp_path / "cache")
    path = kept.plane_path("m3net", "simulated")
    path.unlink()
    (view,) = of(read(kept))
    assert asked == [], "not before it is drawn"
    figure = drawn(view)
    assert len(asked) == 1
    assert list(map(points, figure.axes)) == list(map(points, with_places.axes))
    assert view.table == there.table
    assert not path.exists(), "a report leaves the run as it is"


def test_what_is_missing_costs_its_own_figures_only(kept: RunFolder) -> None:
    kept.plane_path("m3net", "simulated").unlink()
    path = kept.hidden_path("m3net", "simulated", 0)
    content = path.read_bytes()
    path.write_bytes(content[:40])
    run = read(kept)
    assert of(run) == ()
    (said,) = run.missing
    assert said.startswith(f"Figures of hidden vectors are left out: {path} is damaged")
    assert len(figures(run)) > 0
    path.write_bytes(content)
    run = read(kept)
    assert len(of(run)) == 1
    assert run.missing == ()
    kept.utterances_path.unlink()
    run = read(kept)
    assert of(run) == ()
    assert "utterances.parquet is missing" in run.missing[0]
    record = kept.read_record()
    kept.write_record(record.model_copy(update={"hidden": False}))
    assert read(kept).missing == ()

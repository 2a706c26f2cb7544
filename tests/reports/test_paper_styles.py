"""Figures fit the columns of venues, with letters that can be read and series that grey tells apart."""

import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from emobench.benchmark.errors import SpecError
from emobench.benchmark.registry import FORMATS, make
from emobench.benchmark.run_folder import RunFolder
from emobench.reports import plots
from emobench.reports.base import Format
from emobench.reports.canvas import Entry, legend, panel
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.leftovers import LIST
from emobench.reports.paper_figures import paper_figures
from emobench.reports.results import Result
from emobench.reports.theme import HATCHES, LEAST, MARKERS, PAPER, WEB, paper_theme
from emobench.reports.ticks import as_few_artists
from emobench.reports.venues import VENUES, Style

INCHES = {
    "plain": (3.4, 7.0),
    "acl": (3.0315, 6.2992),
    "ieee": (3.4869, 7.1399),
    "neurips": (5.5, 5.5),
    "elsevier": (3.5433, 7.4803),
    "springer": (4.8031, 4.8031),
    "acm": (3.3367, 7.0056),
}
TEN = tuple(f"model_{number}_with_a_long_name" for number in range(10))


def test_every_style_has_its_widths() -> None:
    assert set(VENUES) == set(get_args(Style)) == set(INCHES)
    for style in get_args(Style):
        column, text = INCHES[style]
        for columns, inches in ((1, column), (2, text)):
            theme = paper_theme(style, columns)
            assert theme.width * theme.scale / 72 == pytest.approx(inches, abs=1e-3)


@pytest.fixture(scope="module")
def ten(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Ten models with long names, seven classes, two of which have long names too."""
    return make_run(
        tmp_path_factory.mktemp("ten"),
        models=TEN,
        classes=("neutral", "surprise", "fear and something else", "sadness", "joy", "disgust", "anger"),
        only=("clean", "modality_drop:drop=audio/text", "modality_drop:rate=0.3", "modality_drop:rate=0.5"),
        metrics=("weighted_f1", "ece", "f1", "confusion", "reliability"),
        seeds=(0,),
        dialogues=20,
    )


# One of each kind: ten confusion matrices differ in their numbers only.
def drawn(folder: RunFolder, style: Style, columns: int) -> list[tuple[str, Figure]]:
    theme = paper_theme(style, columns)
    views = {view.group: view for view in paper_figures(folder)}
    return [(view.slug, view.draw(theme)) for view in views.values()]


def shown(figure: Figure) -> list[Text]:
    """Return the texts that are drawn: labels of ticks beyond the ends of an axis are not."""
    beyond = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = (tick for tick in axis.get_major_ticks() if not low - 1e-9 <= tick.get_loc() <= high + 1e-9)
        beyond |= {label for tick in ticks for label in (tick.label1, tick.label2)}
    return [one for one in figure.findobj(Text) if one.get_text().strip() and one.get_visible() and one not in beyond]


@pytest.mark.parametrize(("style", "columns"), [("acl", 1), ("ieee", 2), ("springer", 1)])
def test_figures_are_as_wide_as_the_column_with_letters_of_seven_points_that_stay_inside(
    ten: RunFolder, style: Style, columns: int
) -> None:
    theme = paper_theme(style, columns)
    with theme.active():
        figures = drawn(ten, style, columns)
        assert {slug.partition("-")[0] for slug, _ in figures} >= {"curve", "conditions", "heat", "confusion"}
        for slug, figure in figures:
            assert figure.get_figwidth() == pytest.approx(INCHES[style][columns - 1], abs=1e-3), slug
            figure.draw_without_rendering()
            width, height = figure.bbox.width, figure.bbox.height
            for text in shown(figure):
                assert float(text.get_fontsize()) >= LEAST, (slug, text)
                box = text.get_window_extent()
                assert box.x0 >= -1, (slug, text)
                assert box.x1 <= width + 1, (slug, text)
                assert box.y0 >= -1, (slug, text)
                assert box.y1 <= height + 1, (slug, text)


def test_a_legend_of_long_names_has_more_rows_and_covers_nothing() -> None:
    with PAPER.active():
        figure, axes = panel(PAPER, 250, left=42, entries=10)
        text = figure.text(0.5, 0.3, "label")
        height, top = axes.bbox.height, figure.bbox.height - axes.bbox.y1
        below = text.get_position()[1] * figure.bbox.height
        before = figure.bbox.height
        legend(PAPER, figure, [Entry(name, place) for place, name in enumerate(TEN)])
        figure.draw_without_rendering()
        (box,) = figure.legends
        assert axes.bbox.height == pytest.approx(height)
        assert figure.bbox.height - axes.bbox.y1 == pytest.approx(top)
        assert text.get_position()[1] * figure.bbox.height == pytest.approx(below + figure.bbox.height - before)
        assert box.get_window_extent().y1 < axes.bbox.y0
        assert box.get_window_extent().width <= figure.bbox.width


def test_one_name_that_is_too_long_for_two_columns_stands_alone() -> None:
    narrow = paper_theme("acl", 1)
    with narrow.active():
        figure, _ = panel(narrow, 250, left=42, entries=2)
        legend(narrow, figure, [Entry("m" * 40, 0), Entry("n" * 40, 1)])
        (box,) = figure.legends
        figure.draw_without_rendering()
        one, other = (text.get_window_extent() for text in box.get_texts())
        assert one.y0 > other.y1


def luminance(colour: str) -> float:
    return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), to_rgb(colour), strict=True))


def test_grey_tells_series_apart() -> None:
    for one, other in itertools.combinations(range(11), 2):
        assert MARKERS[one] != MARKERS[other]
    pairs = {(PAPER.colour(place), MARKERS[place % len(MARKERS)]) for place in range(77)}
    assert len(pairs) == 77
    for one, other in itertools.combinations(range(len(HATCHES)), 2):
        assert PAPER.hatch(one) != PAPER.hatch(other)
    assert WEB.hatch(1) == ""
    # Figures without marks: two lines, told apart by dashes and by how dark they are.
    assert abs(luminance(PAPER.colour(0)) - luminance(PAPER.colour(1))) > 0.05


def test_bars_of_papers_are_hatched_and_numbers_are_read_on_them() -> None:
    for theme, hatched in ((PAPER, ["", "////"]), (WEB, ["", ""])):
        with theme.active():
            figure = plots.weights(theme, ["clean"], ["text", "audio"], [[0.5, 0.5]])
            (axes,) = figure.axes
            assert [bars.get_hatch() or "" for bars in axes.collections] == hatched
            assert [text.get_bbox_patch() is not None for text in axes.texts] == [bool(one) for one in hatched]


def test_cells_of_a_matrix_that_is_too_narrow_have_no_numbers() -> None:
    counts = [[12345.0 if gold == predicted else 0.4 for gold in range(10)] for predicted in range(10)]
    names = [f"a class with a long name {number}" for number in range(10)]
    for columns, texts in ((1, set()), (2, {"12345", "<1"})):
        theme = paper_theme("acl", columns)
        with theme.active():
            (axes,) = plots.confusion(theme, counts, names, place=4).axes
            assert {text.get_text() for text in axes.texts} == texts
            assert np.asarray(axes.collections[0].get_facecolor())[0][:3] == pytest.approx(to_rgb(PAPER.series[0]))


def test_a_style_is_an_argument_of_the_format_and_has_a_folder_of_its_own(
    tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    folder = make_run(
        tmp_path / "run", models=("prior",), only=("clean",), metrics=("confusion",), seeds=(0,), dialogues=20
    )
    writer = make(FORMATS, "figures:style=acl,columns=2")
    assert writer == FigureFiles("acl", 2)
    target = writer.write(folder)
    assert target == folder.path / "figures" / "acl-two-columns"
    first = {path.name: path.read_bytes() for path in target.glob("*.*") if path.name != LIST}
    assert set(first) == {"confusion-simulated-prior.pdf", "confusion-simulated-prior.svg"}
    writer.write(folder)
    assert {path.name: path.read_bytes() for path in target.glob("*.*") if path.name != LIST} == first
    pdf = first["confusion-simulated-prior.pdf"]
    assert b"STIXGeneral-Regular" in pdf
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", pdf)
    assert float(box) == pytest.approx(16 / 2.54 * 72, abs=0.01)
    assert make(FORMATS, "figures:style=ieee").write(folder).name == "ieee"
    assert make(FORMATS, "figures").write(folder) == folder.path / "figures"
    with pytest.raises(SpecError, match="style"):
        make(FORMATS, "figures:style=nature")


def test_listing_formats_does_not_load_matplotlib() -> None:
    code = "import sys, emobench.reports.formats.figures; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
    assert Format.__name__ == "Format"


def test_a_matrix_of_the_page_is_read_on_every_shade_and_shows_halves() -> None:
    for names, turned in ((["bad", "good"], 0.0), (["a class with a name", "another one"], 45.0)):
        with WEB.active():
            figure = plots.confusion(WEB, [[90.0, 0.5], [0.4, 10.0]], names, place=1)
            (axes,) = figure.axes
            assert {text.get_text() for text in axes.texts} == {"90", "1", "<1", "10"}
            assert {text.get_color() for text in axes.texts} == {WEB.ink}
            as_few_artists(figure)
            turns = [text.get_rotation() for text in axes.texts if text.get_text() == names[0]]
            assert sorted(turns) == [0.0, turned], "of the row, and of the column"
            assert np.asarray(axes.collections[0].get_facecolor())[:, 3].max() <= 0.5


def test_a_mark_at_the_end_of_the_axis_is_seen_whole() -> None:
    with WEB.active():
        series = [plots.Series("m", 0, ((0.0, Result(1.0, 0.9, 1.0)),))]
        (axes,) = plots.intervals(WEB, ["clean"], series, title="Share", unit_range=True).axes
        assert [line.get_clip_on() for line in axes.lines] == [False]

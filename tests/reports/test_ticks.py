"""Ticks of few artists are those of matplotlib."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from emobench.reports.late_ticks import late_axes
from emobench.reports.theme import PAPER
from emobench.reports.ticks import as_few_artists, label_ticks

PLACE = (0.3, 0.2, 0.6, 0.7)


def pixels(figure: Figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).astype(int)


def plain(axes: Axes) -> None:
    axes.plot([0, 1], [0, 12_000])


def names(axes: Axes) -> None:
    plain(axes)
    label_ticks(axes.yaxis, [0, 5000, 20_000], ["zero", "five\nthousand", "beyond the end"])
    axes.set_ylim(12_000, -1)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def inner(axes: Axes) -> None:
    plain(axes)
    axes.tick_params(labelleft=False, labelbottom=False)


def no_marks(axes: Axes) -> None:
    plain(axes)
    axes.tick_params(left=False, bottom=False)


def none(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])


def padded(axes: Axes) -> None:
    plain(axes)
    axes.tick_params(pad=12)


@pytest.mark.parametrize("shown", [plain, names, inner, no_marks, none, padded])
def test_they_look_the_same(shown: Callable[[Axes], None]) -> None:
    found = []
    for few in (False, True):
        with PAPER.active():
            figure = Figure(figsize=(3, 2))
            shown(late_axes(figure, PLACE) if few else figure.add_axes(PLACE))
            if few:
                as_few_artists(figure)
                as_few_artists(figure)
                assert not figure.axes[0].xaxis.get_visible()
            found.append(pixels(figure))
    assert np.abs(found[0] - found[1]).max() <= 2
    assert found[0].std() > 0


def test_slanted_names_end_below_their_ticks() -> None:
    found = []
    for few in (False, True):
        with PAPER.active():
            figure = Figure(figsize=(3, 2))
            axes = figure.add_axes((0.3, 0.3, 0.6, 0.6))
            plain(axes)
            if few:
                label_ticks(axes.xaxis, [0, 1], ["neutral", "joy"], slanted=True)
                as_few_artists(figure)
                assert not axes.xaxis.get_visible()
            else:
                axes.set_xticks([0, 1], ["neutral", "joy"], rotation=45, ha="right")
            found.append(pixels(figure))
    assert np.abs(found[0] - found[1]).max() <= 2


@pytest.mark.parametrize("pad", [3.5, 9])
def test_a_title_below_stands_where_it_stood(pad: float) -> None:
    rows = []
    for few in (False, True):
        with PAPER.active():
            figure = Figure(figsize=(3, 2), dpi=200)
            axes = figure.add_axes((0.3, 0.3, 0.6, 0.6))
            axes.tick_params(pad=pad)
            axes.set_xlabel("epoch")
            if few:
                as_few_artists(figure)
                assert not axes.xaxis.get_visible()
            rows.append(np.nonzero(pixels(figure)[300:, 330:390, 3].any(axis=1))[0])
    # Of its own and of the labels above it; 200 pixels to the inch.
    assert abs(rows[0].max() - rows[1].max()) <= 2
    assert abs(rows[0].min() - rows[1].min()) <= 2
    assert len(rows[0]) > 20


def titled(axes: Axes) -> None:
    axes.set_ylabel("score")
    axes.set_xlabel("epoch")
    axes.tick_params(labelbottom=False)


def lines(axes: Axes) -> None:
    label_ticks(axes.xaxis, [0, 1], ["of two\nlines", "of one"])
    axes.set_xlabel("epoch")
    axes.set_ylabel("score")


def turned(axes: Axes) -> None:
    axes.set_xticks([0, 1], ["a", "b"], rotation=45)
    axes.set_yticks([0, 1], ["a", "b"])


def minor(axes: Axes) -> None:
    axes.set_xticks([0.5], minor=True)
    axes.set_yticks([0.5], minor=True)


def larger(axes: Axes) -> None:
    axes.tick_params(labelsize=20)


def offset(axes: Axes) -> None:
    axes.plot([1e9, 1e9 + 1], [1e-9, 2e-9])


def hidden(axes: Axes) -> None:
    axes.axis("off")


@pytest.mark.parametrize("shown", [titled, lines, turned, minor, larger, offset, hidden])
def test_what_is_special_stays_as_it_is(shown: Callable[[Axes], None]) -> None:
    figure = Figure()
    axes = figure.add_subplot()
    shown(axes)
    as_few_artists(figure)
    assert axes.xaxis.get_visible()
    assert axes.yaxis.get_visible()
    assert len(axes.texts) == 0

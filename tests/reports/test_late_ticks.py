"""Axes without ticks look as those of matplotlib, whether ticks are made in the end or not."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from test_ticks import larger, lines, minor, pixels, titled, turned

from emobench.reports.late_ticks import late_axes
from emobench.reports.theme import PAPER
from emobench.reports.ticks import as_few_artists

PLACE = (0.3, 0.3, 0.6, 0.6)


def bare(axes: Axes) -> None:
    """No label, title or tick tells the spines where they stand."""
    axes.plot([0, 1], [3, 4])
    axes.tick_params(labelleft=False, labelbottom=False, length=0)


def marks_only(axes: Axes) -> None:
    axes.set_ylabel("score")
    axes.grid(visible=False)
    axes.tick_params(length=6)


@pytest.mark.parametrize("shown", [bare, marks_only, titled, lines, turned, minor, larger])
@pytest.mark.parametrize("few", [False, True])
def test_they_look_the_same(shown: Callable[[Axes], None], *, few: bool) -> None:
    found = []
    for late in (False, True):
        with PAPER.active():
            figure = Figure(figsize=(3, 2))
            shown(late_axes(figure, PLACE) if late else figure.add_axes(PLACE))
            if few:
                as_few_artists(figure)
            found.append(pixels(figure))
    assert np.abs(found[0] - found[1]).max() <= 2
    assert found[0].std() > 0


def test_no_tick_is_made_for_nothing() -> None:
    with PAPER.active():
        figure = Figure()
        axes = late_axes(figure, PLACE)
        axes.plot([0, 1], [0, 1])
        axes.grid(visible=False, axis="y")
        axes.tick_params(length=0)
        as_few_artists(figure)
        figure.draw_without_rendering()
    assert [tick for axis in (axes.xaxis, axes.yaxis) for tick in (*axis.majorTicks, *axis.minorTicks)] == []

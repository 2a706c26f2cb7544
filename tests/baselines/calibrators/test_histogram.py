"""Histogram binning: by hand, and against netcal where netcal is right."""

from collections.abc import Callable

import numpy as np
import pytest
from netcal.binning import HistogramBinning

from emobench.baselines.calibrators.histogram import Histogram, bin_of
from emobench.benchmark.errors import SpecError
from emobench.benchmark.registry import CALIBRATORS, make

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


def test_bins_are_closed_above_and_the_first_at_zero_too() -> None:
    edges = np.linspace(0, 1, 6)
    assert bin_of(edges, 5).tolist() == [0, 0, 1, 2, 3, 4]
    assert bin_of(np.nextafter(edges, 2), 5).tolist() == [0, 1, 2, 3, 4, 4]
    assert bin_of(np.array([0.3, 1.0]), 1).tolist() == [0, 0]


def test_shares_by_hand_with_the_middle_where_a_bin_is_empty() -> None:
    first = np.array([0.0, 0.2, 0.25, 0.1, 0.3, 0.7, 0.75, 1.0, 0.9, 0.8])
    labels = np.array([1, 1, 0, 1, 0, 1, 0, 0, 0, 1])
    made = Histogram(bins=4).fit(np.stack([first, 1 - first], axis=1), labels)
    # Class 0: up to .25 one of four, up to .5 one of one, up to .75 one of two, above two of three.
    # Class 1: up to .25 one of four, up to .5 one of one, up to .75 none of two, above three of three.
    assert made.shares.tolist() == [
        pytest.approx([1 / 4, 1, 1 / 2, 2 / 3]),
        pytest.approx([1 / 4, 1, 0, 1]),
    ]
    assert made.apply(np.array([[0.9, 0.1]])).tolist() == [pytest.approx([8 / 11, 3 / 11])]
    empty = Histogram(bins=4).fit(np.tile([[0.9, 0.1]], (10, 1)), labels)
    assert empty.shares.tolist() == [[0.125, 0.375, 0.625, 0.5], [0.5, 0.375, 0.625, 0.875]]


def test_a_row_in_which_all_shares_are_zero_stays_as_it_is() -> None:
    p = np.repeat([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], 5, axis=0)
    made = Histogram(bins=2).fit(p, np.repeat([0, 1, 2], 5))
    rows = np.array([[0.4, 0.35, 0.25], [0.6, 0.3, 0.1]])
    assert made.apply(rows).tolist() == [pytest.approx([0.4, 0.35, 0.25]), [1, 0, 0]]


@pytest.mark.parametrize("bins", [1, 5, 15])
def test_it_is_what_netcal_gives_for_three_classes_or_more_away_from_edges(drawn: Draw, bins: int) -> None:
    p, labels = drawn(rows=500, classes=5, sharpness=0.8, tilt=1.0)
    new, _ = drawn(rows=200, classes=5, sharpness=0.8, seed=1)
    after = Histogram(bins=bins).fit(p, labels).apply(new)
    assert np.allclose(after, HistogramBinning(bins=bins).fit(p, labels).transform(new), atol=1e-12)


def test_where_netcal_is_wrong_it_is_not_followed() -> None:
    # netcal counts a probability on an edge in the bin above, and looks it up in the one below.
    p = np.repeat([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.25, 0.5]], 4, axis=0)
    labels = np.repeat([0, 1, 2], 4)
    assert Histogram(bins=4).fit(p, labels).apply(p)[0].tolist() == [1, 0, 0]
    assert HistogramBinning(bins=4).fit(p, labels).transform(p)[0] != pytest.approx([1, 0, 0], abs=0.1)


def test_the_number_of_bins_is_checked() -> None:
    assert make(CALIBRATORS, "histogram").bins == 15
    with pytest.raises(SpecError, match=r"^histogram: expected bins to be a whole number ≥ 1 and ≤ 1000, got '0'$"):
        make(CALIBRATORS, "histogram:bins=0")

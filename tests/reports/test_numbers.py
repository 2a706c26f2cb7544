import math
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from number_reader import parts_of, true_of

from emobench.reports.numbers import (
    apart,
    count,
    decimals_of,
    figure,
    fixed,
    interval,
    number,
    percent,
    percent_interval,
    shared,
    short,
    signed,
    spread,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.000"),
        (-0.0, "0.000"),
        (1.0, "1.000"),
        (0.9994, "0.999"),
        (0.9995, ">0.999"),
        (0.9996, ">0.999"),
        (0.0005, "0.001"),
        (0.0004, "<0.001"),
        (1e-300, "<0.001"),
        (-0.0004, ">−0.001"),
        (-0.9996, "<−0.999"),
        (1.0004, ">1.000"),
        (-1.0004, "<−1.000"),
        (1.0006, "1.001"),
        (0.7125, "0.713"),
        (9.9994, "9.999"),
        (27.6310, "27.63"),
        (123.456, "123.5"),
        (12345.67, "12,345.7"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_a_number_is_rounded_but_never_onto_zero_or_one(value: float | None, shown: str) -> None:
    assert number(value) == shown


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(1, 4))
def test_what_is_between_zero_and_one_is_never_shown_as_either(value: float, decimals: int) -> None:
    assert number(value, decimals=decimals) not in (f"{0:.{decimals}f}", f"{1:.{decimals}f}")
    assert percent(value, decimals=decimals) not in (f"{0:.{decimals}f} %", f"{100:.{decimals}f} %", "0 %", "100 %")


SIZES = st.floats(-1e4, 1e4) | st.floats(-1.1, 1.1) | st.floats(0.99, 1.01) | st.floats(-1e-3, 1e-3)


@given(SIZES, st.integers(0, 5))
def test_what_is_shown_is_true_and_stays_when_it_is_shown_again(value: float, decimals: int) -> None:
    for text in (fixed(value, decimals), number(value, decimals=max(decimals, 1))):
        assert true_of(text, value)
        bound, back, places = parts_of(text)
        assert bound or fixed(back, places) == text
    assert (fixed(value, 3) in ("1.000", "0.000", "−1.000")) == (value in (0.0, 1.0, -1.0))


HALVES = st.integers(-40_000, 40_000).map(lambda steps: steps / 2e4)


@given(SIZES | HALVES, st.integers(0, 5))
def test_numbers_are_rounded_as_by_hand(value: float, decimals: int) -> None:
    rounded = Decimal(repr(abs(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if value and rounded not in (0, 1):
        assert fixed(value, decimals) == f"{'−' if value < 0 else ''}{rounded:,f}"


@given(SIZES, st.floats(0, 1e3), st.floats(0, 1e3))
def test_a_figure_and_its_ends_have_the_decimals_of_the_width(value: float, below: float, above: float) -> None:
    low, high = value - below, value + above
    shown = figure(value, low, high)
    pieces = (shown.value, *shown.interval.strip("[]").split(", "))
    assert {parts_of(one)[2] for one in pieces} == {shown.decimals}
    assert all(true_of(text, one) for text, one in zip(pieces, (value, low, high), strict=True))
    assert str(shown) == f"{shown.value} {shown.interval}"
    assert shown.decimals <= 4
    if max(abs(low), abs(high)) < 10:
        assert shown.decimals >= 2
    if 0.0002 < (high - low) / 2 < 0.9 and shown.decimals not in (2, 4):
        # Two significant digits: the second is in the last place shown.
        assert 9.9 <= (high - low) / 2 * 10**shown.decimals < 100


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.7, 0.68, 0.72, "0.700 [0.680, 0.720]"),
        (0.7, 0.5, 0.9, "0.70 [0.50, 0.90]"),
        (0.7, 0.6988, 0.7012, "0.7000 [0.6988, 0.7012]"),
        (0.7, 0.69999, 0.70001, "0.7000 [0.7000, 0.7000]"),
        (0.5, 0.49004, 0.50996, "0.500 [0.490, 0.510]"),
        (0.004, 0.0, 0.02, "0.004 [0.000, 0.020]"),
        (0.004, -0.0001, 0.0202, "0.004 [>−0.001, 0.020]"),
        (0.99, 0.97, 0.9999, "0.990 [0.970, >0.999]"),
        (27.63, 26.2, 29.1, "27.6 [26.2, 29.1]"),
        (27.63, 27.61, 27.65, "27.630 [27.610, 27.650]"),
        (2610.4, 2480.0, 2731.0, "2,610 [2,480, 2,731]"),
        (0.7125, 0.7125, 0.7125, "0.713 [0.713, 0.713]"),
        (0.7125, 0.7125, 0.7125 + 1e-16, "0.713 [0.713, 0.713]"),
        (0.7125, math.nan, 0.8, "0.713"),
        (0.7125, None, None, "0.713"),
        (12.3456, -math.inf, math.inf, "12.35 [−∞, ∞]"),
        (math.nan, 0.1, 0.2, "– [0.100, 0.200]"),
    ],
)
def test_digits_come_from_the_width_of_the_interval(
    value: float, low: float | None, high: float | None, shown: str
) -> None:
    assert str(figure(value, low, high)) == shown


def test_figures_of_a_kind_share_their_decimals() -> None:
    assert shared([3, 4, 3]) == 3
    assert shared([2, 3, 4]) == 4
    assert shared([]) is None
    assert str(figure(0.7, 0.5, 0.9, decimals=3)) == "0.700 [0.500, 0.900]"
    assert figure(0.04, 0.01, 0.07, plus=True).value == "+0.040"
    assert decimals_of(None) == 3


def test_a_sign_is_shown_where_it_matters() -> None:
    assert [signed(v) for v in (0.04, -0.04, 0.0, 0.0001, math.nan, None)] == [
        "+0.040", "−0.040", "0.000", "<0.001", "–", "–",
    ]  # fmt: skip


def test_an_interval_needs_both_ends() -> None:
    assert interval(-0.01, 0.9999) == "[−0.010, >0.999]"
    assert interval(math.nan, 0.5) == interval(0.5, math.nan) == interval(None, 1.0) == interval(1.0, None) == ""


def test_shares_and_counts() -> None:
    assert [percent(v) for v in (0.0, 1.0, 0.5, 0.9996, 0.0004, -0.25, math.nan, None)] == [
        "0 %", "100 %", "50.0 %", ">99.9 %", "<0.1 %", "−25.0 %", "–", "–",
    ]  # fmt: skip
    around_one = (0.00949, 0.0095, 0.00952, 0.0103, 0.0105, -0.0096)
    assert [percent(v) for v in around_one] == ["0.9 %", "1.0 %", "1.0 %", "1.0 %", "1.1 %", "−1.0 %"]
    assert [count(v) for v in (0, 2610, 17.4, 0.02, math.nan, None)] == ["0", "2,610", "17.4", "<0.1", "–", "–"]
    assert [short(v) for v in (0.3, 10.0, -5.0)] == ["0.3", "10", "−5"]


@pytest.mark.parametrize(
    ("value", "bound", "shown"),
    [
        (0.0344, 0.0341, ("0.0344", "0.0341")),
        (0.0340002, 0.034, ("0.034000", "0.034000")),
        (12.0004, 12.0, ("12.0004", "12.0000")),
        (0.034, 0.034, ("0.034", "0.034")),
        (0.0341, 0.0344, ("0.034", "0.034")),
        (0.05, 0.03, ("0.050", "0.030")),
        (0.05, math.nan, ("0.050", "–")),
    ],
)
def test_a_figure_above_a_bound_looks_so(value: float, bound: float, shown: tuple[str, str]) -> None:
    assert apart(value, bound) == shown


def test_a_small_spread_is_shown_by_its_first_digit() -> None:
    assert [spread(v) for v in (0.0123, 0.00031, 0.00039, 0.0000021, 1e-9, 0.0, math.nan, None)] == [
        "0.012", "0.0003", "0.0004", "0.000002", "0", "0", "–", "–",
    ]  # fmt: skip


def test_ends_of_shares_are_per_cent() -> None:
    assert percent_interval(0.0103, 0.9999) == "[1.0, >99.9]"
    assert percent_interval(0.0, 1.0) == "[0, 100]"
    assert percent_interval(math.nan, 1.0) == percent_interval(0.0, math.nan) == ""


def test_numbers_that_no_table_has_room_for_are_shown_by_their_power_of_ten() -> None:
    assert str(figure(1e30)) == "1.0e+30"
    assert str(figure(-2.5e30)) == "\N{MINUS SIGN}2.5e+30"

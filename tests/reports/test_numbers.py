import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emobench.reports.numbers import apart, count, interval, number, percent, short, signed, spread


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
        (1.0004, "1.000"),
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


@given(st.floats(-9.9, 9.9))
def test_what_is_shown_is_near_to_what_it_stands_for(value: float) -> None:
    shown = number(value).lstrip("<>").replace("−", "-")
    assert abs(float(shown) - value) <= 0.001


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
    assert [count(v) for v in (0, 2610, 17.4, 0.02, math.nan, None)] == ["0", "2,610", "17.4", "<0.1", "–", "–"]
    assert [short(v) for v in (0.3, 10.0, -5.0)] == ["0.3", "10", "−5"]


@pytest.mark.parametrize(
    ("value", "bound", "shown"),
    [
        (0.0344, 0.0341, ("0.0344", "0.0341")),
        (0.0340002, 0.034, ("0.034000", "0.034000")),
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

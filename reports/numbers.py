"""The one formatter of numbers, so that no two pages can disagree and rounding never tells a lie.

What is not 0 is never shown as 0, what is below 1 never as 1, and what is not known is an en dash.
"""

import math
from decimal import ROUND_HALF_UP, Decimal

MISSING = "–"
"""Shown for NaN and for what is not there."""

Number = float | int | None
"""What can be shown; None: not there."""

_MINUS = "\u2212"


def number(value: Number, *, decimals: int = 3) -> str:
    """Return `value` rounded to `decimals` places, fewer from 10 on so that about as many digits are shown.

    A number that rounding would carry to 0, or from below 1 to 1, is shown as a bound: `<0.001`, `>0.999`.

    Examples
    --------
    >>> number(0.7125), number(0.9996), number(0.0002), number(1.0), number(0.0), number(12.3456)
    ('0.713', '>0.999', '<0.001', '1.000', '0.000', '12.35')
    >>> number(float("nan")), number(None), number(-0.25), number(-0.0001)
    ('–', '–', '−0.250', '>−0.001')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    size = abs(float(value))
    places = max(decimals - (size >= 10) - (size >= 100), min(decimals, 1))
    step = Decimal(1).scaleb(-places)
    # Halves go away from zero, on the shortest decimal text of the number: 0.7125 is 0.713, as by hand.
    rounded = Decimal(repr(size)).quantize(step, ROUND_HALF_UP)
    sign = _MINUS if value < 0 else ""
    inward, outward = ("<", ">") if value > 0 else (">", "<")
    if size > 0 and rounded == 0:
        return f"{inward}{sign}{step:,f}"
    if size < 1 <= rounded:
        return f"{outward}{sign}{1 - step:,f}"
    return f"{sign}{rounded:,f}"


def signed(value: Number, *, decimals: int = 3) -> str:
    """Return `value` as in `number`, with a plus sign where it is positive.

    Examples
    --------
    >>> signed(0.04), signed(-0.04), signed(0.0)
    ('+0.040', '−0.040', '0.000')
    """
    text = number(value, decimals=decimals)
    return f"+{text}" if value is not None and value > 0 and text[0].isdigit() else text


def interval(low: Number, high: Number, *, decimals: int = 3) -> str:
    """Return `[low, high]`; empty where either end is not known.

    Examples
    --------
    >>> interval(0.68, 0.741), interval(float("nan"), 1.0)
    ('[0.680, 0.741]', '')
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    return f"[{number(low, decimals=decimals)}, {number(high, decimals=decimals)}]"


def apart(value: float, bound: float) -> tuple[str, str]:
    """Return a figure and what it is held against, a digit or two more where a figure above it would look equal.

    Examples
    --------
    >>> apart(0.0344, 0.0341), apart(0.03, 0.034), apart(0.034, 0.034)
    (('0.0344', '0.0341'), ('0.030', '0.034'), ('0.034', '0.034'))
    """
    shown = [(number(value, decimals=places), number(bound, decimals=places)) for places in (3, 4, 5, 6)]
    return next((pair for pair in shown if not value > bound or pair[0] != pair[1]), shown[-1])


def spread(deviation: Number) -> str:
    """Return a standard deviation, a small one by its first digit.

    Examples
    --------
    >>> spread(0.0123), spread(0.00031), spread(0.0), spread(None)
    ('0.012', '0.0003', '0', '–')
    """
    if deviation is None or not 0 <= deviation < 0.0005:
        return number(deviation)
    return f"{deviation:.{-math.floor(math.log10(deviation))}f}" if deviation >= 1e-6 else "0"


def percent(share: Number, *, decimals: int = 1) -> str:
    """Return a share between 0 and 1 as a percentage, under the same rules as `number`.

    Examples
    --------
    >>> percent(0.125), percent(0.99996), percent(1.0), percent(0.00001)
    ('12.5 %', '>99.9 %', '100 %', '<0.1 %')
    """
    if share is None or math.isnan(share):
        return MISSING
    if share in (0.0, 1.0):
        return f"{share * 100:.0f} %"
    hundredfold = number(share * 100, decimals=decimals)
    if share < 1 and share * 100 >= 100 - 0.5 * 10.0**-decimals:
        hundredfold = f">{100 - 10.0**-decimals:.{decimals}f}"
    return f"{hundredfold} %"


def count(value: Number) -> str:
    """Return a number of things; a mean over seeds keeps one decimal.

    Examples
    --------
    >>> count(2610), count(17.4), count(0.02), count(None)
    ('2,610', '17.4', '<0.1', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:,.0f}" if float(value).is_integer() else number(value, decimals=1)


def short(value: float | int) -> str:
    """Return a number as it is typed in a condition: `0.3`, `10`.

    Examples
    --------
    >>> short(0.3), short(10.0)
    ('0.3', '10')
    """
    return f"{value:g}".replace("-", _MINUS)

"""The one formatter of numbers, so that no two pages can disagree and rounding never tells a lie.

What is not 0 is never shown as 0, what is not 1 never as 1, and what is not known is an en dash. A figure with an
interval is shown with as many digits as the interval's width makes worth reading: `figure`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeGuard

MISSING = "–"
"""Shown for NaN and for what is not there."""
DECIMALS = 3
"""Of a number without an interval."""

Number = float | int | None
"""What can be shown; None: not there."""

_MINUS = "\u2212"
_DUST = 1e-12
"""Width that is none: what sums in floating point may be off by."""
_LEAST, _MOST = 2, 4
"""Decimals of a figure below 10 that has an interval."""


class Numeral(str):
    """Text of a number, or of several, that knows them in full, for what is read by machines."""

    exact: Mapping[str, float]
    """By name, the number itself by the empty one: `low`, `high`."""

    def __new__(cls, text: str, exact: Mapping[str, float]) -> "Numeral":
        """Return the text with what it stands for."""
        made = super().__new__(cls, text)
        made.exact = exact
        return made


def exact_of(text: object) -> Mapping[str, float]:
    """Return the numbers that a text stands for; empty: none that are known.

    Examples
    --------
    >>> exact_of(number(0.71249)), exact_of(interval(0.5, 0.75)), exact_of("0.7")
    ({'': 0.71249}, {'low': 0.5, 'high': 0.75}, {})
    """
    return text.exact if isinstance(text, Numeral) else {}


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as it is shown; as text, with its interval."""

    value: str
    interval: str
    """`[low, high]`; empty: none."""
    decimals: int
    """Of the value and both ends, for what is shown beside them."""

    def __str__(self) -> str:
        """Return value and interval."""
        return Numeral(f"{self.value} {self.interval}".rstrip(), {**exact_of(self.value), **exact_of(self.interval)})


def figure(
    value: Number, low: Number = None, high: Number = None, *, decimals: int | None = None, plus: bool = False
) -> Shown:
    """Return a figure and both ends of its interval with the same number of decimals.

    Parameters
    ----------
    value, low, high
        The figure; the ends, None or NaN where there are none.
    decimals
        None: as many as `decimals_of` says; or those that it shares with the other figures of its kind (`shared`).
    plus
        Whether a positive value gets a sign.

    Examples
    --------
    >>> print(figure(0.71249, 0.6804, 0.7412), figure(0.71249, 0.58, 0.84), figure(0.71249), figure(0.9999, 0.99, 1.0))
    0.712 [0.680, 0.741] 0.71 [0.58, 0.84] 0.712 0.9999 [0.9900, 1.0000]
    >>> print(figure(0.0123, -0.00021, 0.0248, plus=True), figure(2610.4, 2480.2, 2731.8), figure(None))
    +0.012 [>−0.001, 0.025] 2,610 [2,480, 2,732] –
    """
    places = decimals_of(value, low, high) if decimals is None else decimals
    text = fixed(value, places)
    return Shown(_with_plus(text, value) if plus else text, _ends(low, high, places, places), places)


def decimals_of(value: Number, low: Number = None, high: Number = None) -> int:
    """Return with how many decimals a figure is shown: down to the second significant digit of its half-width.

    At least 2 and at most 4; of numbers from 10 on at least 1, from 100 on none. Without an interval, or with one that
    has no width, as many as `number` shows.

    Examples
    --------
    >>> decimals_of(0.7, 0.68, 0.72), decimals_of(0.7, 0.2, 0.9), decimals_of(0.7, 0.6999, 0.7001), decimals_of(0.7)
    (3, 2, 4, 3)
    """
    if not (_known(low) and _known(high) and _DUST < high - low < math.inf):
        return _places(value, DECIMALS)
    # 0.00996 has its second digit where 0.010 has it.
    exponent = f"{(high - low) / 2:.1e}".partition("e")[2]
    size = max(abs(one) for one in (value, low, high) if _known(one))
    return min(max(1 - int(exponent), _LEAST - (size >= 10) - (size >= 100)), _MOST)


def shared(decimals: Iterable[int]) -> int | None:
    """Return the decimals that figures of one kind share: what most of them have, in doubt more; None: no figure.

    One figure then looks the same wherever it is shown, and a column of figures lines up.

    Examples
    --------
    >>> shared([3, 3, 4]), shared([2, 3]), shared([])
    (3, 3, None)
    """
    found = Counter(decimals)
    return max(found, key=lambda one: (found[one], one), default=None)


def number(value: Number, *, decimals: int = DECIMALS) -> str:
    """Return `value` rounded to `decimals` places, fewer from 10 on so that about as many digits are shown.

    A number that rounding would carry to 0 or 1 is shown as a bound: `<0.001`, `>0.999`.

    Examples
    --------
    >>> number(0.7125), number(0.9996), number(0.0002), number(1.0), number(1.0002), number(0.0), number(12.3456)
    ('0.713', '>0.999', '<0.001', '1.000', '>1.000', '0.000', '12.35')
    >>> number(float("nan")), number(None), number(-0.25), number(-0.0001)
    ('–', '–', '−0.250', '>−0.001')
    """
    return fixed(value, _places(value, decimals))


def fixed(value: Number, decimals: int) -> str:
    """Return `value` with exactly so many decimals, under the same rules as `number`.

    Examples
    --------
    >>> fixed(12.3456, 3), fixed(0.00004, 4), fixed(-1.0004, 3)
    ('12.346', '<0.0001', '<−1.000')
    """
    return Numeral(_fixed(value, decimals), {"": value}) if _known(value) else MISSING


def signed(value: Number, *, decimals: int = 3) -> str:
    """Return `value` as in `number`, with a plus sign where it is positive.

    Examples
    --------
    >>> signed(0.04), signed(-0.04), signed(0.0)
    ('+0.040', '−0.040', '0.000')
    """
    return _with_plus(number(value, decimals=decimals), value)


def interval(low: Number, high: Number, *, decimals: int = 3) -> str:
    """Return `[low, high]`; empty where either end is not known.

    Examples
    --------
    >>> interval(0.68, 0.741), interval(float("nan"), 1.0)
    ('[0.680, 0.741]', '')
    """
    return _ends(low, high, _places(low, decimals), _places(high, decimals))


def apart(value: float, bound: float, *, decimals: int = DECIMALS) -> tuple[str, str]:
    """Return a figure and what it is held against, a digit or two more where a figure above it would look equal.

    `decimals` are those of the figure where that is not needed.

    Examples
    --------
    >>> apart(0.0344, 0.0341), apart(0.03, 0.034), apart(0.034, 0.034)
    (('0.0344', '0.0341'), ('0.030', '0.034'), ('0.034', '0.034'))
    """
    shown = [(fixed(value, places), fixed(bound, places)) for places in range(decimals, decimals + 4)]
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
    digits = f"{deviation:.{-math.floor(math.log10(deviation))}f}" if deviation >= 1e-6 else "0"
    return Numeral(digits, {"": deviation})


def percent(share: Number, *, decimals: int = 1) -> str:
    """Return a share between 0 and 1 as a percentage, under the same rules as `number`.

    Examples
    --------
    >>> percent(0.125), percent(0.99996), percent(1.0), percent(0.00001), percent(0.0103), percent(0.0096)
    ('12.5 %', '>99.9 %', '100 %', '<0.1 %', '1.0 %', '1.0 %')
    """
    if share is None or math.isnan(share):
        return MISSING
    if share in (0.0, 1.0):
        return Numeral(f"{share * 100:.0f} %", {"": share})
    hundredfold = share * 100
    return Numeral(f"{_fixed(hundredfold, _places(hundredfold, decimals), most=100)} %", {"": share})


def percent_interval(low: float, high: float) -> str:
    """Return the ends of a share in per cent, such as `[1.0, >99.9]`; empty: one is not known."""
    unknown = math.isnan(low) or math.isnan(high)
    return "" if unknown else f"[{', '.join(percent(end).removesuffix(' %') for end in (low, high))}]"


def whole_percent(share: float) -> str:
    """Return a share between 0 and 1 in whole per cent, without the sign, for many shares side by side.

    Examples
    --------
    >>> whole_percent(0.125), whole_percent(0.0), whole_percent(0.007), whole_percent(0.012), whole_percent(0.994)
    ('13', '0', '<1', '1', '>99')
    """
    if 0 < share < 0.01:
        return "<1"
    return ">99" if 0.99 < share < 1 else f"{math.floor(share * 100 + 0.5):d}"


def count(value: Number) -> str:
    """Return a number of things; a mean over seeds keeps one decimal.

    Examples
    --------
    >>> count(2610), count(17.4), count(0.02), count(None)
    ('2,610', '17.4', '<0.1', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    return Numeral(f"{value:,.0f}", {"": value}) if float(value).is_integer() else number(value, decimals=1)


def short(value: float | int) -> str:
    """Return a number as it is typed in a condition: `0.3`, `10`.

    Examples
    --------
    >>> short(0.3), short(10.0)
    ('0.3', '10')
    """
    return f"{value:g}".replace("-", _MINUS)


def _known(value: Number) -> TypeGuard[float]:
    return value is not None and not math.isnan(value)


def _places(value: Number, decimals: int) -> int:
    size = abs(value) if value is not None else 0.0
    return max(decimals - (size >= 10) - (size >= 100), min(decimals, 1))


_ENDLESS = 1e25
"""Steps from which on a number is shown by its power of ten: `Decimal` has 28 digits, and no table room for more."""


def _fixed(value: float, decimals: int, *, most: int = 1) -> str:
    """Return a number that is not 0 or `most` unless it is just that; a share has 1, in per cent 100."""
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    steps = abs(value) * 10.0**decimals
    if steps >= _ENDLESS:
        return f"{_MINUS if value < 0 else ''}{abs(value):.1e}"
    if 1 <= steps < 1e12 and abs(steps % 1 - 0.5) > 1e-3 and not abs(steps - most * 10**decimals) <= 1:
        # Far from half a step, from 0 and from `most` any rounding gives the same.
        return f"{_MINUS if value < 0 else ''}{abs(value):,.{decimals}f}"
    size = Decimal(repr(abs(float(value))))
    step = Decimal(1).scaleb(-decimals)
    # Halves go away from zero, on the shortest decimal text of the number: 0.7125 is 0.713, as by hand.
    rounded = size.quantize(step, ROUND_HALF_UP)
    sign = _MINUS if value < 0 else ""
    inward, outward = ("<", ">") if value > 0 else (">", "<")
    if size > 0 and rounded == 0:
        return f"{inward}{sign}{step:,f}"
    if size < most <= rounded:
        return f"{outward}{sign}{most - step:,f}"
    return f"{outward if rounded == most < size else ''}{sign}{rounded:,f}"


def _with_plus(text: str, value: Number) -> str:
    return Numeral(f"+{text}", exact_of(text)) if _known(value) and value > 0 and text[0].isdigit() else text


def _ends(low: Number, high: Number, low_places: int, high_places: int) -> str:
    if not (_known(low) and _known(high)):
        return ""
    return Numeral(f"[{fixed(low, low_places)}, {fixed(high, high_places)}]", {"low": low, "high": high})

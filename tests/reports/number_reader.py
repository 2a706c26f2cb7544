"""A second reader of numbers, that knows nothing of how they were written."""

import math
import re

import pandas as pd

_NUMBER = re.compile(r"(?P<bound>[<>]?)(?P<sign>[+−-]?)(?P<digits>\d[\d,]*(?:\.(?P<decimals>\d+))?)")
_CELL = re.compile(
    r"(?P<value>\S+)(?: ± (?P<draw_sd>\S+))?(?: \[(?P<low>\S+), (?P<high>\S+)\])?"
    r"(?: (?P<within>in )?floor (?P<floor>\S+)(?: \(≤ (?P<floor_high>\S+)\))?)?"
)


def parts_of(text: str) -> tuple[str, float, int]:
    """Return the sign of a bound (or nothing), the number and its decimals."""
    found = _NUMBER.fullmatch(text)
    assert found is not None, f"no number: {text!r}"
    size = float(found["digits"].replace(",", ""))
    return found["bound"], -size if found["sign"] in ("−", "-") else size, len(found["decimals"] or "")


def true_of(text: str, value: float, *, most: float = 1.0) -> bool:
    """Whether what is shown is true of `value`: within half a unit of the last digit, or on its side of the bound.

    `most`: what a share is at most, 100 in per cent; it is shown, as 0 is, of what is just that.
    """
    if text == "–":
        return math.isnan(value)
    if text.endswith("∞"):
        return math.isinf(value)
    bound, shown, decimals = parts_of(text)
    unit = 10.0**-decimals
    if bound:
        return (value < shown if bound == "<" else value > shown) and abs(value - shown) <= unit * (1 + 1e-9)
    # But for what sums in floating point are off by.
    if abs(shown) in (0.0, most):
        return abs(value - shown) < 1e-12
    return abs(value - shown) <= unit / 2 * (1 + 1e-9)


def wrong(cell: str, figure: pd.Series, *, floor: bool = False) -> list[str]:
    """Return where a cell and a row of the results differ; `floor`: the cell is to tell of the noise floor."""
    found = _CELL.fullmatch(" ".join(cell.split()))
    if found is None:
        return [f"not understood: {cell!r}"]
    names = ("value", "draw_sd", "low", "high", *(("floor", "floor_high") if floor else ()))
    said = [
        f"{name}: {found[name]} shown, {figure[name]} true"
        for name in names
        if not true_of(found[name] or "–", figure[name])
    ]
    digits = {parts_of(found[name])[2] for name in ("value", "low", "high", "floor") if found[name] not in (None, "–")}
    said += [f"of different decimals: {cell!r}"] if len(digits) > 1 else []
    within = floor and figure.value <= figure.floor_high
    said += [f"within its floor: {within}, shown: {cell!r}"] if bool(found["within"]) != within else []
    return said

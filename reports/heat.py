"""Heat maps: models by conditions, every cell with its number, shaded by how bad it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .contents import DataView, ModelView
from .numbers import MISSING, number
from .results import Result
from .sentences import holds
from .stress_contents import CLEAN
from .stresses import protocol_of
from .vocabulary import text_of

STEPS = 8
"""Shades beside none."""
SHOWN = ("ece", "signed_gap", "nll", "churn")
"""Metrics that have a map beside that of quality."""
BROKEN, WITHIN = "▾", "°"
"""Behind a number: quality that does not hold; an ECE within its noise floor."""
_OUTERMOST = 0.05
"""Share of the worst figures that look alike, so that one that is far off does not leave all others pale."""


@dataclass(frozen=True)
class Cell:
    """One model under one condition."""

    text: str
    sign: str
    """Behind the number; empty: none."""
    sort: str
    """What it is sorted by; empty: there is no figure."""
    shade: str
    """Class of the style sheet: `s0` (none) to `s8`, or for under-confidence `u1` to `u8`."""


@dataclass(frozen=True)
class HeatMap:
    """One metric of all models under all conditions."""

    metric: str
    groups: tuple[tuple[str, tuple[tuple[str, tuple[Cell, ...]], ...]], ...]
    """By protocol (clean input: empty): condition and a cell for each model."""
    scale: str
    """What the shades mean, in sentences."""

    @cached_property
    def signed(self) -> bool:
        """Whether any number has a sign behind it, for which all leave room."""
        return any(cell.sign for _, rows in self.groups for _, cells in rows for cell in cells)


def heat_maps(data: DataView) -> tuple[HeatMap, ...]:
    """Return a map for quality and one for each further metric that the run has under stress; empty: no stress."""
    stressed = [one.text for one in data.conditions if one.text != CLEAN]
    wanted = [metric for metric in (data.quality, *SHOWN) if metric]
    there = {metric for model in data.models for text in stressed for metric in model.results(text)}
    return tuple(_heat_map(data, metric) for metric in wanted if metric in there)


def _heat_map(data: DataView, metric: str) -> HeatMap:
    values = [
        figure.value
        for model in data.models
        for row in model.rows
        if (figure := row.results.get(metric)) is not None and not math.isnan(figure.value)
    ]
    # What every model does equally badly would leave all else pale.
    telling = [
        figure.value
        for model in data.models
        for row in model.rows
        if not row.nothing_left and (figure := row.results.get(metric)) is not None and not math.isnan(figure.value)
    ]
    ends = _ends(metric, telling or values)
    groups: dict[str, list[tuple[str, tuple[Cell, ...]]]] = {}
    for text in (one.text for one in data.conditions):
        cells = tuple(_cell(model, text, metric, ends) for model in data.models)
        groups.setdefault("" if text == CLEAN else protocol_of(text), []).append((text, cells))
    return HeatMap(metric, tuple((name, tuple(rows)) for name, rows in groups.items()), _scale(metric, ends, values))


def _ends(metric: str, values: Sequence[float]) -> tuple[float, float]:
    """Return the figures without shade and with the strongest: the best, and the worst but for the outermost."""
    if text_of(metric).better == "zero":
        return 0.0, _outer(sorted(map(abs, values)))
    # What has no better end is shaded by how much it is.
    ordered = sorted(values, reverse=text_of(metric).better == "higher")
    return ordered[0], _outer(ordered)


def _outer(ordered: Sequence[float]) -> float:
    return ordered[-1 - int(_OUTERMOST * len(ordered))]


def _cell(model: ModelView, condition: str, metric: str, ends: tuple[float, float]) -> Cell:
    figure = model.results(condition).get(metric)
    if figure is None or math.isnan(figure.value):
        return Cell(MISSING, "", "", "s0")
    shown = figure.signed.value if metric == "signed_gap" else figure.shown.value
    sign = _sign(model, condition, metric, figure)
    return Cell(shown, sign, repr(figure.value), _shade(metric, figure.value, ends))


def _sign(model: ModelView, condition: str, metric: str, figure: Result) -> str:
    if metric == "ece":
        return WITHIN * figure.within_floor
    clean = model.clean.get(metric)
    judged = text_of(metric).better == "higher" and condition != CLEAN and clean is not None
    return BROKEN if judged and clean is not None and not holds(figure, clean) else ""


def _shade(metric: str, value: float, ends: tuple[float, float]) -> str:
    zero = text_of(metric).better == "zero"
    start, end = ends
    share = (abs(value) - start if zero else value - start) / (end - start) if end != start else 0.0
    step = round(STEPS * min(max(share, 0.0), 1.0))
    return f"{'u' if zero and value < 0 and step else 's'}{step}"


def _scale(metric: str, ends: tuple[float, float], values: Sequence[float]) -> str:
    text = text_of(metric)
    none, full = number(ends[0]), number(ends[1])
    if text.better == "zero":
        said = f"No shade: 0; the strongest: {full} or more away from it, above 0 in one colour, below in another."
    else:
        beyond = {"higher": "less", "lower": "more", "none": "more"}[text.better]
        whose = "best" if text.better in ("higher", "lower") else "lowest"
        further = f" or {beyond}" if any(value != ends[1] for value in _beyond(values, ends)) else ""
        said = f"No shade: {none}, the {whose}; the strongest: {full}{further}."
    if text.better == "higher":
        said += f" {BROKEN}: below the lower end of the model's interval on clean input."
    return f"{said} {WITHIN}: within its noise floor." if metric == "ece" else said


def _beyond(values: Sequence[float], ends: tuple[float, float]) -> list[float]:
    return [value for value in values if (value - ends[1]) * (ends[1] - ends[0]) > 0]

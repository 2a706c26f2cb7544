"""Heat maps: one row per condition, one column per model, drawn by matplotlib."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import axes_in, blank, cut, label_room, shaded
from .numbers import number
from .theme import Theme
from .ticks import label_ticks

_ROW = 14.5
_TITLE, _BELOW, _RIGHT = 24.0, 44.0, 8.0
_LIGHTEST, _DARKEST = 0.04, 0.75
_STEPS = 5
"""Cells of the scale."""


@dataclass(frozen=True)
class HeatRow:
    """One condition."""

    label: str
    values: tuple[float, ...]
    """One per model; NaN: none."""


@dataclass(frozen=True)
class HeatGroup:
    """Conditions below one heading."""

    heading: str
    """Empty: none."""
    rows: tuple[HeatRow, ...]

    @property
    def lines(self) -> int:
        """How many lines of the map it takes."""
        return len(self.rows) + bool(self.heading)


def heat_map(
    theme: Theme, groups: Sequence[HeatGroup], models: Sequence[str], *, title: str, limits: tuple[float, float]
) -> Figure:
    """Draw figures as shades, light at the lower limit and dark at the upper one, and as numbers where there is room.

    A dash stands where there is no figure.
    """
    names = [cut(model) for model in models]
    left = label_room([row.label for group in groups for row in group.rows], theme)
    cell = (theme.width - left - _RIGHT) / len(names)
    upright = cell < theme.letter * (max(map(len, names)) + 1)
    top = _TITLE + (8 + theme.letter * max(map(len, names)) if upright else 18)
    lines = sum(group.lines for group in groups)
    height = top + _ROW * lines + _BELOW
    figure = blank(theme, theme.width, height)
    axes = axes_in(theme, figure, left=left, right=_RIGHT, top=top, bottom=_BELOW)
    axes.axis("off")
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(lines - 0.5, -0.5)
    figure.text(6 / theme.width, 1 - 8 / height, title, va="top", fontsize=theme.points(12.1))
    for column, name in enumerate(names):
        axes.annotate(
            name, (column, -0.5), (0, 4 * theme.scale), textcoords="offset points", rotation=90 if upright else 0,
            ha="center", va="bottom", fontsize=theme.points(10),
        )  # fmt: skip
    _rows(theme, axes, groups, limits=limits, left=left, digits=4 if cell >= theme.letter * 4 + 2 else 0)
    _scale(theme, figure, limits, left=left)
    return figure


def shares_of(values: Float[np.ndarray, "*shape"], limits: tuple[float, float]) -> Float[np.ndarray, "*shape"]:
    """Return how dark figures are drawn: `_LIGHTEST` at the lower limit or below, `_DARKEST` at the upper or above."""
    low, high = limits
    return np.asarray(_LIGHTEST + (_DARKEST - _LIGHTEST) * np.clip((values - low) / ((high - low) or 1.0), 0, 1))


def _rows(
    theme: Theme,
    axes: Axes,
    groups: Sequence[HeatGroup],
    *,
    limits: tuple[float, float],
    left: float,
    digits: int,
) -> None:
    """Draw labels and cells; a heading starts at the left end of the figure."""
    none = tuple(np.nan for _ in groups[0].rows[0].values)
    line, values = 0, []
    for group in groups:
        if group.heading:
            place = (-(left - 6) * theme.scale, 0)
            axes.annotate(
                group.heading, (-0.5, line), place, textcoords="offset points", va="center", color=theme.ink,
                fontsize=theme.points(10), fontstyle="italic",
            )  # fmt: skip
            values.append(none)
            line += 1
        for row in group.rows:
            axes.annotate(
                row.label, (-0.5, line), (-5 * theme.scale, 0), textcoords="offset points", ha="right", va="center",
                fontsize=theme.points(10),
            )  # fmt: skip
            for column, value in enumerate(row.values):
                text = "–" if np.isnan(value) else number(value, decimals=2) if digits else ""
                if text:
                    axes.text(column, line, text, ha="center", va="center", fontsize=theme.points(9))
            values.append(row.values)
            line += 1
    shaded(axes, theme.shade(0), shares_of(np.array(values), limits))


def _scale(theme: Theme, figure: Figure, limits: tuple[float, float], *, left: float) -> None:
    """Draw which shade stands for which figure."""
    height = figure.get_figheight() * 72 / theme.scale
    axes = axes_in(theme, figure, left=left, right=_RIGHT, top=height - _BELOW + 10, bottom=_BELOW - 18)
    axes.grid(visible=False)
    axes.set_xlim(-0.5, _STEPS - 0.5)
    axes.set_ylim(0.5, -0.5)
    steps = np.linspace(*limits, _STEPS)
    shaded(axes, theme.shade(0), shares_of(steps, limits)[np.newaxis])
    label_ticks(axes.xaxis, range(_STEPS), [number(float(step), decimals=2) for step in steps])
    axes.set_yticks([])
    axes.tick_params(length=0, pad=2 * theme.scale)
    for spine in axes.spines.values():
        spine.set_visible(False)

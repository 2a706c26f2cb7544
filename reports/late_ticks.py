"""Axes that make no tick before it is asked for: those of matplotlib make four when they are made, which is most of it.

`ticks.as_few_artists` takes the place of nearly all ticks, so that most of them would be made for nothing.
"""

from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick, XAxis, YAxis
from matplotlib.figure import Figure


def late_axes(figure: Figure, bounds: tuple[float, float, float, float]) -> Axes:
    """Add axes to a figure: left, bottom, width and height as shares of the figure's."""
    axes = figure.add_axes(bounds, axes_class=_LateAxes)
    for spine in axes.spines.values():
        # Where it stands anyway; it would be told when the first tick is made.
        spine.set_position(("outward", 0.0))
    return axes


class _LateTicks(Axis):
    """What ticks look like is noted, as matplotlib does, and followed when they are made."""

    def reset_ticks(self) -> None:
        """Begin with no ticks, in the place of one of each kind."""
        self.majorTicks: list[Tick] = []
        self.minorTicks: list[Tick] = []

    def get_major_ticks(self, numticks: int | None = None) -> list[Tick]:
        """Return ticks, made as far as they are not there, whose lines end where the axes do."""
        there = len(self.majorTicks)
        ticks = super().get_major_ticks(numticks)
        for tick in self.majorTicks[there:]:
            tick.set_clip_path(self.axes.patch)
        return ticks


class _LateXAxis(_LateTicks, XAxis):
    """Level."""


class _LateYAxis(_LateTicks, YAxis):
    """Upright."""


class _LateAxes(Axes):
    """With such axes."""

    def _init_axis(self) -> None:
        # What projections of one's own do, see "Custom projection" in matplotlib's gallery.
        self.xaxis, self.yaxis = _LateXAxis(self, clear=False), _LateYAxis(self, clear=False)
        for axis, sides in ((self.xaxis, ("bottom", "top")), (self.yaxis, ("left", "right"))):
            for side in sides:
                self.spines[side].register_axis(axis)

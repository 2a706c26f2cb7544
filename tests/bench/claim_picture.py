"""The record as a picture: every ratio on a logarithmic axis, beside what is asked of it.

Shapes tell everything: a bar is what is asked, a disc a ratio that holds, a cross one that does not, an open mark one
that was measured while the machine was disturbed. The text alternative in the file says all of it in words.
"""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import NamedTuple

from claim_record import Record
from claims import Claim, by_topic
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emobench.reports.canvas import axes_in, blank, saved
from emobench.reports.theme import Theme, paper_theme
from emobench.reports.venues import SANS

THEME = replace(paper_theme("plain", 2), fonts=SANS, letter=5.6)
ROW, TOP, BOTTOM = 15.0, 36.0, 46.0
"""Pixels of a row, above and below the rows of a panel."""
LONGEST = 58
"""Characters of a name beside the axis; the table has it in full."""
EDGE, LEGEND = 12.0, 34.0
"""Pixels left of everything, and of the legend below."""
TITLE = "Speed claims: what was measured against what is asked"


class Panel(NamedTuple):
    """Claims that are read in one direction."""

    title: str
    axis: str
    claims: list[Claim]


def panels(record: Record) -> list[Panel]:
    """Return what is drawn: first where more is better, then where less is; none that is empty."""
    faster = [claim for claim in record.claims if claim.at_most is None]
    costs = [claim for claim in record.claims if claim.at_most is not None]
    both = [
        Panel("Faster than the reference: right of the bar is better", "the reference takes times as long", faster),
        Panel("Costs beside the reference: left of the bar, or between two, is as asked", "times the reference", costs),
    ]
    return [panel for panel in both if panel.claims]


def in_words(record: Record) -> str:
    """Return the text alternative: a line per claim."""
    return "\n".join(
        f"{claim.name}: {claim.shown} (asked {claim.asked}, {'held' if claim.holds else 'failed'}"
        f"{', disturbed' if claim.disturbed else ''})"
        for panel in panels(record)
        for claim in panel.claims
    )


def picture(record: Record) -> bytes:
    """Return the picture as an SVG file; the same record gives the same bytes with the same matplotlib."""
    with THEME.active():
        svg = saved(_drawn(panels(record), THEME), "svg").decode()
    start = svg.index("<svg ")
    end = svg.index(">", start) + 1
    opening = svg[start : end - 1] + ' role="img" aria-labelledby="title desc">'
    words = f'<title id="title">{escape(TITLE)}</title>\n<desc id="desc">{escape(in_words(record))}</desc>'
    text = f"{svg[:start]}{opening}\n{words}{svg[end:]}"
    return "\n".join(line.rstrip() for line in text.splitlines()).encode() + b"\n"


def _drawn(found: Sequence[Panel], theme: Theme) -> Figure:
    heights = [TOP + ROW * _rows(panel) + BOTTOM for panel in found]
    whole = sum(heights) + LEGEND
    figure = blank(theme, theme.width, whole)
    figure.set_facecolor(theme.surface)
    names = [_name(claim) for panel in found for claim in panel.claims]
    left, above = 2 * EDGE + theme.letter * max(map(len, names), default=0), 0.0
    for panel, height in zip(found, heights, strict=True):
        axes = axes_in(theme, figure, left=left, right=64, top=above + TOP, bottom=whole - above - height + BOTTOM)
        _fill(axes, panel, theme)
        above += height
    figure.legend(handles=_legend(theme), loc="lower center", ncols=4, fontsize=theme.points(10.45))
    return figure


def _fill(axes: Axes, panel: Panel, theme: Theme) -> None:
    """Draw the claims of a panel from the top down, a heading above those of each topic."""
    axes.set_xscale("log")
    row, ticks = 0, []
    for topic, claims in by_topic(panel.claims).items():
        ticks.append((row, topic, True))
        for place, claim in enumerate(claims, 1):
            ticks.append((row + place, _name(claim), False))
            _mark(axes, row + place, claim, theme)
        row += len(claims) + 1
    axes.set_ylim(row - 0.4, -0.6)
    axes.set_yticks([place for place, _, _ in ticks], [name for _, name, _ in ticks])
    for label, (_, _, heading) in zip(axes.get_yticklabels(), ticks, strict=True):
        label.set_fontweight("bold" if heading else "normal")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_xlabel(panel.axis)
    # Above the names, too, so that long ones leave it room.
    axes.set_title(panel.title, x=(EDGE / theme.width - axes.get_position().x0) / axes.get_position().width)


def _mark(axes: Axes, row: int, claim: Claim, theme: Theme) -> None:
    for asked in (claim.at_least, claim.at_most):
        if asked is not None:
            axes.plot([asked, claim.ratio], [row, row], color=theme.muted, linewidth=0.8 * theme.scale)
            axes.add_line(_bar(theme, [asked], [row]))
    colour = theme.series[0] if claim.holds else theme.series[1]
    axes.plot(
        [claim.ratio],
        [row],
        marker="o" if claim.holds else "X",
        color=colour,
        markerfacecolor=theme.surface if claim.disturbed else colour,
        markersize=(5 if claim.holds else 7) * theme.scale,
        linestyle="none",
    )
    axes.annotate(
        claim.shown,
        (1, row),
        xycoords=("axes fraction", "data"),
        xytext=(6 * theme.scale, 0),
        textcoords="offset points",
        va="center_baseline",
        fontsize=theme.points(10.45),
        fontweight="normal" if claim.holds else "bold",
    )


def _legend(theme: Theme) -> list[Line2D]:
    held, failed = theme.series[:2]
    return [
        _bar(theme, [], [], label="asked"),
        Line2D([], [], linestyle="none", marker="o", color=held, label="held"),
        Line2D([], [], linestyle="none", marker="X", color=failed, label="failed"),
        Line2D([], [], linestyle="none", marker="o", color=held, markerfacecolor=theme.surface, label="disturbed"),
    ]


def _bar(theme: Theme, x: Sequence[float], y: Sequence[float], label: str = "") -> Line2D:
    """Return the mark of what is asked."""
    size, edge = 11 * theme.scale, 1.9 * theme.scale
    return Line2D(
        x, y, linestyle="none", marker="|", markersize=size, markeredgewidth=edge, color=theme.ink, label=label
    )


def _rows(panel: Panel) -> int:
    return len(panel.claims) + len(by_topic(panel.claims))


def _name(claim: Claim) -> str:
    name = claim.name.removeprefix(f"{claim.topic}: ")
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"

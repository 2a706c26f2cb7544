"""Heat maps of models × conditions: what breaks whom, at a glance."""

import math
from collections.abc import Iterator, Sequence
from functools import partial

from .contents import DataView, label_of
from .figure_views import FigureView, TableView, modality_first, named
from .heat_plots import HeatGroup, HeatRow, heat_map
from .stress_contents import CLEAN
from .vocabulary import text_of

HEATED = ("weighted_f1", "ece")
"""Metrics that have a map."""
MOST_LINES = 46
"""Lines of one map; what is more goes into a further one, protocols whole where that can be."""
_LABEL = 30
"""Characters of a condition."""


def heat_figures(data: DataView) -> Iterator[FigureView]:
    """Yield the maps of each metric; none where there is clean input alone."""
    if len(data.conditions) < 2:
        return
    for metric in HEATED:
        values = [
            found[metric].value
            for model in data.models
            for one in data.conditions
            # Shades tell apart what a model may be asked; what leaves nothing would make all else pale.
            if one.text not in data.nothing_left and metric in (found := model.results(one.text))
        ]
        if values:
            yield from _maps(data, metric, (min(values), max(values)))


def packed(groups: Sequence[HeatGroup], most: int) -> tuple[tuple[HeatGroup, ...], ...]:
    """Return the groups in maps of no more than so many lines; a group that is longer is divided."""
    pieces = [piece for group in groups for piece in _divided(group, most)]
    maps: list[list[HeatGroup]] = [[]]
    for piece in pieces:
        if maps[-1] and sum(one.lines for one in maps[-1]) + piece.lines > most:
            maps.append([])
        maps[-1].append(piece)
    return tuple(map(tuple, maps))


def _divided(group: HeatGroup, most: int) -> Iterator[HeatGroup]:
    rows = most - bool(group.heading)
    for first in range(0, len(group.rows), rows):
        yield HeatGroup(group.heading, group.rows[first : first + rows])


def _maps(data: DataView, metric: str, limits: tuple[float, float]) -> Iterator[FigureView]:
    title = text_of(metric).title
    models = [model for model in data.models if any(metric in row.results for row in model.rows)]
    results = {model.name: {row.condition.text: row.results for row in model.rows} for model in models}

    def group(heading: str, texts: dict[str, str]) -> HeatGroup:
        rows = (
            HeatRow(
                label,
                tuple(
                    found[metric].value if metric in (found := of_model.get(text, {})) else math.nan
                    for of_model in results.values()
                ),
            )
            for text, label in texts.items()
        )
        return HeatGroup(heading, tuple(row for row in rows if not all(map(math.isnan, row.values))))

    groups = [group("", {CLEAN: CLEAN})]
    groups += [
        group(stress.protocol, {one.text: _short(label_of(one)) for one in stress.conditions})
        for stress in data.stresses
    ]
    maps = packed([one for one in groups if one.rows], MOST_LINES)
    rows = tuple(
        (name, text, found[metric].shown.value, found[metric].shown.interval)
        for name, of_model in results.items()
        for text, found in of_model.items()
        if metric in found
    )
    for place, those in enumerate(maps):
        part = f" ({place + 1} of {len(maps)})" if len(maps) > 1 else ""
        yield FigureView(
            "heat", data.name, "", f"heat-{data.name}-{metric}{f'-{place + 1}' if place else ''}",
            f"{title} by model and condition{part}", f"{title} by model and condition{part}, on {named(data)}",
            TableView(("model", "condition", title, "95 % interval"), rows),
            partial(heat_map, groups=those, models=tuple(results), title=title, limits=limits),
        )  # fmt: skip


def _short(label: str) -> str:
    text = modality_first(label)
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"

"""Figures of acting on confidence: confident errors over severity, and both shares under the conditions that matter."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from . import plots
from .acting import Wanted, most_unsafe, shown_for, wanted_of
from .canvas import wrapped
from .contents import DataView, label_of
from .figure_views import FigureView, TableView, modality_first, named
from .plots import Series
from .stress_contents import CLEAN
from .stress_figures import DRAWS, cells_of, curve_figure
from .vocabulary import METRICS

GROUP = "acting"
_CEILING = "The exact posterior has a threshold of its own and is no ceiling of these shares."


def acting_figures(data: DataView) -> Iterator[FigureView]:
    """Yield both shares under a few conditions for every wanted error rate, and curves for the strictest."""
    every = wanted_of(data)
    for wanted in every:
        yield from (_overview(data, wanted, metric) for metric in ("act_share", "unsafe_share"))
    for metric in [one.text("unsafe_share") for one in every[:1]]:
        for bundle in (bundle for stress in data.stresses for bundle in stress.bundles):
            stressed = [rung.condition for curve in bundle for rung in curve.rungs[1:]]
            if any(metric in model.results(text) for model in data.models for text in stressed):
                curve = curve_figure(data, bundle, metric)
                yield replace(curve, group=GROUP, protocol=every[0].arguments or GROUP)


def overview_conditions(data: DataView, wanted: Wanted) -> tuple[str, ...]:
    """Return clean input and of each protocol the condition with most confident errors.

    Of a single protocol those that are on no curve too.
    """
    worst = {most_unsafe(stress, data, wanted) for stress in data.stresses}
    single = data.stresses[0].off_curves if len(data.stresses) == 1 else ()
    chosen = worst | {one.text for one in single} | {CLEAN}
    return tuple(one.text for one in data.conditions if one.text in chosen)


def _overview(data: DataView, wanted: Wanted, metric: str) -> FigureView:
    title, text = METRICS[metric].title, wanted.text(metric)
    records = {one.text: one for one in data.conditions}
    texts = overview_conditions(data, wanted)
    series = tuple(
        Series(
            model.name,
            model.place,
            tuple(
                (float(place), figures[text])
                for place, condition in enumerate(texts)
                if text in (figures := model.results(condition))
            ),
        )
        for model in shown_for(data, wanted)
    )
    with_draws = any(found.draw_sd == found.draw_sd for one in series for _, found in one.points)
    rows = tuple(
        (one.name, texts[int(place)], *cells_of(found, with_draws=with_draws))
        for one in series
        for place, found in one.points
    )
    # Several protocols have conditions of equal arguments.
    label = label_of if len(data.stresses) == 1 else lambda condition: condition.text
    names = [wrapped(modality_first(label(records[condition]))) for condition in texts]
    what = f"{title}, {wanted.title[0].lower()}{wanted.title[1:]}"
    return FigureView(
        GROUP, data.name, "", f"acting-{data.name}-{metric}-{wanted.arguments}",
        what, f"{what}, on {named(data)}",
        TableView(("model", "condition", title, "95 % interval", *DRAWS * with_draws), rows),
        partial(plots.intervals, rows=names, series=series, title=title, unit_range=metric == "act_share"),
        wanted.arguments or GROUP,
        f"{_CEILING if data.reference in shown_for(data, wanted) else ''} {_shown(data, texts)}".lstrip(),
    )  # fmt: skip


def _shown(data: DataView, texts: Sequence[str]) -> str:
    """Say which conditions are shown."""
    if len(texts) == len(data.conditions):
        return "All conditions are shown."
    if len(data.stresses) == 1:
        return (
            "Shown are clean input, the conditions on no curve, and that with most confident errors (mean over models)."
        )
    return "Of each protocol the condition with most confident errors is shown (mean over models)."

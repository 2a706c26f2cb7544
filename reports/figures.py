"""The figures of a report: which there are, in which order, under which names."""

import re
from collections.abc import Iterator
from dataclasses import replace

from .contents import CLEAN, Curve, DataView, RunView
from .figure_views import FigureView
from .model_figures import classes_figure, confusion_figure, reliability_figure, training_figure, weights_figure
from .stress_figures import conditions_figure, curve_figure

UNDER_STRESS = ("weighted_f1", "ece", "nll")
"""Metrics that are drawn for all conditions."""
EPOCH_SCORES = (("weighted_f1", "Weighted F1"), ("nll", "NLL"))
"""Scores of epochs that are drawn."""


def figures(run: RunView) -> tuple[FigureView, ...]:
    """Return the figures of a run in the order of the report."""
    found = (figure for data in run.data for figure in _of_data(data))
    return tuple(_unique_slugs(found))


def legend_entries(group: str, data: DataView) -> tuple[tuple[str, int], ...]:
    """Return name and place of the series that all figures of a group share; empty: the group has no legend."""
    if group in ("curves", "conditions", "classes"):
        return tuple((model.name, model.place) for model in data.models if model.clean or model.rows)
    if group == "weights":
        modalities = dict.fromkeys(m for model in data.models for row in model.weights.values() for m in row)
        return tuple((modality, place) for place, modality in enumerate(modalities))
    return (("validation", 0), ("test", 1)) if group == "training" else ()


def _of_data(data: DataView) -> Iterator[FigureView]:
    for curve in data.curves:
        yield from (curve_figure(data, curve, metric) for metric in UNDER_STRESS if _has(data, curve, metric))
    if len(data.other) > 1:
        yield from (conditions_figure(data, metric) for metric in UNDER_STRESS if metric in data.metrics)
    yield from (reliability_figure(data, model) for model in data.models if model.bins)
    classes = classes_figure(data)
    if classes:
        yield classes
    yield from (confusion_figure(data, model) for model in data.models if model.confusion)
    modalities = [name for name, _ in legend_entries("weights", data)]
    yield from (weights_figure(data, model, modalities) for model in data.models if model.weights)
    for model in data.models:
        for score, title in EPOCH_SCORES:
            if any(score in epoch.validation or score in epoch.test for fit in model.fits for epoch in fit.epochs):
                yield training_figure(data, model, score, title)


def _has(data: DataView, curve: Curve, metric: str) -> bool:
    return any(metric in model.results(text) for model in data.models for _, text in curve.rungs if text != CLEAN)


def _unique_slugs(found: Iterator[FigureView]) -> Iterator[FigureView]:
    """Make slugs safe as file names and ids, and tell apart those that become equal by that."""
    seen: dict[str, int] = {}
    for figure in found:
        slug = re.sub(r"[^a-z0-9]+", "-", figure.slug.lower()).strip("-")[:80].strip("-")
        seen[slug] = seen.get(slug, 0) + 1
        yield replace(figure, slug=slug if seen[slug] == 1 else f"{slug}--{seen[slug]}")

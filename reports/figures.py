"""The figures of a report: which there are, in which order, under which names."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from .acting import shown_for, wanted_of
from .acting_figures import GROUP, acting_figures
from .conformal_figures import conformal_figures
from .contents import DataView, ModelView, RunView
from .distribution_figures import confidence_figures, gain_figures, shown_in
from .figure_views import FigureView
from .hidden_figures import hidden_figures, hidden_legend
from .latency_figures import latency_figures
from .model_figures import classes_figure, confusion_figure, training_figure, weights_figure
from .reliance_figures import reliance_figures, reliance_legend
from .removal_figures import cel_figures, cel_legend
from .sections import section_of_figure
from .slugs import Slugs
from .stability import stability_figures
from .stress_contents import CLEAN, Stress
from .stress_figures import conditions_figure, curve_figure
from .transfer_figures import transfer_figures, transfer_legend

UNDER_STRESS = ("weighted_f1", "ece", "nll")
"""Metrics that are drawn for all conditions."""
EPOCH_SCORES = (("weighted_f1", "Weighted F1"), ("nll", "NLL"))
"""Scores of epochs that are drawn."""


def figures(run: RunView) -> tuple[FigureView, ...]:
    """Return the figures of a run in the order of the report."""
    found = chain((figure for data in run.data for figure in _of_data(data)), latency_figures(run))
    return tuple(one for one in unique_slugs(found) if run.shows(section_of_figure(one.group)))


def legend_entries(group: str, data: DataView, protocol: str = "") -> tuple[tuple[str, int], ...]:
    """Return name and place of the series that the figures of a group (of a protocol) share; empty: no legend."""
    if group == GROUP:
        names = {model.name for wanted in wanted_of(data) for model in shown_for(data, wanted)}
        return tuple((model.name, model.place) for model in data.models if model.name in names)
    if group in ("curves", "conditions", "classes", "conformal"):
        conditions = [one.text for stress in data.stresses if stress.protocol == protocol for one in stress.conditions]
        shown = [model for model in data.models if any(model.results(text) for text in conditions or [CLEAN])]
        return tuple((model.name, model.place) for model in shown)
    if group == "hidden":
        return hidden_legend(data)
    if group == "transfer":
        return transfer_legend(data, protocol)
    if group == "cel":
        return cel_legend(data)
    if group in ("risk_coverage", "gains"):
        return shown_in(group, data)
    if group == "weights":
        modalities = dict.fromkeys(m for model in data.models for row in model.weights.values() for m in row)
        return tuple((modality, place) for place, modality in enumerate(modalities))
    return (("validation", 0), ("test", 1)) if group == "training" else reliance_legend(group, data)


def _of_data(data: DataView) -> Iterator[FigureView]:
    for stress in data.stresses:
        yield from _of_stress(data, stress)
    yield from confidence_figures(data)
    yield from transfer_figures(data)
    yield from acting_figures(data)
    yield from conformal_figures(data)
    classes = classes_figure(data)
    if classes:
        yield classes
    yield from (confusion_figure(data, model) for model in data.models if model.confusion)
    yield from hidden_figures(data)
    modalities = [name for name, _ in legend_entries("weights", data)]
    for model in data.models:
        yield from (weights_figure(data, model, modalities, group) for group in _weight_groups(data, model))
    yield from reliance_figures(data)
    yield from cel_figures(data)
    yield from gain_figures(data)
    yield from stability_figures(data)
    for model in data.models:
        for score, title in EPOCH_SCORES:
            if any(score in epoch.validation or score in epoch.test for fit in model.fits for epoch in fit.epochs):
                yield training_figure(data, model, score, title)


def _of_stress(data: DataView, stress: Stress) -> Iterator[FigureView]:
    for bundle in stress.bundles:
        rungs = [rung.condition for curve in bundle for rung in curve.rungs if rung.condition != CLEAN]
        yield from (curve_figure(data, bundle, metric) for metric in UNDER_STRESS if _has(data, rungs, metric))
    off = [condition.text for condition in stress.off_curves]
    yield from (conditions_figure(data, stress, metric) for metric in UNDER_STRESS if _has(data, off, metric))


def _has(data: DataView, conditions: Sequence[str], metric: str) -> bool:
    return any(metric in model.results(text) for model in data.models for text in conditions)


def _weight_groups(data: DataView, model: ModelView) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the conditions of each protocol under which a model gives weights, after clean input; clean alone too."""
    clean = (CLEAN,) if CLEAN in model.weights else ()
    groups = {
        stress.protocol: tuple(one.text for one in stress.conditions if one.text in model.weights)
        for stress in data.stresses
    }
    yield from ((protocol, (*clean, *texts)) for protocol, texts in groups.items() if texts)
    if clean and not any(groups.values()):
        yield ("", clean)


def unique_slugs(found: Iterable[FigureView]) -> Iterator[FigureView]:
    """Make slugs safe as file names and ids, and tell apart those that become equal by that."""
    slugs = Slugs()
    yield from (replace(figure, slug=slugs(figure.slug)) for figure in found)

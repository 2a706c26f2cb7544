"""Figures of confidence on clean input: reliability, risk over coverage, entropies, gains by removal."""

import math
from collections.abc import Iterator, Sequence
from functools import partial

from . import distribution_plots as plots
from .contents import DataView, ModelView
from .distribution_plots import Whole
from .distributions import Group, Points
from .figure_views import FigureView, TableView, named
from .numbers import MISSING, count, interval, percent, short
from .plots import Series

KINDS = {"modalities": "modality", "contexts": "context"}
"""Kinds of removals, and what one of them is called."""


def confidence_figures(data: DataView) -> Iterator[FigureView]:
    """Yield what shows whether confidence can be believed."""
    yield from (_reliability(data, model) for model in data.models if model.bins)
    if any(model.distributions.risk for model in data.models):
        yield _risk_coverage(data)
    for model in data.models:
        if model.distributions.entropy:
            yield _entropy(data, model, model.distributions.entropy, "entropy", "right and wrong predictions")


def gain_figures(data: DataView) -> Iterator[FigureView]:
    """Yield what shows who gains by removals, and how much."""
    kinds = [kind for kind in KINDS if any(kind in model.distributions.gains for model in data.models)]
    if kinds:
        yield _gains(data, kinds)
    for model in data.models:
        if groups := model.distributions.uncertain_entropy:
            yield _entropy(data, model, groups, "uncertain_entropy", "uncertain utterances and others")


def shown_in(group: str, data: DataView) -> tuple[tuple[str, int], ...]:
    """Return name and place of the models whose lines a figure shows together."""
    there = [
        model
        for model in data.models
        if (model.distributions.risk if group == "risk_coverage" else model.distributions.gains)
    ]
    return tuple((model.name, model.place) for model in there)


def _reliability(data: DataView, model: ModelView) -> FigureView:
    rows = tuple(
        (
            f"({short(round(one.low, 3))}, {short(round(one.high, 3))}]",
            count(one.count.value),
            one.accuracy.beside(one.confidence.value),
            one.accuracy.shown.value,
            one.accuracy.shown.interval or MISSING,
            interval(one.calibrated_low, one.calibrated_high) or MISSING,
        )
        for one in model.bins
    )
    head = ("confidence", "utterances", "mean confidence", "accuracy", "95 % interval", "if calibrated")
    return FigureView(
        "reliability", data.name, model.name, f"reliability-{data.name}-{model.name}",
        model.name, f"Reliability of {model.name} on clean input, on {named(data)}",
        TableView(head, rows),
        partial(plots.reliability, bins=model.bins, whole=_whole(model), place=model.place),
    )  # fmt: skip


def _whole(model: ModelView) -> Whole:
    accuracy, gap = model.clean.get("accuracy"), model.clean.get("signed_gap")
    if accuracy is None or gap is None:
        return Whole(math.nan, math.nan)
    return Whole(accuracy.value + gap.value, accuracy.value)


def _risk_coverage(data: DataView) -> FigureView:
    series = tuple(
        Series(model.name, model.place, model.distributions.risk) for model in data.models if model.distributions.risk
    )
    rows = tuple(
        (one.name, percent(coverage, decimals=0), found.shown.value, found.shown.interval or MISSING)
        for one in series
        for coverage, found in one.points
    )
    return FigureView(
        "risk_coverage", data.name, "", f"risk-coverage-{data.name}",
        "Risk over coverage", f"Error rate of the surest utterances over the share kept, clean input, on {named(data)}",
        TableView(("model", "kept", "error rate", "95 % interval"), rows),
        partial(plots.risk_coverage, series=series),
    )  # fmt: skip


def _entropy(data: DataView, model: ModelView, groups: Sequence[Group], key: str, of: str) -> FigureView:
    rows = [(one.name, "mean", str(one.mean.shown)) for one in groups]
    rows += [
        (one.name, f"({short(round(place / len(one.shares), 3))}, {short(round((place + 1) / len(one.shares), 3))}]",
         percent(share.value))
        for one in groups
        for place, share in enumerate(one.shares)
    ]  # fmt: skip
    return FigureView(
        key, data.name, model.name, f"{key}-{data.name}-{model.name}",
        model.name, f"Entropy of {of} of {model.name} on clean input, on {named(data)}",
        TableView(("group", "entropy", "mean or share"), tuple(rows)),
        partial(plots.entropies, groups=groups, place=model.place),
    )  # fmt: skip


def _gains(data: DataView, kinds: Sequence[str]) -> FigureView:
    def points(model: ModelView, kind: str) -> Points:
        return model.distributions.gains.get(kind, ())

    panels = [
        (
            f"without a {KINDS[kind]}",
            [Series(model.name, model.place, points(model, kind)) for model in data.models if points(model, kind)],
        )
        for kind in kinds
    ]
    rows = tuple(
        (one.name, kind, short(gain), percent(found.value))
        for kind, series in panels
        for one in series
        for gain, found in one.points
    )
    return FigureView(
        "gains", data.name, "", f"gains-{data.name}",
        "Distribution of CF", f"How often the gold class gains more than so much by a removal, on {named(data)}",
        TableView(("model", "removal", "gain above", "share of utterances"), rows),
        partial(plots.gains, kinds=panels),
    )  # fmt: skip

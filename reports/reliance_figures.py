"""Figures of what predictions depend on: Shapley shares, weights over severity, and weights against shares."""

from collections.abc import Iterator, Sequence
from functools import partial

from . import plots
from .canvas import cut
from .contents import DataView, ModelView
from .curve_plots import Panel, curves
from .figure_views import FigureView, TableView, modality_first, named
from .numbers import MISSING, percent
from .plots import Series
from .reliance import GAMES, Reliance, players_of, reliance_rows, uncertain_share, weights_change
from .reliance_plots import Mark, weight_against_share
from .results import Result
from .stress_contents import CLEAN, Curve
from .vocabulary import CONTEXTS, UNITS

GROUPS = {"modalities": "shares", "contexts": "context_shares"}
"""Group of the figure of a game."""
_SHOWN = ("uncertain", "other")


def reliance_figures(data: DataView) -> Iterator[FigureView]:
    """Yield the figures that there is anything to draw for."""
    for game in GAMES:
        figure = shares_figure(data, game)
        yield from [figure] if figure else []
    for model in data.models:
        bundles = (bundle for stress in data.stresses for bundle in stress.bundles)
        yield from (weight_curves(data, model, bundle) for bundle in bundles if _moved(model, bundle))
    yield from (figure for name in data.record.widths if (figure := against_figure(data, name)))


def reliance_legend(group: str, data: DataView) -> tuple[tuple[str, int], ...]:
    """Return name and place of the series that the figures of a group share; empty: no legend."""
    if group in ("shares", "weight_curves"):
        return tuple((modality, place) for place, modality in enumerate(data.record.widths))
    if group == "context_shares":
        return tuple((context, place) for place, context in enumerate(CONTEXTS))
    if group == "weight_shares":
        shown = {model.name for name in data.record.widths for model, *_ in _marks(data, name)}
        return tuple((model.name, model.place) for model in data.models if model.name in shown)
    return ()


def shares_figure(data: DataView, game: str) -> FigureView | None:
    """Return the shares of a game on uncertain and other utterances, a bar each per model; None: no model has any."""
    names = tuple(data.record.widths) if game == "modalities" else CONTEXTS
    found = [
        (model, which, shares)
        for model in data.models
        for which in _SHOWN
        if (shares := {one.player: one.shares[which] for one in _players(data, model, game) if which in one.shares})
    ]
    if not found:
        return None
    rows = [f"{cut(model.name)}\n{which}{_part_of_all(model, which)}" for model, which, _ in found]
    numbers = tuple(
        (model.name, f"{which}{_part_of_all(model, which)}", *(_cell(shares.get(name)) for name in names))
        for model, which, shares in found
    )
    parts = [[shares[name].value if name in shares else 0.0 for name in names] for *_, shares in found]
    title = f"Shapley shares of {game}"
    return FigureView(
        GROUPS[game], data.name, "", f"shares-{data.name}-{game}", title, f"{title} on clean input, on {named(data)}",
        TableView(("model", "utterances", *names), numbers),
        partial(plots.weights, rows=rows, modalities=names, shares=parts, title="Mean share"),
    )  # fmt: skip


def weight_curves(data: DataView, model: ModelView, bundle: Sequence[Curve]) -> FigureView:
    """Return the weights of a model over the severity of curves that share protocol and argument."""
    modalities = tuple(data.record.widths)
    shown = [curve for curve in bundle if any(rung.condition in model.weights for rung in curve.rungs[1:])]
    panels = tuple(
        Panel(_title(curve) if len(shown) > 1 else "", _series(model, curve, modalities), _ticks(curve))
        for curve in shown
    )
    protocol, argument = bundle[0].protocol, bundle[0].argument
    rows = tuple(
        (_title(curve), rung.label, *(_cell(model.weights[rung.condition].get(name)) for name in modalities))
        for curve in shown
        for rung in curve.rungs
        if rung.condition in model.weights
    )
    what = f"Weights of {model.name} along {protocol}, by {argument}"
    axis = f"{argument} ({UNITS[argument]})" if argument in UNITS else argument
    return FigureView(
        "weight_curves", data.name, model.name, f"weight-curve-{data.name}-{model.name}-{protocol}-{argument}",
        what, f"{what}, on {named(data)}", TableView(("curve", argument, *modalities), rows),
        partial(curves, panels=panels, title="Mean weight", argument=axis, unit_range=True),
        protocol,
    )  # fmt: skip


def against_figure(data: DataView, modality: str) -> FigureView | None:
    """Return the weight of a modality against its share, one mark per model; None: no model has both."""
    found = _marks(data, modality)
    if not found:
        return None
    marks = [Mark(model.name, model.place, weight, share) for model, weight, share in found]
    rows = tuple((mark.name, _cell(mark.weight), _cell(mark.share)) for mark in marks)
    title = f"Weight and Shapley share: {modality}"
    return FigureView(
        "weight_shares", data.name, "", f"weight-share-{data.name}-{modality}",
        title, f"{title}, on clean input, on {named(data)}",
        TableView(("model", f"weight of {modality}", f"Shapley share of {modality}"), rows),
        partial(weight_against_share, marks=marks, title=modality),
    )  # fmt: skip


def _part_of_all(model: ModelView, which: str) -> str:
    """Say how many of the utterances are uncertain, or are not."""
    uncertain = uncertain_share(model)
    if uncertain is None:
        return ""
    return f" ({percent(uncertain.value if which == 'uncertain' else 1 - uncertain.value)})"


def _players(data: DataView, model: ModelView, game: str) -> tuple[Reliance, ...]:
    return players_of(reliance_rows(model, data), game)


def _marks(data: DataView, modality: str) -> list[tuple[ModelView, Result, Result]]:
    return [
        (model, weight, one.shares["all"])
        for model in data.models
        if (weight := model.weights.get(CLEAN, {}).get(modality))
        for one in _players(data, model, "modalities")
        if one.player == modality and "all" in one.shares
    ]


def _moved(model: ModelView, bundle: Sequence[Curve]) -> bool:
    return weights_change(model, [rung.condition for curve in bundle for rung in curve.rungs])


def _title(curve: Curve) -> str:
    return modality_first(curve.label) or "all modalities"


def _series(model: ModelView, curve: Curve, modalities: Sequence[str]) -> tuple[Series, ...]:
    found = [(rung.severity, model.weights[rung.condition]) for rung in curve.rungs if rung.condition in model.weights]
    return tuple(
        Series(name, place, tuple((severity, weights[name]) for severity, weights in found if name in weights))
        for place, name in enumerate(modalities)
    )


def _ticks(curve: Curve) -> dict[float, str]:
    return {rung.severity: rung.label for rung in curve.rungs}


def _cell(figure: Result | None) -> str:
    if figure is None:
        return MISSING
    return str(figure.shown)

"""Figures of latencies: by percentile, by turn, by batch, and quality against latency."""

from collections.abc import Iterator, Sequence
from functools import partial

from ..benchmark.latency.percentiles import name_of
from ..benchmark.latency.record import CellLatency
from . import latency_plots as plots
from .contents import DataView, RunView
from .figure_views import FigureView, TableView
from .latency import LatencyOfData, LatencyView
from .latency_curves import TURN_PERCENTS, Mark, TurnGroup, by_turn, line_of, marks_of, turn_marks, width_of
from .latency_plots import Line
from .latency_words import Cells, named, setting_of, shown, throughput_shown, variant_of, way_of
from .numbers import MISSING, Shown, count
from .vocabulary import text_of

GROUPS = ("latency_distribution", "latency_turns", "latency_batch", "latency_quality")
"""Groups of figures, which stand in a section of their own."""
WAYS = {"state": "keeps state", "anew": "reads anew, dashed"}
"""How a model is fed turn by turn, as legends say it."""


def latency_figures(run: RunView) -> Iterator[FigureView]:
    """Yield the figures of all data sets that latencies were measured on."""
    for view in run.latency.data if run.latency else ():
        assert run.latency is not None, "there are data"
        yield from _distributions(run.latency, view)
        yield from _turns(run.latency, view)
        yield from _batches(run.latency, view)
        for data in run.data:
            if data.name == view.name:
                yield from _qualities(run.latency, view, data)


def latency_legend(run: LatencyView, view: LatencyOfData, group: str) -> tuple[tuple[str, int], ...]:
    """Return name and place of the series that the figures of a group share."""
    scenario = {"latency_turns": "stream", "latency_batch": "batch"}.get(group, "single")
    shown_cells = [one for one in view.done if one.cell.scenario == scenario]
    ways = {one.cell.model: way_of(one) for one in shown_cells}
    told = group == "latency_turns"
    return tuple((f"{name} ({WAYS[way]})" if told else name, run.places[name]) for name, way in ways.items())


def _settings(view: LatencyOfData, scenario: str) -> Iterator[tuple[str, Cells]]:
    """Yield what was asked in which setting, in words, with the cells, one or more of each model."""
    cells: dict[str, list[CellLatency]] = {}
    for one in view.done:
        if one.cell.scenario == scenario:
            words = ", ".join(filter(None, (setting_of(one.cell), variant_of(one.cell))))
            cells.setdefault(words, []).append(one)
    yield from ((words, tuple(those)) for words, those in cells.items())


def _on(view: LatencyOfData) -> str:
    return f"{view.name} (simulated data)" if view.simulated else view.name


def _distributions(run: LatencyView, view: LatencyOfData) -> Iterator[FigureView]:
    for setting, cells in _settings(view, "single"):
        lines, rows, budgets = [], [], []
        for one in cells:
            whole = one.summary()
            if whole is None or not whole.percentiles:
                continue
            path = line_of(view.samples.get((one.cell.text, "whole")), whole)
            lines.append(Line(one.cell.model, run.places[one.cell.model], marks_of(whole), path))
            rows += [(one.cell.model, name_of(mark.percent), *_texts(shown(mark))) for mark in whole.percentiles]
            budgets += [one.budget.budget] if one.budget else []
        if lines:
            yield _distribution(view, setting, tuple(lines), tuple(dict.fromkeys(budgets)), tuple(rows))


def _distribution(
    view: LatencyOfData,
    setting: str,
    lines: tuple[Line, ...],
    budgets: tuple[float, ...],
    rows: tuple[tuple[str, ...], ...],
) -> FigureView:
    what = "Latency of one new utterance"
    return FigureView(
        "latency_distribution", view.name, "", f"latency-{view.name}-{setting}",
        f"{what}: {setting}", f"{what} on {_on(view)}: {setting}",
        TableView(("model", "percentile", "milliseconds", "bounds"), rows),
        partial(plots.distribution, lines=lines, title=what, budgets=budgets),
    )  # fmt: skip


def _turns(run: LatencyView, view: LatencyOfData) -> Iterator[FigureView]:
    for setting, cells in _settings(view, "stream"):
        timed = [
            (one, view.samples[one.cell.text, "whole"]) for one in cells if (one.cell.text, "whole") in view.samples
        ]
        if not timed:
            continue
        panels, rows = [], []
        for percent in TURN_PERCENTS:
            width = width_of([samples for _, samples in timed], percent)
            grouped = [(one, by_turn(samples, percent, width)) for one, samples in timed]
            lines = tuple(
                Line(
                    f"{one.cell.model} ({way_of(one)})", run.places[one.cell.model], turn_marks(groups),
                    dashed=not one.stateful,
                )
                for one, groups in grouped
            )  # fmt: skip
            together = f", {width} turns together" if width > 1 else ""
            panels += [(f"{name_of(percent)}{together}", lines)] if any(line.marks for line in lines) else []
            rows += [(one.cell.model, way_of(one), name_of(percent), *_turn(of)) for one, own in grouped for of in own]
        if panels:
            yield _turn_figure(view, setting, tuple(panels), tuple(rows))


def _turn_figure(
    view: LatencyOfData,
    setting: str,
    panels: tuple[tuple[str, tuple[Line, ...]], ...],
    rows: tuple[tuple[str, ...], ...],
) -> FigureView:
    what = "Latency against turn"
    head = ("model", "how", "percentile", "turns", "iterations", "milliseconds", "bounds")
    return FigureView(
        "latency_turns", view.name, "", f"latency-turns-{view.name}-{setting}",
        f"{what}: {setting}", f"{what} on {_on(view)}, fed turn by turn: {setting}",
        TableView(head, rows), partial(plots.turns, panels=panels),
    )  # fmt: skip


def _turn(group: TurnGroup) -> tuple[str, ...]:
    return (group.name, count(group.iterations), *_texts(shown(group.found)))


def _batches(run: LatencyView, view: LatencyOfData) -> Iterator[FigureView]:
    single = dict(_settings(view, "single"))
    for setting, cells in _settings(view, "batch"):
        by_model: dict[str, dict[int, tuple[Mark, Shown]]] = {one.cell.model: {} for one in cells}
        # A batch of one is the work of `single`.
        for one in (*single.get(setting, ()), *cells):
            rate, size = one.throughput, one.cell.batch
            if rate is not None and one.cell.model in by_model:
                mark = Mark(float(size), rate.value, rate.low, rate.high)
                by_model[one.cell.model][size] = mark, throughput_shown(one)
        ordered = {model: sorted(own.items()) for model, own in by_model.items()}
        lines = tuple(
            Line(model, run.places[model], tuple(mark for _, (mark, _) in own)) for model, own in ordered.items()
        )
        rows = tuple((model, count(size), *_texts(text)) for model, own in ordered.items() for size, (_, text) in own)
        if any(len(one.marks) > 1 for one in lines):
            yield _batch_figure(view, setting, lines, rows)


def _batch_figure(
    view: LatencyOfData, setting: str, lines: tuple[Line, ...], rows: tuple[tuple[str, ...], ...]
) -> FigureView:
    what = "Answers per second against batch"
    return FigureView(
        "latency_batch", view.name, "", f"latency-batch-{view.name}-{setting}",
        f"{what}: {setting}", f"{what} on {_on(view)}: {setting}",
        TableView(("model", "dialogues at once", "answers per second", "95 % interval"), rows),
        partial(plots.batches, lines=lines, title="Answers per second"),
    )  # fmt: skip


def _qualities(run: LatencyView, view: LatencyOfData, data: DataView) -> Iterator[FigureView]:
    models = {model.name: model for model in data.models}
    for setting, cells in _settings(view, "single"):
        points, rows, budgets = [], [], []
        for one in cells:
            wait = named(one.summary(), "p95")
            good = models[one.cell.model].clean.get(data.quality) if one.cell.model in models else None
            # What was not trained has the speed of a model, and not its quality.
            if wait is None or good is None or one.cell.weights != "trained" or variant_of(one.cell):
                continue
            line = Line(
                one.cell.model, run.places[one.cell.model], (Mark(wait.percent, wait.value, wait.low, wait.high),)
            )
            points.append((line, Mark(0.0, good.value, *_known(good.low, good.high))))
            rows.append((one.cell.model, *_texts(shown(wait)), *_texts(good.shown)))
            budgets += [one.budget.budget] if one.budget else []
        if points:
            yield _quality_figure(view, data, setting, points, tuple(dict.fromkeys(budgets)), tuple(rows))


def _quality_figure(
    view: LatencyOfData,
    data: DataView,
    setting: str,
    points: Sequence[tuple[Line, Mark]],
    budgets: tuple[float, ...],
    rows: tuple[tuple[str, ...], ...],
) -> FigureView:
    quality = text_of(data.quality).title
    what, those = f"{quality} against latency", tuple(points)
    return FigureView(
        "latency_quality", view.name, "", f"latency-quality-{view.name}-{setting}",
        f"{what}: {setting}", f"{what} (p95) on {_on(view)}: {setting}",
        TableView(("model", "p95, ms", "bounds", f"{quality}, clean", "95 % interval"), rows),
        partial(
            plots.beside_quality, points=those, title="p95 of one new utterance, milliseconds", quality=quality,
            budgets=budgets,
        ),
    )  # fmt: skip


def _texts(one: Shown) -> tuple[str, str]:
    return one.value, one.interval or MISSING


def _known(low: float, high: float) -> tuple[float | None, float | None]:
    return (low if low == low else None, high if high == high else None)

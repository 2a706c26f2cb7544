"""Figures of prediction sets: coverage, against the level that was asked for, and size."""

from collections.abc import Iterator, Sequence
from functools import partial

from . import plots
from .canvas import wrapped
from .conformal import Method, Sets, methods_of, sets_of, shortfall
from .contents import DataView, ModelView, label_of
from .figure_views import FigureView, TableView, modality_first, named
from .plots import Series
from .results import Result
from .stress_contents import CLEAN
from .stress_figures import DRAWS, cells_of
from .vocabulary import LEVEL

ALL_SHOWN = 14
"""Conditions that are shown one by one; of more the one with the lowest coverage of each protocol."""
ALL = "All conditions are shown."
WORST = (
    "Of each protocol the condition with the lowest coverage of the model is shown, named in the numbers below the "
    "figure, and the size of the sets there."
)

Mark = tuple[float, str, Result]
"""Row, condition and figure."""


def conformal_figures(data: DataView) -> Iterator[FigureView]:
    """Yield coverage and size of the sets of each method, all models together."""
    groups = _groups(data)
    for method in methods_of(data):
        chosen = [(model, _chosen(model, method, groups)) for model in data.models]
        coverage = [
            (model, [(row, one.row.condition.text, one.coverage) for row, one in sets]) for model, sets in chosen
        ]
        less = shortfall(data, method)
        yield _figure(data, list(groups), coverage, f"Coverage of sets ({method.name})", level=LEVEL, told=less)
        size = [
            (model, [(row, one.row.condition.text, one.size) for row, one in sets if one.size is not None])
            for model, sets in chosen
        ]
        if any(marks for _, marks in size):
            yield _figure(data, list(groups), size, f"Set size ({method.name})", level=None)


def _groups(data: DataView) -> dict[str, tuple[str, ...]]:
    """Return by label the conditions that are one row: each by itself, or where there are many those of a protocol."""
    if len(data.conditions) <= ALL_SHOWN:
        return {wrapped(modality_first(label_of(one))): (one.text,) for one in data.conditions}
    clean = {CLEAN: (CLEAN,)}
    return clean | {
        stress.protocol: texts
        for stress in data.stresses
        if (texts := tuple(one.text for one in stress.conditions if one.text not in data.nothing_left))
    }


def _chosen(model: ModelView, method: Method, groups: dict[str, tuple[str, ...]]) -> tuple[tuple[float, Sets], ...]:
    """Return row and sets: of several conditions those with the lowest coverage."""
    sets = {one.row.condition.text: one for one in sets_of(model, method)}
    found = ((row, [sets[text] for text in texts if text in sets]) for row, texts in enumerate(groups.values()))
    return tuple((float(row), min(those, key=lambda one: one.coverage.value)) for row, those in found if those)


def _figure(
    data: DataView,
    rows: Sequence[str],
    marks: Sequence[tuple[ModelView, Sequence[Mark]]],
    title: str,
    *,
    level: float | None,
    told: str = "",
) -> FigureView:
    series = tuple(
        Series(model.name, model.place, tuple((row, figure) for row, _, figure in found))
        for model, found in marks
        if found
    )
    with_draws = any(figure.draw_sd == figure.draw_sd for _, found in marks for *_, figure in found)
    numbers = tuple(
        (model.name, text, *cells_of(figure, with_draws=with_draws))
        for model, found in marks
        for _, text, figure in found
    )
    return FigureView(
        "conformal", data.name, "", f"conformal-{data.name}-{title}",
        title, f"{title}, on {named(data)}",
        TableView(("model", "condition", title, "95 % interval", *DRAWS * with_draws), numbers),
        partial(
            plots.intervals, rows=rows, series=series, title=title, unit_range=level is not None, wanted=level
        ),
        shown=f"{ALL if len(data.conditions) <= ALL_SHOWN else WORST} {told}".rstrip(),
    )  # fmt: skip

"""Figures of hidden vectors: uncertain and other utterances by gold class, as CMERC, ACM MM 2024, Figs. 5 and 6."""

from collections.abc import Iterator
from functools import partial

from .contents import DataView
from .figure_views import FigureView, TableView, named
from .hidden_views import HiddenView
from .numbers import count, figure
from .scatter_plots import ScatterPanel, scatter, scatter_of_vectors

_WORDS = {"": "all utterances", "uncertain": "uncertain utterances", "other": "other utterances"}


def hidden_figures(data: DataView) -> Iterator[FigureView]:
    """Yield one figure per model that has hidden vectors, of its first seed."""
    yield from (_figure(data, one) for one in data.hidden)


def hidden_legend(data: DataView) -> tuple[tuple[str, int], ...]:
    """Return name and place of the classes, where there are figures."""
    return tuple((name, place) for place, name in enumerate(data.record.classes)) if data.hidden else ()


def _figure(data: DataView, one: HiddenView) -> FigureView:
    groups = one.groups if len(one.groups) == 1 else {name: rows for name, rows in one.groups.items() if name}
    shown_as = {name: one.silhouettes[name].shown if name in one.silhouettes else figure(None) for name in one.groups}
    counts = {name: count(int(rows.sum())) for name, rows in one.groups.items()}
    panels = tuple(
        ScatterPanel(f"{_WORDS[name]} ({counts[name]})\nsilhouette {shown_as[name].value}", rows[one.rows])
        for name, rows in groups.items()
    )
    rows = tuple((_WORDS[name], counts[name], shown_as[name].value, shown_as[name].interval) for name in one.groups)
    if one.places is not None:
        draw = partial(scatter, places=one.places)
    else:
        assert one.vectors is not None, "where places are not kept there are vectors"
        draw = partial(scatter_of_vectors, vectors=one.vectors)
    where = f"Hidden vectors of {one.model} on clean input by gold class, training seed {one.seed}, on {named(data)}"
    return FigureView(
        "hidden", data.name, one.model, f"hidden-{data.name}-{one.model}",
        one.model, where,
        TableView(("utterances", f"count, seed {one.seed}", "silhouette", "95 % interval"), rows),
        partial(
            draw, label=one.label, panels=panels, classes=data.record.classes,
            title=f"Hidden vectors (t-SNE), seed {one.seed}",
        ),
        shown=_drawn(one),
    )  # fmt: skip


def _drawn(one: HiddenView) -> str:
    """Say how many utterances are drawn, where these are not all."""
    every = len(one.groups[""])
    if len(one.rows) == every:
        return ""
    return f"{count(len(one.rows))} of {count(every)} utterances are drawn, at even distances."

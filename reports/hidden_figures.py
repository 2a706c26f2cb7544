"""Figures of hidden vectors: uncertain and other utterances by gold class, as CMERC, ACM MM 2024, Figs. 5 and 6."""

import contextlib
from collections.abc import Iterator
from functools import partial

import numpy as np

from ..benchmark.errors import EmobenchError
from ..benchmark.metrics.scored import Scored
from ..benchmark.metrics.silhouette import groups_of
from ..benchmark.run_folder import RunFolder
from ..benchmark.scoring_inputs import Inputs, inputs_of
from .contents import DataView, RunView
from .figure_views import FigureView, TableView, named
from .numbers import count, figure
from .results import Results
from .scatter_plots import LEAST, ScatterPanel, scatter
from .stress_contents import CLEAN

MOST = 800
"""Utterances that are drawn; of more, so many at even distances. The coefficient is that of all."""
_METRIC = "silhouette"


def hidden_figures(folder: RunFolder, run: RunView) -> tuple[FigureView, ...]:
    """Return one figure per model that has hidden vectors, of its first seed; none where the run keeps none.

    Vectors or predictions that cannot be read cost their figures and no others.
    """
    found: list[FigureView] = []
    if run.record.hidden:
        with contextlib.suppress(EmobenchError):
            results = Results.read(folder)
            for data, inputs in zip(run.data, inputs_of(folder, run.record), strict=True):
                with contextlib.closing(inputs):
                    found += _of_data(data, inputs, results)
    return tuple(found)


def _of_data(data: DataView, inputs: Inputs, results: Results) -> Iterator[FigureView]:
    for model in data.models:
        with contextlib.suppress(EmobenchError):
            for seed in inputs.seeds(model.name, CLEAN)[:1]:
                scored = inputs.scored(model.name, seed, CLEAN)
                if scored.hidden is not None and len(scored.label) >= LEAST:
                    yield _figure(data, model.name, seed, scored, results)


def _figure(data: DataView, model: str, seed: int, scored: Scored, results: Results) -> FigureView:
    groups = groups_of(scored)
    shown = groups if len(groups) == 1 else {name: rows for name, rows in groups.items() if name}
    # Of single seeds reports know no parts; the coefficients are means over the seeds, as everywhere.
    means = results.parts(model, data.name, CLEAN, _METRIC)
    shown_as = {name: means[name].shown if name in means else figure(None) for name in groups}
    drawn = np.unique(np.linspace(0, len(scored.label) - 1, MOST).round().astype(np.int64))
    panels = tuple(
        ScatterPanel(
            f"{_words(name)} ({count(int(rows.sum()))})\nsilhouette {shown_as[name].value}",
            rows[drawn],
        )
        for name, rows in shown.items()
    )
    rows = tuple(
        (
            _words(name),
            count(int(those.sum())),
            shown_as[name].value,
            shown_as[name].interval,
        )
        for name, those in groups.items()
    )
    assert scored.hidden is not None
    some = f"{count(len(drawn))} of {count(len(scored.label))} utterances are drawn, at even distances." * (
        len(drawn) < len(scored.label)
    )
    title = f"Hidden vectors of {model} on clean input by gold class, training seed {seed}, on {named(data)}"
    return FigureView(
        "hidden", data.name, model, f"hidden-{data.name}-{model}",
        model, title,
        TableView(("utterances", f"count, seed {seed}", "silhouette", "95 % interval"), rows),
        partial(
            scatter, vectors=scored.hidden[drawn], label=scored.label[drawn], panels=panels, classes=scored.classes,
            title=f"Hidden vectors (t-SNE), seed {seed}",
        ),
        shown=some,
    )  # fmt: skip


def _words(name: str) -> str:
    return {"": "all utterances", "uncertain": "uncertain utterances", "other": "other utterances"}[name]

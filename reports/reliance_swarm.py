"""Shapley values of single utterances as a beeswarm of the library shap, for papers: all of a run's figures are means.

Values come from the predictions of the run folder, by the code that scores them; the first training seed is shown.
The library is imported when a figure is drawn, not before: that takes seconds.
"""

import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..benchmark.metrics.base import Scored
from ..benchmark.metrics.coalitions import Game, Sharing
from ..benchmark.run_folder import RunFolder
from ..benchmark.scoring_inputs import Inputs, inputs_of
from .canvas import label_room, panel
from .contents import DataView, ModelView, RunView
from .figure_views import FigureView, TableView, named
from .numbers import number, percent
from .stress_contents import CLEAN
from .theme import Theme

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SHARING = Sharing("predicted", "zero", "strict")


def swarm_figures(folder: RunFolder, run: RunView) -> Iterator[FigureView]:
    """Yield one figure per model and game of which all coalitions are there; none where predictions were not kept.

    Raises
    ------
    PredictionError, RunFolderError
        When predictions are damaged or do not fit the data.
    """
    views = {data.name: data for data in run.data}
    if not folder.utterances_path.exists() or not any("shapley" in m.reliance for d in run.data for m in d.models):
        return
    for inputs in inputs_of(folder, run.record):
        with closing(inputs):
            for model in views[inputs.data.name].models:
                if "shapley" in model.reliance:
                    yield from _of_model(folder, inputs, views[inputs.data.name], model)


def swarm(
    theme: Theme,
    values: Float[np.ndarray, "players utterances"],
    confidence: Float[np.ndarray, " utterances"],
    players: tuple[str, ...],
) -> Figure:
    """Draw one dot per utterance and player; the brighter the surer the model is of the utterance, also in grey."""
    figure, axes = panel(theme, 90 + 56 * len(players), left=label_room(players, theme), right=60, bottom=44)
    with _seeded(), warnings.catch_warnings():
        # Its colours are made in a way that matplotlib means to give up.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap

        explained = shap.Explanation(
            values=values.T, data=np.tile(confidence[:, None], len(players)), feature_names=list(players)
        )
        shap.plots.beeswarm(
            explained, ax=axes, show=False, plot_size=None, order=np.arange(len(players)), s=5 * theme.scale,
            color=mpl.colormaps["cividis"], color_bar_label="confidence", group_remaining_features=False,
        )  # fmt: skip
    for one in figure.axes:
        one.tick_params(labelsize=theme.points(10), length=0)
        one.yaxis.label.set_fontsize(theme.points(10))
    axes.set_ylim(-0.6, len(players) - 0.4)
    axes.grid(visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("Shapley value", fontsize=theme.points(11))
    return figure


def _of_model(folder: RunFolder, inputs: Inputs, data: DataView, model: ModelView) -> Iterator[FigureView]:
    seed = inputs.seeds(model.name, CLEAN)[0]
    if folder.predictions_path(model.name, data.name, seed).exists():
        scored = inputs.scored(model.name, seed, CLEAN)
        games = _SHARING.games(scored.coalitions)
        yield from (_figure(data, model, scored, game) for game in games if len(game.players) > 1)


def _figure(data: DataView, model: ModelView, scored: Scored, game: Game) -> FigureView:
    values, confidence = _SHARING.values(scored, game), scored.confidence
    rows = tuple(
        (player, *(number(value) for value in np.quantile(of_player, _QUANTILES).tolist()))
        for player, of_player in zip(game.players, values, strict=True)
    )
    what = f"Shapley values of {game.name}, {model.name}"
    return FigureView(
        "swarm", data.name, model.name, f"swarm-{data.name}-{model.name}-{game.name}",
        what, f"{what}, utterance by utterance, on {named(data)}",
        TableView((game.name, *(f"{percent(quantile, decimals=0)} quantile" for quantile in _QUANTILES)), rows),
        partial(swarm, values=values, confidence=confidence, players=game.players),
    )  # fmt: skip


@contextmanager
def _seeded() -> Iterator[None]:
    """Give the library the same random numbers every time, which it takes from numpy's global generator."""
    before = np.random.get_state()  # noqa: NPY002 (that of the library)
    np.random.seed(0)  # noqa: NPY002 (that of the library)
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002 (that of the library)

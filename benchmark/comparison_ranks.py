"""Average ranks of the compared models over data sets, from the figures of a comparison."""

from collections.abc import Iterable
from dataclasses import asdict

import numpy as np

from .bootstrap import LEVEL
from .metrics.base import Direction
from .multiplicity import FEWEST_DATA, FEWEST_MODELS, ranking
from .paired import Difference
from .scoring_inputs import CLEAN


def ranks(differences: Iterable[Difference], *, level: float = LEVEL) -> dict[str, dict[str, object]]:
    """Return by metric the fields of `multiplicity.Ranking`, or `why` there is none; empty: models are not compared.

    Figures on clean input, of the models that have one on every data set. Data sets count as independent samples, which
    several readings of one corpus are not.
    """
    clean = [one for one in differences if one.place.condition == one.reference.condition == CLEAN]
    several = len({run for one in clean for run in (one.run, one.reference_run)}) > 1
    by_metric: dict[str, dict[str, dict[str, float]]] = {}
    for one in clean:
        if not one.part and one.direction != "none":
            figures = by_metric.setdefault(one.metric, {})
            sides = (
                (one.place.model, one.run, one.value),
                (one.reference.model, one.reference_run, one.reference_value),
            )
            for model, run, value in sides:
                figures.setdefault(f"{model} ({run})" if several else model, {})[one.place.data] = value
    directions = {one.metric: one.direction for one in clean}
    return {metric: _ranked(figures, directions[metric], level) for metric, figures in by_metric.items()}


def _ranked(figures: dict[str, dict[str, float]], better: Direction, level: float) -> dict[str, object]:
    """Rank the models that have a figure on every data set."""
    sets = sorted({data for of_model in figures.values() for data in of_model})
    table = {
        model: np.array([of_model[data] for data in sets])
        for model, of_model in figures.items()
        if set(of_model) == set(sets) and np.isfinite([*of_model.values()]).all()
    }
    if len(sets) < FEWEST_DATA or len(table) < FEWEST_MODELS:
        return {
            "why": f"they need {FEWEST_DATA} data sets and {FEWEST_MODELS} models or more; here are "
            f"{len(sets)} and {len(table)}"
        }
    if better == "zero":
        table = {model: np.abs(values) for model, values in table.items()}
    return asdict(ranking(table, higher_is_better=better == "higher", level=level))

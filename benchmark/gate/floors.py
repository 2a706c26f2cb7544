"""The noise floor of one cell, for figures that are held against an absolute limit."""

import numpy as np

from ..metrics.base import ComposedMetric, ConditionMetric, CurveMetric, Metric
from ..paired_sources import Place, Source
from ..randomness import Randomness
from ..registry import METRICS, make
from ..scoring_figures import Name, figures_of


def has_noise_floor(metric: ConditionMetric | CurveMetric) -> bool:
    """Return whether a figure is above 0 for a perfectly calibrated model, by a known amount."""
    return isinstance(metric, Metric | ComposedMetric) and metric.floor == "noise"


def floor_of(source: Source, place: Place, name: Name) -> float:
    """Return what a perfectly calibrated model shows on such a sample: mean over seeds and draws of the stress."""
    inputs, metric = source.inputs[place.data], make(METRICS, name.metric)
    found = []
    for seed in inputs.seeds(place.model, place.condition):
        purpose = Randomness(0, ("noise floor", inputs.data.fingerprint))  # the redraws that `scoring` uses
        for draw in range(inputs.draws(place.condition)):
            scored = inputs.scored(place.model, seed, place.condition, draw)
            once = np.ones((1, inputs.dialogues))
            figures = figures_of(scored, {name.metric: metric}, once, generator=purpose.generator())
            found.append(figures.floor[figures.names.index(name)])
    return float(np.mean(found))

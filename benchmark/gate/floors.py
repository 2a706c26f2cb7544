"""The noise floor of one cell, for figures that are held against an absolute limit."""

import numpy as np

from ..metrics.base import CurveMetric, Metric
from ..paired_sources import Place, Source
from ..randomness import Randomness
from ..scoring_figures import figures_of


def has_noise_floor(metric: Metric | CurveMetric) -> bool:
    """Return whether a figure is above 0 for a perfectly calibrated model, by a known amount."""
    return isinstance(metric, Metric) and metric.floor == "noise"


def floor_of(source: Source, place: Place, text: str, metric: Metric) -> float:
    """Return what a perfectly calibrated model shows on such a sample: mean over seeds and draws of the stress."""
    inputs = source.inputs[place.data]
    found = []
    for seed in inputs.seeds(place.model, place.condition):
        purpose = Randomness(0, ("noise floor", inputs.data.fingerprint, place.model, str(seed)))
        for draw in range(inputs.draws(place.condition)):
            scored = inputs.scored(place.model, seed, place.condition, draw)
            once = np.ones((1, inputs.dialogues))
            found.append(figures_of(scored, {text: metric}, once, generator=purpose.generator()).floor[0])
    return float(np.mean(found))

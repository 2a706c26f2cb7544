"""Figures of whole degradation curves: those of single conditions, put together over the rungs of a ladder."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from .metrics.base import ConditionMetric, CurveMetric
from .scoring_figures import Figures, Name
from .scoring_inputs import CLEAN, Inputs
from .scoring_metrics import Asked


class Curves:
    """The degradation curves of one model, kept while its conditions are scored."""

    def __init__(self, inputs: Inputs, asked: Asked, model: str) -> None:
        """Begin with nothing kept."""
        self._inputs, self._asked, self._model = inputs, asked, model
        self._wanted = {Name(base, "") for base in asked.curve_bases}
        self._kept: dict[tuple[str, int], Figures] = {}
        # Pairs, for two rungs may be equally severe, such as a shift to either side.
        self._families: dict[str, list[tuple[float, str]]] = {}
        for condition in inputs.conditions:
            if condition.family and condition.severity:
                self._families.setdefault(condition.family, []).append((condition.severity, condition.text))

    def keep(self, condition: str, of_seeds: Mapping[int, Figures]) -> None:
        """Keep what the curves are drawn of: one figure per curve and seed."""
        if any(condition in (CLEAN, *(text for _, text in rungs)) for rungs in self._families.values()):
            for seed, figures in of_seeds.items():
                self._kept[condition, seed] = figures.only(self._wanted)

    def finished(self) -> Iterator[tuple[str, dict[int, Figures]]]:
        """Yield by family the figures of each seed under which all of its rungs are done."""
        for family, rungs in self._families.items():
            severities, texts = zip((0.0, CLEAN), *sorted(rungs), strict=True)
            of_seeds = {}
            for seed in self._inputs.seeds(self._model, CLEAN):
                if all((text, seed) in self._kept for text in texts):
                    figures = [self._kept[text, seed] for text in texts]
                    of_seeds[seed] = curve_figures(self._asked.curves, severities, figures, self._asked.all_metrics)
            yield family, of_seeds


def curve_figures(
    curves: Mapping[str, CurveMetric],
    severities: Sequence[float],
    rungs: Sequence[Figures],
    bases: Mapping[str, ConditionMetric],
) -> Figures:
    """Return the figures of one degradation curve.

    Parameters
    ----------
    severities
        Increasing; the first is 0, the clean input.
    rungs
        The figures at each severity.
    bases
        The metrics that the curves are drawn of. A curve whose metric is not there under every condition is left out.
    """
    common = set.intersection(*(set(figures.names) for figures in rungs))
    able = {text: curve for text, curve in curves.items() if Name(curve.metric, "") in common}
    steps = np.array(severities, dtype=np.float64)

    def summaries(numbers: Callable[[Figures, int], np.ndarray]) -> list[np.ndarray]:
        """Return the figure of each curve, from some numbers of a figure on each rung."""
        found = []
        for curve in able.values():
            places = [figures.names.index(Name(curve.metric, "")) for figures in rungs]
            of_rungs = [numbers(figures, place) for figures, place in zip(rungs, places, strict=True)]
            # As many draws as were made on every rung.
            fewest = min(map(len, of_rungs))
            columns = np.stack([column[:fewest] for column in of_rungs], axis=-1)
            found.append(curve.summarise(steps, columns, bases[curve.metric].direction))
        return found

    dialogues = len(rungs[0].jackknife)
    return Figures(
        names=tuple(Name(text, "") for text in able),
        value=np.array(summaries(lambda figures, place: figures.value[[place]])).reshape(-1),
        draws=tuple(summaries(lambda figures, place: figures.draws[place])),
        jackknife=np.array(summaries(lambda figures, place: figures.jackknife[:, place])).reshape(-1, dialogues).T,
        floor=np.full(len(able), np.nan),
        floor_high=np.full(len(able), np.nan),
        draw_sd=np.full(len(able), np.nan),
    )

"""A run as one of the two sides of a comparison: its cells with values, bootstrap draws and jackknife, on demand."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .bootstrap import weights
from .errors import RunFolderError, UnknownName
from .metrics.base import ComposedMetric, Direction, Metric, RankMetric
from .paired_intervals import variance_of
from .randomness import Randomness
from .run_folder import RunFolder
from .scoring_curves import curve_figures
from .scoring_figures import Figures, figures_of, mean_of_draws, mean_of_seeds
from .scoring_inputs import CLEAN, Inputs, inputs_of
from .scoring_metrics import Asked

_OPPOSITE: Mapping[Direction, Direction] = {"higher": "lower", "lower": "higher", "zero": "zero", "none": "none"}


class Place(NamedTuple):
    """Which cell of a run."""

    model: str
    """Canonical text."""
    data: str
    """Canonical text."""
    condition: str = CLEAN
    """Canonical text; or a family such as `modality_drop:rate=*`, for the figures of its whole curve."""


@dataclass(frozen=True, eq=False)
class Cell:
    """The figures of a cell: means over draws of the stress and over training seeds."""

    run: str
    """Folder of the run."""
    place: Place
    """Which cell."""
    figures: Figures
    """Those that all seeds have."""
    of_seeds: Mapping[int, Float[np.ndarray, " figures"]]
    """Their values by training seed."""
    sample_variance: Float[np.ndarray, " figures"]
    """Mean over seeds of the variance over bootstrap draws."""
    deterministic: bool
    """Whether another training seed would give the same."""
    directions: Mapping[str, Direction]
    """What is better, by metric."""
    utterances: int
    """How many were scored."""
    dialogues: int
    """How many dialogues they belong to."""
    kinked: frozenset[str] = frozenset()
    """Metrics that are sums of absolute values; see `paired_intervals`."""
    stress: str = ""
    """Seed of the stress and number of draws in words; empty: the condition depends on no random numbers."""


class Source:
    """A run folder whose cells are computed from its predictions when asked for.

    Raises
    ------
    RunFolderError
        When it is no run folder, or damaged, or of another schema version.
    """

    def __init__(self, folder: RunFolder | Path | str) -> None:
        """Read what was run; predictions are read later."""
        self.folder = folder if isinstance(folder, RunFolder) else RunFolder(Path(folder))
        self.record = self.folder.read_record()
        self._weights: tuple[tuple[str, int, int], Float[np.ndarray, "draws dialogues"]] | None = None

    def __enter__(self) -> "Source":
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close what was opened."""
        self.close()

    def close(self) -> None:
        """Close the predictions files that have been read."""
        for inputs in self.inputs.values():
            inputs.close()

    @cached_property
    def inputs(self) -> dict[str, Inputs]:
        """The predictions by data set."""
        return {inputs.data.name: inputs for inputs in inputs_of(self.folder, self.record)}

    def is_curve(self, place: Place) -> bool:
        """Return whether a place stands for a whole curve."""
        return place.condition in _families(self.inputs[place.data])

    def deterministic(self, place: Place) -> bool:
        """Return whether a model was trained once for all seeds, because they change nothing."""
        fits = [fit for fit in self.record.fits if (fit.model, fit.data) == (place.model, place.data)]
        return len(self.record.seeds) > 1 and len(fits) == 1

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """All cells that are done for one seed or more, by data set, condition and model; those of curves last."""
        found = []
        for data, inputs in self.inputs.items():
            texts = [condition.text for condition in inputs.conditions]
            for condition in (*texts, *_families(inputs)):
                models = [model.name for model in self.record.models]
                found += [Place(m, data, condition) for m in models if _seeds(inputs, m, condition)]
        return tuple(place for place in found if self.inputs[place.data].dialogues)

    def cell(self, place: Place, asked: Asked, draws: int) -> Cell:
        """Compute a cell; metrics whose needs it does not meet are left out.

        Raises
        ------
        UnknownName
            When the run has no such model, data set or condition.
        RunFolderError
            When the cell is not done for any seed, or the folder is damaged.
        """
        self._require(place)
        inputs = self.inputs[place.data]
        drawn = self._drawn(inputs, draws)
        rungs = _families(inputs).get(place.condition, [])
        of_seeds = {
            seed: _curve(inputs, asked, drawn, place.model, seed, rungs)
            if rungs
            else _figures(inputs, asked, drawn, place.model, seed, place.condition)
            for seed in _seeds(inputs, place.model, place.condition)
        }
        mean = mean_of_seeds([*of_seeds.values()])
        drawn_at_random = any(one.random for one in inputs.conditions if place.condition in (one.text, one.family))
        stress = f"seed {self.record.stress_seed}, {self.record.stress_draws} draws" if drawn_at_random else ""
        return Cell(
            run=str(self.folder.path),
            place=place,
            figures=mean,
            of_seeds={seed: figures.only(set(mean.names)).value for seed, figures in of_seeds.items()},
            sample_variance=np.mean(
                [variance_of(figures.only(set(mean.names)).padded_draws) for figures in of_seeds.values()], 0
            ),
            deterministic=self.deterministic(place),
            directions=_directions(asked),
            utterances=len(inputs.labelled),
            dialogues=inputs.dialogues,
            kinked=kinked_metrics(asked),
            stress=stress,
        )

    def _drawn(self, inputs: Inputs, draws: int) -> Float[np.ndarray, "draws dialogues"]:
        """Return how often each dialogue is drawn: the numbers that `scoring` uses, kept for one data set."""
        which = (inputs.data.fingerprint, inputs.dialogues, draws)
        if self._weights is None or self._weights[0] != which:
            purpose = Randomness(0, ("bootstrap", inputs.data.fingerprint))
            self._weights = (which, weights(inputs.dialogues, draws, purpose))
        return self._weights[1]

    def _require(self, place: Place) -> None:
        """Raise unless a cell is there."""
        for kind, name, known in (
            ("data set", place.data, self.inputs),
            ("model", place.model, {model.name for model in self.record.models}),
        ):
            if name not in known:
                raise UnknownName(f"{kind} of {self.folder.path}", name, known)
        inputs = self.inputs[place.data]
        conditions = {*(condition.text for condition in inputs.conditions), *_families(inputs)}
        if place.condition not in conditions:
            raise UnknownName(f"condition of {self.folder.path} on {place.data}", place.condition, conditions)
        if not _seeds(inputs, place.model, place.condition) or not inputs.dialogues:
            whys = [cell.why for cell in self.record.cells if Place(cell.model, cell.data, cell.condition) == place]
            why = next((why for why in whys if why), "" if inputs.dialogues else "no test utterance has a label")
            raise RunFolderError(
                f"{self.folder.path} has no figures of {place.model} on {place.data} under {place.condition}"
                + f" ({why})" * bool(why)
            )


def require_same_data(one: Source, place: Place, other: Source, reference: Place) -> None:
    """Raise unless two cells are of the same test utterances.

    Raises
    ------
    RunFolderError
        When fingerprints or utterances differ; the line names both folders.
    UnknownName
        When a run has no such data set.
    """
    if one is other and place.data == reference.data:
        return
    sides = ((one, place.data), (other, reference.data))
    for source, data in sides:
        if data not in source.inputs:
            raise UnknownName(f"data set of {source.folder.path}", data, source.inputs)
    mine, theirs = (source.inputs[data] for source, data in sides)
    where = f"{place.data} in {one.folder.path} and {reference.data} in {other.folder.path}"
    if mine.data.fingerprint != theirs.data.fingerprint:
        prints = f"{mine.data.fingerprint[:16]}… and {theirs.data.fingerprint[:16]}…"
        raise RunFolderError(
            f"expected the same data, got {where}, with fingerprints {prints}; compare runs on one data set"
        )
    rows = [(one.utterances.dialogue, one.utterances.turn, one.utterances.label) for one in (mine, theirs)]
    if not all(np.array_equal(a, b) for a, b in zip(*rows, strict=True)):
        raise RunFolderError(f"expected the same test utterances, got others in {where}; run one of the two again")


def kinked_metrics(asked: Asked) -> frozenset[str]:
    """Return which metrics are sums of absolute values: calibration errors, distances from zero, and what uses them."""
    bases = {
        text
        for text, metric in asked.all_metrics.items()
        if metric.direction == "zero" or _is_kinked(metric.of if isinstance(metric, ComposedMetric) else metric)
    }
    return frozenset(bases | {text for text, curve in asked.curves.items() if curve.metric in bases})


def _is_kinked(metric: Metric | RankMetric) -> bool:
    return isinstance(metric, Metric) and metric.floor == "noise"


def _families(inputs: Inputs) -> dict[str, list[tuple[float, str]]]:
    """Return by family the rungs of its curve with their severities, clean first."""
    found: dict[str, list[tuple[float, str]]] = {}
    for condition in inputs.conditions:
        if condition.family and condition.severity:
            found.setdefault(condition.family, [(0.0, CLEAN)]).append((condition.severity, condition.text))
    return {family: sorted(rungs) for family, rungs in found.items()}


def _seeds(inputs: Inputs, model: str, condition: str) -> tuple[int, ...]:
    """Return the seeds under which a condition, or all rungs of a family, are done."""
    texts = [text for _, text in _families(inputs).get(condition, [(0.0, condition)])]
    return tuple(sorted(set.intersection(*(set(inputs.seeds(model, text)) for text in texts))))


def _figures(
    inputs: Inputs, asked: Asked, drawn: Float[np.ndarray, "draws dialogues"], model: str, seed: int, condition: str
) -> Figures:
    # Floors do not enter into differences, so none are drawn.
    return mean_of_draws(
        figures_of(inputs.scored(model, seed, condition, draw), asked.metrics, drawn, generator=None)
        for draw in range(inputs.draws(condition))
    )


def _curve(
    inputs: Inputs,
    asked: Asked,
    drawn: Float[np.ndarray, "draws dialogues"],
    model: str,
    seed: int,
    rungs: list[tuple[float, str]],
) -> Figures:
    bases = Asked({base: asked.of_curve(base) for base in asked.curve_bases}, {})
    figures = [_figures(inputs, bases, drawn, model, seed, text) for _, text in rungs]
    return curve_figures(asked.curves, [severity for severity, _ in rungs], figures, bases.metrics)


def _directions(asked: Asked) -> dict[str, Direction]:
    """Return what is better for each metric; for a curve, after the metric that it is drawn of."""
    found: dict[str, Direction] = {text: metric.direction for text, metric in asked.metrics.items()}
    for text, curve in asked.curves.items():
        lower = asked.of_curve(curve.metric).direction == "lower"
        found[text] = _OPPOSITE[curve.direction] if lower else curve.direction
    return found

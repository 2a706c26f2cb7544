"""The two sides of a check: the run, and the baseline it is held against."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ..errors import RunFolderError
from ..paired_sources import Cell, Place, Source
from ..randomness import Randomness
from ..run_record import RunRecord
from ..scoring_figures import Name
from ..scoring_metrics import Asked
from .accepted import predictions_folder, read_accepted
from .accepted_record import Accepted, AcceptedFigure
from .matching import conditions_of


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure of one side."""

    value: float
    """Mean over seeds; NaN: not defined."""
    draws: Float[np.ndarray, " draws"]
    """In each bootstrap draw: of the same dialogues on both sides, or, from a text, independent ones. Of a metric that
    ranks utterances only the first ones."""
    of_seeds: Mapping[int, float]
    """By training seed."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """What a run is held against."""

    path: Path
    """As typed."""
    source: Source | None = None
    """Its predictions; None: only its text is there."""
    text: Accepted | None = None
    """What was accepted; None: it is a run folder."""

    @property
    def paired(self) -> bool:
        """Whether differences are taken on the same draws."""
        return self.source is not None

    @property
    def models(self) -> tuple[str, ...]:
        """The models that have figures."""
        if self.source is not None:
            return tuple(dict.fromkeys(place.model for place in self.source.places))
        assert self.text is not None
        return tuple(dict.fromkeys(model for models in self.text.figures.values() for model in models))

    def conditions(self, model: str, data: str, *, curves: bool) -> tuple[str, ...]:
        """Return the conditions, or the families of curves, under which a model has figures.

        Of a text that is there alone, both.
        """
        if self.source is not None:
            kind = conditions_of(self.source, data, curves=curves) if data in self.source.inputs else {}
            places = (place for place in self.source.places if (place.model, place.data) == (model, data))
            return tuple(place.condition for place in places if place.condition in kind)
        assert self.text is not None
        return tuple(self.text.figures.get(data, {}).get(model, {}))

    def figures(self, place: Place, asked: Asked, draws: int) -> dict[Name, Figure]:
        """Return the figures of a cell; none where it has none."""
        if self.source is not None:
            if place not in self.source.places:
                return {}
            return figures_of_cell(self.source.cell(place, asked, draws))
        assert self.text is not None
        accepted = self.text.figures.get(place.data, {}).get(place.model, {}).get(place.condition, {})
        wanted = {*asked.metrics, *asked.curves}
        return {
            Name(metric, ""): from_text(figure, (*place, metric), draws)
            for metric, figure in accepted.items()
            if metric in wanted
        }


def open_baseline(path: Path) -> Baseline:
    """Return the baseline in a file that `emobench accept` wrote, or in a run folder.

    Raises
    ------
    RunFolderError
        When it is neither, or damaged, or of another schema version.
    """
    if path.is_dir():
        return Baseline(path, source=Source(path))
    text = read_accepted(path)
    beside = predictions_folder(path)
    return Baseline(path, source=Source(beside) if beside.path.exists() else None, text=text)


def require_same_setup(run: Source, baseline: Baseline) -> None:
    """Raise unless the two sides met the same stress on the same data.

    Raises
    ------
    RunFolderError
        One line that names what differs.
    """
    theirs = baseline.text if baseline.text is not None else baseline.source.record if baseline.source else None
    assert theirs is not None, "a baseline has a text or predictions"
    for option in ("stress_seed", "stress_draws", "selection"):
        mine, other = getattr(run.record, option), getattr(theirs, option)
        if mine != other:
            typed = f"--{option.replace('_', '-')}"
            raise RunFolderError(
                f"{baseline.path} was made with {typed} {other}, {run.folder.path} with {typed} {mine}; run with the "
                "same, or accept the run as a new baseline"
            )
    require_same_data_sets(run.folder.path, run.record, baseline.path, theirs)


def require_same_data_sets(run: Path, record: RunRecord, path: Path, theirs: Accepted | RunRecord) -> None:
    """Raise unless a run and what is at `path` share a data set, and all that they share are the same.

    Raises
    ------
    RunFolderError
        One line that names what differs.
    """
    prints = {data.name: data.fingerprint for data in record.data}
    known = dict(theirs.data) if isinstance(theirs, Accepted) else {data.name: data for data in theirs.data}
    if not prints.keys() & known.keys():
        raise RunFolderError(
            f"expected the data set {' or '.join(known)} of {path}, got {', '.join(prints)} in {run}; run on the same "
            "data, or accept the run anew"
        )
    for name, data in known.items():
        if prints.get(name, data.fingerprint) != data.fingerprint:
            raise RunFolderError(
                f"expected the data set {name} of {path} (fingerprint {data.fingerprint[:16]}…), got another in {run} "
                f"({prints[name][:16]}…); run on the same data, or accept the run anew"
            )


def figures_of_cell(cell: Cell) -> dict[Name, Figure]:
    """Return the figures of a cell by name."""
    figures = cell.figures
    return {
        name: Figure(
            value=float(figures.value[place]),
            draws=figures.draws[: figures.drawn[place], place],
            of_seeds={seed: float(values[place]) for seed, values in cell.of_seeds.items()},
        )
        for place, name in enumerate(figures.names)
    }


def from_text(figure: AcceptedFigure, purpose: tuple[str, ...], draws: int) -> Figure:
    """Return a figure whose draws are normal, as wide as its interval, and independent of any other's."""
    spread = (figure.high - figure.low) / (2 * 1.959964)
    normal = Randomness(0, ("gate", "text", *purpose)).generator().standard_normal(draws)
    # Seeds with the mean and the standard deviation that were accepted: what else they were is not in the text.
    sd = 0.0 if math.isnan(figure.seed_sd) else figure.seed_sd
    pattern = np.linspace(-1, 1, figure.seeds) if figure.seeds > 1 else np.zeros(1)
    scale = sd / float(np.std(pattern, ddof=1)) if figure.seeds > 1 else 0.0
    of_seeds = {seed: figure.value + scale * float(step) for seed, step in enumerate(pattern)}
    return Figure(figure.value, figure.value + spread * normal, of_seeds)

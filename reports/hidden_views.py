"""Hidden vectors of a run as plain views: where utterances lie in the plane, and which of them are uncertain."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

from ..benchmark.errors import EmobenchError
from ..benchmark.hidden_plane_files import Drawn, drawn_of
from ..benchmark.metrics.silhouette import groups_of
from ..benchmark.run_folder import RunFolder
from ..benchmark.run_record import RunRecord
from ..benchmark.scoring_inputs import inputs_of
from .results import Result, Results
from .stress_contents import CLEAN

_METRIC = "silhouette"


@dataclass(frozen=True, eq=False)
class HiddenView:
    """What is shown of the hidden vectors of a model on clean input."""

    model: str
    seed: int
    """Of the training that they are of."""
    groups: Mapping[str, Bool[np.ndarray, " utterances"]]
    """Labelled utterances by group: all (empty name), and, where the run removes something, `uncertain` and `other`."""
    silhouettes: Mapping[str, Result]
    """By group, means over the seeds as everywhere; one that is not in the results is left out."""
    rows: Int64[np.ndarray, " drawn"]
    """Of the labelled utterances those that are drawn."""
    label: Int64[np.ndarray, " drawn"]
    """Their gold classes."""
    places: Float[np.ndarray, "drawn 2"] | None
    """Where they lie, as the folder says; None: it does not."""
    vectors: Float[np.ndarray, "drawn width"] | None
    """What is to be put into the plane; None: that was done."""


def hidden_of(
    folder: RunFolder, record: RunRecord, results: Results
) -> tuple[dict[str, tuple[HiddenView, ...]], tuple[str, ...]]:
    """Return by data set what is shown of each model that has hidden vectors, and in sentences what cannot be.

    Vectors or predictions that cannot be read cost their figures and no others.
    """
    found: dict[str, tuple[HiddenView, ...]] = {}
    wrong: list[str] = []
    try:
        for inputs in inputs_of(folder, record) if record.hidden else ():
            with contextlib.closing(inputs):
                found[inputs.data.name] = tuple(_views(drawn_of(inputs), results, wrong))
    except EmobenchError as error:
        wrong.append(_left_out(error))
    return found, tuple(dict.fromkeys(wrong))


def _views(those: Iterator[Drawn], results: Results, wrong: list[str]) -> Iterator[HiddenView]:
    for one in those:
        try:
            view = _view(one, results)
        except EmobenchError as error:
            wrong.append(_left_out(error))
        else:
            yield from [view] if view else []


def _view(one: Drawn, results: Results) -> HiddenView | None:
    """Return what is shown of a model; None: it has no vectors."""
    places = one.kept()
    vectors = one.vectors() if places is None else None
    if places is None and vectors is None:
        return None
    scored = one.inputs.under_removals(one.model, one.seed)
    return HiddenView(
        model=one.model,
        seed=one.seed,
        groups=groups_of(scored),
        # Of single seeds reports know no parts.
        silhouettes=results.parts(one.model, one.inputs.data.name, CLEAN, _METRIC),
        rows=one.rows,
        label=scored.label[one.rows],
        places=places,
        vectors=vectors,
    )


def _left_out(error: EmobenchError) -> str:
    return f"Figures of hidden vectors are left out: {error}"

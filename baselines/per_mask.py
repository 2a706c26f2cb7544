"""One calibrator for each availability mask: the set of modalities that the model is told are observed.

The masks are taken from validation itself: for each non-empty set of modalities, validation is predicted with the
others zeroed and said to be missing. The calibrator of a set learns from the utterances of which exactly that set is
left. An utterance of which nothing is observed, or of a set with too few labels in validation, gets the calibrator that
was fitted on validation as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from jaxtyping import Float, Float64, Int64

from ..benchmark.conversations import UNKNOWN, Conversations
from ..benchmark.errors import DataError, NotApplicable
from .base import FittedModel, Json, State
from .calibrators.base import Calibrator, FitsPerMask, FittedCalibrator, HasSlopes
from .calibrators.classwise import is_enough

MOST_MODALITIES = 6
"""There are 2^M − 1 sets of M modalities, and validation is predicted under each."""
# The mask of an utterance of which nothing is observed; its calibrator serves all masks that have none of their own.
_ELSE = 0


class View(NamedTuple):
    """What a model says of validation under one mask."""

    mask: int
    """Sum of 2^k over the modalities that are left, k their place."""
    masks: Int64[np.ndarray, " utterances"]
    """Per row, the same of what is really observed there."""
    probabilities: Float[np.ndarray, "utterances classes"]
    """Before the calibrator that is to be fitted."""


@dataclass(frozen=True, eq=False)
class FittedPerMask:
    """A calibrator for each mask."""

    modalities: tuple[str, ...]
    """In the order of the data."""
    calibrators: Mapping[int, FittedCalibrator]
    """By mask; 0 serves all that are not named."""

    def apply_by(
        self, probabilities: Float[np.ndarray, "utterances classes"], masks: Int64[np.ndarray, " utterances"]
    ) -> Float64[np.ndarray, "utterances classes"]:
        """Return each row, of which `masks` says what is observed, as its mask's calibrator maps it."""
        calibrated = np.empty(probabilities.shape)
        for calibrator, rows in self._shared_out(masks):
            calibrated[rows] = calibrator.apply(probabilities[rows])
        return calibrated

    def slopes_by(
        self,
        probabilities: Float[np.ndarray, "utterances classes"],
        outer: Float[np.ndarray, "utterances classes"],
        masks: Int64[np.ndarray, " utterances"],
    ) -> Float64[np.ndarray, "utterances classes"]:
        """Return the slopes by each row's calibrator, as in `HasSlopes`; only where they are `differentiable`."""
        found = np.empty(probabilities.shape)
        for calibrator, rows in self._shared_out(masks):
            found[rows] = cast("HasSlopes", calibrator).slopes(probabilities[rows], outer[rows])
        return found

    @property
    def differentiable(self) -> bool:
        """Whether the calibrators have slopes."""
        return all(isinstance(calibrator, HasSlopes) for calibrator in self.calibrators.values())

    def notes(self) -> dict[str, Json]:
        """Return the settings of all calibrators, each with the names of its modalities."""
        return {
            f"{name}, {self._words(mask)}": value
            for mask, calibrator in self.calibrators.items()
            for name, value in calibrator.state().settings.items()
        }

    def state(self) -> State:
        """Return the states of all; arrays are told apart by `MASK/`."""
        states = {mask: calibrator.state() for mask, calibrator in self.calibrators.items()}
        return State(
            arrays={f"{mask}/{name}": array for mask, s in states.items() for name, array in s.arrays.items()},
            settings={
                "modalities": list(self.modalities),
                "masks": {str(mask): dict(state.settings) for mask, state in states.items()},
            },
        )

    def _shared_out(self, masks: Int64[np.ndarray, " utterances"]) -> Iterator[tuple[FittedCalibrator, np.ndarray]]:
        for mask in np.unique(masks).tolist():
            yield self.calibrators.get(mask, self.calibrators[_ELSE]), masks == mask

    def _words(self, mask: int) -> str:
        return "/".join(name for k, name in enumerate(self.modalities) if mask >> k & 1) or "otherwise"


def wants_per_mask(calibrator: Calibrator) -> bool:
    """Return whether a calibrator is to be fitted for each mask."""
    return isinstance(calibrator, FitsPerMask) and calibrator.per_mask


def masks_of(conversations: Conversations) -> Int64[np.ndarray, " utterances"]:
    """Return per row the sum of 2^k over the modalities observed, k their place."""
    observed = np.stack(list(conversations.observed.values()))
    masks: Int64[np.ndarray, " utterances"] = 2 ** np.arange(len(observed)) @ observed
    return masks


def views_of(fitted: FittedModel, validation: Conversations) -> tuple[View, ...]:
    """Return what the model says under each non-empty mask; the last is validation as it is.

    Raises
    ------
    NotApplicable
        With more than six modalities.
    """
    count = len(validation.modalities)
    if count > MOST_MODALITIES:
        raise NotApplicable(
            f"expected at most {MOST_MODALITIES} modalities to fit a calibrator for each set of them, got {count}; "
            "type per_mask=false"
        )
    given = ((mask, _left_with(validation, mask)) for mask in range(1, 2**count))
    return tuple(View(mask, masks_of(of), fitted.predict(of).probabilities) for mask, of in given)


def fit_per_mask(
    calibrator: Calibrator,
    views: Sequence[View],
    labels: Int64[np.ndarray, " utterances"],
    modalities: tuple[str, ...],
) -> FittedPerMask:
    """Fit on each view's utterances that have a label and of which exactly the view's mask is observed."""
    known, whole = labels != UNKNOWN, views[-1]
    fitted = {_ELSE: calibrator.fit(whole.probabilities[known], labels[known])}
    for view in views:
        rows = known & (view.masks == view.mask)
        if is_enough(labels[rows]):
            fitted[view.mask] = calibrator.fit(view.probabilities[rows], labels[rows])
    return FittedPerMask(modalities, fitted)


def restore_per_mask(calibrator: Calibrator, state: State) -> FittedPerMask:
    """Return what gave `state`."""
    # What `FittedPerMask.state` wrote is read here.
    settings = cast("dict[str, dict[str, Json]]", state.settings["masks"])
    modalities = cast("list[str]", state.settings["modalities"])
    restored = {int(mask): calibrator.restore(part_of(state, mask, of)) for mask, of in settings.items()}
    return FittedPerMask(tuple(modalities), restored)


def stored_parts(state: State, name: str, count: int) -> tuple[State, ...]:
    """Return the states of the parts of a state, told apart by `0/`, `1/`, … in the names of the arrays.

    Raises
    ------
    DataError
        When there are not as many under that name: the state is of another model.
    """
    settings = state.settings.get(name)
    if not isinstance(settings, list) or len(settings) != count:
        raise DataError(f"expected a stored model of {count} {name}, got {sorted(state.settings)}; train it again")
    return tuple(part_of(state, str(place), of) for place, of in enumerate(settings))


def part_of(state: State, name: str, settings: Mapping[str, Json]) -> State:
    """Return the state of one part of a state: its settings, and the arrays whose names begin with `NAME/`."""
    prefix = f"{name}/"
    arrays = {key.removeprefix(prefix): array for key, array in state.arrays.items() if key.startswith(prefix)}
    return State(arrays, settings)


def _left_with(conversations: Conversations, mask: int) -> Conversations:
    """Return the conversations without the modalities that are not in the mask: zeros, and the model is told."""
    gone = [name for k, name in enumerate(conversations.modalities) if not mask >> k & 1]
    nothing = np.zeros(len(conversations), bool)
    return conversations.with_modalities(
        features={name: np.zeros_like(conversations.features[name]) for name in gone},
        observed=dict.fromkeys(gone, nothing),
        present=dict.fromkeys(gone, nothing),
    )

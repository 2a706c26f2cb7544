"""A model followed by calibrators: what `model+temperature` means."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from ..benchmark.conversations import Conversations
from ..benchmark.errors import DataError
from ..benchmark.predictions import Predictions
from .base import Calibrator, FitContext, FittedCalibrator, FittedModel, Json, Model, State, TrainingRecord


@dataclass(frozen=True, eq=False)
class FittedCalibrated:
    """A fitted model and what maps its probabilities, in the order of application."""

    fitted: FittedModel
    """Gives the probabilities."""
    calibrators: tuple[FittedCalibrator, ...]
    """Applied one after the other."""

    @property
    def record(self) -> TrainingRecord:
        """How the model was fitted, with the settings of the calibrators among the notes.

        The scores per epoch are those before calibration.
        """
        notes = dict(self.fitted.record.notes)
        for number, calibrator in enumerate(self.calibrators, 1):
            for name, value in calibrator.state().settings.items():
                if isinstance(value, int | float | str):
                    notes[f"calibrator {number}: {name}"] = value
        return replace(self.fitted.record, notes=notes)

    def predict(self, conversations: Conversations) -> Predictions:
        """Return the model's predictions with calibrated probabilities."""
        predictions = self.fitted.predict(conversations)
        probabilities = predictions.probabilities
        for calibrator in self.calibrators:
            probabilities = calibrator.apply(probabilities)
        return replace(predictions, probabilities=probabilities)

    def state(self) -> State:
        """Return the states of all parts; arrays are told apart by `0/` (the model), `1/`, and so on."""
        states = [self.fitted.state(), *(calibrator.state() for calibrator in self.calibrators)]
        return State(
            arrays={f"{place}/{name}": array for place, s in enumerate(states) for name, array in s.arrays.items()},
            settings={"parts": [dict(state.settings) for state in states]},
        )


@dataclass(frozen=True)
class Calibrated:
    """A model whose probabilities are mapped by calibrators, each fitted on validation after those before it."""

    model: Model
    """The model."""
    calibrators: tuple[Calibrator, ...]
    """In the order typed."""

    @property
    def deterministic(self) -> bool:
        """As the model: calibrators draw nothing."""
        return self.model.deterministic

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedCalibrated:
        """Fit the model, then each calibrator on the labelled validation utterances.

        Raises
        ------
        DataError
            When no validation utterance has a label.
        """
        known = validation.label >= 0
        if not known.any():
            raise DataError(f"{validation.data}: expected labels in the validation split to calibrate on, got none")
        fitted = self.model.fit(train, validation, context=context)
        probabilities, labels = fitted.predict(validation).probabilities[known], validation.label[known]
        done: list[FittedCalibrator] = []
        for calibrator in self.calibrators:
            done.append(calibrator.fit(probabilities, labels))
            probabilities = done[-1].apply(probabilities)
        return FittedCalibrated(fitted, tuple(done))

    def restore(self, state: State, *, device: str = "cpu") -> FittedCalibrated:
        """Return the fitted model that gave `state`."""
        # What `FittedCalibrated.state` wrote is read here.
        settings = cast("list[dict[str, Json]]", state.settings["parts"])
        first, *others = (State(_arrays_of(state, place), part) for place, part in enumerate(settings))
        return FittedCalibrated(
            self.model.restore(first, device=device),
            tuple(calibrator.restore(part) for calibrator, part in zip(self.calibrators, others, strict=True)),
        )


def _arrays_of(state: State, place: int) -> dict[str, np.ndarray]:
    prefix = f"{place}/"
    return {name.removeprefix(prefix): a for name, a in state.arrays.items() if name.startswith(prefix)}

"""A model followed by calibrators: what `model+temperature` means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32, Int64

from ..benchmark.conversations import UNKNOWN, Conversations
from ..benchmark.errors import DataError, NotApplicable, SpecError
from ..benchmark.gold import gold_classes, loss_slopes
from ..benchmark.predictions import Predictions
from .base import (
    Asked,
    Calibrator,
    FitContext,
    FittedCalibrator,
    FittedModel,
    HasGradients,
    HasHidden,
    HasSlopes,
    HonoursLinks,
    Model,
    PredictsConditions,
    Session,
    State,
    TrainingRecord,
)
from .per_mask import (
    FittedPerMask,
    View,
    fit_per_mask,
    masks_of,
    restore_per_mask,
    stored_parts,
    views_of,
    wants_per_mask,
)
from .sessions import session_of

FittedStage = FittedCalibrator | FittedPerMask
"""One calibrator for all rows, or one for each availability mask."""


@dataclass(frozen=True, eq=False)
class FittedCalibrated:
    """A fitted model and what maps its probabilities, in the order of application."""

    fitted: FittedModel
    """Gives the probabilities."""
    calibrators: tuple[FittedStage, ...]
    """Applied one after the other."""

    @property
    def record(self) -> TrainingRecord:
        """How the model was fitted, with the settings of the calibrators among the notes.

        The scores per epoch are those before calibration.
        """
        notes = dict(self.fitted.record.notes)
        for number, calibrator in enumerate(self.calibrators, 1):
            settings = calibrator.notes() if isinstance(calibrator, FittedPerMask) else calibrator.state().settings
            for name, value in settings.items():
                if isinstance(value, int | float | str):
                    notes[f"calibrator {number}: {name}"] = value
        return replace(self.fitted.record, notes=notes)

    @property
    def honours_links(self) -> bool:
        """As the model: calibrators map each utterance by itself."""
        return isinstance(self.fitted, HonoursLinks) and self.fitted.honours_links

    def hidden_vectors(self, conversations: Conversations) -> Float[np.ndarray, "utterances width"] | None:
        """Return the model's, which calibrators do not touch; None where it has none."""
        return self.fitted.hidden_vectors(conversations) if isinstance(self.fitted, HasHidden) else None

    def predict(self, conversations: Conversations) -> Predictions:
        """Return the model's predictions with calibrated probabilities."""
        return self.calibrated(self.fitted.predict(conversations), conversations)

    def session(self) -> "CalibratedSession | None":
        """Return a session of the model whose answers are calibrated; None where the model keeps no state."""
        session = session_of(self.fitted)
        return None if session is None else CalibratedSession(session, self)

    def calibrated(self, predictions: Predictions, conversations: Conversations) -> Predictions:
        """Return predictions of the model on these conversations with calibrated probabilities."""
        probabilities, masks = predictions.probabilities, masks_of(conversations)
        for calibrator in self.calibrators:
            probabilities = _applied(calibrator, probabilities, masks)
        return replace(predictions, probabilities=probabilities)

    def feature_gradients(
        self, conversations: Conversations, slopes: Float[np.ndarray, "utterances classes"]
    ) -> Mapping[str, Float32[np.ndarray, "utterances width"]]:
        """Return the gradient of Σ slopes · log p, p after calibration: back through the calibrators and the model.

        Raises
        ------
        NotApplicable
            When the model or a calibrator cannot be differentiated.
        """
        if not isinstance(self.fitted, HasGradients):
            raise NotApplicable("the model before the calibrators has no gradients")
        stages, masks = [self.fitted.predict(conversations).probabilities], masks_of(conversations)
        for calibrator in self.calibrators:
            stages.append(_applied(calibrator, stages[-1], masks))
        for number, calibrator in reversed(list(enumerate(self.calibrators))):
            if isinstance(calibrator, FittedPerMask) and calibrator.differentiable:
                slopes = calibrator.slopes_by(stages[number], slopes, masks)
            elif isinstance(calibrator, HasSlopes):
                slopes = calibrator.slopes(stages[number], slopes)
            else:
                raise NotApplicable(f"calibrator {number + 1} cannot be differentiated; attack the model without it")
        return self.fitted.feature_gradients(conversations, slopes)

    def loss_gradients(self, conversations: Conversations) -> Mapping[str, Float32[np.ndarray, "utterances width"]]:
        """Return the gradient of Σ −log p[gold], p after calibration; see `Differentiable`.

        Calibration is part of it: with more than two classes it changes the direction, not just the length.

        Raises
        ------
        NotApplicable
            As `feature_gradients`.
        """
        return self.feature_gradients(
            conversations, loss_slopes(conversations, gold_classes(conversations, self.predict))
        )

    def state(self) -> State:
        """Return the states of all parts; arrays are told apart by `0/` (the model), `1/`, and so on."""
        states = [self.fitted.state(), *(calibrator.state() for calibrator in self.calibrators)]
        return State(
            arrays={f"{place}/{name}": array for place, s in enumerate(states) for name, array in s.arrays.items()},
            settings={"parts": [dict(state.settings) for state in states]},
        )


@dataclass(frozen=True, eq=False)
class CalibratedSession:
    """A dialogue in progress, with calibrated answers."""

    before: Session
    """Of the model without calibrators."""
    fitted: FittedCalibrated
    """Whose calibrators are applied."""

    def feed(self, turn: Conversations) -> Predictions:
        """Return the calibrated prediction of the next turn."""
        return self.fitted.calibrated(self.before.feed(turn), turn)


@dataclass(frozen=True, eq=False)
class FittedCalibratedByCondition(FittedCalibrated):
    """The same for a model that knows conditions by name."""

    def predict_condition(self, asked: Asked, clean: Conversations) -> Predictions:
        """Return the model's predictions under a condition with calibrated probabilities."""
        assert isinstance(self.fitted, PredictsConditions)
        return self.calibrated(self.fitted.predict_condition(asked, clean), clean)


@dataclass(frozen=True)
class Calibrated:
    """A model whose probabilities are mapped by calibrators, each fitted on validation after those before it."""

    model: Model
    """The model."""
    calibrators: tuple[Calibrator, ...]
    """In the order typed."""

    def __post_init__(self) -> None:
        """Raise SpecError where a calibrator is named twice: the second would have nothing left to do."""
        kinds = [type(calibrator) for calibrator in self.calibrators]
        twice = [kind.__name__ for kind in kinds if kinds.count(kind) > 1]
        if twice:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", twice[0]).lower()
            raise SpecError(f"expected each calibrator once after a model, got {name} twice; type +{name} once")

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
        self.require_labels(validation)
        return self.calibrate(self.model.fit(train, validation, context=context), validation)

    @staticmethod
    def require_labels(validation: Conversations) -> None:
        """Raise DataError where there is nothing to calibrate on: better before the model is trained than after."""
        if (validation.label == UNKNOWN).all():
            raise DataError(f"{validation.data}: expected labels in the validation split to calibrate on, got none")

    def calibrate(self, fitted: FittedModel, validation: Conversations) -> FittedCalibrated:
        """Fit the calibrators only, on what a fitted model says of the labelled validation utterances.

        Raises
        ------
        DataError
            When no validation utterance has a label.
        """
        self.require_labels(validation)
        known, modalities = validation.label != UNKNOWN, validation.modalities
        # Every calibrator learns from what those before it make of each mask; only the last view is validation as is.
        views = self._views(fitted, validation)
        done: list[FittedStage] = []
        for calibrator in self.calibrators:
            if wants_per_mask(calibrator):
                done.append(fit_per_mask(calibrator, views, validation.label, modalities))
            else:
                done.append(calibrator.fit(views[-1].probabilities[known], validation.label[known]))
            views = tuple(v._replace(probabilities=_applied(done[-1], v.probabilities, v.masks)) for v in views)
        return _with(fitted, tuple(done))

    def restore(self, state: State, *, device: str = "cpu") -> FittedCalibrated:
        """Return the fitted model that gave `state`; DataError when it is another model's."""
        first, *others = stored_parts(state, "parts", 1 + len(self.calibrators))
        return _with(
            self.model.restore(first, device=device),
            tuple(
                restore_per_mask(calibrator, part) if wants_per_mask(calibrator) else calibrator.restore(part)
                for calibrator, part in zip(self.calibrators, others, strict=True)
            ),
        )

    def _views(self, fitted: FittedModel, validation: Conversations) -> tuple[View, ...]:
        if any(map(wants_per_mask, self.calibrators)):
            return views_of(fitted, validation)
        masks = masks_of(validation)
        return (View(2 ** len(validation.modalities) - 1, masks, fitted.predict(validation).probabilities),)


def _with(fitted: FittedModel, calibrators: tuple[FittedStage, ...]) -> FittedCalibrated:
    kind = FittedCalibratedByCondition if isinstance(fitted, PredictsConditions) else FittedCalibrated
    return kind(fitted, calibrators)


def _applied(
    calibrator: FittedStage,
    probabilities: Float[np.ndarray, "utterances classes"],
    masks: Int64[np.ndarray, " utterances"],
) -> Float[np.ndarray, "utterances classes"]:
    if isinstance(calibrator, FittedPerMask):
        return calibrator.apply_by(probabilities, masks)
    calibrated: np.ndarray = calibrator.apply(probabilities)
    return calibrated

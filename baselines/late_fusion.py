"""Late fusion: one logistic regression per modality, probabilities averaged over the modalities observed.

Features are standardised with the training split's mean and deviation. A modality that is said to be missing is left
out of the average; where nothing is observed the class shares of training are predicted. For a feature that is said to
be hidden its training mean stands in. No context, no speaker, no chance: the plain reference that a fusion network has
to beat.

Source: the common baseline of the field; logistic regression by scikit-learn (multinomial, L2, strength 1/C).
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Bool, Float
from typing_extensions import Doc

from ..benchmark.conversations import Conversations
from ..benchmark.errors import DataError
from ..benchmark.predictions import Predictions
from .base import FitContext, State, TrainingRecord
from .prior import class_shares
from .sessions import EachTurnByItself

ARRAYS = ("coefficients", "intercepts", "means")
"""What is learned of each modality."""


@dataclass(frozen=True, eq=False)
class Linear:
    """Logits as a linear function of the features as they come; standardisation is multiplied in."""

    coefficients: Float[np.ndarray, "width classes"]
    """Per feature and class."""
    intercepts: Float[np.ndarray, " classes"]
    """Per class; −inf: the class does not occur in training."""
    means: Float[np.ndarray, " width"]
    """Per feature, its mean in training, which stands in for one that is concealed."""

    def probabilities(
        self,
        rows: Float[np.ndarray, "utterances width"],
        concealed: Bool[np.ndarray, "utterances width"] | None = None,
    ) -> Float[np.ndarray, "utterances classes"]:
        """Return the softmax of the logits; None: nothing is concealed."""
        if concealed is not None:
            rows = np.where(concealed, self.means, rows)
        logits = rows @ self.coefficients + self.intercepts
        probabilities: np.ndarray = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities


@dataclass(frozen=True, eq=False)
class FittedLateFusion:
    """The regressions."""

    honours_links: ClassVar[bool] = True

    regressions: Mapping[str, Linear]
    """Per modality."""
    shares: Float[np.ndarray, " classes"]
    """Class shares of training."""
    record: TrainingRecord = field(default_factory=TrainingRecord)
    """Number of parameters, and which regressions did not converge."""

    def predict(self, conversations: Conversations) -> Predictions:
        """Return the average over the observed modalities; weights are 1/number of them, or equal with none observed.

        Raises
        ------
        DataError
            When modalities or widths are not those of the training split.
        """
        widths = {modality: len(linear.coefficients) for modality, linear in self.regressions.items()}
        if conversations.widths != widths:
            raise DataError(
                f"late_fusion was trained on {widths}, got {conversations.data} with {conversations.widths}; "
                "train it on these data"
            )
        observed = np.stack([conversations.observed[modality] for modality in self.regressions])
        count = observed.sum(axis=0)
        total = np.where(count[:, None], 0.0, self.shares)
        for modality, there in zip(self.regressions, observed, strict=True):
            concealed = conversations.concealed.get(modality)
            total[there] += self.regressions[modality].probabilities(
                conversations.features[modality][there], None if concealed is None else concealed[there]
            )
        weights = np.where(count, observed / np.maximum(count, 1), 1 / len(observed))
        return Predictions(
            probabilities=total / np.maximum(count, 1)[:, None],
            modality_weights=dict(zip(self.regressions, weights, strict=True)),
        )

    def session(self) -> EachTurnByItself:
        """Return a session: no turn depends on another."""
        return EachTurnByItself(self)

    def state(self) -> State:
        """Return coefficients, intercepts and means by place, names of modalities, and shares."""
        arrays = {"shares": self.shares}
        for place, linear in enumerate(self.regressions.values()):
            arrays |= {f"{name}_{place}": getattr(linear, name) for name in ARRAYS}
        return State(arrays=arrays, settings={"modalities": list(self.regressions)})


@dataclass(frozen=True)
class LateFusion:
    """Arguments of the regressions."""

    deterministic: ClassVar[bool] = True

    inverse_penalty: Annotated[float, Gt(0), Doc("C: inverse strength of the L2 penalty on standardised features")] = (
        1.0
    )
    iterations: Annotated[int, Ge(1), Doc("L-BFGS ends here at the latest")] = 1000

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedLateFusion:
        """Fit one regression per modality on the utterances that have a label and the modality.

        Raises
        ------
        DataError
            When no utterance has a label.
        """
        shares = class_shares(train)
        regressions: dict[str, Linear] = {}
        notes: dict[str, float | str] = {}
        for done, modality in enumerate(train.modalities):
            context.progress(f"regression on {modality}", done, len(train.modalities))
            regressions[modality], converged = self._regression(train, modality, shares)
            if not converged:
                notes[f"regression on {modality}"] = f"not converged after {self.iterations} iterations"
        parameters = sum(linear.coefficients.size + linear.intercepts.size for linear in regressions.values())
        return FittedLateFusion(regressions, shares, TrainingRecord(parameters=parameters, notes=notes))

    def restore(self, state: State, *, device: str = "cpu") -> FittedLateFusion:
        """Return the fitted model that gave `state`."""
        names = state.settings["modalities"]
        assert isinstance(names, list)
        regressions = {
            str(modality): Linear(*(state.arrays[f"{name}_{place}"] for name in ARRAYS))
            for place, modality in enumerate(names)
        }
        return FittedLateFusion(regressions, state.arrays["shares"])

    def _regression(
        self, train: Conversations, modality: str, shares: Float[np.ndarray, " classes"]
    ) -> tuple[Linear, bool]:
        """Return the regression on one modality, and whether it converged."""
        used = train.observed[modality] & (train.label >= 0)
        rows, labels = train.features[modality][used].astype(np.float64), train.label[used]
        if len(np.unique(labels)) < 2:
            # With one class, or none, there is nothing to regress: the modality says what the shares say.
            with np.errstate(divide="ignore"):
                width = train.widths[modality]
                return Linear(np.zeros((width, len(shares))), np.log(shares), np.zeros(width)), True
        # scikit-learn takes more than a second to import.
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(rows)
        regression = LogisticRegression(C=self.inverse_penalty, max_iter=self.iterations)
        with warnings.catch_warnings():
            # It is said in the record, where it is still seen when the report is read.
            warnings.simplefilter("ignore", ConvergenceWarning)
            regression.fit(scaler.transform(rows), labels)
        return _linear(regression, scaler, len(shares)), bool(regression.n_iter_.max() < self.iterations)


PLUGIN = LateFusion


def _linear(
    regression: Any,  # LogisticRegression and StandardScaler: scikit-learn has no types, and is not imported yet
    scaler: Any,
    classes: int,
) -> Linear:
    """Return the regression on features as they come, with a column for each class of the data set."""
    slopes, offsets = regression.coef_.T, regression.intercept_
    if len(regression.classes_) == 2:
        # For two classes scikit-learn keeps the second's logit only; that of the first is zero.
        slopes, offsets = np.hstack([np.zeros_like(slopes), slopes]), np.append(0.0, offsets)
    coefficients, intercepts = np.zeros((len(slopes), classes)), np.full(classes, -np.inf)
    coefficients[:, regression.classes_] = slopes / scaler.scale_[:, None]
    intercepts[regression.classes_] = offsets - (scaler.mean_ / scaler.scale_) @ slopes
    return Linear(coefficients, intercepts, scaler.mean_)

"""The class shares of the training split, whatever is said: the least a model has to beat.

Each row gets P(class) as counted in training, so it is calibrated wherever test and training have the same shares, and
its confidence under removal (CEL) is zero. A class that does not occur in training has probability zero.

Source: emobench's own.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from ..benchmark.conversations import Conversations
from ..benchmark.predictions import Predictions
from ..benchmark.training.task import class_counts
from .base import FitContext, State, TrainingRecord
from .sessions import EachTurnByItself


@dataclass(frozen=True, eq=False)
class FittedPrior:
    """The shares."""

    honours_links: ClassVar[bool] = True

    shares: Float64[np.ndarray, " classes"]
    """Share of each class among the labelled training utterances."""
    record: TrainingRecord = field(default_factory=TrainingRecord)
    """Empty but for the number of parameters."""

    def predict(self, conversations: Conversations) -> Predictions:
        """Return the shares in every row."""
        return Predictions(np.tile(self.shares, (len(conversations), 1)))

    def session(self) -> EachTurnByItself:
        """Return a session: no turn depends on another."""
        return EachTurnByItself(self)

    def state(self) -> State:
        """Return the shares."""
        return State(arrays={"shares": self.shares}, settings={})


@dataclass(frozen=True)
class Prior:
    """No arguments."""

    deterministic: ClassVar[bool] = True

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedPrior:
        """Count the classes of the labelled training utterances.

        Raises
        ------
        DataError
            When no utterance has a label.
        """
        return FittedPrior(class_shares(train), TrainingRecord(parameters=len(train.classes)))

    def restore(self, state: State, *, device: str = "cpu") -> FittedPrior:
        """Return the prior that gave `state`."""
        return FittedPrior(state.arrays["shares"])


PLUGIN = Prior


def class_shares(train: Conversations) -> Float64[np.ndarray, " classes"]:
    """Return the share of each class among the labelled utterances; they sum to one.

    Raises
    ------
    DataError
        When no utterance has a label.
    """
    shares = np.array(class_counts(train), np.float64)
    shares /= shares.sum()
    return shares

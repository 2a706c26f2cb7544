"""Sessions of models that keep nothing between the turns of a dialogue."""

from dataclasses import dataclass

from ..benchmark.conversations import Conversations
from ..benchmark.predictions import Predictions
from .base import FittedModel, KeepsState, Session


@dataclass(frozen=True, eq=False)
class EachTurnByItself:
    """The session of a model without context: a turn is read alone, however long the dialogue."""

    fitted: FittedModel
    """Its prediction of an utterance depends on nothing but that utterance."""

    def feed(self, turn: Conversations) -> Predictions:
        """Return the prediction of the turn."""
        return self.fitted.predict(turn)


def session_of(fitted: FittedModel) -> Session | None:
    """Return a session of a model at the start of a dialogue; None where it keeps no state."""
    return fitted.session() if isinstance(fitted, KeepsState) else None

"""Sessions of fitted models: who has one, what a turn has to be like, and the session of models that keep nothing."""

from dataclasses import dataclass

from ..benchmark.conversations import Conversations
from ..benchmark.errors import DataError
from ..benchmark.predictions import Predictions
from .base import FittedModel, KeepsState, Session


@dataclass(frozen=True, eq=False)
class EachTurnByItself:
    """The session of a model without context: a turn is read alone, however long the dialogue."""

    fitted: FittedModel
    """Its prediction of an utterance depends on nothing but that utterance."""

    def feed(self, turn: Conversations) -> Predictions:
        """Return the prediction of the turn; see `Session`. Errors as the model's, and where it is not a turn."""
        require_turn(turn)
        return self.fitted.predict(turn)


def session_of(fitted: FittedModel) -> Session | None:
    """Return a session of a model at the start of a dialogue; None where it keeps no state."""
    return fitted.session() if isinstance(fitted, KeepsState) else None


def require_turn(turn: Conversations) -> None:
    """Raise DataError unless this is one turn that a session can take."""
    if len(turn) != 1:
        raise DataError(
            f"expected one turn, one dialogue of one row, got {len(turn)} rows in {turn.dialogues} "
            f"dialogue{'s' * (turn.dialogues > 1)} of {turn.data}; feed one row at a time (`benchmark.stream.turns_of`)"
        )
    if turn.links is not None:
        raise DataError(
            "expected a turn without a pairwise mask, got one (context_removal:mode=graph): a mask of turns that are "
            "yet to come is not known; type mode=strict"
        )

"""Dialogues turn by turn, as an interface meets them, whatever the model: it keeps state, or it recomputes.

session = session_of(fitted, template)
for turn in turns_of(conversations, 0):
    now = session.feed(turn)  # one row: the newest turn
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..baselines import sessions
from ..baselines.base import FittedModel, Session
from .conversations import Conversations
from .errors import DataError
from .predictions import Predictions
from .trace import joined_traces


def session_of(fitted: FittedModel, template: Conversations) -> Session:
    """Return a session of any fitted model: its own where it keeps state, else one that recomputes.

    Parameters
    ----------
    template
        Conversations like those that will be fed: their data set, classes, modalities and widths.
    """
    return sessions.session_of(fitted) or Recomputing(fitted, template)


def turns_of(conversations: Conversations, dialogue: int) -> tuple[Conversations, ...]:
    """Return the turns of a dialogue as they are fed: each as conversations of one dialogue with one row."""
    nothing, origin = np.zeros(1, np.int64), np.array([dialogue])
    rows = np.arange(conversations.starts[dialogue], conversations.starts[dialogue + 1])
    return tuple(
        conversations.take_rows(row, dialogue=nothing, origin=origin, target=nothing) for row in rows[:, np.newaxis]
    )


def joined(turns: Sequence[Conversations]) -> Conversations:
    """Return turns, one or more of the same data set and with one row each, as one dialogue in this order.

    Features that are concealed at some turns only are not concealed at the others.
    """
    first, rows = turns[0], len(turns)
    concealed = {
        modality: np.concatenate(
            [turn.concealed.get(modality, np.zeros(turn.features[modality].shape, bool)) for turn in turns]
        )
        for modality in first.modalities
        if any(modality in turn.concealed for turn in turns)
    }
    said = [turn.transcripts for turn in turns]
    return first.change(
        features={m: np.concatenate([turn.features[m] for turn in turns]) for m in first.modalities},
        observed={m: np.concatenate([turn.observed[m] for turn in turns]) for m in first.modalities},
        present={m: np.concatenate([turn.present[m] for turn in turns]) for m in first.modalities},
        concealed=concealed,
        dialogue=np.zeros(rows, np.int64),
        speaker=np.concatenate([turn.speaker for turn in turns]),
        label=np.concatenate([turn.label for turn in turns]),
        target=np.arange(rows),
        utterance_ids=tuple(turn.utterance_ids[0] for turn in turns),
        transcripts=None if None in said else tuple(words[0] for words in said if words is not None),
        trace=joined_traces([turn.trace for turn in turns]),
    )


@dataclass(eq=False)
class Recomputing:
    """A session of a model that keeps nothing: the dialogue so far is predicted anew at every turn."""

    fitted: FittedModel
    """Any."""
    template: Conversations
    """What turns have to be like."""
    turns: list[Conversations] = field(default_factory=list)
    """Those fed so far."""

    def feed(self, turn: Conversations) -> Predictions:
        """Return the last row of what the model says of the dialogue so far; see `Session`.

        Raises
        ------
        DataError
            When it is not one turn, or not like the template.
        NotApplicable
            When the model declines the dialogue so far.
        """
        sessions.require_turn(turn)
        if (turn.widths, turn.classes) != (self.template.widths, self.template.classes):
            raise DataError(
                f"expected turns like {self.template.data}, with {self.template.widths} and the classes "
                f"{', '.join(self.template.classes)}, got {turn.widths} and {', '.join(turn.classes)}"
            )
        said = self.fitted.predict(joined([*self.turns, turn]))
        self.turns.append(turn)
        return Predictions(
            said.probabilities[-1:], {modality: weights[-1:] for modality, weights in said.modality_weights.items()}
        )

"""What a network has to know about the data before it sees any."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...baselines.base import Json
from ..conversations import Conversations
from ..errors import DataError


@dataclass(frozen=True)
class Task:
    """Sizes and counts of the training split."""

    widths: Mapping[str, int]
    """Width of the features per modality, in the order of the data (text, audio, video)."""
    class_counts: tuple[int, ...]
    """Training utterances of each class; its length is the number of classes."""
    speakers: int
    """Largest number of speakers in a training dialogue; other splits may have more."""

    @classmethod
    def of(cls, train: Conversations) -> "Task":
        """Return the task that a training split sets.

        Raises
        ------
        DataError
            When no utterance has a label.
        """
        return cls(train.widths, class_counts(train), int(train.speaker.max()) + 1)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_counts)

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each class in training; they sum to one."""
        return tuple(count / sum(self.class_counts) for count in self.class_counts)

    def require(self, conversations: Conversations) -> None:
        """Raise DataError unless a model trained on this task can read `conversations`."""
        if dict(conversations.widths) != dict(self.widths) or len(conversations.classes) != self.classes:
            raise DataError(
                f"the model was trained on {dict(self.widths)} and {self.classes} classes, got "
                f"{conversations.data} with {conversations.widths} and {len(conversations.classes)} classes; "
                "train it on these data"
            )

    def settings(self) -> Json:
        """Return the task as JSON; modalities as a list, because their order counts."""
        return {
            "widths": [list(pair) for pair in self.widths.items()],
            "class_counts": list(self.class_counts),
            "speakers": self.speakers,
        }

    @classmethod
    def from_settings(cls, settings: Json) -> "Task":
        """Return the task that gave `settings`."""
        match settings:
            case {"widths": list(widths), "class_counts": list(counts), "speakers": int(speakers)}:
                return cls(dict(widths), tuple(counts), speakers)
        raise DataError(f"expected a stored task, got {settings!r}; train the model again")


def class_counts(train: Conversations) -> tuple[int, ...]:
    """Return the number of utterances of each class; those without a label (−1) are left out.

    Raises
    ------
    DataError
        When no utterance has a label.
    """
    known = train.label[train.label >= 0]
    if not known.size:
        raise DataError(f"{train.data}, {train.split}: expected labels to learn from, got none")
    return tuple(np.bincount(known, minlength=len(train.classes)).tolist())

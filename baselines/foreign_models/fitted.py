"""A foreign model that was trained elsewhere, ready to predict."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from ...benchmark.conversations import Conversations
from ...benchmark.predictions import Predictions
from ...benchmark.training.batches import make_batch, prediction_batches
from ...benchmark.training.task import Task
from ..base import Json, State, TrainingRecord
from .contract import Contract
from .shared import require_speakers, turns_of
from .worker import Worker


@dataclass(frozen=True, eq=False)
class FittedForeign:
    """The process with the model, and what may be asked of it."""

    contract: Contract
    """What the model is called with and gives."""
    worker: Worker
    """Where it runs."""
    task: Task
    """The data that it was accepted for."""
    sizes: Mapping[str, Json]
    """What its factory was offered."""
    seed: int
    """Training seed of the run: which of several checkpoints."""
    record: TrainingRecord
    """What was found out about it at first use."""

    def predict(self, conversations: Conversations) -> Predictions:
        """Return one row per row of `conversations`.

        Raises
        ------
        DataError
            When the data are others, the process is lost or late, or the output is not as declared.
        NotApplicable
            When a dialogue has more speakers than the model has room for.
        """
        rows = np.empty((len(conversations), self.task.classes))
        for dialogues in batches(conversations, self.contract.batch):
            at = rows_of(conversations, dialogues)
            rows[at] = self.probabilities(conversations, dialogues)
        return Predictions(rows)

    def probabilities(
        self, conversations: Conversations, dialogues: Int64[np.ndarray, " chosen"], *, padding: float = 0.0
    ) -> Float64[np.ndarray, "turns classes"]:
        """Return what the model says of some dialogues, given together, one after the other; errors as `predict`.

        `padding` is what the features hold where there is no turn.
        """
        self.task.require(conversations)
        require_speakers(self.contract, self.sizes, int(conversations.speaker.max()) + 1)
        turns = turns_of(make_batch(conversations, dialogues, device="cpu"))
        valid = turns.valid.numpy()
        arrays = {"valid": valid, "speaker": turns.speaker.numpy()}
        for name, features in turns.features.items():
            arrays[f"features/{name}"] = np.where(valid[..., None], features.numpy(), np.float32(padding))
            arrays[f"observed/{name}"] = turns.observed[name].numpy()
        return _softmax(self.worker.predict(arrays)[valid])

    def state(self) -> State:
        """Return what tells which model of which run is meant; weights stay in their checkpoint."""
        return State(arrays={}, settings={"task": self.task.settings(), "seed": self.seed})


def batches(conversations: Conversations, most: int) -> list[Int64[np.ndarray, " chosen"]]:
    """Return all dialogues in groups of like length, each of at most `most`."""
    return [
        group[first : first + most]
        for group in prediction_batches(conversations)
        for first in range(0, len(group), most)
    ]


def rows_of(conversations: Conversations, dialogues: Int64[np.ndarray, " chosen"]) -> Int64[np.ndarray, " turns"]:
    """Return the rows of some dialogues, one dialogue after the other."""
    starts = conversations.starts
    return np.concatenate([np.arange(starts[one], starts[one + 1]) for one in dialogues.tolist()])


def _softmax(values: Float64[np.ndarray, "turns classes"]) -> Float64[np.ndarray, "turns classes"]:
    shares: Float64[np.ndarray, "turns classes"] = np.exp(values - values.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares

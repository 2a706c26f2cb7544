"""The exact posterior of simulated data: no model can have a lower expected NLL or Brier score.

It knows the process that drew the data (`benchmark/simulation`) and computes P(emotion of a turn | all that is left of
its dialogue) by forward–backward over the last emotion of each speaker. A modality that is absent contributes no
factor, whether the model is told or just gets zeros: who knows the process knows that no feature vector is zero. Its
row is the ceiling of quality under each condition. There is nothing to fit. On other data it declines.

Source: emobench's own; Rabiner (1989), A tutorial on hidden Markov models, eqs. 18–27.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable
from ..benchmark.predictions import Predictions
from ..benchmark.registry import DATASETS, make
from ..benchmark.simulation.likelihood import log_likelihood
from ..benchmark.simulation.posterior import posterior
from ..benchmark.simulation.world import World
from .base import FitContext, State, TrainingRecord


@dataclass(frozen=True)
class FittedBayesOptimal:
    """The posterior, ready; it holds nothing, for the data say from which process they come."""

    record: TrainingRecord = field(default_factory=TrainingRecord)
    """Empty: nothing is learned."""

    def predict(self, conversations: Conversations) -> Predictions:
        """Return the exact posterior of every row, in the order of the rows.

        Raises
        ------
        NotApplicable
            When the data are not simulated, or were changed in a way whose likelihood is not known here.
        """
        world = _world(conversations)
        _require_no_gaps(conversations)
        _require_known_likelihood(conversations)
        evidence = _log_evidence(world, conversations)
        dialogues = [slice(first, end) for first, end in pairwise(conversations.starts.tolist())]
        parts = [posterior(world, conversations.speaker[rows], evidence[rows]) for rows in dialogues]
        return Predictions(np.concatenate(parts))

    def state(self) -> State:
        """Return an empty state."""
        return State(arrays={}, settings={})


@dataclass(frozen=True)
class BayesOptimal:
    """No arguments: there is one exact posterior."""

    deterministic: ClassVar[bool] = True

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedBayesOptimal:
        """Return at once.

        Raises
        ------
        NotApplicable
            When the data are not simulated.
        """
        _world(train)
        return FittedBayesOptimal()

    def restore(self, state: State, *, device: str = "cpu") -> FittedBayesOptimal:
        """Return the same as `fit`."""
        return FittedBayesOptimal()


PLUGIN = BayesOptimal


def _world(conversations: Conversations) -> World:
    if conversations.data.partition(":")[0] != "simulated":
        raise NotApplicable(
            f"bayes_optimal needs data whose process is known, got {conversations.data!r}; type --data simulated"
        )
    world: World = make(DATASETS, conversations.data).world()
    if conversations.widths != world.widths:
        raise NotApplicable(
            f"bayes_optimal expects the widths {world.widths} of {conversations.data}, got {conversations.widths}"
        )
    return world


def _require_known_likelihood(conversations: Conversations) -> None:
    for modality, rows in conversations.features.items():
        filled = ~conversations.present[modality] & rows.any(axis=1)
        if filled.any():
            raise NotApplicable(
                f"bayes_optimal expects zeros where {modality} is absent, got other values at "
                f"{conversations.utterance_ids[int(np.argmax(filled))]}: a dialogue mean put in its place still tells "
                "of the dialogue, and its likelihood has no tractable form; type fill=zero"
            )


def _require_no_gaps(conversations: Conversations) -> None:
    # Turns may be cut off at the end, which leaves the posterior of the rest exact, but nowhere else.
    for name, turn in zip(conversations.utterance_ids, conversations.turn.tolist(), strict=True):
        if not name.endswith(f"_{turn:02d}"):
            raise NotApplicable(
                f"bayes_optimal expects dialogues without gaps from their first turn on, got {name} as turn {turn}; "
                "where a turn is not to be seen, leave it there with all modalities absent"
            )


def _log_evidence(world: World, conversations: Conversations) -> Float[np.ndarray, "utterances classes"]:
    parts = [
        log_likelihood(rows, conversations.present[modality], means=world.means[modality], noise=world.noise)
        for modality, rows in conversations.features.items()
    ]
    total: Float[np.ndarray, "utterances classes"] = np.sum(parts, axis=0)
    return total

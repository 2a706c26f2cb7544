"""Deep ensemble: the mean of the probabilities of several models trained with different seeds.

Each member is the whole model before it, other training methods included, with random numbers of its own; at every seed
of a run all members are others. Training and prediction take as many times as long as there are members. What members
say of how much they lean on each modality is averaged too. A calibrator that follows is fitted on the pooled
probabilities. The record holds the mean score of a single member beside it: an ensemble is compared with that.

Source: Lakshminarayanan et al. (2017), Simple and scalable predictive uncertainty estimation using deep ensembles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Float32
from typing_extensions import Doc

from ...benchmark.conversations import Conversations
from ...benchmark.errors import NotApplicable, SpecError
from ...benchmark.gold import gold_classes, loss_slopes
from ...benchmark.predictions import Predictions
from ..base import (
    FitContext,
    FittedModel,
    HasGradients,
    HonoursLinks,
    Model,
    Session,
    State,
    TrainingRecord,
)
from ..per_mask import stored_parts
from ..sessions import session_of


@dataclass(frozen=True, eq=False)
class FittedEnsemble:
    """Fitted members."""

    members: tuple[FittedModel, ...]
    """Two or more."""

    @property
    def record(self) -> TrainingRecord:
        """How many, what one of them scores on average, how many numbers they have learned together."""
        records = [member.record for member in self.members]
        chosen = [epoch for r in records for epoch in r.epochs if epoch.number == r.chosen_epoch]
        notes: dict[str, float | str] = {"members": float(len(records))}
        for split in ("validation", "test"):
            scores = [getattr(epoch, split).get("weighted_f1") for epoch in chosen]
            if scores and None not in scores:
                notes[f"{split} weighted_f1 of a member, mean"] = float(np.mean(scores))
        optimism = [r.selection_optimism for r in records if r.selection_optimism is not None]
        if optimism:
            notes["selection optimism of a member, mean"] = float(np.mean(optimism))
        return TrainingRecord(
            selection=records[0].selection, parameters=sum(record.parameters for record in records), notes=notes
        )

    @property
    def honours_links(self) -> bool:
        """As its members."""
        return all(isinstance(member, HonoursLinks) and member.honours_links for member in self.members)

    def predict(self, conversations: Conversations) -> Predictions:
        """Return the mean of the members' probabilities, and of their modality weights where they have any."""
        return _mean([member.predict(conversations) for member in self.members])

    def session(self) -> "EnsembleSession | None":
        """Return a session of every member; None where a member keeps no state."""
        sessions = tuple(session for member in self.members if (session := session_of(member)) is not None)
        return EnsembleSession(sessions) if len(sessions) == len(self.members) else None

    def feature_gradients(
        self, conversations: Conversations, slopes: Float[np.ndarray, "utterances classes"]
    ) -> Mapping[str, Float32[np.ndarray, "utterances width"]]:
        """Return the gradient of Σ slopes · log p̄, p̄ the mean: a member counts by its share p / Σ p of a probability.

        Raises
        ------
        NotApplicable
            When a member cannot be differentiated.
        """
        said = [member.predict(conversations).probabilities for member in self.members]
        total = np.maximum(np.sum(said, axis=0), np.finfo(np.float64).tiny)
        found: list[Mapping[str, np.ndarray]] = []
        for member, p in zip(self.members, said, strict=True):
            if not isinstance(member, HasGradients):
                raise NotApplicable("the members of the ensemble have no gradients")
            found.append(member.feature_gradients(conversations, slopes * p / total))
        return {name: reduce(np.add, (one[name] for one in found)) for name in found[0]}

    def loss_gradients(self, conversations: Conversations) -> Mapping[str, Float32[np.ndarray, "utterances width"]]:
        """Return the gradient of Σ −log p̄[gold]; see `Differentiable`."""
        return self.feature_gradients(
            conversations, loss_slopes(conversations, gold_classes(conversations, self.predict))
        )

    def state(self) -> State:
        """Return the states of all members; arrays are told apart by `0/`, `1/`, and so on."""
        states = [member.state() for member in self.members]
        return State(
            arrays={f"{place}/{name}": array for place, s in enumerate(states) for name, array in s.arrays.items()},
            settings={"members": [dict(state.settings) for state in states]},
        )


@dataclass(frozen=True, eq=False)
class EnsembleSession:
    """A session of every member."""

    sessions: tuple[Session, ...]
    """In the order of the members."""

    def feed(self, turn: Conversations) -> Predictions:
        """Return the mean of what the members say of the newest turn; see `Session`."""
        return _mean([session.feed(turn) for session in self.sessions])


@dataclass(frozen=True)
class EnsembleOf:
    """Several of one model."""

    deterministic: ClassVar[bool] = False

    model: Model
    """Each member."""
    members: int
    """How many."""

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedEnsemble:
        """Train the members one after the other; errors as the model's."""
        return FittedEnsemble(
            tuple(
                self.model.fit(train, validation, context=self._of_member(context, number))
                for number in range(self.members)
            )
        )

    def restore(self, state: State, *, device: str = "cpu") -> FittedEnsemble:
        """Return the fitted ensemble that gave `state`; DataError when it is another model's."""
        parts = stored_parts(state, "members", self.members)
        return FittedEnsemble(tuple(self.model.restore(part, device=device) for part in parts))

    def _of_member(self, context: FitContext, number: int) -> FitContext:
        return replace(
            context,
            seed=context.randomness.for_("member of an ensemble", str(number)).torch_seed(),
            progress=lambda what, done, total: context.progress(
                f"member {number + 1} of {self.members}, {what}", done, total
            ),
        )


@dataclass(frozen=True)
class Ensemble:
    """How many members."""

    members: Annotated[int, Ge(2), Le(100), Doc("models that are trained and averaged")] = 5

    def applied_to(self, model: Model, *, text: str) -> Model:
        """Return so many of the model.

        Raises
        ------
        SpecError
            When all members would be the same.
        """
        if model.deterministic:
            raise SpecError(
                f"ensemble: expected a model that differs from seed to seed, got {text.partition('+')[0]}, "
                "which is always the same; leave out +ensemble"
            )
        return EnsembleOf(model, self.members)


PLUGIN = Ensemble


def _mean(said: Sequence[Predictions]) -> Predictions:
    named = said[0].modality_weights
    return Predictions(
        probabilities=np.mean([one.probabilities for one in said], axis=0),
        modality_weights={name: np.mean([one.modality_weights[name] for one in said], axis=0) for name in named},
    )

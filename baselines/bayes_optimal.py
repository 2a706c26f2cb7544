"""The exact posterior of simulated data: no model can have a lower expected NLL or Brier score.

It computes P(emotion of a turn | all that is left of its dialogue) by forward–backward over the last emotion of each
speaker, so its row is the ceiling of quality under each condition. There is nothing to fit. On other data it declines.

What it knows: the process that drew the data (`benchmark/simulation`); the parameters of the stress, such as the
variance of noise or the number of turns by which a modality is late; which values are missing or hidden, whether the
model is told or just gets a filler (who knows the process knows that no feature vector is zero); where in the dialogue
each turn that is left stood, and who spoke in the gaps. So what is missing or hidden contributes no factor, noise
widens the density of each feature, features that were moved speak for the turn they were recorded at, and turns that
were taken away remain as turns of which nothing is seen. Stresses in a chain are combined.

What it does not know: draws that leave no trace, such as which neighbours were exchanged, whose label a turn got, or of
which utterances babble is made. Under such a stress, and under one that is aimed at a model, the posterior would be a
sum over all that may have happened; it declines, saying why, and there is no ceiling.

It draws the dialogues once more and compares: a change to features, speakers or turns that the trace does not explain
is refused. It cannot see that a stress looked at labels or features to decide what to take away, or stated a wrong
variance; protocols promise not to.

Turn by turn: recomputed. A filter would need the last emotions only, as long as no stress moves features along the
dialogue, so that a turn speaks for an earlier one.

Source: emobench's own; Rabiner (1989), A tutorial on hidden Markov models, eqs. 18–27.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Int64

from ..benchmark.conversations import Conversations
from ..benchmark.datasets.simulated import Simulated
from ..benchmark.errors import NotApplicable
from ..benchmark.predictions import Predictions
from ..benchmark.registry import DATASETS, make
from ..benchmark.simulation.exact import exact_posterior, recorded_speakers
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
        data = _simulated(conversations)
        _require_known(conversations)
        _require_places(conversations)
        _require_as_drawn(conversations, data)
        return Predictions(exact_posterior(data.world(), conversations))

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
        _simulated(train)
        return FittedBayesOptimal()

    def restore(self, state: State, *, device: str = "cpu") -> FittedBayesOptimal:
        """Return the same as `fit`."""
        return FittedBayesOptimal()


PLUGIN = BayesOptimal

MOST_IMPULSES = 8
"""In one chain, so that the mixture of what each feature may have got has at most 256 parts."""


def _simulated(conversations: Conversations) -> Simulated:
    if conversations.data.partition(":")[0] != "simulated":
        raise NotApplicable(
            f"bayes_optimal needs data whose process is known, got {conversations.data!r}; type --data simulated"
        )
    data: Simulated = make(DATASETS, conversations.data)
    widths = {"text": data.text_width, "audio": data.audio_width, "video": data.video_width}
    if conversations.widths != widths:
        raise NotApplicable(
            f"bayes_optimal expects the widths {widths} of {conversations.data}, got {conversations.widths}"
        )
    return data


def _decline(why: str) -> NotApplicable:
    return NotApplicable(f"bayes_optimal has no exact posterior here, because {why}")


def _require_known(conversations: Conversations) -> None:
    if conversations.trace.unknown:
        raise _decline(conversations.trace.unknown)
    for modality, layers in conversations.trace.noise.items():
        impulses = sum(0 < layer.probability < 1 for layer in layers)
        if impulses > MOST_IMPULSES:
            raise _decline(
                f"{impulses} noises hit single features of {modality} by chance, and the likelihood is a sum over all "
                f"2^{impulses} cases (at most {MOST_IMPULSES} can be summed)"
            )
    if conversations.links is not None:
        raise _decline("what reaches a turn through a pairwise mask differs from model to model; type mode=strict")


def _require_places(conversations: Conversations) -> None:
    """Raise where rows are not at the turns that the trace gives them."""
    # Turns may be cut off at the end, which leaves the posterior of the rest exact, but nowhere else without a trace.
    for name, turn in zip(conversations.utterance_ids, conversations.recorded_turn().tolist(), strict=True):
        if not name.endswith(f"_{turn:02d}"):
            raise NotApplicable(
                f"bayes_optimal expects dialogues without gaps from their first turn on, got {name} as turn {turn}; "
                "where a turn is not to be seen, leave it there with all modalities absent, or take the others by "
                "Conversations.take_rows, which remembers the gap"
            )
    turns = np.array([len(speakers) for speakers in recorded_speakers(conversations)])[conversations.dialogue]
    for modality, source in conversations.trace.source.items():
        there = conversations.present[modality]
        if ((source < 0) | (source >= turns))[there].any():
            raise _decline(f"{modality} holds what was recorded outside of the dialogue")
        place = (conversations.dialogue * turns.max() + source)[there]
        if len(np.unique(place)) < len(place):
            raise _decline(f"{modality} holds what was recorded at one turn in more than one row of a dialogue")


def _require_as_drawn(conversations: Conversations, data: Simulated) -> None:
    """Raise where speakers or features are not those that were drawn, and the trace does not say why."""
    drawn = _drawn(data, tuple(dict.fromkeys(conversations.dialogue_ids)), conversations.split)
    number = {name: place for place, name in enumerate(drawn.dialogue_ids)}
    origin = np.array([number[name] for name in conversations.dialogue_ids])
    first, end = drawn.starts[origin], drawn.starts[origin + 1]
    turn = conversations.recorded_turn()
    for name, start, stop, spoke in zip(
        conversations.dialogue_ids, first.tolist(), end.tolist(), recorded_speakers(conversations), strict=True
    ):
        if not np.array_equal(spoke, drawn.speaker[start:stop][: len(spoke)]):
            raise _decline(f"the speakers of {name} are not those that were drawn, and the trace does not say why")
    at = first[conversations.dialogue]
    if not np.array_equal(conversations.speaker, drawn.speaker[at + turn]):
        raise _decline("turns are said to be spoken by others than were drawn, and the trace does not say why")
    for modality in conversations.modalities:
        source = np.where(conversations.present[modality], conversations.trace.source.get(modality, turn), turn)
        _require_features(conversations, modality, drawn, at + source)


# Most conditions of a run are on the same dialogues.
@lru_cache(maxsize=1)
def _drawn(data: Simulated, names: tuple[str, ...], split: str) -> Conversations:
    return data.dialogues(names, split=split)


def _require_features(
    conversations: Conversations, modality: str, drawn: Conversations, rows: Int64[np.ndarray, " utterances"]
) -> None:
    """Raise where a row does not hold the row of `drawn` that is named for it, or zeros where it is absent."""
    present = conversations.present[modality]
    there = np.where(present[:, None], drawn.features[modality][rows], np.float32(0))
    differs = conversations.features[modality] != there
    if modality in conversations.trace.hidden:
        differs &= ~conversations.trace.hidden[modality]
    strange: Bool[np.ndarray, " utterances"] = differs.any(axis=1)
    for added in conversations.trace.noise.get(modality, ()):
        strange &= ~added.hit
    if not strange.any():
        return
    row = int(np.argmax(strange))
    name = conversations.utterance_ids[row]
    if not present[row]:
        raise NotApplicable(
            f"bayes_optimal expects zeros where {modality} is absent, got other values at {name}: a dialogue mean put "
            "in its place still tells of the dialogue, and its likelihood has no tractable form; type fill=zero"
        )
    raise _decline(
        f"the {modality} features of {name} are not those that were drawn, and the trace does not say why: a stress "
        "writes what it did into `trace`, or why its likelihood is not known into `unknown`"
    )

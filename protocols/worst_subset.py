"""The modalities that stay are, for each utterance, those with which this model does worst.

What is changed: modalities go missing, their features 0. Every choice of modalities that stay is tried, from `least` of
them to all but one, each for the whole dialogue (who turns a camera off has it off for the conversation); then each
utterance is read under the choice that gives its gold class the lowest probability. Where a label is unknown, the class
predicted with all modalities stands in. Of choices that are as bad the first counts, in the order in which
`modality_drop` names them: those that take away fewer first, then in the order of the data. So each utterance is the
worst of its conditions `modality_drop:drop=…`.

What the model is told: which modalities are missing.

What is random: nothing.

Severity: there is one condition and no curve. The share of utterances that each modality is missing from is recorded;
it tells what the model leans on.

Replay: no random numbers are drawn. A dialogue is returned once for each choice that some utterance of it is read
under; `target` says which.

Source: emobench's own; exhaustive search, for M modalities at most 2^M − 2 predictions of the split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge
from jaxtyping import Bool, Float, Int64
from typing_extensions import Doc

from ..benchmark.conversations import CONTEXT_ONLY, Conversations
from ..benchmark.errors import NotApplicable, SpecError
from ..benchmark.gold import gold_classes
from ..benchmark.randomness import Randomness
from .base import Attack, Attacked, DataFacts, FeatureStatistics, Stress


@dataclass(frozen=True)
class WorstSubset(Attack):
    """The attack `worst_subset` with its arguments."""

    least: Annotated[int, Ge(1), Doc("how many modalities stay at least")] = 1

    meaning: ClassVar[str] = (
        "some modalities are missing, told, from each utterance: those without which the model at hand gives its gold "
        "class the lowest probability."
    )
    repeats: ClassVar[bool] = True

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where as many modalities stay as there are."""
        modalities = len(facts.modalities)
        if modalities <= self.least:
            raise NotApplicable(
                f"worst_subset: least={self.least} takes nothing away from data with {modalities} "
                f"{'modality' if modalities == 1 else 'modalities'}"
            )

    @property
    def unknown(self) -> str:
        """What is missing tells of the label."""
        return "the modalities that stay were chosen by looking at the label"

    def changes(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return all: each may go missing."""
        return frozenset(modalities)

    def check_after(self, earlier: Sequence[Stress], modalities: Sequence[str]) -> None:
        """Raise SpecError, beside the common reasons, where a modality that could stay is gone already."""
        Stress.check_after(self, earlier, modalities)
        gone = frozenset[str]().union(*(stress.leaves_nothing_of(modalities) for stress in earlier))
        if gone:
            raise SpecError(
                f"worst_subset tries what happens with {', '.join(sorted(gone))} alone, of which the stresses before "
                "it leave nothing; leave one of them out"
            )

    def attack(
        self,
        conversations: Conversations,
        *,
        model: Attacked,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return each dialogue once per choice of modalities that is the worst for some of its utterances.

        Raises
        ------
        NotApplicable
            When nothing can be taken away.
        """
        self.check(DataFacts.of(conversations))
        choices = self._choices(conversations.modalities)
        gold = gold_classes(conversations, model.predict)
        everywhere = np.ones(len(conversations), bool)
        found: list[Float[np.ndarray, " utterances"]] = []
        for choice in choices:
            tried = _without(conversations, dict.fromkeys(choice, everywhere))
            found.append(model.predict(tried).probabilities[np.arange(len(gold)), gold])
        return _read_under(conversations, choices, np.argmin(found, axis=0))

    def _choices(self, modalities: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """Return what goes missing under each choice."""
        sizes = range(1, len(modalities) - self.least + 1)
        return tuple(gone for size in sizes for gone in combinations(modalities, size))


def _without(conversations: Conversations, gone: Mapping[str, Bool[np.ndarray, " utterances"]]) -> Conversations:
    """Return the conversations with modalities missing from the rows named, told."""
    return conversations.with_modalities(
        features={m: np.where(rows[:, None], np.float32(0), conversations.features[m]) for m, rows in gone.items()},
        observed={m: conversations.observed[m] & ~rows for m, rows in gone.items()},
        present={m: conversations.present[m] & ~rows for m, rows in gone.items()},
    )


def _read_under(
    conversations: Conversations, choices: Sequence[Sequence[str]], worst: Int64[np.ndarray, " utterances"]
) -> Conversations:
    """Return each dialogue once per choice that is the worst for a row that is read; choices in order."""
    read = conversations.target != CONTEXT_ONLY
    origin, choice = np.unique(np.stack([conversations.dialogue[read], worst[read]]), axis=1)
    first, last = conversations.starts[origin], conversations.starts[origin + 1]
    rows = np.concatenate([np.arange(*edges) for edges in zip(first, last, strict=True)])
    dialogue = np.repeat(np.arange(len(origin)), last - first)
    under = choice[dialogue]
    taken = conversations.take_rows(
        rows,
        dialogue=dialogue,
        origin=origin,
        target=np.where(worst[rows] == under, conversations.target[rows], CONTEXT_ONLY),
    )
    gone = {m: np.array([m in missing for missing in choices])[under] for m in conversations.modalities}
    return _without(taken, gone)


PLUGIN = WorstSubset

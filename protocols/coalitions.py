"""All subsets of the modalities, and of the two contexts, as one named set: what exact Shapley values need.

It is no stress itself, but a short name for `modality_drop:drop=…` of every subset of the modalities (2^M − 1 of them,
the last with none left) and for `context_removal` of `intra`, of `inter` and of `all`, which is both. A run computes
them together, each of them once, whichever other protocols ask for it too: single removals are those of `removals`.
`shapley` and `shapley_share` read them. `operator` and `mode` are those of `removals`.

With all modalities gone the model is still asked, and told that nothing is there: the value of the empty coalition is
what the model itself says then, not the class shares of the training split or a mean of predictions. What it can still
know is how the dialogue goes on and who speaks when, as it does in all other coalitions, so that is not put down to
any modality. With all context gone each utterance is predicted as a dialogue of one turn.

On data with one modality there is nothing to share out among modalities, so they are left out; in monologues there is
no context of others.

Source: Shapley (1953); MM-SHAP (Parcalabescu & Frank, ACL 2023), whose players are tokens and patches; CMERC (Tu et
al., ACM MM 2024) shows shares of modalities and contexts. Here these are the players, so all coalitions are counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, ClassVar, Literal

from typing_extensions import Doc

from .base import ConditionSet, DataFacts
from .removals import MODES


@dataclass(frozen=True)
class Coalitions(ConditionSet):
    """The set `coalitions` with its arguments."""

    operator: Annotated[Literal["zero", "mean"], Doc("what stands in for modalities that are removed")] = "zero"
    mode: Annotated[Literal["strict", "graph", "both"], Doc("how context is removed")] = "strict"

    meaning: ClassVar[str] = (
        "every subset of the modalities is missing from every utterance, all of them included, and what the same "
        "speaker says elsewhere (intra), what others say (inter) or both are taken away."
    )

    def members(self, facts: DataFacts) -> tuple[str, ...]:
        """Return the removals of modalities, if there are several, from one to all, then those of context."""
        return (*self._of_modalities(facts.modalities), *self._of_contexts(facts.speakers))

    def _of_modalities(self, modalities: tuple[str, ...]) -> Iterator[str]:
        fill = ",fill=mean" if self.operator == "mean" else ""
        sizes = range(1, len(modalities) + 1) if len(modalities) > 1 else ()
        for size in sizes:
            for subset in combinations(modalities, size):
                yield f"modality_drop:drop={'/'.join(sorted(subset))}{fill}"

    def _of_contexts(self, speakers: int) -> Iterator[str]:
        # In monologues `intra` is all there is, and `inter` is declined by name.
        contexts = ("intra", "inter", "all") if speakers > 1 else ("intra", "inter")
        for mode in MODES[self.mode]:
            yield from (f"context_removal:context={context}{mode}" for context in contexts)


PLUGIN = Coalitions

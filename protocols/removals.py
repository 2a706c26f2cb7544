"""CMERC's five removals as one named set: each modality, and the context of the speaker and of the others.

It is no stress itself, but a short name for `modality_drop:drop=…` of each modality (on data with one modality there
would be nothing left, so it is left out), `context_removal:context=intra` and `context_removal:context=inter`. A run
computes them together, and each of them once, whichever other protocols ask for it too; confidence under removal
(`cel`, `uncertain_share`) reads them. `operator=zero` puts zeros in the place of a modality, `mean` the mean of the
dialogue, which is the operator of the released code. `mode=graph` gives the model a pairwise mask, which is what the
released code does; `strict` predicts from what remains; with `both` the difference between the two can be told.

Source: CMERC (Tu et al., ACM MM 2024), Tables 2 (share of uncertain utterances per removal), 4 (confidence error
without each part of the method) and 5 (beside methods of calibration). Algorithm 1 leaves the operator open.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from typing_extensions import Doc

from .base import ConditionSet, DataFacts

MODES = {"strict": ("",), "graph": (",mode=graph",), "both": ("", ",mode=graph")}
"""What each mode adds to the text of a context removal."""


@dataclass(frozen=True)
class Removals(ConditionSet):
    """The set `removals` with its arguments."""

    operator: Annotated[Literal["zero", "mean"], Doc("what stands in for a modality that is removed")] = "zero"
    mode: Annotated[Literal["strict", "graph", "both"], Doc("how context is removed")] = "strict"

    meaning: ClassVar[str] = (
        "each modality alone is missing from every utterance, and what the same speaker says elsewhere (intra) or what "
        "others say (inter) is taken away."
    )

    def members(self, facts: DataFacts) -> tuple[str, ...]:
        """Return the removals of each modality, if there are several, then of each context."""
        fill = ",fill=mean" if self.operator == "mean" else ""
        modalities = facts.modalities if len(facts.modalities) > 1 else ()
        return (
            *(f"modality_drop:drop={modality}{fill}" for modality in modalities),
            *(f"context_removal:context={c}{mode}" for mode in MODES[self.mode] for c in ("intra", "inter")),
        )


PLUGIN = Removals

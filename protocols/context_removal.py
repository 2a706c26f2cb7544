"""Context is taken away: of the speaker, of the others, of what comes after, or all but the nearest turns.

What is changed: for each utterance that is predicted, the other turns that it may draw on. `context=` names what is
taken away: `intra` (what the same speaker says elsewhere), `inter` (what others say), `all` (every other turn),
`past` (what comes before), `future` (what comes after: this is what an online interface faces, which has to answer
before the next turn is spoken), `distant` (all but the `window` nearest turns; of two that are equally near the earlier
one is kept first; `window=3` alone means this). The utterance itself always stays. On monologues `intra` is the same
as `all`, and `inter` is not defined.

What the model is told: with `mode=strict` there is nothing to tell, for what is taken away is not there: each
utterance is predicted from the dialogue that remains, so any model can be tested, and nothing gets around it.
Utterances of a dialogue for which the same turns remain are predicted together. Speakers keep their numbers. With
`mode=graph` the dialogue stays whole and the model gets a pairwise mask of which turn may draw on which; that is cheap,
but with more than one layer a turn still hears of others by way of its neighbours. Models without such a mask decline.

What is random: nothing.

Severity: `window`, the number of turns that are kept (place on the curve: 1/window); the other contexts have no order.
The mean share of the other turns of the dialogue that were really left is recorded (`strict` only).

Replay: utterance k keeps turn j of its dialogue where j = k, or (`intra`) the speakers differ, (`inter`) they are the
same, (`past`) j > k, (`future`) j < k, (`distant`) fewer than `window` other turns have a smaller 2·|j − k| + [j > k].
Turns are counted as recorded, so that a lost turn leaves a gap (but only turns that are left take one of the places of
a window); after `order` they are counted as they stand.

Source: CMERC (Tu et al., ACM MM 2024) removes `intra` and `inter`; its released code drops edges of a graph, which
`mode=graph` stands for. `mode=strict` is exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Unit
from jaxtyping import Bool
from typing_extensions import Doc

from ..benchmark.context import Context, Removed
from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable, SpecError
from ..benchmark.randomness import Randomness
from .base import DataFacts, FeatureStatistics, Stress, StressProtocol
from .remainders import split_by_remainder

LADDER_CONTEXTS: tuple[Removed, ...] = ("intra", "inter", "all", "future")
"""Removals of the standard ladder that have no order."""
LADDER_WINDOWS = (5, 3, 1)
"""Windows of the standard ladder, from mild to severe."""


@dataclass(frozen=True)
class ContextRemoval(StressProtocol):
    """The stress `context_removal` with its arguments."""

    context: Annotated[Removed | None, Doc("what is taken away; with a window it need not be given")] = None
    window: Annotated[int | None, Doc("only so many of the nearest turns are kept, from 1"), Unit("turns")] = None
    mode: Annotated[
        Literal["strict", "graph"], Doc("strict: only what remains is there; graph: the model gets a pairwise mask")
    ] = "strict"

    meaning: ClassVar[str] = (
        "each utterance is predicted without the context named: what the same speaker says elsewhere (intra), what "
        "others say (inter), every other turn (all), what comes before (past), what comes after (future; this is what "
        "an online interface faces), or all but the nearest turns (window)."
    )
    severity: ClassVar[str] = "window"
    repeats: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check that the arguments go together, and bring `distant` into its one form, which is the window alone."""
        if self.window is None:
            if self.context == "distant":
                raise SpecError("context_removal: context=distant needs a window; type context_removal:window=3")
            return
        if self.window < 1:
            raise SpecError(f"context_removal: expected a window from 1, got {self.window}; type context=all")
        if self.context not in (None, "distant"):
            raise SpecError(
                f"context_removal: expected context=distant with a window, got context={self.context}; "
                f"type context_removal:window={self.window}"
            )
        object.__setattr__(self, "context", None)

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where there is no context to take away."""
        if facts.turns == 1:
            raise NotApplicable("context_removal: every dialogue has a single turn, so there is no context to remove")
        if self.context == "inter" and facts.speakers == 1:
            raise NotApplicable("context_removal: in monologues there are no other speakers; type context=intra")

    def check_after(self, earlier: Sequence[Stress], modalities: Sequence[str]) -> None:
        """Raise SpecError after a stress that leaves no context, or one that has set a pairwise mask."""
        super().check_after(earlier, modalities)
        for stress in earlier:
            if isinstance(stress, ContextRemoval) and stress.context == "all":
                raise SpecError("context_removal: context=all before it leaves no context; leave one of them out")
            if isinstance(stress, ContextRemoval) and stress.mode == "graph":
                raise SpecError(_ONE_MASK)

    def ladder(self, facts: DataFacts) -> tuple["ContextRemoval", ...]:
        """Return itself, or, with nothing given but the mode, the standard removals and windows."""
        if self.context or self.window:
            return (self,)
        return (
            *(replace(self, context=context) for context in LADDER_CONTEXTS),
            *(replace(self, window=window) for window in LADDER_WINDOWS),
        )

    @property
    def severity_value(self) -> float | None:
        """One over the window; None without."""
        return 1 / self.window if self.window else None

    @property
    def unknown(self) -> str:
        """In the graph mode: what reaches a turn is the model's affair."""
        return (
            "no exact posterior is defined for the graph mode: what reaches a turn by way of others depends on how "
            "many steps a model takes"
        ) * (self.mode == "graph")

    def removes(self) -> str:
        """Return `intra`, `inter`, or of `all` both, with `:graph` in that mode."""
        removed = {"intra": "intra", "inter": "inter", "all": "inter/intra"}.get(self.context or "", "")
        return f"{removed}{':graph' * (self.mode == 'graph')}" if removed else ""

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return one sub-dialogue per distinct remainder, or in the graph mode the conversations with links.

        Raises
        ------
        SpecError
            When the conversations have links already.
        """
        if conversations.links is not None:
            raise SpecError(_ONE_MASK)
        rule = Context("distant", self.window) if self.window else Context(self.context or "all")
        if self.mode == "graph":
            return conversations.change(links=rule)
        turn = conversations.recorded_turn()

        def kept(rows: slice) -> Bool[np.ndarray, "turns turns"]:
            return rule.mask(conversations.speaker[rows], turn[rows])

        return split_by_remainder(conversations, kept)


PLUGIN = ContextRemoval

_ONE_MASK = (
    "context_removal: a model takes one pairwise mask, and one before it has mode=graph; "
    "type mode=strict in the one before"
)

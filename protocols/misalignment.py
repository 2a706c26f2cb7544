"""A modality is out of step: late or early by some turns, or swapped between neighbours.

What is changed: features of the modalities named, along the dialogue; the others stay. `kind=shift`: turn t holds what
was recorded at turn t − `shift` (positive: late; negative: early). At the end of the dialogue that is left over
nothing was recorded: zeros, not there. `kind=swap`: turns 0 and 1, 2 and 3, and so on, exchange what was recorded. At
least one modality has to stay in place.

What the model is told: which rows were not recorded. What is known about a row (missing, occluded) moves with its
features; that they belong to another turn is not told.

What is random: with `swap`, which pairs are exchanged, for each modality; with `shift`, nothing.

Severity: with `shift`, the number of turns (place on the curve: its absolute value); the share of rows that lost the
modality at the end of a dialogue is recorded. With `swap`, `rate`: the share of pairs that are exchanged, in
expectation; a higher rate exchanges the same pairs and more.

Replay: `swap` draws per modality and dialogue with default_rng (PCG64) seeded with Randomness(seed, purpose).integer();
the purpose is `stress`, the place in the chain, the canonical text without rate, from the second draw on `draw` and
its number, the modality, and the dialogue's name. One uniform number u per pair, in order; the pair is exchanged where
u < rate. After turns were lost or taken away, `shift` counts turns as recorded: in each copy of a dialogue, what was
recorded at a turn that is not in it is not there.

Source: emobench's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Unit
from jaxtyping import Bool, Int64
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable, SpecError
from ..benchmark.randomness import Randomness
from .base import DataFacts, FeatureStatistics, StressProtocol, named_modalities

LADDER_SHIFTS = (1, 2, 3)
"""Rungs of the standard degradation curve of each modality."""
LADDER_RATES = (0.25, 0.5, 0.75)
"""The same for swaps."""


@dataclass(frozen=True)
class Misalignment(StressProtocol):
    """The stress `misalignment` with its arguments."""

    modality: Annotated[frozenset[str], Doc("modalities out of step (not given: each in turn)")] = frozenset()
    kind: Annotated[Literal["shift", "swap"], Doc("all turns by as many places, or neighbours by chance")] = "shift"
    shift: Annotated[int | None, Doc("places later (negative: earlier); not given: the ladder"), Unit("turns")] = None
    rate: Annotated[Share | None, Doc("with swap: share of neighbours exchanged"), Unit("share")] = None

    meaning: ClassVar[str] = (
        "what was recorded in the named modalities stands at another turn: later by shift turns, or, with kind=swap, "
        "exchanged between neighbours with the probability given by rate."
    )

    def __post_init__(self) -> None:
        """Check that the arguments go together."""
        if "all" in self.modality:
            raise SpecError(
                "misalignment: expected modality to leave one in place, got all; name those out of step, as "
                "modality=audio"
            )
        if self.kind == "shift" and self.rate is not None:
            raise SpecError(f"misalignment: rate={self.rate:g} needs kind=swap")
        if self.kind == "swap" and self.shift is not None:
            raise SpecError(f"misalignment: shift={self.shift} needs kind=shift; with kind=swap type rate=0.5")
        if self.shift == 0:
            raise SpecError(
                "misalignment: expected a shift by one turn or more, got 0; type shift=1 (late) or shift=-1 (early)"
            )

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where nothing would be out of step, or nothing of the modality would be left."""
        named = named_modalities("misalignment", self.modality, facts.modalities, everything="")
        if len(facts.modalities) == 1:
            raise NotApplicable(f"misalignment: the data have one modality, {facts.modalities[0]}, and it takes two")
        if len(named) == len(facts.modalities):
            raise NotApplicable(
                f"misalignment: {'/'.join(named)} is every modality of the data, and one has to stay in place; "
                f"type modality={named[-1]}"
            )
        if facts.turns == 1:
            raise NotApplicable("misalignment: every dialogue has a single turn, so there is nowhere to move to")
        if self.shift is not None and abs(self.shift) >= facts.turns:
            raise NotApplicable(
                f"misalignment: shift={self.shift} moves everything out of dialogues of at most {facts.turns} turns; "
                "type modality_drop"
            )

    def ladder(self, facts: DataFacts) -> tuple["Misalignment", ...]:
        """Return itself, or for what is not given each modality alone and the standard shifts or rates."""
        sets = [self.modality] if self.modality else [frozenset({modality}) for modality in facts.modalities]
        if self.kind == "swap":
            rates = LADDER_RATES if self.rate is None else (self.rate,)
            return tuple(replace(self, modality=named, rate=rate) for named in sets for rate in rates)
        shifts = LADDER_SHIFTS if self.shift is None else (self.shift,)
        return tuple(replace(self, modality=named, shift=shift) for named in sets for shift in shifts)

    # It hangs on the kind, which a class variable cannot.
    @property
    def severity(self) -> str:  # type: ignore[override]
        """`shift` or `rate`."""
        return "shift" if self.kind == "shift" else "rate"

    @property
    def severity_value(self) -> float | None:
        """The number of turns, early or late, or the rate."""
        return self.rate if self.shift is None else float(abs(self.shift))

    @property
    def random(self) -> bool:
        """With `swap`."""
        return self.kind == "swap"

    @property
    def unknown(self) -> str:
        """Of swaps: a draw that leaves no trace."""
        return "which neighbours had what was recorded exchanged is not known" * (self.kind == "swap")

    def changes(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities out of step."""
        return self.modality or frozenset(modalities)

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations with modalities out of step; without a shift or rate nothing moves.

        Raises
        ------
        NotApplicable
            When the data do not have a modality named.
        """
        for modality in named_modalities("misalignment", self.modality, conversations.modalities, everything=""):
            if self.kind == "swap":
                rows = _swapped(conversations, self.rate or 0.0, randomness.for_(modality))
                there = np.ones(len(rows), bool)
            else:
                rows, there = _shifted(conversations, self.shift or 0)
            conversations = _moved(conversations, modality, rows, there)
        return conversations


PLUGIN = Misalignment


def _shifted(
    conversations: Conversations, shift: int
) -> tuple[Int64[np.ndarray, " utterances"], Bool[np.ndarray, " utterances"]]:
    """Return the row that each row gets its features from (itself where there is none), and whether there is one."""
    turn = conversations.recorded_turn()
    places = int(turn.max()) + 1
    at, wanted = conversations.dialogue * places + turn, turn - shift
    row = np.searchsorted(at, conversations.dialogue * places + wanted).clip(max=len(at) - 1)
    there = (wanted >= 0) & (wanted < places) & (turn[row] == wanted)
    there &= conversations.dialogue[row] == conversations.dialogue
    return np.where(there, row, np.arange(len(row))), there


def _swapped(conversations: Conversations, rate: float, randomness: Randomness) -> Int64[np.ndarray, " utterances"]:
    """Return the row that each row gets its features from."""
    rows = np.arange(len(conversations))
    for generator, first, turns in zip(
        randomness.generators(conversations.dialogue_ids),
        conversations.starts[:-1],
        np.diff(conversations.starts).tolist(),
        strict=True,
    ):
        earlier = first + 2 * np.flatnonzero(generator.random(turns // 2) < rate)
        rows[earlier], rows[earlier + 1] = earlier + 1, earlier
    return rows


def _moved(
    conversations: Conversations,
    modality: str,
    rows: Int64[np.ndarray, " utterances"],
    there: Bool[np.ndarray, " utterances"],
) -> Conversations:
    features = conversations.features[modality][rows]
    features[~there] = 0
    concealed = dict(conversations.concealed)
    if modality in concealed:
        concealed[modality] = concealed[modality][rows] & there[:, None]
    return conversations.change(
        features={**conversations.features, modality: features},
        observed={**conversations.observed, modality: conversations.observed[modality][rows] & there},
        present={**conversations.present, modality: conversations.present[modality][rows] & there},
        concealed=concealed,
        trace=conversations.trace.moved(modality, rows, conversations.recorded_turn()),
    )

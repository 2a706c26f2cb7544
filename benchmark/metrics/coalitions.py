"""Exact Shapley values of modalities and contexts, from what a model says with any subset of them removed.

With F the players and val(S) what the model says when only S is left, the value of player j is
φ_j = Σ_{S ⊆ F∖j} |S|!·(|F|−|S|−1)!/|F|! · [val(S∪j) − val(S)] (Shapley, 1953). The values of all players add up to
val(F) − val(∅). Modalities are one game, contexts another.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import share
from .removals import CONTEXTS, Mode, Operator, UncertainUtterances
from .statistics import gold_probability

Target = Literal["predicted", "gold"]
"""Whose probability is shared out: that of the class predicted on the full input, or that of the gold class."""
SLICES = ("", "uncertain: ", "other: ")
"""What the names of figures begin with: all utterances, those that gain by a removal, and the others."""
NOTHING = 1e-6
"""A prediction depends on nothing where the sizes of its values add up to less: rounding alone leaves as much."""


class Game(NamedTuple):
    """Players whose coalitions have been asked for."""

    name: str
    """`modalities` or `contexts`."""
    players: tuple[str, ...]
    """In the order of the data."""
    how: str
    """How they were removed, as removals name it: empty, `:mean` or `:graph`."""


@dataclass(frozen=True)
class Sharing:
    """What is shared out among whom: the arguments that metrics of Shapley values have in common."""

    of: Target
    """Whose probability."""
    operator: Operator
    """Which removals of modalities."""
    mode: Mode
    """Which removals of context."""

    def games(self, coalitions: Collection[str]) -> tuple[Game, ...]:
        """Return the games of this operator and mode that all coalitions are there of.

        One that is not the standard (zeros, strict) leaves out the other game at its standard, so that no figure is
        computed twice under two names.
        """
        standard = (self.operator == "zero", self.mode == "strict")
        wanted = (
            ("modalities", "" if standard[0] else ":mean", not standard[0] or standard[1]),
            ("contexts", "" if standard[1] else ":graph", not standard[1] or standard[0]),
        )
        found = (Game(name, _players(coalitions, name, how), how) for name, how, asked in wanted if asked)
        return tuple(game for game in found if game.players)

    def values(self, scored: Scored, game: Game) -> Float[np.ndarray, "players utterances"]:
        """Return the Shapley value of each player for each utterance."""
        target = scored.predicted if self.of == "predicted" else scored.label
        return shapley_values(game.players, coalition_values(scored, game, target))

    def slices(self, scored: Scored) -> tuple[Bool[np.ndarray, " utterances"], ...]:
        """Return which utterances each of `SLICES` holds.

        Uncertain ones are those of `uncertain_share`: their gold class becomes more probable by one removal or more of
        all that the run holds, of modalities and of contexts.
        """
        uncertain = UncertainUtterances(self.operator, self.mode)(scored)[:, -2] > 0
        return (np.ones_like(uncertain), uncertain, ~uncertain)


@dataclass(frozen=True)
class OfPlayers:
    """What metrics have in common that average a figure of each player over the utterances that have it.

    Their statistic holds those figures and then, in the same order, who has them.
    """

    unit: ClassVar[str] = ""
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals", "coalitions"})
    floor: ClassVar[Floor] = "none"

    of: Annotated[Target, Doc("whose probability: the class predicted on the full input, or the gold class")] = (
        "predicted"
    )
    operator: Annotated[Operator, Doc("what stood in for a modality removed: zeros, or the dialogue's mean")] = "zero"
    mode: Annotated[Mode, Doc("how context was removed: only what remains is seen, or by edges of the graph")] = (
        "strict"
    )

    @property
    def sharing(self) -> Sharing:
        """Return what is shared out among whom."""
        return Sharing(self.of, self.operator, self.mode)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the mean of each figure; NaN where no utterance has it."""
        figures = totals.shape[-1] // 2
        return share(totals[..., :figures], totals[..., figures:])


def coalition_names(players: Sequence[str], how: str) -> tuple[str, ...]:
    """Return the names of what is removed, from one player to all of them.

    Examples
    --------
    >>> coalition_names(("text", "audio"), ":mean")
    ('text:mean', 'audio:mean', 'audio/text:mean')
    """
    return tuple(_name(subset, how) for subset in _subsets(players) if subset)


def coalition_values(
    scored: Scored, game: Game, target: Int64[np.ndarray, " utterances"]
) -> dict[frozenset[str], Float[np.ndarray, " utterances"]]:
    """Return by who is left the probability of each utterance's target class."""
    everyone = frozenset(game.players)
    of_removed = {
        everyone.difference(removed): scored.coalitions[_name(removed, game.how)] if removed else scored.probabilities
        for removed in _subsets(game.players)
    }
    return {left: gold_probability(probabilities, target) for left, probabilities in of_removed.items()}


def shapley_values(
    players: Sequence[str], values: Mapping[frozenset[str], Float[np.ndarray, " utterances"]]
) -> Float[np.ndarray, "players utterances"]:
    """Return the Shapley value of each player, from the value of every coalition.

    Examples
    --------
    >>> by_size = {frozenset(): 0.0, frozenset("a"): 0.5, frozenset("b"): 0.1, frozenset("ab"): 0.8}
    >>> shapley_values(("a", "b"), {left: np.array([value]) for left, value in by_size.items()}).round(3).tolist()
    [[0.6], [0.2]]
    """
    return np.stack([_value_of(player, players, values) for player in players])


def _value_of(
    player: str, players: Sequence[str], values: Mapping[frozenset[str], Float[np.ndarray, " utterances"]]
) -> Float[np.ndarray, " utterances"]:
    others, whole = [one for one in players if one != player], factorial(len(players))
    total = np.zeros_like(values[frozenset()])
    for without in _subsets(others):
        weight = factorial(len(without)) * factorial(len(others) - len(without)) / whole
        total = total + weight * (values[frozenset({*without, player})] - values[frozenset(without)])
    return total


def _subsets(players: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(players) + 1):
        yield from combinations(players, size)


def _name(removed: Collection[str], how: str) -> str:
    return "/".join(sorted(removed)) + how


def _players(coalitions: Collection[str], game: str, how: str) -> tuple[str, ...]:
    """Return who was removed alone, in this way; coalitions are there as whole groups."""
    named = [name.partition(":") for name in coalitions]
    return tuple(
        name
        for name, colon, operator in named
        if "/" not in name and colon + operator == how and (name in CONTEXTS) == (game == "contexts")
    )

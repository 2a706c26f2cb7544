"""Exact Shapley values of modalities and contexts: how much of a probability each of them brings in.

MM-SHAP (Parcalabescu & Frank, ACL 2023) with the modalities as players, and in a game of their own the contexts of
the same speaker (intra) and of others (inter). What is shared out is the probability of the class predicted on the
full input: by how much it is above that of the same class with all players gone. Needs the protocol `coalitions`.

With one player (intra, in monologues) the value is what that player's removal costs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Scored
from .coalitions import SLICES, OfPlayers, Sharing


@dataclass(frozen=True)
class ValueSums:
    """Values of players and their sums by game, each in each slice; then the utterances of that slice, as often."""

    sharing: Sharing
    """Among whom."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the columns; none where there is no game."""
        games, nobody = self.sharing.games(scored.coalitions), np.empty((0, len(scored.label)))
        of_games = [self.sharing.values(scored, game) for game in games]
        values = np.concatenate([nobody, *(rows for of in of_games for rows in (of, of.sum(axis=0, keepdims=True)))])
        slices = self.sharing.slices(scored) if games else ()
        columns = [values * held for held in slices]
        counts = [np.broadcast_to(held, values.shape) for held in slices]
        return np.concatenate([nobody, *columns, *counts]).T.astype(np.float64)

    def figures(self, scored: Scored) -> Iterator[str]:
        """Yield the names of the figures: per slice the players of a game, then the game."""
        for name in SLICES:
            for game in self.sharing.games(scored.coalitions):
                yield from (f"{name}{player}" for player in (*game.players, game.name))


@dataclass(frozen=True)
class Shapley(OfPlayers):
    """Between −1 and 1: below 0 the player made the model less sure of what it says.

    Figures per player, over all utterances and over uncertain and other ones (`uncertain: text`). “modalities” and
    “contexts” are the sums over their players: what is shared out.
    """

    title: ClassVar[str] = "Shapley value"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    variants: ClassVar[tuple[str, ...]] = ("shapley", "shapley:operator=mean", "shapley:mode=graph")

    @property
    def statistic(self) -> ValueSums:
        """Return values by player."""
        return ValueSums(self.sharing)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures; none where the run does not hold such coalitions."""
        return tuple(self.statistic.figures(scored))


PLUGIN = Shapley

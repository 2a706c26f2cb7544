"""Share of each modality, or context, in the sizes of the Shapley values: what predictions depend on.

share_j = |φ_j| / Σ|φ|, utterance by utterance, then averaged: MM-SHAP (Parcalabescu & Frank, ACL 2023) with whole
modalities as players, which CMERC (ACM MM 2024) shows for uncertain utterances; contexts are a game of their own. It
says how much a prediction depends on a player, in whichever direction, and nothing about whether it is right. Shares
are of what there is: a model that hardly depends on context has shares of context all the same, so read them beside
the values (`shapley`).

An utterance whose values are all 0 but for rounding (sizes that add up to less than 10⁻⁶) has no shares and is left
out; a model that ignores its input has none at all. A game of one player has none either. Needs `coalitions`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Scored
from .coalitions import NOTHING, SLICES, Game, OfPlayers, Sharing


@dataclass(frozen=True)
class ShareSums:
    """Shares of players, each in each slice; then the utterances of that slice that have shares, as often."""

    sharing: Sharing
    """Among whom."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the columns; none where no game has two players."""
        shares, counts = [np.empty((0, len(scored.label)))], [np.empty((0, len(scored.label)))]
        games = self._games(scored)
        for held in self.sharing.slices(scored) if games else ():
            for game in games:
                sizes = np.abs(self.sharing.values(scored, game))
                total = sizes.sum(axis=0)
                counted = held & (total > NOTHING)
                shares.append(np.where(counted, sizes / np.where(counted, total, 1.0), 0.0))
                counts.append(np.broadcast_to(counted, sizes.shape))
        return np.concatenate([*shares, *counts]).T.astype(np.float64)

    def figures(self, scored: Scored) -> Iterator[str]:
        """Yield the names of the figures."""
        for name in SLICES:
            for game in self._games(scored):
                yield from (f"{name}{player}" for player in game.players)

    def _games(self, scored: Scored) -> tuple[Game, ...]:
        return tuple(game for game in self.sharing.games(scored.coalitions) if len(game.players) > 1)


@dataclass(frozen=True)
class ShapleyShare(OfPlayers):
    """Between 0 and 1; those of the modalities add up to 1, those of the contexts too.

    Figures per player, over all utterances and over uncertain and other ones (`uncertain: text`).
    """

    title: ClassVar[str] = "Shapley share"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    variants: ClassVar[tuple[str, ...]] = ("shapley_share", "shapley_share:operator=mean", "shapley_share:mode=graph")

    @property
    def statistic(self) -> ShareSums:
        """Return shares by player."""
        return ShareSums(self.sharing)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures; none where the run does not hold such coalitions."""
        return tuple(self.statistic.figures(scored))


PLUGIN = ShapleyShare

"""Whether a model puts its weight on the modalities that its prediction depends on: rank agreement, per utterance.

Kendall's τ between the modalities' weights and the sizes of their Shapley values (of the class predicted on the full
input, modalities removed by zeros): of all pairs of modalities the share that both put in the same order minus that
which they put in opposite orders; a tie is neither. A weight says what is mixed, a value what the prediction depends
on; they need not agree. `first` is the share of utterances whose most weighted modality also has the largest value,
of those in which one is weighted most.

Utterances that depend on no modality have no order and are left out. Needs the protocol `coalitions`.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .coalitions import NOTHING, Sharing
from .formulas import share

_SHARING = Sharing("predicted", "zero", "strict")


@dataclass(frozen=True)
class Agreements:
    """Kendall's τ and whether both put the same modality first; then the utterances that have the one and the other."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the four columns, 0 for an utterance that depends on nothing; none without modalities to compare."""
        places = self.modalities(scored)
        if not places:
            return np.empty((len(scored.label), 0))
        (game, *_) = _SHARING.games(scored.coalitions)
        sizes = np.abs(_SHARING.values(scored, game))
        weights = np.stack([scored.modality_weights[name] for name in game.players])
        pairs = [np.sign(weights[i] - weights[j]) * np.sign(sizes[i] - sizes[j]) for i, j in places]
        counted = sizes.sum(axis=0) > NOTHING
        decided = counted & ((weights == weights.max(axis=0)).sum(axis=0) == 1)
        first = decided & (weights.argmax(axis=0) == sizes.argmax(axis=0))
        return np.stack([np.mean(pairs, axis=0) * counted, first, counted, decided], axis=1).astype(np.float64)

    def modalities(self, scored: Scored) -> tuple[tuple[int, int], ...]:
        """Return the pairs of modalities by their place; none where not all of them have weights and values."""
        games = [game for game in _SHARING.games(scored.coalitions) if game.name == "modalities"]
        if not games or not {*games[0].players} <= {*scored.modality_weights}:
            return ()
        return tuple(combinations(range(len(games[0].players)), 2))


@dataclass(frozen=True)
class WeightAgreement:
    """τ between −1 and 1: 1 the same order throughout, 0 neither, −1 the opposite; `first` between 0 and 1."""

    title: ClassVar[str] = "Agreement of weights and Shapley values"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"weights", "removals", "coalitions"})
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> Agreements:
        """Return agreements."""
        return Agreements()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return τ, named by nothing, and `first`; none where modalities lack weights or coalitions."""
        return ("", "first") if self.statistic.modalities(scored) else ()

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the means over utterances; NaN where none has an order."""
        return share(totals[..., :2], totals[..., 2:])


PLUGIN = WeightAgreement

"""Average ranks of models over data sets, as a plain view, and what is said of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from .numbers import number, percent


@dataclass(frozen=True)
class AverageRanks:
    """Ranks by one metric; see `benchmark.multiplicity.Ranking`."""

    metric: str
    """Canonical text."""
    title: str
    """What it is called."""
    ranks: Mapping[str, float]
    """By model, best first."""
    groups: tuple[tuple[str, ...], ...]
    """Models that are not told apart."""
    p: float
    """Of Friedman's test."""
    critical_difference: float
    """Of Nemenyi's."""
    data_sets: int
    """Over how many."""
    level: float
    """1 − level is the error of both."""

    @property
    def some_differ(self) -> bool:
        """Whether Friedman's test tells that the models are not all alike."""
        return self.p < round(1 - self.level, 12)


def rank_sentence(one: AverageRanks) -> str:
    """Return the ranks, and which of them are told apart."""
    order = ", ".join(f"{model} {number(rank, decimals=2)}" for model, rank in one.ranks.items())
    said = f"Average ranks by {one.title} on clean input over {one.data_sets} data sets, 1 is best: {order}; "
    if not one.some_differ:
        return f"{said}p that all are alike {number(one.p)} (Friedman), so no two are told apart."
    return (
        f"{said}those less than {number(one.critical_difference, decimals=2)} apart are not told apart (Nemenyi, "
        f"{percent(one.level, decimals=0)}), p that all are alike {number(one.p)} (Friedman)."
    )

"""Which figures of a table are marked: the best, the second best, and those that differ by more than chance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .comparisons import OUTDATED, ComparisonView
from .contents import ModelView
from .numbers import count, short
from .vocabulary import text_of

STRICT = 0.01
"""Adjusted p below which a difference gets the double dagger."""

Key = tuple[str, str, str, str]
"""Model, data set, condition, metric."""


def leaders(models: Sequence[ModelView], condition: str, metric: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of the models with the best figure and with the second best; references do not compete.

    Both are empty where fewer than two models compete, where all have the same figure, and where neither direction is
    better; there is no second of two.
    """
    found = {
        model.name: model.results(condition)[metric].value
        for model in models
        if not model.reference and metric in model.results(condition)
    }
    found = {name: value for name, value in found.items() if value == value}
    better = text_of(metric).better
    if len(found) < 2 or better == "none":
        return frozenset(), frozenset()
    order = {"higher": lambda value: -value, "lower": lambda value: value, "zero": abs}[better]
    places = sorted({order(value) for value in found.values()})
    # Who shares the first place leaves nobody second; the last of all is no second.
    first = frozenset(name for name, value in found.items() if order(value) == places[0])
    if len(places) == 1:
        # Where all are the same none is best.
        return frozenset(), frozenset()
    if len(first) > 1 or len(places) < 3:
        return first, frozenset()
    return first, frozenset(name for name, value in found.items() if order(value) == places[1])


@dataclass(frozen=True)
class Differences:
    """Adjusted p of the comparisons with one model, as daggers."""

    p: Mapping[Key, float]
    """Those of differences; NaN are left out."""
    against: Mapping[Key, str]
    """The model each is compared with."""
    alpha: float
    """Error allowed."""
    compared: int
    """Comparisons over which p is adjusted."""

    def mark(self, model: str, data: str, condition: str, metric: str) -> str:
        """Return the dagger of a figure; empty: it is not told apart, or was not compared."""
        p = self.p.get((model, data, condition, metric), 1.0)
        if p >= self.alpha:
            return ""
        return r"\ddag " if p < STRICT else r"\dag "

    def sentence(self, shown: Iterable[Key]) -> str:
        """Return what the daggers of a table say; empty: none of its figures was compared."""
        models = dict.fromkeys(self.against[key] for key in shown if key in self.against)
        if not models:
            return ""
        return (
            f"† and ‡: differs from {' or '.join(models)} by more than chance, paired over dialogues, p below "
            f"{short(self.alpha)} and {short(STRICT)} after Benjamini and Hochberg over {count(self.compared)} "
            "comparisons."
        )


def differences(comparisons: ComparisonView | None) -> Differences:
    """Return the comparisons between models of one run on the same data and condition; none where they are outdated."""
    if comparisons is None or OUTDATED in comparisons.sentences:
        return Differences({}, {}, 0.05, 0)
    rows = [row for table in comparisons.tables for row in table.rows]
    own = {
        (row.model, row.data, row.condition, row.metric): row
        for row in rows
        if (row.run, row.data, row.condition) == (row.reference_run, row.reference_data, row.reference_condition)
        and row.model != row.reference_model
        and not row.part
        and row.p_adjusted == row.p_adjusted
    }
    return Differences(
        {key: row.p_adjusted for key, row in own.items()},
        {key: row.reference_model for key, row in own.items()},
        round(1 - rows[0].level, 12) if rows else 0.05,
        rows[0].compared if rows else 0,
    )

"""Verdicts that say the same of several conditions, as one sentence and the list of conditions."""

from collections.abc import Iterable
from typing import NamedTuple

from ...reports.numbers import number
from .verdicts import Verdict

_HERE = "\0"


class Said(NamedTuple):
    """One sentence for one verdict or more."""

    first: Verdict
    """The first of them; all are of its rule and status."""
    message: str
    """The sentence."""
    conditions: tuple[str, ...]
    """Conditions that it is about, with numbers where these differ; empty: the sentence names the one there is."""

    @property
    def text(self) -> str:
        """The sentence and the conditions."""
        return f"{self.message}: {', '.join(self.conditions)}" if self.conditions else self.message


def grouped(verdicts: Iterable[Verdict], *, short: bool = False) -> list[Said]:
    """Return the sentences, in the order of their first verdicts; those that differ in the condition only are one.

    Parameters
    ----------
    short
        Whether regressions of one figure are one sentence too, with the numbers in the list of conditions.
    """
    found: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in verdicts:
        pattern = _open(verdict)
        key = (*verdict.figure[:3], verdict.part, verdict.kind) if short and _can_be_short(verdict) else pattern
        found.setdefault((verdict.rule, verdict.word, key), []).append(verdict)
    return [_short(group) if short and _can_be_short(group[0]) else _said(group) for group in found.values()]


def _can_be_short(verdict: Verdict) -> bool:
    return verdict.status == "regression" and _HERE in _open(verdict)


def _short(group: list[Verdict]) -> Said:
    """Return one sentence for regressions of a figure under several conditions."""
    first = group[0]
    if len(group) == 1:
        return Said(first, first.message, ())
    what = f"{_open(first).partition(_HERE)[0]}under {len(group)} conditions"
    if first.kind == "limit":
        numbers = [f"{verdict.condition} {number(verdict.value)}" for verdict in group]
        return Said(first, f"{what} is {first.word} of {number(first.reference)}", tuple(numbers))
    numbers = [f"{one.condition} {number(one.reference)} to {number(one.value)}" for one in group]
    said = f"{what} got worse by more than the {number(first.allowed)} allowed; that it got worse is beyond chance"
    return Said(first, said, tuple(numbers))


def _open(verdict: Verdict) -> str:
    """Return a message with a mark in the place of its condition."""
    where = ("on clean input", "under clean") if verdict.condition == "clean" else (f"under {verdict.condition}",)
    for text in where:
        # Followed by nothing that would make it the beginning of another condition.
        before, found, after = verdict.message.partition(text)
        if found and (not after or after[0] in " :,;"):
            return f"{before}{_HERE}{after}"
    return verdict.message


def _said(group: list[Verdict]) -> Said:
    pattern = _open(group[0])
    if len(group) == 1 or _HERE not in pattern:
        return Said(group[0], group[0].message, ())
    conditions = tuple(verdict.condition for verdict in group)
    return Said(group[0], pattern.replace(_HERE, f"under {len(conditions)} conditions"), conditions)

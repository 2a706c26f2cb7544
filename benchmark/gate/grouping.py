"""Verdicts that say the same of several conditions, as one sentence and the list of conditions."""

from collections.abc import Iterable
from typing import NamedTuple

from .verdicts import Verdict

_HERE = "\0"


class Said(NamedTuple):
    """One sentence for one verdict or more."""

    first: Verdict
    """The first of them; all are of its rule and status."""
    message: str
    """The sentence."""
    conditions: tuple[str, ...]
    """Conditions that it is about; empty: the sentence names the one there is."""

    @property
    def text(self) -> str:
        """The sentence and the conditions."""
        return f"{self.message}: {', '.join(self.conditions)}" if self.conditions else self.message


def grouped(verdicts: Iterable[Verdict]) -> list[Said]:
    """Return the sentences, in the order of their first verdicts; those that differ in the condition only are one."""
    found: dict[tuple[int, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault((verdict.rule, verdict.word, _open(verdict)), []).append(verdict)
    return [_said(pattern, group) for (_, _, pattern), group in found.items()]


def _open(verdict: Verdict) -> str:
    """Return a message with a mark in the place of its condition."""
    where = ("on clean input", "under clean") if verdict.condition == "clean" else (f"under {verdict.condition}",)
    for text in where:
        # Followed by nothing that would make it the beginning of another condition.
        before, found, after = verdict.message.partition(text)
        if found and (not after or after[0] in " :,;"):
            return f"{before}{_HERE}{after}"
    return verdict.message


def _said(pattern: str, group: list[Verdict]) -> Said:
    if len(group) == 1 or _HERE not in pattern:
        return Said(group[0], group[0].message, ())
    conditions = tuple(verdict.condition for verdict in group)
    return Said(group[0], pattern.replace(_HERE, f"under {len(conditions)} conditions"), conditions)

"""Which conditions of a run stand for removals: those that metrics over several removals look at together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from .metrics.coalitions import coalition_names
from .run_record import ConditionRecord

_CONTEXTS = ("intra", "inter")
_HOWS = (("", ":mean"), ("", ":graph"))
"""How modalities are removed, and how contexts are."""
State = Callable[[str], str]
"""Returns the state of a condition by its text, of one model and seed."""


@dataclass(frozen=True)
class RemovalConditions:
    """The conditions of a data set that remove something."""

    conditions: tuple[ConditionRecord, ...]
    """All of the data set."""
    modalities: tuple[str, ...]
    """In the order of the data set."""
    several_speakers: bool
    """Whether any dialogue has two speakers or more, and so context of others."""

    def removals(self, state: State) -> dict[str, str]:
        """Return by removal the condition that stands for it; no group of them where one failed or is missing.

        A figure over several removals means something else where one of them is left out. One that does not apply to
        these data or this model is no removal of theirs.
        """
        found: dict[str, str] = {}
        for group in self._groups:
            states = {name: state(text) for name, text in group.items()}
            if {*states.values()} <= {"done", "not applicable"}:
                found |= {name: text for name, text in group.items() if states[name] == "done"}
        return found

    def coalitions(self, state: State) -> dict[str, str]:
        """Return by what is removed the condition that stands for it: all subsets of a group, or none of them."""
        found: dict[str, str] = {}
        for group in self._coalitions:
            if {state(text) for text in group.values()} == {"done"}:
                found |= group
        return found

    @cached_property
    def _groups(self) -> tuple[dict[str, str], ...]:
        """By removal, modalities first; in groups that are put together: by zeros, by means; strictly, in the graph."""
        kinds = zip((self.modalities, _CONTEXTS), _HOWS, strict=True)
        groups = [[f"{name}{how}" for name in names] for names, hows in kinds for how in hows]
        return tuple({name: self._removing[name] for name in group if name in self._removing} for group in groups)

    @cached_property
    def _coalitions(self) -> tuple[dict[str, str], ...]:
        """By what is removed, each group of coalitions that the run was asked for as a whole."""
        groups = [coalition_names(players, how) for players, hows in self._players for how in hows]
        return tuple(
            {name: self._removing[name] for name in names} for names in groups if {*names} <= {*self._removing}
        )

    @property
    def _players(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """Who makes up coalitions, and how they are removed: modalities, and the contexts that there are."""
        contexts = _CONTEXTS if self.several_speakers else _CONTEXTS[:1]
        return (*([(self.modalities, _HOWS[0])] if len(self.modalities) > 1 else []), (contexts, _HOWS[1]))

    @cached_property
    def _removing(self) -> dict[str, str]:
        """By what is removed the condition: of several conditions that are one, that with the shortest text."""
        found: dict[str, str] = {}
        for condition in sorted(self.conditions, key=lambda c: (len(c.text), c.text)):
            found.setdefault(condition.removal, condition.text)
        return found

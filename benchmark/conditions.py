"""Conditions: a protocol with its arguments, or a chain of them, written once and the same everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..protocols.base import FeatureStatistics, StressProtocol
from .arguments import canonical
from .conversations import Conversations
from .errors import EmobenchError, NotApplicable, SpecError
from .randomness import Randomness
from .registry import PROTOCOLS, make_call, source_key
from .run_record import ConditionRecord
from .specs import Call, join, parse

CLEAN = "clean"
"""The condition that changes nothing."""


@dataclass(frozen=True)
class Condition:
    """One condition: the stresses of a chain, applied from left to right."""

    stresses: tuple[tuple[str, StressProtocol], ...] = ()
    """Name and protocol of each part of the chain; empty: clean."""

    @cached_property
    def text(self) -> str:
        """Canonical text."""
        return join(self._calls) or CLEAN

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the code of protocols that are not part of this package."""
        return tuple(source_key(PROTOCOLS, name) for name, _ in self.stresses)

    @property
    def _calls(self) -> tuple[Call, ...]:
        return tuple(canonical(name, protocol) for name, protocol in self.stresses)

    def check(self, modalities: Sequence[str]) -> None:
        """Raise NotApplicable, saying why, where a stress is not defined for data with these modalities."""
        for _, protocol in self.stresses:
            protocol.check(modalities)

    def apply(
        self, conversations: Conversations, *, seed: int, training: Mapping[str, FeatureStatistics]
    ) -> Conversations:
        """Return the conversations under this condition.

        What is drawn depends on the seed, the stress without its severity (so that a curve's rungs hit nested sets)
        and its place in the chain (so that a chain's parts are independent), and the dialogue.
        """
        for place, ((_, protocol), call) in enumerate(zip(self.stresses, self._calls, strict=True)):
            purpose = ("stress", str(place), str(call.without(protocol.severity)))
            conversations = protocol.apply(conversations, randomness=Randomness(seed, purpose), training=training)
        return conversations

    def record(self) -> ConditionRecord:
        """Return what the run folder says about this condition."""
        if len(self.stresses) != 1:
            return ConditionRecord(text=self.text, protocol=self.stresses[-1][0] if self.stresses else "")
        (name, protocol), (call,) = self.stresses[0], self._calls
        severity = getattr(protocol, protocol.severity) if protocol.severity else None
        return ConditionRecord(
            text=self.text,
            protocol=name,
            family="" if severity is None else _family(call, protocol.severity),
            severity=severity,
            removal=protocol.removes(),
        )


def expand(text: str, modalities: Sequence[str]) -> tuple[Condition, ...]:
    """Return the conditions that a text stands for on data with these modalities: one, or a ladder.

    Raises
    ------
    SpecError, UnknownName, NotApplicable
        One line each.
    """
    if text.strip() == CLEAN:
        return (Condition(),)
    calls = parse(text)
    protocols = [(call.name, _make(call)) for call in calls]
    ladders = [protocol.ladder(modalities) for _, protocol in protocols]
    if len(calls) == 1:
        conditions = tuple(Condition(((calls[0].name, rung),)) for rung in ladders[0])
    elif any(len(ladder) != 1 for ladder in ladders):
        bare = next(call for call, ladder in zip(calls, ladders, strict=True) if len(ladder) != 1)
        raise SpecError(f"expected every part of a chain to be one condition, got the ladder {str(bare)!r} in {text!r}")
    else:
        conditions = (
            Condition(tuple((name, ladder[0]) for (name, _), ladder in zip(protocols, ladders, strict=True))),
        )
    for condition in conditions:
        condition.check(modalities)
    return conditions


def expand_all(texts: Sequence[str], data: Mapping[str, Sequence[str]]) -> dict[str, tuple[Condition, ...]]:
    """Return the conditions of every data set (name → modalities): clean first, then as asked for, each once.

    A condition that is not defined for one data set is left out there.

    Raises
    ------
    NotApplicable
        When a condition is defined for none of the data sets.
    """
    expanded: dict[str, dict[str, Condition]] = {name: {CLEAN: Condition()} for name in data}
    for text in texts:
        refusals: list[EmobenchError] = []
        for name, modalities in data.items():
            try:
                expanded[name].update((condition.text, condition) for condition in expand(text, modalities))
            except NotApplicable as error:
                refusals.append(error)
        if len(refusals) == len(data):
            raise refusals[0]
    return {name: tuple(conditions.values()) for name, conditions in expanded.items()}


def _make(call: Call) -> StressProtocol:
    protocol: StressProtocol = make_call(PROTOCOLS, call)
    return protocol


def _family(call: Call, severity: str) -> str:
    return str(Call(call.name, tuple(sorted((*call.without(severity).arguments, (severity, "*"))))))

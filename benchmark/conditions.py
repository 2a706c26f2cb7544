"""Conditions: a protocol with its arguments, or a chain of them, written once and the same everywhere."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, cast

from ..protocols.base import Attack, Attacked, ConditionSet, DataFacts, FeatureStatistics, StressProtocol
from .arguments import canonical, text_of
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

    stresses: tuple[tuple[str, StressProtocol | Attack], ...] = ()
    """Name and protocol of each part of the chain; empty: clean."""

    @cached_property
    def text(self) -> str:
        """Canonical text."""
        return join(self._calls) or CLEAN

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the code of protocols that are not part of this package."""
        return tuple(source_key(PROTOCOLS, name) for name, _ in self.stresses)

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        return tuple(canonical(name, protocol) for name, protocol in self.stresses)

    @property
    def random(self) -> bool:
        """Whether one draw of the random numbers does not tell everything."""
        return any(protocol.random for _, protocol in self.stresses)

    @cached_property
    def attacks(self) -> bool:
        """Whether what is done depends on the model; asked often, and found out slowly."""
        return any(isinstance(protocol, Attack) for _, protocol in self.stresses)

    @property
    def unknown(self) -> str:
        """Why no exact posterior is known under this condition; empty: it is known."""
        return next((protocol.unknown for _, protocol in self.stresses if protocol.unknown), "")

    def check(self, facts: DataFacts) -> None:
        """Raise where the condition is not defined.

        Raises
        ------
        NotApplicable
            When a stress is not defined for such data.
        SpecError
            When a stress makes no sense after those before it.
        """
        protocols = [protocol for _, protocol in self.stresses]
        for place, protocol in enumerate(protocols):
            protocol.check(facts)
            protocol.check_after(protocols[:place], facts.modalities)

    def apply(
        self,
        conversations: Conversations,
        *,
        seed: int,
        training: Mapping[str, FeatureStatistics],
        draw: int = 0,
        model: Attacked | None = None,
    ) -> Conversations:
        """Return the conversations under this condition.

        What is drawn depends on the seed, the number of the draw, the stress without its severity (so that a curve's
        rungs hit nested sets), its place in the chain (so that a chain's parts are independent), and the dialogue.
        `model` is what attacks are aimed at.
        """
        for place, (_, protocol) in enumerate(self.stresses):
            randomness = self.randomness(place, seed=seed, draw=draw)
            if self.attacks and isinstance(protocol, Attack):
                assert model is not None
                conversations = protocol.attack(conversations, model=model, randomness=randomness, training=training)
            else:
                stress = cast(StressProtocol, protocol)
                conversations = stress.apply(conversations, randomness=randomness, training=training)
        if self.unknown:
            conversations = conversations.change(trace=replace(conversations.trace, unknown=self.unknown))
        return conversations

    def randomness(self, place: int, *, seed: int, draw: int = 0) -> Randomness:
        """Return the source of random numbers of one part of the chain."""
        call = self._calls[place].without(self.stresses[place][1].severity)
        purpose = ("stress", str(place), str(call))
        return Randomness(seed, purpose if not draw else (*purpose, "draw", str(draw)))

    def record(self) -> ConditionRecord:
        """Return what the run folder says about this condition."""
        if len(self.stresses) != 1:
            last = self.stresses[-1][0] if self.stresses else ""
            return ConditionRecord(text=self.text, protocol=last, random=self.random, unknown=self.unknown)
        (name, protocol), (call,) = self.stresses[0], self._calls
        severity = protocol.severity_value
        return ConditionRecord(
            text=self.text,
            protocol=name,
            family="" if severity is None else _family(call, protocol.severity),
            severity=severity,
            rung="" if severity is None else text_of(getattr(protocol, protocol.severity)),
            removal=protocol.removes(),
            random=self.random,
            unknown=self.unknown,
        )


class Expanded(NamedTuple):
    """What texts stand for on one data set."""

    conditions: tuple[Condition, ...]
    """Each once, in order."""
    skipped: Mapping[str, str]
    """By text, why a rung of a ladder or a member of a set is not defined for these data."""


def expand(text: str, facts: DataFacts) -> Expanded:
    """Return the conditions that a text stands for on such data: one, a ladder, or a set.

    Raises
    ------
    SpecError, UnknownName, NotApplicable
        One line each; NotApplicable where not a single condition is defined.
    """
    if text.strip() == CLEAN:
        return Expanded((Condition(),), {})
    calls = parse(text)
    made = [make_call(PROTOCOLS, call) for call in calls]
    if len(calls) == 1 and isinstance(made[0], ConditionSet):
        return _of_set(made[0].members(facts), facts)
    for call, plugin in zip(calls, made, strict=True):
        if isinstance(plugin, ConditionSet):
            raise SpecError(
                f"expected every part of a chain to be one condition, got the set {str(call)!r} in {text!r}"
            )
    ladders = [protocol.ladder(facts) for protocol in made]
    if len(calls) > 1 and any(len(ladder) != 1 for ladder in ladders):
        bare = next(call for call, ladder in zip(calls, ladders, strict=True) if len(ladder) != 1)
        raise SpecError(f"expected every part of a chain to be one condition, got the ladder {str(bare)!r} in {text!r}")
    names = [call.name for call in calls]
    return _defined([Condition(tuple(zip(names, rungs, strict=True))) for rungs in zip(*ladders, strict=True)], facts)


def expand_all(
    texts: Sequence[str], data: Mapping[str, DataFacts], *, optional: Collection[str] = ()
) -> dict[str, Expanded]:
    """Return the conditions of every data set: clean first, then as asked for, each once.

    A condition that is not defined for one data set is left out there, and named as skipped; so is a whole ladder or
    set, and a text among the `optional` ones that is defined for none of the data sets.

    Raises
    ------
    NotApplicable
        When a single condition is defined for none of the data sets, or nothing of all that was asked for, unless
        optional.
    """
    expanded = {name: [Expanded((Condition(),), {})] for name in data}
    last: str = ""
    for text in texts:
        refusals: list[EmobenchError] = []
        for name, facts in data.items():
            try:
                expanded[name].append(expand(text, facts))
            except NotApplicable as error:
                refusals.append(error)
                expanded[name].append(Expanded((), {text: str(error)}))
        if len(refusals) == len(data) and text not in optional:
            last = f"{refusals[0]} (data: {', '.join(data)})"
            if any(_is_one(text, facts) for facts in data.values()):
                raise NotApplicable(last)
    joined = {name: _joined(parts) for name, parts in expanded.items()}
    if last and all(len(those.conditions) == 1 for those in joined.values()):
        raise NotApplicable(last)
    return joined


def _is_one(text: str, facts: DataFacts) -> bool:
    """Return whether a text is a condition, not the name of a ladder or set."""
    made = [make_call(PROTOCOLS, call) for call in parse(text)]
    return not any(isinstance(plugin, ConditionSet) or len(plugin.ladder(facts)) > 1 for plugin in made)


def _of_set(members: Sequence[str], facts: DataFacts) -> Expanded:
    parts: list[Expanded] = []
    refusals: list[NotApplicable] = []
    for member in members:
        try:
            parts.append(expand(member, facts))
        except NotApplicable as error:
            refusals.append(error)
            parts.append(Expanded((), {member: str(error)}))
    if len(refusals) == len(members):
        raise refusals[0]
    return _joined(parts)


def _defined(conditions: Sequence[Condition], facts: DataFacts) -> Expanded:
    """Return the conditions that are defined for such data, and the others as skipped."""
    skipped: dict[str, str] = {}
    refusals: list[NotApplicable] = []
    for condition in conditions:
        try:
            condition.check(facts)
        except NotApplicable as error:
            refusals.append(error)
            skipped[condition.text] = str(error)
    if len(refusals) == len(conditions):
        raise refusals[0]
    return Expanded(tuple(condition for condition in conditions if condition.text not in skipped), skipped)


def _joined(parts: Sequence[Expanded]) -> Expanded:
    conditions = {condition.text: condition for part in parts for condition in part.conditions}
    skipped = {text: why for part in parts for text, why in part.skipped.items()}
    return Expanded(tuple(conditions.values()), skipped)


def _family(call: Call, severity: str) -> str:
    return str(Call(call.name, tuple(sorted((*call.without(severity).arguments, (severity, "*"))))))

"""What a run did not compute, and why."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something that was not computed, and why."""

    model: str
    data: str
    condition: str
    """Empty: the training itself."""
    seeds: tuple[int, ...]
    state: str
    """`failed` or `not applicable`."""
    why: str


@dataclass(frozen=True)
class ProblemGroup:
    """Conditions that were not computed for one reason; see `Problem`."""

    model: str
    data: str
    conditions: tuple[str, ...]
    """Empty: the training itself."""
    seeds: tuple[int, ...]
    state: str
    why: str


def grouped(problems: Iterable[Problem]) -> tuple[ProblemGroup, ...]:
    """Return problems, conditions with the same reason together."""
    groups: dict[tuple[str, str, tuple[int, ...], str, str], list[str]] = {}
    for one in problems:
        texts = groups.setdefault((one.model, one.data, one.seeds, one.state, one.why), [])
        texts += [one.condition] if one.condition else []
    return tuple(
        ProblemGroup(model, data, tuple(texts), seeds, state, why)
        for (model, data, seeds, state, why), texts in groups.items()
    )

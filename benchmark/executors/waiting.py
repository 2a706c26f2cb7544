"""Which job comes next: of those whose duration is known the longest, and before them those of which nothing is known.

Long jobs that begin last keep one worker busy while the others have nothing left to do.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ..run_state import Combination


class Waiting(NamedTuple):
    """A job that nobody has in hand."""

    number: int
    """Place in the plan."""
    combinations: tuple[Combination, ...]
    careful: bool
    """Whether a worker was lost over it."""


class Queue:
    """Jobs that wait, those of the same models and data together: they are taken to last as long as each other."""

    def __init__(self, jobs: Sequence[tuple[Combination, ...]], known: "Durations") -> None:
        """Take jobs in the order of the plan."""
        self._known = known
        self._groups: dict[tuple[tuple[str, str], ...], deque[Waiting]] = {}
        for number, combinations in enumerate(jobs):
            self._group(combinations).append(Waiting(number, combinations, careful=False))

    def __bool__(self) -> bool:
        """Return whether any job waits."""
        return bool(self._groups)

    def put_back(self, waiting: Waiting) -> None:
        """Take a job whose worker was lost, to be done carefully; it comes before those like it."""
        self._group(waiting.combinations).appendleft(waiting._replace(careful=True))

    def pop(self) -> Waiting:
        """Return the job that comes next, and forget it."""
        group = max(self._groups, key=lambda group: (self._known.seconds(group), -self._groups[group][0].number))
        waiting = self._groups[group].popleft()
        if not self._groups[group]:
            del self._groups[group]
        return waiting

    def _group(self, combinations: tuple[Combination, ...]) -> deque[Waiting]:
        return self._groups.setdefault(tuple((each.model, each.data) for each in combinations), deque())


class Durations:
    """How long models took on data sets, by what is recorded: a mean over training seeds."""

    def __init__(self) -> None:
        """Know nothing."""
        self._recorded: dict[tuple[Combination, str], float] = {}
        self._sums: dict[tuple[str, str], float] = {}
        self._seeds: dict[tuple[str, str], set[int]] = {}

    def add(self, combination: Combination, what: str, seconds: float) -> None:
        """Take what a fit or a cell took; one that was known already is replaced."""
        of, before = (combination.model, combination.data), self._recorded.get((combination, what), 0.0)
        self._recorded[combination, what] = seconds
        self._sums[of] = self._sums.get(of, 0.0) + seconds - before
        self._seeds.setdefault(of, set()).add(combination.seed)

    def seconds(self, models: Sequence[tuple[str, str]]) -> float:
        """Return how long models (each with its data set) take, one after the other; infinite where one is unknown."""
        return sum(self._sums[of] / len(self._seeds[of]) if of in self._seeds else math.inf for of in models)

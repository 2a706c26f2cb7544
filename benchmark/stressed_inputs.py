"""Make what a trained model is given under each condition, on whatever thread."""

from collections.abc import Iterator
from typing import NamedTuple

from ..baselines.base import FittedModel, PredictsConditions
from .conditions import Condition
from .pieces import pieces_like
from .run_state import Combination, RunState, StressNote
from .stressed import Reading, require_links_honoured


class Made(NamedTuple):
    """What is known of a stressed input beside its batches."""

    digest: str | None
    """Inputs that are the same have the same; None: not known."""
    reading: Reading | None
    """How its predictions are read; None: no batches follow."""
    note: StressNote | None
    """What the stress did; None: it is known already."""


class StressedInputs:
    """Makes the inputs of one model, an input that it has made before only as far as its digest.

    Not to be used by two threads at a time.
    """

    def __init__(self, state: RunState, combination: Combination, fitted: FittedModel, *, repeats: bool) -> None:
        """Make what all inputs share; `repeats`: whether to make the batches of an input every time."""
        self._state = state
        self._combination = combination
        self._fitted = fitted
        self._repeats = repeats
        self._digests = None if isinstance(fitted, PredictsConditions) else state.digests(combination)
        self._pieces = pieces_like(fitted, state.plan.data[combination.data].test)
        self._made: set[str] = set()
        # Asked once: what an object can do takes Python longer to find out than a digest.
        self._by_name = isinstance(fitted, PredictsConditions)

    def make(self, condition: Condition, draw: int) -> Iterator[object]:
        """Yield a `Made` and then, unless they are not wanted, the pieces that the model predicts from.

        Raises
        ------
        EmobenchError, Exception
            Whatever a stress raises; NotApplicable where the model cannot be given such input.
        """
        known = None if self._digests is None else self._digests.known.get((condition.text, draw))
        if self._is_not_wanted(known) and self._state.stress_is_noted(self._combination, condition, draw):
            yield Made(known, None, None)
            return
        model = self._fitted if condition.attacks else None
        stressed = self._state.stressed(self._combination, condition, draw, model=model)
        digest = None if self._digests is None else self._digests.of(stressed)
        if digest is not None and self._digests is not None and not condition.attacks:
            self._digests.known[condition.text, draw] = digest
        wanted = not self._is_not_wanted(digest)
        if wanted:
            require_links_honoured(self._fitted, stressed)
        reading = Reading.of(self._state.plan.data[self._combination.data].test, stressed) if wanted else None
        yield Made(digest, reading, self._state.stress_note(self._combination, condition, draw, stressed))
        if wanted:
            yield from self._pieces(stressed)
            if digest is not None:
                self._made.add(digest)

    def _is_not_wanted(self, digest: str | None) -> bool:
        """Return whether nobody needs the pieces of an input."""
        return self._by_name or (digest in self._made and not self._repeats)

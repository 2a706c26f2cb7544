"""What is asked of a model: one utterance of a dialogue, a dialogue turn by turn, many dialogues at once.

single   One dialogue so far and one new utterance, whose answer is wanted: what an interface waits for. Utterances are
         drawn from the test split (with `context`, one of each dialogue, so many turns into it).
stream   Whole dialogues of the test split, turn by turn. A model that keeps state is fed the new turn; any other reads
         the dialogue so far anew.
batch    As many dialogues so far as the batch holds, drawn as in `single`, asked about in one call: one is `single`.

What is timed goes from numpy features of the dialogue so far, as `Conversations`, to probabilities as numpy arrays on
the host: through `FittedModel.predict` (`Session.feed`), whatever the model. `forward` is a network's forward pass
alone, on the same batches, which lie on the device.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from ...baselines.base import FittedModel, Session
from ...baselines.sessions import session_of
from ...protocols.base import DataFacts, FeatureStatistics
from ..conditions import Condition, expand
from ..conversations import Conversations, DataSplits
from ..errors import NotApplicable
from ..randomness import Randomness
from .record import ANY_CONTEXT, Cell
from .timing import Step, Unit

MOST_INPUTS = 100
"""Utterances of `single`."""
MOST_BATCHES = 10
"""Batches of `batch`."""
STREAMED_TURNS = 200
"""Turns of `stream`, rounded up to whole dialogues."""
SEVERAL = -1
"""Turn of an iteration that answers several questions."""


class Workload(NamedTuple):
    """A scenario as work to be timed."""

    units: tuple[Unit, ...]
    inputs: tuple[Conversations, ...]
    """What a model reads that keeps no state, one per step."""
    stateful: bool
    """Whether sessions are fed."""


def workload(fitted: FittedModel, test: Conversations, cell: Cell) -> Workload:
    """Return the work of a cell on a test split from which `dropped` modalities are missing already.

    Raises
    ------
    NotApplicable
        When no dialogue is long enough for the context asked for.
    """
    randomness = Randomness(0, ("latency", cell.scenario))
    if cell.scenario == "stream":
        return _stream(fitted, test, randomness)
    rows = asked_rows(test, cell.context, randomness)
    if cell.scenario == "single":
        rows = rows[:MOST_INPUTS]
        inputs = tuple(so_far(test, [row]) for row in rows.tolist())
        turns = test.turn[rows].tolist()
    else:
        inputs = tuple(so_far(test, chosen) for chosen in batches(rows, cell.batch))
        turns = [SEVERAL] * len(inputs)
    units = tuple((Step(_predicting(fitted, one), turn),) for one, turn in zip(inputs, turns, strict=True))
    return Workload(units, inputs, stateful=False)


def without(splits: DataSplits, dropped: str) -> Conversations:
    """Return the test split without the modalities named, as the stress `modality_drop` takes them away.

    Raises
    ------
    SpecError, NotApplicable
        When there is no such modality, with those there are.
    """
    return drop_condition(splits, dropped).apply(
        splits.test, seed=0, training=FeatureStatistics.of(splits.train) if dropped else {}
    )


def drop_condition(splits: DataSplits, dropped: str) -> Condition:
    """Return the condition under which the modalities named are missing; clean for none. Errors as `without`."""
    text = f"modality_drop:drop={dropped}" if dropped else "clean"
    return expand(text, DataFacts.of(splits.test)).conditions[0]


def asked_rows(test: Conversations, context: int, randomness: Randomness) -> Int64[np.ndarray, " asked"]:
    """Return the rows whose answer is wanted, in random order: all, or those with so many turns before them.

    Raises
    ------
    NotApplicable
        When no dialogue is that long.
    """
    rows = np.arange(len(test)) if context == ANY_CONTEXT else np.flatnonzero(test.turn == context)
    if not len(rows):
        longest = int(test.turn.max())
        raise NotApplicable(
            f"{test.data}: expected a test dialogue with {context} turns before another, got at most {longest}; "
            f"type --context {longest} or less"
        )
    drawn: Int64[np.ndarray, " asked"] = randomness.for_("rows").generator().permutation(rows)
    return drawn


def batches(rows: Int64[np.ndarray, " asked"], size: int) -> list[list[int]]:
    """Return batches of the rows, from the first on; where there are fewer than one batch needs, they come again."""
    count = min(MOST_BATCHES, max(1, len(rows) // size))
    chosen: list[list[int]] = np.resize(rows, (count, size)).tolist()
    return chosen


def so_far(test: Conversations, rows: Sequence[int]) -> Conversations:
    """Return for each row its dialogue up to and including it, as dialogues of their own; each row is its target."""
    dialogues = test.dialogue[np.asarray(rows)]
    firsts = test.starts[dialogues]
    taken = [np.arange(first, row + 1) for first, row in zip(firsts.tolist(), rows, strict=True)]
    joined = np.concatenate(taken)
    return test.take_rows(
        joined,
        dialogue=np.repeat(np.arange(len(taken)), [len(one) for one in taken]),
        origin=dialogues,
        target=np.arange(len(joined), dtype=np.int64),
    )


def _stream(fitted: FittedModel, test: Conversations, randomness: Randomness) -> Workload:
    chosen: list[int] = []
    lengths = np.diff(test.starts)
    for dialogue in randomness.for_("dialogues").generator().permutation(test.dialogues).tolist():
        chosen.append(dialogue)
        if lengths[chosen].sum() >= STREAMED_TURNS:
            break
    rows = [range(test.starts[dialogue], test.starts[dialogue + 1]) for dialogue in chosen]
    inputs = [[so_far(test, [row]) for row in those] for those in rows]
    stateful = session_of(fitted) is not None
    units = tuple(
        _fed(fitted, test, those) if stateful else tuple(Step(_predicting(fitted, one), len(one) - 1) for one in read)
        for those, read in zip(rows, inputs, strict=True)
    )
    return Workload(units, tuple(one for read in inputs for one in read), stateful)


def _predicting(fitted: FittedModel, asked: Conversations) -> Callable[[], object]:
    return lambda: fitted.predict(asked)


def _fed(fitted: FittedModel, test: Conversations, rows: range) -> tuple[Step, ...]:
    """Return the turns of one dialogue, fed to a session that its first turn opens."""
    feeding = _Feeding(fitted)
    turns = [
        test.take_rows(np.array([row]), dialogue=np.zeros(1, np.int64), origin=test.dialogue[[row]]) for row in rows
    ]
    opening = Step(lambda: feeding.open(turns[0]), 0)
    return (opening, *(Step(feeding.feeding(turn), number) for number, turn in enumerate(turns[1:], 1)))


class _Feeding:
    """A session that is opened anew each time the dialogue begins."""

    def __init__(self, fitted: FittedModel) -> None:
        self._fitted = fitted
        self._session: Session | None = None

    def open(self, turn: Conversations) -> object:
        self._session = session_of(self._fitted)
        assert self._session is not None
        return self._session.feed(turn)

    def feeding(self, turn: Conversations) -> Callable[[], object]:
        def feed() -> object:
            assert self._session is not None
            return self._session.feed(turn)

        return feed

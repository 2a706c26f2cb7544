"""Give jobs to workers, keep what they tell, and go on when they are lost: the same for all executors."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from ..errors import TooManyFailures
from ..progress import Progress
from ..run_state import Combination, RunState
from .base import Executor
from .execution import Execution
from .interrupts import interrupts_held
from .jobs import Began, Event, Finished, Kept, Lost, Noted, Place, Progressed, jobs_of
from .ledger import Ledger
from .waiting import Queue, Waiting

GRACE = 5.0
"""Seconds that workers get to tell what they have, when the run ends early."""
LOOK_AROUND = 1.0
"""Seconds after which the driver looks around at the latest, though nobody tells anything."""


@dataclass
class _Hand:
    """A job in hand."""

    waiting: Waiting
    place: Place | None = None
    """What is in hand of it; None: nothing yet."""
    since: float = 0.0
    """When that began."""
    too_slow: Place | None = None
    """What the worker was killed over."""
    passed: int = 0
    """Conditions that are over, but were not kept yet."""


class Driver:
    """Carries a run out with the workers of an executor."""

    def __init__(
        self,
        state: RunState,
        todo: Sequence[Combination],
        executor: Executor,
        execution: Execution,
        progress: Progress,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start nothing yet.

        Parameters
        ----------
        todo
            What is to be computed.
        now
            A clock, in seconds.
        """
        self._state = state
        self._executor = executor
        self._execution = execution
        self._progress = progress
        self._now = now
        self._ledger = Ledger(state, todo)
        self._queue = Queue(jobs_of(todo), self._ledger.durations)
        self._hands: dict[int, _Hand] = {}
        self._numbers = count()
        self._losses: Counter[Place | tuple[Combination, ...]] = Counter()
        self._has_news = False
        self._shown = -1

    def drive(self) -> None:
        """Compute all; what workers are lost over, or what takes too long, is recorded as failed.

        Raises
        ------
        TooManyFailures
            When more cells have failed than the run lets pass, and something is left to do.
        RunFolderError
            When the driver itself cannot write to the folder.
        """
        with self._executor, interrupts_held() as let_interrupts_through:
            try:
                self._show_cells()
                while self._queue or self._hands:
                    let_interrupts_through()
                    self._state.require_few_failures()
                    self._submit()
                    for number, event in self._executor.events(self._patience()):
                        self._take_in(number, event)
                    self._end_what_takes_too_long()
                    self._has_news = self._has_news and not self._state.keep()
                let_interrupts_through()
            except (KeyboardInterrupt, TooManyFailures):
                self._wind_down()
                raise

    def _submit(self) -> None:
        while self._queue and len(self._hands) < self._executor.slots:
            waiting, number = self._queue.pop(), next(self._numbers)
            self._hands[number] = _Hand(waiting)
            self._executor.submit(number, self._ledger.job(waiting.combinations, careful=waiting.careful))

    def _patience(self) -> float:
        """Return how long to wait at most: until the next thing takes too long."""
        timeout = self._execution.timeout
        if timeout is None:
            return LOOK_AROUND
        ends = [hand.since + timeout for hand in self._hands.values() if hand.place and not hand.too_slow]
        return min([LOOK_AROUND, *(max(0.0, end - self._now()) for end in ends)])

    def _take_in(self, number: int, event: Event) -> None:
        hand = self._hands[number]
        match event:
            case Began(place):
                before = hand.place
                hand.passed += before is not None and before.is_cell and before not in self._ledger.settled
                hand.place, hand.since = place, self._now()
                self._show_cells()
            case Progressed():
                self._progress(*event)
            case Noted():
                self._ledger.note(event)
            case Kept():
                self._ledger.keep(event)
                hand.passed, self._has_news = 0, True
                self._show_cells()
            case Finished():
                del self._hands[number]
                self._show_cells()
            case _:
                del self._hands[number]
                self._go_on_without(hand, event)
                self._show_cells()

    def _go_on_without(self, hand: _Hand, lost: Lost) -> None:
        """Put a job back whose worker is lost, or record that it failed."""
        combinations = hand.waiting.combinations
        remaining: tuple[Combination, ...] = ()
        if hand.too_slow is not None:
            remaining = self._ledger.fail(hand.too_slow, lost.why, combinations)
        elif lost.again:
            remaining = self._tried_again(hand, lost.why)
        else:
            self._ledger.fail_all(combinations, lost.why)
        self._has_news = True
        remaining = self._ledger.unfinished(remaining)
        if remaining:
            self._queue.put_back(hand.waiting._replace(combinations=remaining))

    def _tried_again(self, hand: _Hand, why: str) -> tuple[Combination, ...]:
        """Return the combinations of a job that are to be tried again; what was tried too often has failed."""
        combinations = hand.waiting.combinations
        self._losses[hand.place or combinations] += 1
        times = self._losses[hand.place or combinations]
        if times <= self._execution.retries:
            return combinations
        why = f"{why}, {times} times" if times > 1 else why
        if hand.place is not None:
            return self._ledger.fail(hand.place, why, combinations)
        self._ledger.fail_all(combinations, why)
        return ()

    def _end_what_takes_too_long(self) -> None:
        timeout = self._execution.timeout
        for number, hand in self._hands.items():
            if timeout is None or hand.place is None or hand.too_slow is not None:
                continue
            if self._now() - hand.since >= timeout:
                hand.too_slow = hand.place
                self._executor.kill(number, f"took longer than --timeout {timeout:g} s")

    def _wind_down(self) -> None:
        """Take in what workers have, without blame for anything that goes wrong now."""
        self._executor.stop()
        until = self._now() + GRACE
        # Who trains, or has just begun, has nothing to tell.
        while any(hand.passed for hand in self._hands.values()) and self._now() < until:
            for number, event in self._executor.events(until - self._now()):
                if isinstance(event, Finished | Lost):
                    del self._hands[number]
                else:
                    self._take_in(number, event)

    def _show_cells(self) -> None:
        passed = sum(hand.passed for hand in self._hands.values())
        done = min(self._ledger.total, len(self._ledger.settled) + passed)
        if done != self._shown:
            self._shown = done
            self._progress("cells", done, self._ledger.total)

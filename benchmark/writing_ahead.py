"""A file of tables that is written on a thread of its own, while the last of them are still being made."""

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import SimpleQueue
from threading import Semaphore, Thread, current_thread
from typing import NamedTuple

import pyarrow as pa

from .spool import Place, unpack

WAITING = 8
"""Tables that may wait to be written, before whoever makes them waits."""


class WritingAhead:
    """Writes tables in the order in which they come; whoever makes them says at the end whether that was right.

    A file that is not finished takes the place of no other and leaves nothing beside it; this holds for a writer that
    nobody keeps, too.
    """

    def __init__(self, write: Callable[[Iterable[pa.Table]], None]) -> None:
        """Start; `write` makes one file of what is yielded, whole or not at all."""
        self._lane = _Lane()
        thread = Thread(target=self._lane.work, args=(write,), name="emobench writing", daemon=True)
        # Neither thread nor finalizer hold this very object: it can be let go, and the process can end.
        self._end = weakref.finalize(self, _end, self._lane, thread)
        thread.start()

    def add(self, place: Place, packed: pa.Buffer) -> None:
        """Write a table after those before it; `packed`: by `pack`."""
        self._lane.add(_Part(place, packed))

    def finish(self, places: Sequence[Place]) -> bool:
        """Return whether the file is there and holds what was added for these places, once each and in this order.

        Else everything is as it was. An error of `write` is not told: who writes the file anew runs into it as well.
        """
        self._lane.wanted = list(places)
        self._end()
        return self._lane.written

    def drop(self) -> None:
        """Leave everything as it was; nothing if it is finished."""
        self._end()


class _Part(NamedTuple):
    place: Place
    packed: pa.Buffer


class _Lane:
    """What the two threads share."""

    def __init__(self) -> None:
        self.wanted: list[Place] | None = None
        """What the file is to hold; None: it is not wanted."""
        self.written = False
        self._parts: SimpleQueue[_Part | None] = SimpleQueue()
        self._room = Semaphore(WAITING)
        self._ended = False

    def add(self, part: _Part) -> None:
        self._room.acquire()
        self._parts.put(part)

    def end(self) -> None:
        """Say that no more tables come; waits for nothing."""
        self._parts.put(None)

    def work(self, write: Callable[[Iterable[pa.Table]], None]) -> None:
        try:
            write(self._tables())
            self.written = True
        except Exception:  # told by whoever writes the file anew
            while not self._ended:
                self._take()

    def _tables(self) -> Iterator[pa.Table]:
        places: list[Place] = []
        while (part := self._take()) is not None:
            places.append(part.place)
            yield unpack(part.packed)
        if places != self.wanted:
            raise _NotWantedError

    def _take(self) -> _Part | None:
        part = self._parts.get()
        self._room.release()
        self._ended = part is None
        return part


class _NotWantedError(Exception):
    """What was written ahead is not what the file is to hold."""


def _end(lane: _Lane, thread: Thread) -> None:
    lane.end()
    # Python may collect what nobody holds on any thread, this one included.
    if thread.is_alive() and thread is not current_thread():
        thread.join()

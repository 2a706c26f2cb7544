"""The predictions of one trained model while they are made: no more of them in memory than a few draws."""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from .errors import EmobenchError
from .prediction_files import PredictionFile, prediction_table, predictions_of, write_tables
from .predictions import Predictions
from .spool import Place, Spool, pack
from .writing_ahead import WritingAhead


class PredictionStore:
    """Predictions by condition: in their file, and since that was written in a spool beside it.

    The first file is written while its predictions are made, which is in the order of the file more often than not.
    """

    def __init__(self, path: Path, draws: Mapping[str, int], *, kept: Collection[str] = ()) -> None:
        """Take over what the file holds of the conditions in `kept`; what is missing or damaged counts as not there.

        Parameters
        ----------
        path
            The file.
        draws
            How many draws each condition has, by condition in the order of the file.
        kept
            Those that an earlier run made of the same content.
        """
        self._path = path
        self._draws = dict(draws)
        self._written = whole_conditions(path, {condition: draws[condition] for condition in kept})
        self._spool = Spool(path.parent)
        self._ahead: WritingAhead | None = None

    def __enter__(self) -> "PredictionStore":
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Give the spool back; what was not flushed is lost."""
        if self._ahead is not None:
            self._ahead.drop()
        self._spool.close()

    def __contains__(self, condition: str) -> bool:
        """Return whether all draws of a condition are there."""
        return condition in self._written or self._is_new(condition)

    def put(self, condition: str, drawn: Sequence[Predictions]) -> None:
        """Keep all draws of a condition; RunFolderError where the disk is full."""
        if not self._written and not len(self._spool):
            self._ahead = WritingAhead(partial(write_tables, self._path))
        for draw, predictions in enumerate(drawn):
            packed = pack(prediction_table(condition, draw, predictions))
            self._spool.put((condition, draw), packed)
            if self._ahead is not None:
                self._ahead.add((condition, draw), packed)

    def read(self, condition: str, draw: int) -> Predictions:
        """Return one draw of a condition that is there."""
        if self._is_new(condition):
            return predictions_of(self._spool.get((condition, draw)))
        with PredictionFile(self._path) as file:
            return file.read(condition, draw)

    def flush(self) -> None:
        """Bring the file up to date; what is unchanged is not written again.

        The bytes of the file depend on what it holds, not on the order in which that was made.
        """
        if not any(map(self._is_new, self._draws)):
            return
        there = [condition for condition in self._draws if condition in self]
        places = [(condition, draw) for condition in there for draw in range(self._draws[condition])]
        ahead, self._ahead = self._ahead, None
        if ahead is None or not ahead.finish(places):
            write_tables(self._path, self._tables(places))
        self._written = frozenset(there)
        self._spool.close()

    def _tables(self, places: Sequence[Place]) -> Iterator[pa.Table]:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(PredictionFile(self._path)) if self._written else None
            for condition, draw in places:
                if file is None or self._is_new(condition):
                    yield self._spool.get((condition, draw))
                else:
                    yield prediction_table(condition, draw, file.read(condition, draw))

    def _is_new(self, condition: str) -> bool:
        # The last draw is put last.
        return (condition, self._draws.get(condition, 0) - 1) in self._spool


def whole_conditions(path: Path, draws: Mapping[str, int]) -> frozenset[str]:
    """Return those of the conditions of which a file holds so many draws, each of them undamaged."""
    try:
        file = PredictionFile(path) if draws else None
    except EmobenchError:
        file = None
    if file is None:
        return frozenset()
    with file:
        return frozenset(condition for condition, number in draws.items() if _is_whole(file, condition, number))


def _is_whole(file: PredictionFile, condition: str, draws: int) -> bool:
    try:
        for draw in range(draws):
            file.read(condition, draw)
    except EmobenchError:
        return False
    return True

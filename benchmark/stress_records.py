"""What every stress did to every utterance, as Parquet: enough for a second implementation to replay it.

A file belongs to one data set (for an attack: to one model, data set and seed). One row is one utterance that is read
under one draw of a condition:

condition, draw, utterance   which; `utterance` is the row in the test split
position, speaker            turn at which it stood in the dialogue the model was given, and the speaker it was given
context                      turns that it could draw on, its own included, as recorded; after a shuffle, their places
missing_<m>                  1: modality m was recorded, and the row does not hold it
told_<m>                     1: the model was told that m is missing
noisy_<m>                    1: noise was added to m
source_<m>                   turn, as recorded, whose features of m the row holds (of a modality that was moved after a
                             shuffle: its place after the shuffle)
hidden_<m>                   the features of m that are hidden, eight to a byte, first feature in the highest bit
                             (numpy's packbits); empty: none

The schema's metadata holds `emobench.randomness`: JSON, for each condition and draw and each stress of the chain the
seed and the purpose words that its random numbers come from (see `Randomness`); `emobench show NAME` says what they
are used for.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Bool, Int64

from .arrow_columns import number_column, repeated_text_column
from .conditions import Condition
from .context import Context
from .conversations import CONTEXT_ONLY, Conversations
from .errors import RunFolderError
from .files import write_whole
from .parquet_files import DAMAGED, open_parquet, read_schema
from .prediction_files import FAST
from .spool import Place, Spool
from .writing_ahead import WritingAhead

_RANDOMNESS = b"emobench.randomness"


class StressRecords:
    """The record of one file as it grows; what the file held before is kept, and few draws at a time are in memory.

    Where nothing was written before, that of all planned draws is written while they are noted, for it is what the file
    will hold more often than not.
    """

    def __init__(self, path: Path, *, seed: int, planned: Sequence[tuple[Condition, int]] = ()) -> None:
        """Find out what an earlier run wrote; a file that cannot be read is written anew.

        Parameters
        ----------
        path
            The file.
        seed
            That of all stresses of the run.
        planned
            Draws of conditions that are to be noted; any other may be, too.
        """
        self._path = path
        self._seed = seed
        self._planned = planned
        self._spool = Spool(path.parent)
        self._written, self._purposes = _places(path)
        self._ahead: WritingAhead | None = None

    def note(self, condition: Condition, draw: int, packed: pa.Buffer) -> None:
        """Keep what one draw of a condition did: its `stress_table`, packed."""
        place = condition.text, draw
        # An interrupt may come at any line: what has a table has to have purposes.
        self._purposes[_name(place)] = _purposes(condition, draw, seed=self._seed)
        if self._planned and not self._written and not len(self._spool):
            self._ahead = WritingAhead(partial(_write_new, self._path, self._planned_purposes()))
        self._spool.put(place, packed)
        if self._ahead is not None:
            self._ahead.add(place, packed)

    def write(self, conditions: Iterable[str]) -> None:
        """Write the conditions named, in that order, unless nothing has changed."""
        places = _ordered({*self._written, *self._spool}, conditions)
        if not len(self._spool) or not places:
            return
        if not self._is_written_ahead(places):
            # That of a table just made: one that was read names the insides of its lists in another way.
            schema = self._spool.get(next(iter(self._spool))).schema
            purposes = {_name(place): self._purposes[_name(place)] for place in places}
            _write(self._path, schema, purposes, self._tables(places))
        self._written = {place: group for group, place in enumerate(places)}
        self._spool.close()

    def _is_written_ahead(self, places: list[Place]) -> bool:
        """Return whether the file is there already and holds just these draws of conditions."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and places == [(condition.text, draw) for condition, draw in self._planned]:
            return ahead.finish(places)
        if ahead is not None:
            ahead.drop()
        return False

    def _planned_purposes(self) -> dict[str, object]:
        return {
            _name((condition.text, draw)): _purposes(condition, draw, seed=self._seed)
            for condition, draw in self._planned
        }

    def _tables(self, places: Iterable[Place]) -> Iterator[pa.Table]:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(open_parquet(self._path)) if self._written else None
            for place in places:
                # What is new comes before what an earlier run wrote of the same draw.
                if file is None or place in self._spool:
                    yield self._spool.get(place)
                else:
                    yield file.read_row_group(self._written[place])


def recorded(path: Path) -> frozenset[Place]:
    """Return the draws of conditions that a file says it holds; none where it is missing or cut off."""
    try:
        names = dict(json.loads(read_schema(path).metadata[_RANDOMNESS]))
        return frozenset((name.rpartition(" ")[0], int(name.rpartition(" ")[2])) for name in names)
    except (*DAMAGED, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return frozenset()


def merge_stresses(paths: Sequence[Path], into: Path, conditions: Iterable[str]) -> None:
    """Write what several files hold of the conditions named, in that order, as if it had been noted for one file.

    Raises
    ------
    RunFolderError
        When two files say other things of one draw of a condition, or one cannot be read.
    """
    known = {path: _places(path) for path in paths}
    damaged = next((path for path, (groups, _) in known.items() if not groups and path.exists()), None)
    if damaged is not None:
        raise RunFolderError(f"{damaged} is damaged; run the same `emobench run` again, or leave that run out")
    holders: dict[Place, list[Path]] = {}
    for path, (groups, _) in known.items():
        for place in groups:
            holders.setdefault(place, []).append(path)
    places = _ordered(holders, conditions)
    if not places:
        return
    words = {_name(place): known[holders[place][0]][1][_name(place)] for place in places}
    with contextlib.ExitStack() as stack:
        files = {path: stack.enter_context(open_parquet(path)) for path in known if known[path][0]}

        def agreed(place: Place) -> pa.Table:
            first, *others = holders[place]
            table = files[first].read_row_group(known[first][0][place])
            for path in others:
                groups, purposes = known[path]
                same = files[path].read_row_group(groups[place]).equals(table)
                if not same or purposes[_name(place)] != words[_name(place)]:
                    raise RunFolderError(f"{first} and {path} say other things of {place[0]}, draw {place[1]}")
            return table

        schema = _as_made(files[holders[places[0]][0]].schema_arrow)
        _write(into, schema, words, map(agreed, places))


def _ordered(places: Iterable[Place], conditions: Iterable[str]) -> list[Place]:
    """Return the draws of the conditions named, in that order."""
    order = {condition: number for number, condition in enumerate(dict.fromkeys(conditions))}
    return sorted((place for place in places if place[0] in order), key=lambda place: (order[place[0]], place[1]))


def _write_new(path: Path, purposes: Mapping[str, object], tables: Iterable[pa.Table]) -> None:
    """Write a file of tables just made; else as `_write`."""
    each = iter(tables)
    for first in each:
        _write(path, first.schema, purposes, chain([first], each))


def _write(path: Path, schema: pa.Schema, purposes: Mapping[str, object], tables: Iterable[pa.Table]) -> None:
    """Write a file whole: a row group for each table, and the purposes of all of them."""
    metadata = {_RANDOMNESS: json.dumps(purposes).encode()}
    schema = schema.with_metadata(metadata)
    with write_whole(path) as temporary, pq.ParquetWriter(temporary, schema, **FAST) as writer:
        for table in tables:
            writer.write_table(table.replace_schema_metadata(metadata), row_group_size=max(1, len(table)))


def _purposes(condition: Condition, draw: int, *, seed: int) -> list[object]:
    """Return where the random numbers of each stress of a condition come from."""
    sources = (condition.randomness(place, seed=seed, draw=draw) for place in range(len(condition.stresses)))
    return [[source.seed, *source.purpose] for source in sources]


def _name(place: Place) -> str:
    """Return the key of a draw among the purposes."""
    return f"{place[0]} {place[1]}"


def _as_made(schema: pa.Schema) -> pa.Schema:
    """Return the schema of a table just made: one that was read names the insides of its lists in another way."""
    fields = (pa.field(f.name, pa.list_(f.type.value_type)) if pa.types.is_list(f.type) else f for f in schema)
    return pa.schema(list(fields))


def _places(path: Path) -> tuple[dict[Place, int], dict[str, list[object]]]:
    """Return the row group of each draw in a file, and the purposes; nothing for one that cannot be read."""
    try:
        with open_parquet(path) as file:
            purposes = json.loads(file.schema_arrow.metadata[_RANDOMNESS])
            found: dict[Place, int] = {}
            for group in range(file.num_row_groups):
                # All columns, so that a file that is damaged anywhere is found out now.
                table = file.read_row_group(group)
                found[str(table["condition"][0]), int(table["draw"][0].as_py())] = group
            # One draw without its purposes is as good as none.
            purposes = {name: list(purposes[name]) for name in map(_name, found)}
    except (*DAMAGED, ValueError, LookupError, TypeError, RecursionError):
        return {}, {}
    return found, purposes


def stress_table(condition: str, draw: int, clean: Conversations, stressed: Conversations) -> pa.Table:
    """Return the rows of one draw of a condition, in the order of the utterances."""
    read = np.flatnonzero(stressed.target != CONTEXT_ONLY)
    read = read[np.argsort(stressed.target[read], kind="stable")]
    columns = {
        "condition": repeated_text_column(condition, len(read)),
        "draw": number_column(np.full(len(read), draw, np.int64)),
        "utterance": number_column(stressed.target[read]),
        "position": number_column(stressed.turn[read].astype(np.int32)),
        "speaker": number_column(stressed.speaker[read].astype(np.int32)),
        "context": _context(stressed, read),
    }
    turn = clean.turn[stressed.target[read]]
    for modality in stressed.modalities:
        there = clean.present[modality][stressed.target[read]]
        present = stressed.present[modality][read]
        noisy = [added.hit[read] & present for added in stressed.trace.noise.get(modality, ())]
        source = stressed.trace.source.get(modality)
        columns |= {
            f"missing_{modality}": _flags(there & ~present),
            f"told_{modality}": _flags(there & ~stressed.observed[modality][read]),
            f"noisy_{modality}": _flags(np.any(noisy, axis=0) if noisy else np.zeros(len(read), bool)),
            f"source_{modality}": number_column((turn if source is None else source[read]).astype(np.int32)),
            f"hidden_{modality}": _packed(stressed.trace.hidden.get(modality), read),
        }
    return pa.table(columns)


def _context(stressed: Conversations, read: Int64[np.ndarray, " read"]) -> pa.Array:
    """Return the turns that each row could draw on, as lists."""
    turn, first = stressed.recorded_turn(), stressed.starts[stressed.dialogue[read]]
    lengths = stressed.starts[stressed.dialogue[read] + 1] - first
    # Row after row all rows of its dialogue: counted from 0 through all of them, less where each row's own begin.
    begins = np.cumsum(lengths) - lengths
    rows = np.arange(lengths.sum()) + np.repeat(first - begins, lengths)
    if stressed.links is not None:
        drawn_on = _linked(stressed, stressed.links, read)
        rows, lengths = rows[drawn_on], np.add.reduceat(drawn_on, begins, dtype=np.int64)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(number_column(ends), number_column(turn[rows].astype(np.int32)))


def _linked(stressed: Conversations, links: Context, read: Int64[np.ndarray, " read"]) -> Bool[np.ndarray, " pairs"]:
    """Return, row after row that is read, whether it draws on each row of its dialogue."""
    turn = stressed.recorded_turn()
    masks = [
        links.mask(stressed.speaker[first:end], turn[first:end]) for first, end in pairwise(stressed.starts.tolist())
    ]
    places = zip(stressed.dialogue[read].tolist(), stressed.turn[read].tolist(), strict=True)
    return np.concatenate([masks[dialogue][place] for dialogue, place in places])


def _flags(hit: Bool[np.ndarray, " read"]) -> pa.Array:
    return number_column(hit.astype(np.int8))


def _packed(hidden: Bool[np.ndarray, "utterances width"] | None, read: Int64[np.ndarray, " read"]) -> pa.Array:
    width = 0 if hidden is None else -(-hidden.shape[1] // 8)
    ends = np.arange(len(read) + 1, dtype=np.int32) * width
    packed = b"" if hidden is None else np.packbits(hidden[read], axis=1).tobytes()
    return pa.Array.from_buffers(pa.binary(), len(read), [None, pa.py_buffer(ends), pa.py_buffer(packed)])

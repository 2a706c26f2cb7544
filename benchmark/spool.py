"""Tables that wait on disk until a file is written anew, so that memory does not grow with their number."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import pyarrow as pa

from .errors import RunFolderError
from .files import remedy

Place = tuple[str, int]
"""A condition and the number of a draw."""


class _Span(NamedTuple):
    start: int
    length: int


def pack(table: pa.Table) -> pa.Buffer:
    """Return a table as the bytes that a spool keeps; takes longer than to keep them, and can be done on any thread."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def unpack(packed: pa.Buffer | bytes) -> pa.Table:
    """Return the table of which `pack` made these bytes, without a copy."""
    return pa.ipc.open_stream(packed).read_all()


class Spool:
    """Tables by condition and draw, in a file without a name, which is gone when the process ends."""

    def __init__(self, folder: Path) -> None:
        """Use a file in `folder`, which is made with the first table."""
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._spans: dict[Place, _Span] = {}

    def __contains__(self, place: Place) -> bool:
        """Return whether there is a table."""
        return place in self._spans

    def __len__(self) -> int:
        """Return the number of tables."""
        return len(self._spans)

    def __iter__(self) -> Iterator[Place]:
        """Yield the conditions and draws."""
        return iter(self._spans)

    def put(self, place: Place, packed: pa.Buffer) -> None:
        """Keep a table, as `pack` made it; one that was there is replaced.

        Raises
        ------
        RunFolderError
            When the folder cannot be written to or the disk is full.
        """
        try:
            file = self._opened()
            start = file.seek(0, os.SEEK_END)
            file.write(packed)
            file.flush()
        except OSError as error:
            raise RunFolderError(
                f"cannot write to {self._folder}: {error.strerror or error}; {remedy(error)}"
            ) from error
        # An interrupt may come at any line: what has a place is there as a whole.
        self._spans[place] = _Span(start, packed.size)

    def get(self, place: Place) -> pa.Table:
        """Return a table; KeyError where there is none."""
        span, file = self._spans[place], self._opened()
        file.seek(span.start)
        return unpack(file.read(span.length))

    def close(self) -> None:
        """Forget all tables and give their space back; what is put in afterwards makes a new file."""
        self._spans.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 (closed by `close`)
        return self._file

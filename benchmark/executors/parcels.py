"""What travels between a driver and workers that share no disk: files of a job, and events in parts.

Events are pickled: who can send one can run any code on the other side anyhow, for that is what a cluster is.
"""

import pickle
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..files import write_whole
from ..run_folder import RunFolder
from .jobs import Event, Job, uncalibrated

PART = 8 * 2**20
"""Bytes; what is larger travels in several parts, so that it need not fit into an object store as a whole."""

File = tuple[str, bytes]
"""Path within the run folder, and content."""


class Part(NamedTuple):
    """A part of an event, or all of it."""

    content: bytes
    last: bool
    """Whether the event is whole with it."""


def parts_of(event: Event) -> Iterator[Part]:
    """Yield the parts of an event."""
    whole = pickle.dumps(event, protocol=pickle.HIGHEST_PROTOCOL)
    for start in range(0, len(whole), PART):
        yield Part(whole[start : start + PART], last=start + PART >= len(whole))


class Assembly:
    """Puts events together from their parts."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._waiting: list[bytes] = []

    def add(self, parts: Iterable[Part]) -> Iterator[Event]:
        """Yield the events that are whole with these parts."""
        for content, last in parts:
            self._waiting.append(content)
            if last:
                whole, self._waiting = b"".join(self._waiting), []
                event: Event = pickle.loads(whole)  # noqa: S301 (from a worker that was given this very code)
                yield event


def files_of(folder: RunFolder, job: Job) -> tuple[File, ...]:
    """Return what a run folder holds of a job: checkpoints, predictions, hidden vectors."""
    paths = []
    for combination in dict.fromkeys([uncalibrated(job.combinations[0]), *job.combinations]):
        stem = folder.checkpoint_stem(*combination)
        paths += [stem.with_name(stem.name + ending) for ending in (".safetensors", ".json")]
        paths += [part.predictions_path(*combination) for part in (folder, folder.validation)]
        paths.append(folder.hidden_path(*combination))
    there = (path for path in paths if path.is_file())
    return tuple((path.relative_to(folder.path).as_posix(), path.read_bytes()) for path in there)


def put_files(folder: RunFolder, files: Iterable[File]) -> None:
    """Write files into a folder, each whole or not at all.

    Raises
    ------
    RunFolderError
        When the folder cannot be written to.
    """
    for name, content in files:
        with write_whole(folder.path / name) as temporary:
            temporary.write_bytes(content)

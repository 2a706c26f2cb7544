"""Files of the user's cache, each with a digest of its content: what is damaged is not there."""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ..benchmark.errors import RunFolderError
from ..benchmark.files import write_whole

_DIGEST = 64


@dataclass(frozen=True)
class Kept:
    """A folder of them; whatever is wrong with it costs time and nothing else."""

    folder: Path
    most: int
    """Files that are kept; of more those go that were not asked for longest."""

    def read(self, name: str) -> bytes | None:
        """Return a content and note that it was asked for; None: it is not there, or damaged."""
        path = self.folder / name
        try:
            stored = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        content = stored[_DIGEST:]
        return content if stored[:_DIGEST] == _digest(content) else None

    def keep(self, name: str, content: bytes) -> None:
        """Write a content; where the folder cannot be written to, or the disk is full, nothing is kept."""
        with contextlib.suppress(RunFolderError), write_whole(self.folder / name) as temporary:
            temporary.write_bytes(_digest(content) + content)

    def prune(self) -> None:
        """Delete what was not asked for longest, where there is too much."""
        # Another report may delete the same ones.
        with contextlib.suppress(OSError):
            paths = sorted(self.folder.glob("*.*"), key=lambda path: path.stat().st_mtime_ns)
            for path in paths[: max(0, len(paths) - self.most)]:
                path.unlink(missing_ok=True)


@cache
def code(*libraries: str) -> str:
    """Return what changes with the code of the reports and with the versions of libraries."""
    digest = hashlib.sha256("|".join(map(version, libraries)).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()

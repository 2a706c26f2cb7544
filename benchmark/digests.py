"""What is in files, as SHA-256; a file that has not changed is read once only."""

import hashlib
from functools import lru_cache
from pathlib import Path

from .reading import regular

Stamp = tuple[int, int, int]
"""Inode, size and time of the last change: another where a file has another content."""


def stamp_of(file: Path) -> Stamp:
    """Return the stamp of a file; raises OSError where there is none."""
    state = file.stat()
    return (state.st_ino, state.st_size, state.st_mtime_ns)


def digest_of(file: Path) -> str:
    """Return the SHA-256 of what is in a file, in hexadecimal; raises OSError where it cannot be read."""
    return _digest(file, stamp_of(file))


# The stamp makes what is kept belong to the content; a run asks for a key once for each of its cells.
@lru_cache(maxsize=4096)
def _digest(file: Path, stamp: Stamp) -> str:
    with regular(file).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()

"""Temporary folders of a process's own; what processes left that were killed is removed by the next one."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .errors import RunFolderError
from .files import remedy

_NEW = "emobench-new-"


@contextlib.contextmanager
def own_folder(what: str) -> Iterator[Path]:
    """Yield an empty folder on a disk of this machine; it is gone afterwards.

    Parameters
    ----------
    what
        For what it is, a word: part of its name, and left folders of the same name are removed.

    Raises
    ------
    RunFolderError
        When none can be made.
    """
    name = f"emobench-{what}-"
    _remove_left(name)
    try:
        made = Path(tempfile.mkdtemp(prefix=_NEW))
    except OSError as error:
        raise RunFolderError(
            f"cannot make a folder below {tempfile.gettempdir()}: {error.strerror or error}; {remedy(error)}"
        ) from error
    # Locked before it has the name by which others look for those that nobody holds any more.
    descriptor = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path = made.rename(made.with_name(made.name.replace(_NEW, name)))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)


def _remove_left(name: str) -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{name}*"):
        # Somebody else's, or one that is in use: the lock of a process goes with it, however it ends.
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)

"""One driver for a run folder: a second would write over what the first keeps."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import RunFolderError
from .files import remedy
from .run_folder import RunFolder

if TYPE_CHECKING:
    from filelock import FileLock


@contextlib.contextmanager
def only_driver(folder: RunFolder) -> Iterator[None]:
    """Hold a run folder for this process; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    RunFolderError
        When another process, or another thread, computes into the folder, or it cannot be written to.
    """
    # Not at the top: a run folder that is only read needs none of it.
    from filelock import FileLock, Timeout

    path = folder.lock_path
    held = FileLock(path, timeout=0)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout:
        raise RunFolderError(
            f"another emobench computes into {folder.path}; wait until it has ended, or choose another with --out"
        ) from None
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error.strerror or error}; {remedy(error)}") from error
    with let_go_after(held):
        yield


@contextlib.contextmanager
def let_go_after(held: "FileLock") -> Iterator[None]:
    """On leaving remove the file of a lock that this process holds, and let go of it."""
    try:
        yield
    finally:
        # While it is held: whoever has opened a file that is gone opens another.
        with contextlib.suppress(OSError):
            Path(held.lock_file).unlink(missing_ok=True)
        held.release()


def require_nobody(folder: RunFolder) -> None:
    """Raise RunFolderError when somebody computes into a run folder; nothing is written there."""
    from filelock import FileLock, Timeout

    path = folder.lock_path
    if not path.exists():
        return
    held = FileLock(path, timeout=0)
    try:
        held.acquire()
    except Timeout:
        raise RunFolderError(f"an emobench computes into {folder.path}; wait until it has ended") from None
    except OSError:  # a file left over in a folder that cannot be written to
        return
    held.release()

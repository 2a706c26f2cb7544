"""A folder below `$EMOBENCH_HOME` that is written whole or not at all: temporary name, then rename."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .errors import DataError
from .home import VARIABLE
from .lock import let_go_after

PATIENCE = 60.0
"""Seconds to wait for somebody else who writes the same folder, which takes a moment."""


@contextlib.contextmanager
def write_whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`; on leaving without an error it takes the place of `folder`.

    What processes left there that were killed is removed, or put back where nothing stands in its place.

    Raises
    ------
    DataError
        When nothing can be written there or the disk is full; what was at `folder` is still there.
    """
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _only_writer(folder):
            _clear_up(folder)
            temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            new, old = temporary / "new", temporary / "old"
            # Made anew inside: mkdtemp's own folder is private, converted data are as readable as any other file.
            new.mkdir()
            yield new
            _exchange(folder, new, old)
    except OSError as error:
        raise DataError(
            f"cannot write {folder}: {error.strerror or error}; free some space or name another folder in {VARIABLE}"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the system lets go of it when the process ends, however it ends."""
    # Not at the top: data that are only read need none of it.
    from filelock import FileLock, Timeout

    held = FileLock(folder.with_name(f".{folder.name}.lock"), timeout=PATIENCE)
    try:
        held.acquire()
    except Timeout:
        raise DataError(f"another emobench writes {folder}; wait until it has ended, and type the same again") from None
    with let_go_after(held):
        yield


def _clear_up(folder: Path) -> None:
    """Remove what killed processes left beside a folder that nobody else writes now."""
    for left in folder.parent.glob(f".{folder.name}.*"):
        # As `mkdtemp` names them.
        if re.fullmatch(re.escape(f".{folder.name}.") + "[a-z0-9_]{8}", left.name) and left.is_dir():
            if not folder.exists() and (left / "old").is_dir():
                (left / "old").rename(folder)
            shutil.rmtree(left, ignore_errors=True)


def _exchange(folder: Path, new: Path, old: Path) -> None:
    """Put `new` in the place of `folder`; if that fails, what was there comes back."""
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise

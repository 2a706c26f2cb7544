"""A folder below `$EMOBENCH_HOME` that is written whole or not at all: temporary name, then rename."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .errors import DataError
from .home import VARIABLE


@contextlib.contextmanager
def write_whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`; on leaving without an error it takes the place of `folder`.

    Raises
    ------
    DataError
        When nothing can be written there or the disk is full; what was at `folder` is still there.
    """
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
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

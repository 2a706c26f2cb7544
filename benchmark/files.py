"""Files that are written whole or not at all: temporary name, then rename."""

import contextlib
import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import RunFolderError

if TYPE_CHECKING:
    import pyarrow as pa


def file_stem(*parts: str) -> str:
    """Return a file name for texts that may hold any character: readable, safe and without collisions.

    Examples
    --------
    >>> file_stem("rage_fusion:preset=paper", "simulated", "0")
    'rage_fusion-preset-paper.simulated.0.26c1e4ae'
    """
    readable = ".".join(re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-")[:60] for part in parts)
    return f"{readable}.{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"


@contextlib.contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving without an error it takes the place of `path`.

    Raises
    ------
    RunFolderError
        When the folder cannot be written to or the disk is full; what was at `path` is still there.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files private; a run folder is meant to be shared like any other file.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except RunFolderError:  # of what is read while it is written
        raise
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error.strerror or error}; {remedy(error)}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed left of the files they wrote into a folder; nobody may write there now."""
    for path in folder.glob(".*"):
        # As `mkstemp` names them.
        if re.fullmatch(r"\..+\.[a-z0-9_]{8}", path.name) and path.is_file():
            with contextlib.suppress(OSError):
                path.unlink()


def remedy(error: OSError) -> str:
    """Return what to do about a file that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free some space and type the same command again"
    if error.errno == errno.EFBIG:
        return "allow larger files (ulimit -f) and type the same command again"
    return "make the folder writable or use another one"


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with write_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(path: Path, table: "pa.Table") -> None:
    """Write a Parquet file whole or not at all."""
    import pyarrow.parquet as pq

    with write_whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_table(path: Path, *, repeated: Sequence[str] = ()) -> "pa.Table":
    """Read a Parquet file; each text of the columns `repeated` is kept once (those that are not there do no harm).

    Raises
    ------
    RunFolderError
        When it is missing or damaged.
    """
    from .parquet_files import DAMAGED, open_parquet, read_schema, sound

    try:
        # pyarrow's own `read_table` goes through its data-set layer, which imports pandas: a quarter of a second.
        known = [name for name in repeated if name in read_schema(path).names] if repeated else []
        with open_parquet(path, repeated=known) as file:
            return sound(file.read())
    except FileNotFoundError:
        raise RunFolderError(f"{path} is missing; run the same `emobench run` again to complete the folder") from None
    except DAMAGED as error:
        first = str(error).partition("\n")[0]
        raise RunFolderError(f"{path} is damaged ({first}); delete it and run the same `emobench run` again") from None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

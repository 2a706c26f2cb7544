"""What other packages say that they offer, as far as it takes to know that none of them offers anything."""

import contextlib
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path


def may_offer(group: str) -> bool:
    """Return whether an installed package may have entry points of a group; False is certain.

    Few people have such a package, and `importlib.metadata`, which knows them, takes longer to import than all else
    that a list of names needs.
    """
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    try:
        return group in _said_in(tuple(sys.path))
    except NotADirectoryError:
        return True


@lru_cache(maxsize=1)
def _said_in(folders: tuple[str, ...]) -> str:
    """Return what the packages in folders say of their entry points; NotADirectoryError where one is an archive."""
    return "\n".join(text for folder in folders for text in _said(Path(folder)))


def _said(folder: Path) -> Iterator[str]:
    if folder.name.lower().endswith(".egg"):
        raise NotADirectoryError
    try:
        found = [*folder.iterdir()]
    except NotADirectoryError:
        raise
    except OSError:
        # As the library does: nobody can import from there either.
        return
    for about in found:
        if about.name.lower().endswith((".dist-info", ".egg-info")):
            with contextlib.suppress(OSError):
                yield (about / "entry_points.txt").read_text(encoding="utf-8", errors="replace")

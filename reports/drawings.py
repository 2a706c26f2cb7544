"""Figures that were drawn before, in the user's cache: by what they show, how they look, and the code that draws them.

A report says the same with the cache, without it and with a damaged one; it is only sooner there. The cache is not part
of the run folder: what a run folder from elsewhere holds as a drawing need not be a drawing of its figures.
"""

import contextlib
import dataclasses
import hashlib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Literal

import numpy as np

from ..benchmark.errors import RunFolderError
from ..benchmark.files import write_whole
from ..benchmark.home import cache_folder
from .figure_views import FigureView
from .theme import Theme

Kind = Literal["page", "svg", "pdf"]
"""As an element of a page, or as a file."""
MOST = 4000
"""Drawings that are kept, about 100 MB; of more those go that were not asked for longest."""
_DIGEST = 64


class Drawings:
    """The cache as one report sees it."""

    def __init__(self, theme: Theme, *, folder: Path | None = None, most: int = MOST) -> None:
        """Keep the theme; `folder` is where drawings are, None: the user's cache."""
        self._theme = theme
        self._folder = folder or cache_folder() / "figures"
        self._most = most

    def drawn(self, view: FigureView, kind: Kind, draw: Callable[[], bytes]) -> bytes:
        """Return a figure as it was drawn before, or draw and keep it."""
        key = key_of(view, self._theme)
        if key is None:
            return draw()
        path = self._folder / f"{key}.{kind}"
        found = _read(path)
        if found is not None:
            return found
        content = draw()
        # A cache that cannot be written to, or a full disk, costs time and nothing else.
        with contextlib.suppress(RunFolderError), write_whole(path) as temporary:
            temporary.write_bytes(_digest(content) + content)
        return content

    def prune(self) -> None:
        """Delete the drawings that were not asked for longest, where there are too many."""
        # Another report may delete the same ones.
        with contextlib.suppress(OSError):
            paths = sorted(self._folder.glob("*.*"), key=lambda path: path.stat().st_mtime_ns)
            for path in paths[: max(0, len(paths) - self._most)]:
                path.unlink(missing_ok=True)


def key_of(view: FigureView, theme: Theme) -> str | None:
    """Return the key of a drawing; None where `draw` holds something that cannot be told from its like."""
    digest = hashlib.sha256(_code().encode())
    try:
        for piece in _pieces((theme, view.slug, view.draw)):
            digest.update(piece)
    except TypeError:
        return None
    return digest.hexdigest()


def _read(path: Path) -> bytes | None:
    """Return a drawing and note that it was asked for; None: there is none, or it is damaged."""
    try:
        stored = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    content = stored[_DIGEST:]
    return content if stored[:_DIGEST] == _digest(content) else None


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


@cache
def _code() -> str:
    """Return what changes with the code of the reports and with the libraries that draw."""
    digest = hashlib.sha256("|".join(map(version, ("matplotlib", "numpy"))).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


# `object`: whatever a figure's function was given; what is not known here is refused.
def _pieces(value: object) -> Iterator[bytes]:
    """Yield bytes that are the same for equal values only.

    Raises
    ------
    TypeError
        For a kind of value that is not known here.
    """
    yield f"{type(value).__name__}(".encode()
    match value:
        case None | bool() | int() | float() | str():
            yield repr(value).encode()
        case np.ndarray() if value.dtype.kind in "biufU":
            yield f"{value.dtype}{value.shape}".encode()
            yield np.ascontiguousarray(value).tobytes()
        case tuple() | list() | Mapping() | partial() | FunctionType():
            for part in _parts(value):
                yield from _pieces(part)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for field in dataclasses.fields(value):
                yield from _pieces(getattr(value, field.name))
        case _:
            raise TypeError(f"expected plain values, got {type(value).__name__}")
    yield b")"


def _parts(value: object) -> Iterator[object]:
    match value:
        case Mapping():
            for pair in value.items():
                yield from pair
        case partial():
            yield from (value.func, value.args, value.keywords)
        case FunctionType():
            # Its text is part of the code; what it was given is in its cells and defaults.
            function = inspect.unwrap(value)
            yield from (function.__module__, function.__qualname__, function.__code__.co_firstlineno)
            yield from (function.__defaults__, function.__kwdefaults__)
            yield from (cell.cell_contents for cell in function.__closure__ or ())
        case _:
            assert isinstance(value, tuple | list)
            yield from value

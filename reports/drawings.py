"""Figures that were drawn before, in the user's cache: by what they show, how they look, and the code that draws them.

A report says the same with the cache, without it and with a damaged one; it is only sooner there. The cache is not part
of the run folder: what a run folder from elsewhere holds as a drawing need not be a drawing of its figures.
"""

import dataclasses
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from types import FunctionType

import numpy as np

from ..benchmark.home import cache_folder
from .drawing_helpers import draw_all, nothing
from .drawing_jobs import Contents, Job, Kind
from .figure_views import FigureView
from .kept import Kept, code
from .theme import Theme

MOST = 4000
"""Drawings that are kept, about 100 MB; of more those go that were not asked for longest."""
_PLAIN = frozenset({type(None), bool, int, float, str})


class Drawings:
    """The cache as one report sees it."""

    def __init__(self, theme: Theme, *, folder: Path | None = None, most: int = MOST) -> None:
        """Keep the theme; `folder` is where drawings are, None: the user's cache."""
        self._theme = theme
        self._kept = Kept(folder or cache_folder() / "figures", most)

    def drawn(
        self, views: Sequence[FigureView], kinds: Sequence[Kind], *, meanwhile: Callable[[], object] = nothing
    ) -> list[Contents]:
        """Return figures as they were drawn before, in their order; draw and keep what is not there.

        `meanwhile` is called once, while helpers draw where there are any.
        """
        keys = [key_of(view, self._theme) for view in views]
        found = [{kind: content for kind in kinds if (content := self._read(key, kind)) is not None} for key in keys]
        missing = [place for place, contents in enumerate(found) if len(contents) < len(kinds)]
        jobs = [
            Job(views[place].slug, views[place].draw, tuple(kind for kind in kinds if kind not in found[place]))
            for place in missing
        ]

        def done(number: int, contents: Contents) -> None:
            place = missing[number]
            found[place].update(contents)
            self._keep(keys[place], contents)

        draw_all(jobs, self._theme, done, meanwhile=meanwhile)
        return list(found)

    def prune(self) -> None:
        """Delete the drawings that were not asked for longest, where there are too many."""
        self._kept.prune()

    def _read(self, key: str | None, kind: Kind) -> bytes | None:
        return None if key is None else self._kept.read(f"{key}.{kind}")

    def _keep(self, key: str | None, contents: Contents) -> None:
        for kind, content in contents.items() if key is not None else ():
            self._kept.keep(f"{key}.{kind}", content)


def key_of(view: FigureView, theme: Theme) -> str | None:
    """Return the key of a drawing; None where `draw` holds something that cannot be told from its like."""
    pieces = [code("matplotlib", "numpy").encode()]
    try:
        _describe((theme, view.slug, view.draw), pieces)
    except TypeError:
        return None
    return hashlib.sha256(b"".join(pieces)).hexdigest()


# `object`: whatever a figure's function was given; what is not known here is refused.
def _describe(value: object, pieces: list[bytes]) -> None:
    """Add bytes that are the same for equal values only.

    Raises
    ------
    TypeError
        For a kind of value that is not known here.
    """
    kind: type = type(value)
    if kind in _PLAIN:
        pieces.append(f"{kind.__name__}({value!r})".encode())
        return
    pieces.append(f"{kind.__name__}(".encode())
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufU":
        pieces += (f"{value.dtype}{value.shape}".encode(), np.ascontiguousarray(value).tobytes())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for name in _fields(kind):
            _describe(getattr(value, name), pieces)
    else:
        for part in _parts(value):
            _describe(part, pieces)
    pieces.append(b")")


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


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
        case tuple() | list():
            yield from value
        case bool() | int() | float() | str():
            # Of a kind of its own, such as a number that knows its text.
            yield repr(value)
        case _:
            raise TypeError(f"expected plain values, got {type(value).__name__}")

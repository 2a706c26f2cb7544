"""Numbers in full inside a page: marks that take the place of what is shown, and what a reader makes of them."""

import re
from collections.abc import Iterator, Mapping

from markupsafe import Markup

from .numbers import exact_of

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Signs of no script, that stand around numbers."""
_MARK = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")


def marked(value: object) -> object:
    """Return what a template is to write instead of a value: all numbers that the text of a number stands for."""
    exact = exact_of(value)
    if exact:
        return f"{_OPEN}{' '.join(f'{name}={number!r}' for name, number in exact.items())}{_CLOSE}"
    # A name could hold the signs; what macros return holds marks.
    plain = isinstance(value, str) and not isinstance(value, Markup)
    return unmarked(str(value)) if plain else value


def unmarked(name: str) -> str:
    """Return a name without the signs of marks."""
    return name.replace(_OPEN, "").replace(_CLOSE, "")


def pieces(text: str) -> Iterator[str | Mapping[str, str]]:
    """Yield in their order pieces of plain text, and numbers by name for each mark."""
    for place, piece in enumerate(_MARK.split(text)):
        if place % 2:
            yield {name: number for name, _, number in (pair.partition("=") for pair in piece.split())}
        elif piece:
            yield piece

"""Spec texts: `name:argument=value,…` chained by `+`, the one spelling from command line to report.

`noise:modality=audio,snr_db=10+modality_drop:drop=video` is what a user types, what seeds the noise, the key in the
results and the row in the table. A value may have arguments of its own, joined by `/`, as commas part those outside:
`sliced:by=shift,metric=cel:form=sum/space=log`. Texts are parsed, never evaluated. This module knows the grammar only;
which arguments exist, and of which type, is the business of `arguments`.
"""

import re
from dataclasses import dataclass

from .errors import SpecError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
# Nothing that a shell, a CSV file or this grammar itself would take for something else.
_VALUE = re.compile(r"[A-Za-z0-9_./~@%\-]+\Z")
_PAIR = r"[A-Za-z][A-Za-z0-9_]*=[A-Za-z0-9_.~@%\-]+"
_NESTED = re.compile(rf"[A-Za-z][A-Za-z0-9_]*:{_PAIR}(/{_PAIR})*\Z")


@dataclass(frozen=True, order=True)
class Call:
    """One plug-in by name, with its arguments as text."""

    name: str
    """Name of the plug-in, as in `emobench list`."""
    arguments: tuple[tuple[str, str], ...] = ()
    """Pairs of argument and value, sorted by argument; empty: all defaults."""

    def __str__(self) -> str:
        """Return the spec text."""
        pairs = ",".join(f"{argument}={value}" for argument, value in self.arguments)
        return f"{self.name}:{pairs}" if pairs else self.name

    def without(self, argument: str) -> "Call":
        """Return the same call with `argument` left out (it may be absent already)."""
        return Call(self.name, tuple(pair for pair in self.arguments if pair[0] != argument))


def parse(text: str) -> tuple[Call, ...]:
    """Return the calls of a spec text, in the order written.

    Raises
    ------
    SpecError
        When the text is not of the form `name:argument=value,…+name:…`.

    Examples
    --------
    >>> parse("noise:snr_db=10,modality=audio")
    (Call(name='noise', arguments=(('modality', 'audio'), ('snr_db', '10'))),)
    """
    return tuple(_parse_call(part, text) for part in text.strip().split("+"))


def join(calls: tuple[Call, ...]) -> str:
    """Return the text of a chain of calls; the inverse of `parse`."""
    return "+".join(map(str, calls))


def _parse_call(part: str, text: str) -> Call:
    name, colon, rest = part.strip().partition(":")
    if not _NAME.match(name):
        raise SpecError(f"expected `name:argument=value,…` in {text!r}, got {part!r}{_hint(text)}")
    if colon and not rest:
        raise SpecError(f"expected arguments after the colon in {text!r}; without arguments type {name!r}")
    arguments: dict[str, str] = {}
    for pair in rest.split(",") if rest else ():
        argument, equals, value = (piece.strip() for piece in pair.partition("="))
        if not (equals and _NAME.match(argument) and (_VALUE.match(value) or _NESTED.match(value))):
            raise SpecError(f"expected `argument=value` in {text!r}, got {pair!r}{_hint(text)}")
        if argument in arguments:
            raise SpecError(f"{name}: argument {argument!r} is given twice in {text!r}")
        arguments[argument] = value
    return Call(name, tuple(sorted(arguments.items())))


def _hint(text: str) -> str:
    """Say how a path can be typed, where there is one."""
    there = "path=" in text or "costs=" in text
    return "; in a path type %20 for a space, %2B for +, %2C for a comma, as in URLs" if there else ""

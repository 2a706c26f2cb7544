"""On which line of a TOML file a value stands, which `tomllib` does not tell.

Only for what `tomllib` has read without complaint: nothing is checked here, and values are passed over, not read.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]
"""Keys, and numbers of entries of arrays (from 0), that lead from the whole to a value; empty: the whole."""

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
# A text of several lines may end in one or two quotes of its own; a date may have a space before its time.
_SCALAR = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:'{0,2})|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\''''
    r"""|\d{4}-\d\d-\d\d[ ]\d\d:[^\s,\]}#]*|[^\s,\]}#]+""",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Place, int]:
    r"""Return the line, from 1, of everything that a file of TOML holds, by its place.

    A table stands where its header is, one without a header where it is first named.

    Examples
    --------
    >>> lines_of('a.b = [\n1,\n2]')
    {('a',): 1, ('a', 'b'): 1, ('a', 'b', 0): 2, ('a', 'b', 1): 3}
    """
    return _Scanner(text).lines


def line_of(lines: Mapping[Place, int], place: Place) -> int | None:
    """Return the line of a place, or of the nearest thing around it that has one; None: of the whole."""
    return next((lines[place[:depth]] for depth in range(len(place), 0, -1) if place[:depth] in lines), None)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._at = 0
        self._lengths: dict[Place, int] = {}
        """How many tables each array of tables has so far."""
        table: Place = ()
        for symbol in self._symbols(""):
            if symbol == "[":
                table = self._header()
            else:
                self._pair(table)

    @property
    def _line(self) -> int:
        return bisect_right(self._starts, self._at)

    def _symbols(self, end: str) -> Iterator[str]:
        """Yield the first character of each thing, blanks and commas passed over, up to `end` or that of the text."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]  # matches anywhere
            symbol = self._text[self._at : self._at + 1]
            if symbol == end:
                self._at += len(end)
                return
            if symbol == ",":
                self._at += 1
            else:
                yield symbol

    def _header(self) -> Place:
        """Pass over `[a.b]` or `[[a.b]]` and return the table that it begins."""
        line, many = self._line, self._text.startswith("[[", self._at)
        self._at = _BLANK.match(self._text, self._at + 1 + many).end()  # type: ignore[union-attr]  # as above
        *before, last = self._keys()
        table: Place = ()
        for key in before:
            table = self._last_of((*table, key))
            self.lines.setdefault(table, line)
        table = (*table, last)
        if many:
            number = self._lengths.get(table, 0)
            self._lengths[table] = number + 1
            self.lines.setdefault(table, line)
            table = (*table, number)
        self.lines[table] = line
        self._at = self._text.index("]]" if many else "]", self._at) + 1 + many
        return table

    def _last_of(self, table: Place) -> Place:
        """Return the last table of an array of tables, which is what a longer header is about; else the table."""
        if table not in self._lengths:
            return table
        return (*table, self._lengths[table] - 1)

    def _pair(self, table: Place) -> None:
        """Pass over `key = value`."""
        line, place = self._line, table
        for key in self._keys():
            place = (*place, key)
            self.lines.setdefault(place, line)
        self._at = _BLANK.match(self._text, self._text.index("=", self._at) + 1).end()  # type: ignore[union-attr]
        self._value(place)

    def _keys(self) -> tuple[str, ...]:
        """Pass over `a."b c".d` and return its keys."""
        keys: list[str] = []
        dot: re.Match[str] | None = None
        while dot or not keys:
            self._at = dot.end() if dot else self._at
            key = _KEY.match(self._text, self._at)
            assert key is not None
            self._at = key.end()
            quoted = key.group()[0] in "\"'"
            keys.append(str(tomllib.loads(f"key = {key.group()}")["key"]) if quoted else key.group())
            dot = _DOT.match(self._text, self._at)
        return tuple(keys)

    def _value(self, place: Place) -> None:
        self.lines[place] = self._line
        symbol = self._text[self._at]
        if symbol == "[":
            self._at += 1
            for number, _ in enumerate(self._symbols("]")):
                self._value((*place, number))
        elif symbol == "{":
            self._at += 1
            for _ in self._symbols("}"):
                self._pair(place)
        else:
            self._at = _SCALAR.match(self._text, self._at).end()  # type: ignore[union-attr]  # a value is something

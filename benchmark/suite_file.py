"""A suite's file as it was read, and where in it a mistake is."""

import json
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

from .errors import SpecError, suggestion
from .reading import regular
from .suite_lines import Place, line_of, lines_of
from .toml_text import parsed

MOST_BYTES = 1_000_000
"""A larger file is no suite."""

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_HINTS = {
    "Invalid value": "; texts stand in quotes",
    "Unclosed array": "; entries are parted by commas, and after the last comes ]",
    "Expected '=' after a key": "; a line is `key = value`, `[table]` or a comment",
    "Cannot overwrite a value": "; each key stands once",
}
"""What helps with the commonest ways not to be TOML."""
_EXPECTED = {
    "tuple_type": 'an array, such as ["…"]',
    "string_type": "a text in quotes",
    "string_too_short": "a text that is not empty",
    "too_short": "an entry or more",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a table",
    "literal_error": "{expected}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
"""What was expected, by what pydantic calls the mistake."""


@dataclass(frozen=True, eq=False)
class SuiteFile:
    """What a file holds, as `tomllib` reads it."""

    where: str
    """What it is called in messages."""
    text: str
    content: dict[str, Any]  # what a file may hold is known when `suites` has checked it

    @cached_property
    def _lines(self) -> dict[Place, int]:
        return lines_of(self.text)

    def mistake(self, place: Place, message: str, *, named: bool = False) -> SpecError:
        """Return the error about something in the file: the line and the key, then the message.

        `named`: the message names the key itself.
        """
        line = line_of(self._lines, place)
        # The number of a block and the number of an entry say less than the line does.
        keys = [key for key in place if isinstance(key, str)]
        key = ".".join(keys[1:] if keys[:1] == ["block"] and len(keys) > 1 else keys)
        where = f"{self.where}, line {line}" if line else self.where
        return SpecError(f"{where}: {key}: {message}" if key and not named else f"{where}: {message}")


def read_suite_file(path: Path, where: str) -> SuiteFile:
    """Return what a file holds.

    Raises
    ------
    SpecError
        When it cannot be read or is no TOML; one line, with the line and column where it stops to be TOML.
    """
    try:
        if path.is_fifo():  # it might never say anything
            raise SpecError(f"{where}: expected a file of TOML, got a pipe; type: emobench list suites")
        with regular(path).open("rb") as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise SpecError(f"{where}: expected a suite, got a file of more than {MOST_BYTES:,} bytes")
        decoded = text.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SpecError(f"cannot read the suite {path}: {reason}; type: emobench list suites") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SpecError(f"{where}, line {line}: it is no UTF-8 text; save it as UTF-8") from None
    try:
        return SuiteFile(where, decoded, parsed(decoded))
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(where, decoded, str(error)) from None
    except ValueError as error:  # a number of thousands of digits; arrays in arrays in arrays …
        raise SpecError(f"{where} is no TOML that can be read: {str(error).partition(':')[0]}") from None


def said_of(error: ErrorDetails) -> str:
    """Return what was expected and what was got, of a value that pydantic refuses."""
    expected = _EXPECTED[error["type"]].format(**error.get("ctx", {}))
    got, near = error["input"], ""
    if error["type"] == "literal_error" and isinstance(got, str):
        choices = re.findall("'(.*?)'", expected)
        near = f"; {suggestion(got, choices)}"
    return f"expected {expected}, got {shown(got)}{near}"


def shown(value: object) -> str:
    """Return a value about as it stands in the file, cut where it is long.

    Examples
    --------
    >>> shown(True), shown(["a", 2]), shown("x" * 99)[-5:]
    ('true', '["a", 2]', 'xxxx…')
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _no_toml(where: str, text: str, said: str) -> SpecError:
    found = _AT.search(said)
    reason = said[: found.start()] if found else said
    line, column = found.groups() if found else (None, None)
    line = line or str(text.rstrip().count("\n") + 1)
    hint = next((hint for start, hint in _HINTS.items() if reason.startswith(start)), "; see docs/suites.md")
    place = f"line {line}, column {column}" if column else f"line {line}"
    return SpecError(f"{where}, {place}: no TOML: {reason[:1].lower()}{reason[1:]}{hint}")

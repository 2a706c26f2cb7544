"""Texts of TOML from anywhere: what cannot be read is one kind of error, and nothing is nested without end."""

import tomllib
from typing import Any

DEEPEST = 100
"""Tables and arrays within each other."""


# `Any`: what a text holds; whoever asked for it gives it a type.
def parsed(text: str) -> dict[str, Any]:
    """Return what a text says.

    Raises
    ------
    tomllib.TOMLDecodeError
        When it is no TOML.
    ValueError
        When it is nested too deeply, or a number has thousands of digits.
    """
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise ValueError("arrays in arrays, too many") from None
    level: list[object] = [content]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return content
    raise ValueError("tables in tables, too many")


def _inside(value: object) -> list[object]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [one for one in inner if isinstance(one, dict | list)]

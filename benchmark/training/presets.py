"""Presets: what the arguments that a user leaves open stand for."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar

Value = bool | int | float | str
"""What an argument can be."""
Presets = Mapping[str, Mapping[str, Value]]
"""By name of the preset what it sets, by argument; every preset sets the same arguments."""


S = TypeVar("S")


def settled(arguments: object, preset: Mapping[str, Value], kind: type[S]) -> S:
    """Return a `kind`, a dataclass, with the arguments of the same names: as set, else (None) as the preset says.

    What neither has is at its default in `kind`.

    Raises
    ------
    SpecError
        When `kind` refuses the values; its message.
    """
    values = {}
    for field in fields(kind):  # type: ignore[arg-type]  # no bound says "any dataclass" at run time as well
        value = getattr(arguments, field.name, None)
        value = preset.get(field.name) if value is None else value
        if value is not None:
            values[field.name] = value
    return kind(**values)

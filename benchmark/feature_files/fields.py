"""What a part of a feature file may be: values by dialogue, or a list of dialogues."""

from collections.abc import Mapping, Sequence, Set, Sized
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float32
from typing_extensions import TypeIs

from ..errors import DataError

Key = str | int
"""Name of a dialogue in a file."""
Row = Sequence[object] | np.ndarray
"""One value per utterance of a dialogue."""
Sort = Literal["texts", "numbers", "vectors", "names", "other"]


class Kind(NamedTuple):
    """What a field holds."""

    sort: Sort
    """Texts, numbers or vectors by dialogue; names of dialogues; or something else."""
    width: int = 0
    """Length of the vectors; 0: they are none."""

    def __str__(self) -> str:
        """As messages show it."""
        return f"vectors of {self.width}" if self.width else self.sort


@dataclass(frozen=True, eq=False)
class Field:
    """One part of a file."""

    place: str
    """File and what the part is called there, as messages name it."""
    value: Any
    """As it was read; of what sort it is, `kind` says."""

    @property
    def kind(self) -> Kind:
        """What it holds, as far as the first utterance of each dialogue tells."""
        if isinstance(self.value, Mapping):
            if not (all(map(is_key, self.value)) and all(map(_is_row, self.value.values()))):
                return Kind("other")
            kinds = {_kind_of_first(entry) for entry in self.value.values() if len(entry)}
            return kinds.pop() if len(kinds) == 1 else Kind("other")
        if isinstance(self.value, Set) or _is_row(self.value):
            return Kind("names") if all(map(is_key, self.value)) else Kind("other")
        return Kind("other")

    def names(self) -> tuple[Key, ...]:
        """Return names of dialogues, sorted where the file has no order."""
        values = sorted(self.value, key=_order) if isinstance(self.value, Set) else self.value
        return tuple(_plain(value) for value in values)

    def by_dialogue(self) -> dict[Key, Row]:
        """Return the values by dialogue; those without utterances, as MELD's dialogue 60, are left out."""
        assert isinstance(self.value, Mapping)
        return {_plain(key): entry for key, entry in self.value.items() if len(entry)}

    def texts(self) -> dict[Key, tuple[str, ...]]:
        """Return texts by dialogue."""
        return {key: tuple(map(self._text, entry)) for key, entry in self.by_dialogue().items()}

    def numbers(self, *, below: int) -> dict[Key, tuple[int, ...]]:
        """Return numbers from 0 by dialogue."""
        return {
            key: tuple(self._number(value, below, key, place) for place, value in enumerate(entry))
            for key, entry in self.by_dialogue().items()
        }

    def vectors(self, width: int) -> dict[Key, Float32[np.ndarray, "utterances width"]]:
        """Return one vector per utterance by dialogue, in single precision."""
        return {key: self._matrix(entry, width, key) for key, entry in self.by_dialogue().items()}

    def _text(self, value: object) -> str:
        if not isinstance(value, str):
            raise DataError(f"{self.place}: expected texts, got a value of type {type(value).__name__}")
        return str(value)

    def _number(self, value: object, below: int, key: Key, place: int) -> int:
        if not isinstance(value, (int, np.integer)) or not 0 <= value < below:
            raise DataError(
                f"{self.place}, {key}, utterance {place}: expected a number from 0 to {below - 1}, got {value}"
            )
        return int(value)

    def _matrix(self, entry: Row, width: int, key: Key) -> Float32[np.ndarray, "utterances width"]:
        try:
            with np.errstate(over="ignore"):  # what is too large is not finite then
                matrix = np.asarray(entry, np.float32)
        except (ValueError, TypeError, OverflowError):
            matrix = np.empty(0, np.float32)
        if matrix.shape != (len(entry), width):
            raise DataError(f"{self.place}, {key}: expected {len(entry)} vectors of {width}, got other shapes")
        bad = ~np.isfinite(matrix).all(axis=1)
        if bad.any():
            raise DataError(f"{self.place}, {key}, utterance {int(np.argmax(bad))}: expected finite numbers")
        return matrix


def _order(name: Any) -> tuple[bool, Any]:  # text or number; numbers come first
    return isinstance(name, str), name


def _is_row(value: object) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def is_key(value: object) -> bool:
    """Return whether a value may be the name of a dialogue."""
    return isinstance(value, (str, int, np.integer)) and not isinstance(value, bool)


def _kind_of_first(entry: Row) -> Kind:
    first = entry[0]
    if isinstance(first, str):
        return Kind("texts")
    if isinstance(first, (int, np.integer)):
        return Kind("numbers")
    return Kind("vectors", len(first)) if _is_vector(first) else Kind("other")


def _is_vector(first: object) -> TypeIs[Sized]:
    if isinstance(first, np.ndarray):
        return first.ndim == 1 and len(first) > 0 and first.dtype.kind != "U"
    return isinstance(first, (list, tuple)) and len(first) > 0 and isinstance(first[0], (int, float, np.number))


def _plain(key: Any) -> Key:  # text or number of Python or numpy, as `is_key` has said
    return str(key) if isinstance(key, str) else int(key)

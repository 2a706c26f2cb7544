"""What is published about the corpora of feature files: names of dialogues, splits, sizes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..datasets.utterances import Count
from ..errors import DataError
from .fields import Key

Position = tuple[int | str, ...]
"""Sorts dialogues."""
FITTING = "fitting"
"""What is listed for training, and leaves to its reader what is for validation."""


@dataclass(frozen=True)
class Named:
    """What the name of a dialogue says."""

    name: str
    """As the data set has it."""
    position: Position
    """Its place among the others."""
    split: str
    """`train`, `validation` or `test`, as far as the name tells; `FITTING`: not `test`; empty: it tells nothing."""


@dataclass(frozen=True)
class Corpus:
    """One of the corpora."""

    data: str
    """Name of the data set."""
    classes: tuple[str, ...]
    """In the order of the labels in files."""
    read: Callable[[Key], Named | None]
    """Reads the name of a dialogue in a file; None: no dialogue of the corpus has it."""
    example: str
    """Such a name."""
    published: Mapping[str, Count]
    """Size per split, or of `FITTING` and test."""
    labels: Mapping[str, tuple[int, ...]]
    """Utterances of each class, for the same."""
    licence: str
    """Terms of use."""
    has_names: bool = False
    """Whether the part `ids` of its files has the names of utterances; those of the others are not comparable."""
    absent: frozenset[Key] = frozenset()
    """Names that lists of dialogues hold, and of which the corpus has no utterance."""

    def named(self, key: Key, place: str) -> Named:
        """Return what a name says.

        Raises
        ------
        DataError
            When no dialogue of the corpus has it.
        """
        found = self.read(key)
        if found is None:
            raise DataError(f"{place}: expected dialogues of {self.data} such as {self.example}, got {key!r}")
        return found


_IEMOCAP = re.compile(r"Ses0([1-5])[FM]_\w+\Z", re.ASCII)
_EMORYNLP = re.compile(r"([0-9]{1,4})_([0-9]{1,4})_([0-9]{1,4})\Z", re.ASCII)
_MELD = (("train", "train", range(1039)), ("dev", "validation", range(1039, 1153)), ("test", "test", range(1153, 1433)))
"""First part of a name, split and numbers in files, where the numbers run on and in the tables begin again."""


def read_iemocap(key: Key) -> Named | None:
    """Read a name such as `Ses02F_script01_3`; session 5 is the test split."""
    found = _IEMOCAP.match(str(key))
    return Named(str(key), (str(key),), "test" if found[1] == "5" else FITTING) if found else None


def read_meld(key: Key) -> Named | None:
    """Read a number from 0 to 1432."""
    for file, split, numbers in _MELD:
        if key in numbers and isinstance(key, int):
            number = key - numbers.start
            return Named(f"{file}_{number}", (number,), split)
    return None


def read_emorynlp(key: Key) -> Named | None:
    """Read season, episode and scene, such as `4_4_11`."""
    found = _EMORYNLP.match(str(key))
    return Named(str(key), tuple(map(int, found.groups())), "") if found else None

"""Files that say what each decision costs: CSV, rows gold classes, columns decisions.

    gold,neutral,joy,anger,abstain
    neutral,0,1,5,0.5
    joy,1,0,5,0.5
    anger,2,2,0,0.5

The first column names the gold class; what its head says is left alone. There is a row and a column for every class of
the data, in any order, and one more column `abstain` where an interface may leave an utterance alone. Costs are
numbers; one below 0 is a gain.
"""

import csv
import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from .errors import DataError
from .reading import regular

ABSTAIN = "abstain"
"""Name of the decision to leave an utterance alone."""


@dataclass(frozen=True, eq=False)
class Costs:
    """What is in a file."""

    path: Path
    gold: tuple[str, ...]
    """Names of the rows."""
    decisions: tuple[str, ...]
    """Names of the columns."""
    table: Float[np.ndarray, "gold decisions"]
    """Costs, all finite."""
    key: str
    """SHA-256 of the file."""

    def of(self, classes: Sequence[str]) -> Float[np.ndarray, "classes decisions"]:
        """Return the costs in the order of the classes, abstaining last where that is a decision.

        Raises
        ------
        DataError
            When the file is of other classes, or lacks some.
        """
        every = (*classes, ABSTAIN) if ABSTAIN in self.decisions and ABSTAIN not in classes else tuple(classes)
        for kind, named, wanted in (("row", self.gold, tuple(classes)), ("column", self.decisions, every)):
            unknown = [name for name in named if name not in wanted]
            missing = [name for name in wanted if name not in named]
            if unknown or missing:
                got = f"{unknown[0]!r}" if unknown else f"none for {missing[0]!r}"
                more = f" (and {ABSTAIN}, if that is a decision)" if kind == "column" else ""
                raise DataError(f"{self.path}: expected a {kind} for each of {', '.join(classes)}{more}, got {got}")
        rows = [self.gold.index(name) for name in classes]
        return self.table[np.ix_(rows, [self.decisions.index(name) for name in every])]


def read_costs(path: Path) -> Costs:
    """Return the content of a file.

    Raises
    ------
    DataError
        When there is none, or it is no table of finite numbers with names.
    """
    try:
        state = path.stat()
        # The stamp makes what is kept belong to the content.
        return _read(path, (state.st_ino, state.st_size, state.st_mtime_ns))
    except FileNotFoundError:
        raise DataError(
            f"{path}: there is no such file; expected a CSV file of costs, with a row for each gold class and a "
            "column for each decision: type costs=FILE.csv"
        ) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise DataError(f"{path}: cannot be read ({reason}); expected a CSV file of costs") from None


@lru_cache(maxsize=64)
def _read(path: Path, stamp: tuple[int, int, int]) -> Costs:
    content = regular(path).read_bytes()
    try:
        lines = list(csv.reader(content.decode("utf-8-sig").splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error}); expected a CSV file of costs") from None
    lines = [[cell.strip() for cell in line] for line in lines if any(map(str.strip, line))]
    if len(lines) < 2 or len(lines[0]) < 2:
        raise DataError(f"{path}: expected a head with the decisions and a row for each gold class, with commas")
    head, rows = lines[0][1:], lines[1:]
    gold = [row[0] for row in rows]
    for kind, named in (("column", head), ("row", gold)):
        twice = next((name for name in named if named.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"{path}: expected each {kind} once, got {twice!r} twice")
    table = np.array([_numbers(path, head, row) for row in rows])
    return Costs(path, tuple(gold), tuple(head), table, hashlib.sha256(content).hexdigest())


def _numbers(path: Path, head: Sequence[str], row: Sequence[str]) -> list[float]:
    name, *cells = row
    if len(cells) != len(head):
        raise DataError(f"{path}: expected {len(head)} costs in the row {name!r}, got {len(cells)}")
    numbers = [_number(cell) for cell in cells]
    for decision, cell, number in zip(head, cells, numbers, strict=True):
        if not math.isfinite(number):
            raise DataError(f"{path}: expected a number in the row {name!r}, column {decision!r}, got {cell!r}")
    return numbers


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan

"""results.parquet as a look-up: one figure by model, data set, seed, condition, metric and part."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from ..benchmark.errors import RunFolderError
from ..benchmark.files import read_table
from ..benchmark.run_folder import RunFolder
from ..benchmark.run_record import ALL_SEEDS, RESULT_COLUMNS
from .numbers import Shown, decimals_of, figure, shared

_DUST = 1e-12
"""What sums in floating point may be off by: nearer to 0 or 1 a figure is shown as that."""
_NEEDED = ("model", "data", "seed", "condition", "metric", "part", "value")
"""Columns without which no figure has a place or a value."""
_NUMBERS = ("value", "low", "high", "floor", "floor_high", "seed_sd", "draw_sd")


@dataclass(frozen=True, slots=True)
class Result:
    """One figure; NaN where a field says `none`."""

    value: float
    """The figure."""
    low: float = math.nan
    """Lower end of the 95 % interval over dialogues; NaN: none."""
    high: float = math.nan
    """Upper end."""
    floor: float = math.nan
    """Mean of the noise floor, or for CEL the exact posterior's own; NaN: none."""
    floor_high: float = math.nan
    """95th percentile of the noise floor; NaN: none."""
    seed_sd: float = math.nan
    """Standard deviation over training seeds; NaN: fewer than two seeds."""
    draw_sd: float = math.nan
    """Standard deviation over the draws of the stress; NaN: drawn once."""
    utterances: int = 0
    """Labelled utterances it is computed from."""
    dialogues: int = 0
    """Dialogues it is computed from."""
    draws: int = 0
    """Bootstrap draws behind the interval."""
    decimals: int | None = None
    """How many decimals the figures of this metric on these data share; None: what its own interval says."""

    @property
    def shown(self) -> Shown:
        """The figure and its interval as text, wherever they are shown."""
        return figure(self.value, self.low, self.high, decimals=self.decimals)

    @property
    def signed(self) -> Shown:
        """The same, with a plus sign where the figure is positive."""
        return figure(self.value, self.low, self.high, decimals=self.decimals, plus=True)

    def beside(self, value: float, *, plus: bool = False) -> str:
        """Return what stands beside the figure, such as its floor, with the figure's decimals."""
        return figure(value, decimals=self.shown.decimals, plus=plus).value

    @property
    def within_floor(self) -> bool:
        """Whether a perfectly calibrated model shows as much on a sample of this size (95th percentile)."""
        return self.value <= self.floor_high


class Place(NamedTuple):
    """Where figures belong."""

    model: str
    data: str
    seed: int
    condition: str
    metric: str


@dataclass(frozen=True, eq=False)
class Results:
    """All figures of a run: those over all seeds with every part, those of one seed without parts."""

    figures: Mapping[Place, Mapping[str, Result]]
    """By place, then by part (empty text: the figure itself)."""
    lacking: tuple[str, ...] = ()
    """Columns that the file does not have."""

    @classmethod
    def read(cls, folder: RunFolder) -> "Results":
        """Read results.parquet.

        Raises
        ------
        RunFolderError
            When it is missing or damaged, or lacks a column without which no figure has a place or a value.
        """
        table = read_table(folder.results_path)
        lacking = [column for column in RESULT_COLUMNS if column not in table.column_names]
        needed = [column for column in lacking if column in _NEEDED]
        if needed:
            raise RunFolderError(
                f"{folder.results_path}: expected the column {needed[0]!r}, got {', '.join(table.column_names)}; "
                "type `emobench score` for this folder to write it anew"
            )
        nothing = [None] * table.num_rows
        columns = [nothing if name in lacking else table[name].to_pylist() for name in RESULT_COLUMNS]
        figures: defaultdict[Place, dict[str, Result]] = defaultdict(dict)
        # Plain lists: pyarrow's own filters would import pandas.
        for row in zip(*columns, strict=True):
            fields = dict(zip(RESULT_COLUMNS, row, strict=True))
            # Bins and matrix cells of single seeds are the bulk of the table, and no page shows them.
            if fields["seed"] == ALL_SEEDS or not fields["part"]:
                place = Place(*(fields[name] for name in Place._fields))
                figures[place][fields["part"] or ""] = _result(fields)
        return cls(_with_decimals(figures), tuple(lacking))

    def parts(self, model: str, data: str, condition: str, metric: str, seed: int = ALL_SEEDS) -> Mapping[str, Result]:
        """Return the figures of a metric by part; empty where there are none."""
        return self.figures.get(Place(model, data, seed, condition, metric), {})

    def get(
        self, model: str, data: str, condition: str, metric: str, part: str = "", seed: int = ALL_SEEDS
    ) -> Result | None:
        """Return one figure; None where there is none."""
        return self.parts(model, data, condition, metric, seed).get(part)

    def plain(self, model: str, data: str, condition: str, seed: int = ALL_SEEDS) -> Mapping[str, Result]:
        """Return the figures without parts by metric; empty where there are none."""
        return self._plain.get((model, data, seed, condition), {})

    @cached_property
    def _plain(self) -> Mapping[tuple[str, str, int, str], Mapping[str, Result]]:
        found: defaultdict[tuple[str, str, int, str], dict[str, Result]] = defaultdict(dict)
        for place, parts in self.figures.items():
            if "" in parts:
                found[place[:4]][place.metric] = parts[""]
        return found


def _result(fields: Mapping[str, object]) -> Result:
    value, low, high, floor, floor_high, seed_sd, draw_sd = (
        math.nan if fields[name] is None else _clean(float(str(fields[name]))) for name in _NUMBERS
    )
    utterances, dialogues, draws = (int(str(fields[name] or 0)) for name in ("utterances", "dialogues", "draws"))
    return Result(value, low, high, floor, floor_high, seed_sd, draw_sd, utterances, dialogues, draws)


def _with_decimals(figures: Mapping[Place, Mapping[str, Result]]) -> dict[Place, dict[str, Result]]:
    """Give the figures of a metric on one data set the decimals that most of them need, and those of its parts."""

    def kind(place: Place, part: str) -> tuple[str, str, bool]:
        return place.data, place.metric, bool(part)

    needed: defaultdict[tuple[str, str, bool], list[int]] = defaultdict(list)
    for place, parts in figures.items():
        for part, one in parts.items():
            if place.seed == ALL_SEEDS and one.high - one.low > _DUST:
                needed[kind(place, part)].append(decimals_of(one.value, one.low, one.high))
    decimals = {name: shared(found) for name, found in needed.items()}
    return {
        place: {part: replace(one, decimals=decimals.get(kind(place, part))) for part, one in parts.items()}
        for place, parts in figures.items()
    }


def _clean(value: float) -> float:
    return next((end for end in (0.0, 1.0) if abs(value - end) < _DUST), value)

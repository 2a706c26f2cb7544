"""results.parquet as a look-up: one figure by model, data set, seed, condition, metric and part."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import NamedTuple

from ..benchmark.run_folder import RunFolder
from ..benchmark.run_record import ALL_SEEDS
from .numbers import Shown, figure
from .result_columns import TEXTS, read_columns


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
        found = read_columns(folder)
        model, data, condition, metric, part = (found.texts[name] for name in TEXTS)
        places = map(Place, model, data, found.seeds, condition, metric)
        columns = (*found.numbers.values(), *found.counts.values(), found.decimals)
        figures: defaultdict[Place, dict[str, Result]] = defaultdict(dict)
        for place, name, one in zip(places, part, starmap(Result, zip(*columns, strict=True)), strict=True):
            figures[place][name or ""] = one
        return cls(figures, found.lacking)

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

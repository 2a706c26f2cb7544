"""results.parquet by columns: its figures as arrays, and how many decimals those of one kind share."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int64

from ..benchmark.arrow_columns import is_number, numbers_of, texts_of, wrong_column
from ..benchmark.errors import RunFolderError
from ..benchmark.files import read_table
from ..benchmark.run_folder import RunFolder
from ..benchmark.run_record import ALL_SEEDS, RESULT_COLUMNS
from .numbers import shared

TEXTS = ("model", "data", "condition", "metric", "part")
"""Columns of words."""
NUMBERS = ("value", "low", "high", "floor", "floor_high", "seed_sd", "draw_sd")
"""Columns of real numbers."""
COUNTS = ("utterances", "dialogues", "draws")
"""Columns of whole numbers, 0 where they say nothing."""
NEEDED = ("model", "data", "seed", "condition", "metric", "part", "value")
"""Columns without which no figure has a place or a value."""
_DUST = 1e-12
"""What sums in floating point may be off by: nearer to 0 or 1 a figure is shown as that."""

_LARGEST_WHOLE = 2.0**53
"""Up to which a real number stands for one whole number only."""

Kind = tuple[str, str, bool]
"""Figures that share their decimals: data set, metric, whether they are of parts."""


@dataclass(frozen=True, eq=False)
class ResultColumns:
    """The rows that reports show: those over all seeds, and of single seeds those without a part."""

    # Lists: what is taken one by one is sooner taken from them than from arrays.
    texts: Mapping[str, list[str]]
    """Columns of `TEXTS`, by name."""
    seeds: list[int]
    numbers: Mapping[str, list[float]]
    """Columns of `NUMBERS`; NaN: none."""
    counts: Mapping[str, list[int]]
    """Columns of `COUNTS`."""
    decimals: list[int | None]
    """How many the figures of a row's kind share; None: no interval of that kind says."""
    lacking: tuple[str, ...]
    """Columns that the file does not have."""


def read_columns(folder: RunFolder) -> ResultColumns:
    """Read results.parquet.

    Raises
    ------
    RunFolderError
        When it is missing or damaged, or lacks a column without which no figure has a place or a value.
    """
    table = read_table(folder.results_path, repeated=TEXTS)
    lacking = tuple(column for column in RESULT_COLUMNS if column not in table.column_names)
    if needed := [column for column in lacking if column in NEEDED]:
        raise RunFolderError(
            f"{folder.results_path}: expected the column {needed[0]!r}, got {', '.join(table.column_names)}; "
            "type `emobench score` for this folder to write it anew"
        )
    # Columns of a table without rows need not be of anything.
    if len(table) and (wrong := wrong_column(table, texts=TEXTS)):
        raise RunFolderError(f"{folder.results_path}: {wrong}; type `emobench score` for this folder to write it anew")
    all_texts = {name: texts_of(table[name]) for name in TEXTS}
    of_part, seeds = all_texts["part"].astype(bool), _whole_numbers(folder, table, "seed")
    # Bins and matrix cells of single seeds are the bulk of the table, and no page shows them.
    kept = (seeds == ALL_SEEDS) | ~of_part
    texts = {name: column[kept].tolist() for name, column in all_texts.items()}
    numbers = {name: _without_dust(_numbers(folder, table, name)[kept]) for name in NUMBERS}
    kinds = list(zip(texts["data"], texts["metric"], of_part[kept].tolist(), strict=True))
    telling = (seeds[kept] == ALL_SEEDS) & (numbers["high"] - numbers["low"] > _DUST)
    decimals = _shared_decimals(
        [kinds[row] for row in np.flatnonzero(telling)],
        places_of(*(numbers[name][telling] for name in ("value", "low", "high"))),
    )
    return ResultColumns(
        texts=texts,
        seeds=seeds[kept].tolist(),
        numbers={name: column.tolist() for name, column in numbers.items()},
        counts={name: _whole_numbers(folder, table, name)[kept].tolist() for name in COUNTS},
        decimals=[decimals.get(kind) for kind in kinds],
        lacking=lacking,
    )


def places_of(
    value: Float[np.ndarray, " rows"], low: Float[np.ndarray, " rows"], high: Float[np.ndarray, " rows"]
) -> Int64[np.ndarray, " rows"]:
    """Return `numbers.decimals_of` of many figures, all of which have an interval of some width."""
    width = high - low
    endless = np.isinf(width)
    size = np.where(endless, np.abs(value), np.max(np.abs([value, low, high]), axis=0))
    large = (size >= 10).astype(np.int64) + (size >= 100)
    places = np.maximum(len(_HALVES) - np.searchsorted(_HALVES, width / 2, side="right"), 2 - large)
    # As of a number that has no interval.
    return np.asarray(np.where(endless, 3 - large, places), np.int64)


def _first(exponent: int) -> float:
    """Return the smallest half-width whose two significant digits start at the next power of ten."""
    tie = float(f"9.95e{exponent}")
    return tie if f"{tie:.1e}".startswith("1.0") else float(np.nextafter(tie, np.inf))


_HALVES = [_first(exponent) for exponent in (-3, -2, -1, 0)]
"""Half-widths from which on a figure has one decimal less."""


def _shared_decimals(kinds: Sequence[Kind], places: Int64[np.ndarray, " rows"]) -> dict[Kind, int | None]:
    """Return for the figures of a kind the decimals that most of them need."""
    needed: defaultdict[Kind, list[int]] = defaultdict(list)
    for kind, one in zip(kinds, places.tolist(), strict=True):
        needed[kind].append(one)
    return {kind: shared(found) for kind, found in needed.items()}


def _numbers(folder: RunFolder, table: pa.Table, name: str) -> Float[np.ndarray, " rows"]:
    # A column without any number need not be of numbers.
    if name not in table.column_names or table[name].null_count == len(table):
        return np.full(len(table), np.nan)
    if not is_number(table[name]):
        raise RunFolderError(
            f"{folder.results_path}: expected numbers in the column {name!r}, got {table[name].type}; "
            "type `emobench score` for this folder to write it anew"
        )
    return numbers_of(table[name])


def _whole_numbers(folder: RunFolder, table: pa.Table, name: str) -> Int64[np.ndarray, " rows"]:
    """Return a column of whole numbers; an empty cell becomes 0."""
    values = np.nan_to_num(_numbers(folder, table, name), posinf=np.inf, neginf=-np.inf)
    wrong = ~((np.abs(values) <= _LARGEST_WHOLE) & (values == np.floor(values)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise RunFolderError(
            f"{folder.results_path}: expected whole numbers in the column {name!r}, got {values[row]:g} in row {row}; "
            "type `emobench score` for this folder to write it anew"
        )
    whole: Int64[np.ndarray, " rows"] = values.astype(np.int64)
    return whole


def _without_dust(values: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    # Of a damaged file there may be values that are no number in a way that numpy warns of.
    with np.errstate(invalid="ignore"):
        values = np.where(np.abs(values) < _DUST, 0.0, values)
        return np.where(np.abs(values - 1) < _DUST, 1.0, values)

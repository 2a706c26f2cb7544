"""comparisons.parquet as plain views: which tables it makes, and what their captions say."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path

import pyarrow.parquet as pq

from ..benchmark.comparison_record import COMPARISON_COLUMNS
from ..benchmark.errors import RunFolderError
from ..benchmark.files import read_table
from .contents import ROUGH_BELOW
from .numbers import count, percent, short
from .vocabulary import METRICS, text_of

WHOLE_CURVE = "whole curve"
"""Stands after the text of a family."""


@dataclass(frozen=True)
class Compared:
    """One row of comparisons.parquet; see `COMPARISON_COLUMNS`."""

    run: str
    model: str
    data: str
    condition: str
    reference_run: str
    reference_model: str
    reference_data: str
    reference_condition: str
    metric: str
    part: str
    direction: str
    value: float
    reference_value: float
    difference: float
    low: float
    high: float
    level: float
    lower_bound: float
    upper_bound: float
    p: float
    p_adjusted: float
    compared: int
    standard_error: float
    seed_error: float
    detectable: float
    margin: float
    verdict: str
    utterances: int
    dialogues: int
    note: str

    @property
    def with_clean(self) -> bool:
        """Whether it compares two conditions of one model."""
        return (self.run, self.model) == (self.reference_run, self.reference_model)

    @property
    def label(self) -> str:
        """Condition and part."""
        condition = f"{self.condition} ({WHOLE_CURVE})" if "*" in self.condition else self.condition
        return f"{condition}, {self.part}" if self.part else condition


@dataclass(frozen=True)
class ComparisonTable:
    """Comparisons of one metric between the same two sides."""

    title: str
    """Metric, sides and data."""
    rows: tuple[Compared, ...]
    """By condition and part."""


def read_comparisons(path: Path) -> tuple[Compared, ...]:
    """Read comparisons.parquet.

    Raises
    ------
    RunFolderError
        When it is missing, damaged, or lacks a column.
    """
    table = read_table(path)
    missing = [column for column in COMPARISON_COLUMNS if column not in table.column_names]
    if missing:
        raise RunFolderError(
            f"{path}: expected the column {missing[0]!r}, got {', '.join(table.column_names)}; type `emobench compare` "
            "again to write it anew"
        )
    # Plain lists: pyarrow's own conversions would import pandas.
    columns = [table[field.name].to_pylist() for field in fields(Compared)]
    return tuple(Compared(*row) for row in zip(*columns, strict=True))


def metric_titles(path: Path) -> Mapping[str, str]:
    """Return the titles of the metrics in comparisons.parquet by their texts."""
    metadata = pq.read_schema(path).metadata or {}
    about = json.loads(metadata.get(b"emobench.metrics", b"{}"))
    return {text: str(of["title"]) for text, of in about.items()}


def comparison_tables(rows: Iterable[Compared], titles: Mapping[str, str]) -> tuple[ComparisonTable, ...]:
    """Return the tables, one per metric and pair of sides."""
    listed = list(rows)
    several = len({run for row in listed for run in (row.run, row.reference_run)}) > 1

    def sides(row: Compared) -> tuple[str, ...]:
        return (row.data, row.run, row.model, row.reference_run, row.reference_model, row.metric, row.direction)

    order = {key: place for place, key in enumerate(dict.fromkeys(map(sides, listed)))}
    ordered = sorted(listed, key=lambda row: order[sides(row)])
    found = []
    for _, group in groupby(ordered, key=sides):
        members = tuple(group)
        found.append(ComparisonTable(_title(members[0], titles, several=several), members))
    return tuple(found)


def explanations(rows: Sequence[Compared]) -> tuple[str, ...]:
    """Return what a reader must know about the tables, sentence by sentence."""
    first = rows[0]
    level, inner = percent(first.level, decimals=0), percent(2 * first.level - 1, decimals=0)
    found = [
        f"Intervals: paired BCa at {level} over the same dialogues on the same draws; p: two-sided, adjusted after "
        f"Benjamini and Hochberg over all {count(first.compared)} comparisons.",
        f"Equivalent: the interval at {inner} is inside ±{short(first.margin)}, a difference taken not to matter. "
        "Detects: the smallest true difference that this test set shows with 80 % power (before adjusting).",
    ]
    if any(row.seed_error != row.seed_error for row in rows):
        found.append("Of one training seed it is not known what another training would change; it is in no interval.")
    if any(row.dialogues < ROUGH_BELOW for row in rows):
        found.append(f"With fewer than {ROUGH_BELOW} dialogues intervals and p are rough.")
    if any(row.verdict == "not defined" for row in rows):
        found.append("Not defined: one of the two figures is not known, or there are too few dialogues.")
    return (*found, *dict.fromkeys(f"Other inputs: {row.note}." for row in rows if row.note))


def _title(row: Compared, titles: Mapping[str, str], *, several: bool) -> str:
    title = text_of(row.metric).title if row.metric in METRICS else titles.get(row.metric, row.metric)
    better = {"higher": " (higher is better)", "lower": " (lower is better)", "zero": " (0 is best)"}
    if row.with_clean and row.reference_condition != row.condition:
        sides = f"{row.model}: condition − {row.reference_condition}"
    else:
        sides = f"{row.model} − {row.reference_model}"
    where = (
        f"; {Path(row.run).name} − {Path(row.reference_run).name}" if several and row.run != row.reference_run else ""
    )
    return f"{title}{better.get(row.direction, '')}: {sides} on {row.data}{where}"

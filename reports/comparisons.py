"""comparisons.parquet as plain views: which tables it makes, and what their captions say."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..benchmark.arrow_columns import wrong_column
from ..benchmark.errors import RunFolderError
from ..benchmark.files import read_table
from ..benchmark.parquet_files import DAMAGED, read_schema
from ..benchmark.reading import regular
from ..benchmark.run_folder import RunFolder
from .contents import ROUGH_BELOW
from .numbers import Shown, count, decimals_of, figure, percent, shared, short
from .ranks import AverageRanks, rank_sentence
from .vocabulary import METRICS, text_of

WHOLE_CURVE = "whole curve"
"""Stands after the text of a family."""
OUTDATED = "The run has changed since these comparisons were made; type `emobench compare` again."
"""Said where comparisons are not of the run as it is."""


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
    seed_variance: float
    sample_variance: float
    detectable: float
    margin: float
    verdict: str
    draws: int
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

    def shown(self, row: Compared) -> Shown:
        """Return the difference of a row with as many decimals as the others."""
        return figure(row.difference, row.low, row.high, decimals=self._decimals, plus=True)

    @cached_property
    def _decimals(self) -> int | None:
        return shared(decimals_of(row.difference, row.low, row.high) for row in self.rows if row.low < row.high)


@dataclass(frozen=True)
class About:
    """What comparisons.parquet says beside its rows."""

    titles: Mapping[str, str]
    """Titles of the metrics by their texts."""
    ranks: Mapping[str, Mapping[str, Any]]  # as read from JSON
    """By metric the fields of `benchmark.multiplicity.Ranking`, or `why` there are none."""
    records: frozenset[str]
    """SHA-256 of run.json of each run that was compared."""


class _Titled(BaseModel):
    title: str


class _Unranked(BaseModel):
    why: str


class _Ranked(BaseModel):
    """As `benchmark.multiplicity.Ranking` is written."""

    ranks: dict[str, float]
    groups: tuple[tuple[str, ...], ...]
    p: float
    critical_difference: float
    data_sets: int
    level: float


@dataclass(frozen=True)
class ComparisonView:
    """All that a report says about comparisons."""

    tables: tuple[ComparisonTable, ...]
    """Of one metric and pair of sides each."""
    sentences: tuple[str, ...]
    """What a reader must know about them."""
    ranks: tuple[AverageRanks, ...] = ()
    """By metric, where there are data sets enough."""


def comparisons_of(folder: RunFolder) -> ComparisonView | None:
    """Return the comparisons kept in a run folder; None where there are none.

    Raises
    ------
    RunFolderError
        When the file is damaged or lacks a column.
    """
    path = folder.comparisons_path
    if not path.exists():
        return None
    view = view_of(path)
    if hashlib.sha256(regular(folder.record_path).read_bytes()).hexdigest() in about_comparisons(path).records:
        return view
    return replace(view, sentences=(OUTDATED, *view.sentences))


def view_of(path: Path) -> ComparisonView:
    """Return what a comparisons.parquet says; errors as in `read_comparisons`."""
    rows, about = read_comparisons(path), about_comparisons(path)
    ranked = average_ranks(about)
    sentences = (*explanations(rows), *map(rank_sentence, ranked), *why_no_ranks(about))
    return ComparisonView(comparison_tables(rows, about), sentences, ranked)


def read_comparisons(path: Path) -> tuple[Compared, ...]:
    """Read comparisons.parquet.

    Raises
    ------
    RunFolderError
        When it is missing, damaged, or lacks a column.
    """
    table = read_table(path)
    kinds: dict[object, list[str]] = {str: [], float: [], int: []}
    for field in fields(Compared):
        kinds[field.type].append(field.name)
    wrong = wrong_column(table, texts=kinds[str], numbers=kinds[float], whole=kinds[int])
    wrong = wrong or next(
        (f"expected a number in every cell of {n!r}" for n in kinds[float] if table[n].null_count), ""
    )
    if wrong or not len(table):
        raise RunFolderError(
            f"{path}: {wrong or 'expected rows, got none'}; type `emobench compare` again to write it anew"
        )
    # Plain lists: pyarrow's own conversions would import pandas.
    columns = [table[field.name].to_pylist() for field in fields(Compared)]
    return tuple(Compared(*row) for row in zip(*columns, strict=True))


def about_comparisons(path: Path) -> About:
    """Return what the metadata of comparisons.parquet says; errors as in `read_comparisons`."""
    try:
        metadata = read_schema(path).metadata or {}
        titles = TypeAdapter(dict[str, _Titled]).validate_json(metadata.get(b"emobench.metrics", b"{}"))
        ranks = TypeAdapter(dict[str, _Ranked | _Unranked]).validate_json(metadata.get(b"emobench.ranks", b"{}"))
        records = TypeAdapter(frozenset[str]).validate_json(metadata.get(b"emobench.records", b"[]"))
    except (*DAMAGED, ValidationError) as error:
        first = str(error).partition("\n")[0]
        raise RunFolderError(f"{path} is damaged ({first}); type `emobench compare` again to write it anew") from None
    return About(
        titles={text: of.title for text, of in titles.items()},
        ranks={metric: of.model_dump() for metric, of in ranks.items()},
        records=records,
    )


def comparison_tables(rows: Iterable[Compared], about: About) -> tuple[ComparisonTable, ...]:
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
        found.append(ComparisonTable(_title(members[0], about, several=several), members))
    return tuple(found)


def average_ranks(about: About) -> tuple[AverageRanks, ...]:
    """Return the average ranks of the models over data sets, by metric."""
    return tuple(
        AverageRanks(
            metric=metric,
            title=_named(metric, about),
            ranks=of["ranks"],
            groups=tuple(map(tuple, of["groups"])),
            p=of["p"],
            critical_difference=of["critical_difference"],
            data_sets=of["data_sets"],
            level=of["level"],
        )
        for metric, of in about.ranks.items()
        if "why" not in of
    )


def why_no_ranks(about: About) -> tuple[str, ...]:
    """Return why metrics have no average ranks, once for all that share a reason."""
    return tuple(dict.fromkeys(f"No average ranks: {of['why']}." for of in about.ranks.values() if "why" in of))


def explanations(rows: Sequence[Compared]) -> tuple[str, ...]:
    """Return what a reader must know about the tables, sentence by sentence."""
    first = rows[0]
    level, inner = percent(first.level, decimals=0), percent(2 * first.level - 1, decimals=0)
    found = [
        f"Intervals: at {level}, paired over the same dialogues and draws (BCa; of calibration errors, difference ± t "
        "· standard error); p: two-sided, of the same, adjusted after Benjamini and Hochberg over all "
        f"{count(first.compared)} comparisons.",
        f"Better, worse (higher, lower): the adjusted p is below {short(round(1 - first.level, 12))}. Not told apart: "
        "it is not, which is no evidence that the two are equal. Verdicts go by the adjusted p, intervals are not "
        "adjusted; so an interval without 0 may stand beside “not told apart”.",
        f"Equivalent: the interval at {inner} is inside ±{short(first.margin)}, a difference taken not to matter. "
        "Detects: the smallest true difference that this test set shows with 80 % power (before adjusting).",
    ]
    if any(row.seed_error != row.seed_error for row in rows):
        found.append("Of one training seed it is not known what another training would change; it is in no interval.")
    found += [*_split_sentence(rows), *_draws_sentence(rows)]
    if any(row.dialogues < ROUGH_BELOW for row in rows):
        found.append(f"With fewer than {ROUGH_BELOW} dialogues intervals and p are rough.")
    if any(row.verdict == "not defined" for row in rows):
        found.append("Not defined: one of the two figures is not known, or there are too few dialogues.")
    return (*found, *dict.fromkeys(f"Other inputs: {row.note}." for row in rows if row.note))


def _named(metric: str, about: About) -> str:
    """Return what a metric is called; its text tells apart what has one title."""
    if metric in METRICS or metric not in about.titles:
        return text_of(metric).title
    return f"{about.titles[metric]} ({metric})" if ":" in metric else about.titles[metric]


def _split_sentence(rows: Sequence[Compared]) -> tuple[str, ...]:
    """Say which share of the variance of one training's figures is that of training seeds."""
    both = [(row.seed_variance, row.seed_variance + row.sample_variance) for row in rows]
    shares = [seed / all_of_it for seed, all_of_it in both if all_of_it > 0]
    if not shares:
        return ()
    least, most = (percent(share, decimals=0) for share in (min(shares), max(shares)))
    share = least if least == most else f"{least} to {most}"
    return (
        f"Of the variance of a figure of one training, {share} is that of training seeds, the rest that of "
        "the sample of dialogues.",
    )


def _draws_sentence(rows: Sequence[Compared]) -> tuple[str, ...]:
    """Say how small a p can be; of several numbers of draws, those of metrics that rank utterances, the smallest."""
    draws = {row.draws for row in rows if row.p == row.p}
    if not draws:
        return ()
    fewest = min(draws)
    few = f"p is over {count(fewest)} bootstrap draws and is never below 2/{count(fewest + 1)} before adjusting"
    if len(draws) == 1:
        return (f"{few}.",)
    metrics = dict.fromkeys(row.metric for row in rows if row.draws == fewest)
    return (f"Of metrics that rank utterances ({', '.join(metrics)}) {few}; elsewhere over {count(max(draws))} draws.",)


def _title(row: Compared, about: About, *, several: bool) -> str:
    title = _named(row.metric, about)
    better = {"higher": " (higher is better)", "lower": " (lower is better)", "zero": " (0 is best)"}
    if row.with_clean and row.reference_condition != row.condition:
        sides = f"{row.model}: condition − {row.reference_condition}"
    else:
        sides = f"{row.model} − {row.reference_model}"
    where = (
        f"; {Path(row.run).name} − {Path(row.reference_run).name}" if several and row.run != row.reference_run else ""
    )
    return f"{title}{better.get(row.direction, '')}: {sides} on {row.data}{where}"

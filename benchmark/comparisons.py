"""`emobench compare`: which models and conditions are compared, corrected as one family, and kept in one table."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pyarrow as pa

from .arrow_columns import number_column, text_column
from .bootstrap import LEVEL
from .comparison_pairs import Pair, between_models, matching, with_clean
from .comparison_ranks import ranks
from .comparison_record import COMPARISON_COLUMNS
from .errors import RunFolderError, SpecError
from .files import write_table
from .multiplicity import Verdict, adjusted, detectable, equivalent, verdict
from .paired import Difference, differences
from .paired_sources import Source
from .progress import Progress, silent
from .reading import regular
from .registry import METRICS, canonical_text
from .run_folder import RunFolder
from .scoring_metrics import asked_for

METRICS_COMPARED = ("weighted_f1", "ece", "nll", "brier")
"""Metrics that are compared when none is named."""
_COUNTS = ("compared", "draws", "utterances", "dialogues")
_NUMBERS = (
    "value", "reference_value", "difference", "low", "high", "level", "lower_bound", "upper_bound", "p", "p_adjusted",
    "standard_error", "seed_error", "seed_variance", "sample_variance", "detectable", "margin",
)  # fmt: skip


@dataclass(frozen=True)
class Asking:
    """What to compare, and how.

    Raises
    ------
    SpecError
        When a number is out of range, or an unknown metric is named.
    """

    metrics: tuple[str, ...] = METRICS_COMPARED
    """Spec texts."""
    conditions: tuple[str, ...] = ()
    """Globs over the texts of conditions and curves; empty: all."""
    against: str = ""
    """Model that all others are compared with; empty: see `comparison_pairs.between_models`. With `with_clean`: the one
    model that is looked at."""
    with_clean: bool = False
    """Compare conditions with clean input within each model, instead of models with each other."""
    margin: float = 0.01
    """A difference inside ± margin does not matter; in units of the metric."""
    level: float = LEVEL
    """Of the intervals; 1 − level is the error that the verdicts allow."""
    training: bool = False
    """Whether to count what another training would change."""

    def __post_init__(self) -> None:
        """Check the numbers, and spell the metrics canonically."""
        if not 0.5 < self.level < 1:
            raise SpecError(f"--level: expected a share between 0.5 and 1, such as 0.95, got {self.level:g}")
        if not 0 <= self.margin < np.inf:
            raise SpecError(f"--margin: expected a difference of 0 or more, such as 0.01, got {self.margin:g}")
        texts = tuple(dict.fromkeys(canonical_text(METRICS, text) for text in self.metrics or METRICS_COMPARED))
        object.__setattr__(self, "metrics", texts)


@dataclass(frozen=True)
class Comparison:
    """A difference with its place among all that were made."""

    difference: Difference
    """The two figures."""
    p_adjusted: float
    """p after Benjamini and Hochberg over all comparisons of the call; NaN: none."""
    compared: int
    """How many comparisons the correction is over."""
    margin: float
    """Difference that does not matter."""
    verdict: Verdict
    """What it says."""

    @property
    def detectable(self) -> float:
        """The smallest true difference that this test set shows with 80 % power, before any correction."""
        return detectable(self.difference.standard_error, level=self.difference.level)


def compare(
    runs: Sequence[Path | str], asking: Asking, *, out: Path | None = None, progress: Progress = silent
) -> tuple[Path, list[Comparison]]:
    """Compare, write comparisons.parquet whole or not at all, and return its path and what is in it.

    Parameters
    ----------
    runs
        Run folders, one or more.
    out
        Folder to write into; None: the first run.
    progress
        Called with what is done, how far, of how many.

    Raises
    ------
    SpecError, UnknownName
        When a metric, model or condition does not exist, or a pattern matches nothing.
    RunFolderError
        When a folder is damaged or cannot be written to, runs are not of the same data, or there is nothing to compare.
    """
    places = [Path(run).resolve() for run in runs]
    twice = [run for run, place in zip(runs, places, strict=True) if places.count(place) > 1]
    if twice:
        raise SpecError(
            f"expected each run once, got {twice[-1]} twice; its models are compared with each other anyway"
        )
    with contextlib.ExitStack() as stack:
        sources = [stack.enter_context(Source(folder)) for folder in runs]
        pairs = with_clean(sources, asking.against) if asking.with_clean else between_models(sources, asking.against)
        pairs = _asked_for(matching(pairs, asking.conditions, fnmatchcase), asking.metrics)
        found = list(_told(pairs, asking, progress))
    if not found:
        raise RunFolderError(
            f"nothing to compare: no two cells of {' and '.join(map(str, runs))} have {', '.join(asking.metrics)}; "
            "give a run with two models or more, or --conditions"
        )
    comparisons = judged(found, asking)
    path = RunFolder(out or Path(runs[0])).comparisons_path
    digests = [hashlib.sha256(regular(source.folder.record_path).read_bytes()).hexdigest() for source in sources]
    write_table(path, table_of(comparisons, digests))
    return path, comparisons


def judged(found: Sequence[Difference], asking: Asking) -> list[Comparison]:
    """Return differences with adjusted p and verdict; the correction is over all of them that have a p."""
    p = adjusted(np.array([one.p for one in found]))
    bounds = (np.array([one.lower_bound for one in found]), np.array([one.upper_bound for one in found]))
    within = equivalent(*bounds, asking.margin)
    known = int(np.isfinite(p).sum())
    return [
        Comparison(
            difference=one,
            p_adjusted=float(p[i]),
            compared=known,
            margin=asking.margin,
            verdict=verdict(one.direction, one.difference, p[i], within=bool(within[i]), level=asking.level),
        )
        for i, one in enumerate(found)
    ]


def table_of(comparisons: Sequence[Comparison], records: Sequence[str] = ()) -> pa.Table:
    """Return comparisons as a table with `COMPARISON_COLUMNS`.

    Its metadata holds as JSON `emobench.metrics` (title, unit and direction by text), `emobench.ranks` (see
    `comparison_ranks.ranks`) and `emobench.records` (SHA-256 of run.json of each run).
    """
    rows = [_row(one) for one in comparisons]
    columns = {name: _column(name, [row[name] for row in rows]) for name in COMPARISON_COLUMNS}
    asked = asked_for([*dict.fromkeys(one.difference.metric for one in comparisons)])
    directions = {one.difference.metric: one.difference.direction for one in comparisons}
    about = {
        text: {"title": metric.title, "unit": metric.unit, "direction": directions[text]}
        for made in (asked.metrics, asked.curves)
        for text, metric in made.items()
    }
    found = [one.difference for one in comparisons]
    ranked = ranks(found, level=found[0].level if found else LEVEL)
    metadata = {"metrics": about, "ranks": ranked, "records": list(records)}
    packed = {f"emobench.{name}".encode(): json.dumps(value).encode() for name, value in metadata.items()}
    return pa.table(columns).replace_schema_metadata(packed)


def _asked_for(pairs: Sequence[Pair], metrics: Sequence[str]) -> list[Pair]:
    """Leave out curves where no figure of a curve is asked for, and conditions where nothing else is."""
    asked = asked_for(metrics)
    return [pair for pair in pairs if (asked.curves if pair[0].source.is_curve(pair[0].place) else asked.metrics)]


def _told(pairs: Sequence[Pair], asking: Asking, progress: Progress) -> Iterator[Difference]:
    """Yield the differences, telling how far it is."""
    what, done, seen = "comparing", 0, None
    for one in differences(pairs, asking.metrics, level=asking.level, training=asking.training):
        if seen != (now := (one.run, one.place, one.reference)):
            progress(what, done, len(pairs))
            seen, done = now, done + 1
        yield one
    progress(what, len(pairs), len(pairs))


def _row(one: Comparison) -> dict[str, object]:
    of, reference = one.difference.place, one.difference.reference
    row = {name: getattr(one.difference, name, None) for name in COMPARISON_COLUMNS} | of._asdict()
    row |= {f"reference_{name}": text for name, text in reference._asdict().items()}
    row |= {"seed_variance": one.difference.split.seed, "sample_variance": one.difference.split.sample}
    return row | {name: getattr(one, name) for name in ("p_adjusted", "compared", "detectable", "margin", "verdict")}


def _column(name: str, values: Sequence[object]) -> pa.Array:
    if name in _COUNTS:
        return number_column(np.array(values, dtype=np.int64))
    if name in _NUMBERS:
        return number_column(np.array(values, dtype=np.float64))
    return text_column([str(value) for value in values])

"""From the predictions of a run folder to all its figures with intervals: results.parquet.

One condition is in memory at a time. Dialogues are resampled with the same weights for all models, seeds and conditions
of a data set, so that whatever is compared is compared on the same draws.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from .arrow_columns import number_column, text_column
from .bootstrap import weights
from .files import read_table, write_table
from .hidden_plane_files import keep_planes
from .metrics.base import ConditionMetric, CurveMetric
from .parquet_files import DAMAGED, read_schema
from .progress import Progress, silent
from .randomness import Randomness
from .run_folder import RunFolder
from .run_record import ALL_SEEDS, RESULT_COLUMNS, RunRecord
from .scoring_curves import Curves
from .scoring_figures import Figures, Name, figures_of, mean_of_draws, mean_of_seeds
from .scoring_inputs import Inputs, inputs_of
from .scoring_key import scoring_key
from .scoring_metrics import Asked, asked_for

_KEY = b"emobench.key"
_METRICS = b"emobench.metrics"
_TEXTS = ("model", "data", "condition", "metric", "part")
_COUNTS = ("seed", "utterances", "dialogues", "draws")


def score(folder: RunFolder, *, progress: Progress = silent) -> pa.Table:
    """Compute all figures of a run, write results.parquet and return it; columns as in `RESULT_COLUMNS`.

    Every cell that is done gets a row per figure and seed, and one for the mean over the seeds that are done
    (`ALL_SEEDS`). Under a condition that was drawn several times the figures are means over the draws. Test utterances
    without a label are left out and not counted; a data set without any label has no figures. A folder that has not
    changed since it was scored by the same code is left as it is. Where hidden vectors lie in the plane is kept beside
    them, so that reports need not compute it.

    The schema's metadata holds `emobench.metrics`: JSON with title, unit and direction of every metric by its text.

    Raises
    ------
    PredictionError
        When predictions do not fit the data; the message names file and row.
    RunFolderError
        When the folder lacks something or cannot be written to.
    SpecError, UnknownName
        When run.json asks for a metric that cannot be made.
    """
    record = folder.read_record()
    table = _results(folder, record, progress)
    keep_planes(folder, record, progress=progress)
    return table


def _results(folder: RunFolder, record: RunRecord, progress: Progress) -> pa.Table:
    """Return the results that are kept, or compute and write them."""
    asked = asked_for(record.metrics)
    key = scoring_key(folder, record)
    if _stored_key(folder) == key:
        return read_table(folder.results_path)
    rows = _Rows()
    for inputs in inputs_of(folder, record):
        with contextlib.closing(inputs):
            _score_data(inputs, asked, rows, progress)
    metadata = {_KEY: key.encode(), _METRICS: json.dumps(_about(asked)).encode()}
    table = rows.table().replace_schema_metadata(metadata)
    write_table(folder.results_path, table)
    return table


@dataclass(frozen=True, eq=False)
class _Rows:
    """The columns of the results as they grow, in pieces."""

    columns: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in RESULT_COLUMNS})

    def add(self, names: Sequence[Name], numbers: Mapping[str, np.ndarray], place: Mapping[str, object]) -> None:
        """Add one row per figure; `place` is the same for all of them."""
        same = {column: [value] * len(names) for column, value in place.items()}
        of_names = {"metric": [name.metric for name in names], "part": [name.part for name in names]}
        for column, values in {**same, **of_names, **numbers}.items():
            self.columns[column].append(np.array(values, dtype=_kind(column)))

    def table(self) -> pa.Table:
        """Return the table."""
        whole = {name: np.concatenate([np.empty(0, _kind(name)), *pieces]) for name, pieces in self.columns.items()}
        return pa.table({name: _column(name, values) for name, values in whole.items()})


def _kind(column: str) -> type:
    return object if column in _TEXTS else np.int64 if column in _COUNTS else np.float64


def _column(name: str, values: np.ndarray) -> pa.Array:
    return text_column(values.tolist()) if name in _TEXTS else number_column(values)


def _score_data(inputs: Inputs, asked: Asked, rows: _Rows, progress: Progress) -> None:
    if not inputs.dialogues:
        return
    purpose = Randomness(0, ("bootstrap", inputs.data.fingerprint))
    drawn = weights(inputs.dialogues, inputs.record.draws, purpose)
    texts = [condition.text for condition in inputs.conditions]
    for model in (model.name for model in inputs.record.models):
        what, curves = f"scoring {model} on {inputs.data.name}", Curves(inputs, asked, model)
        for done, condition in enumerate(texts):
            progress(what, done, len(texts))
            of_seeds = dict(_of_seeds(inputs, asked, drawn, model, condition))
            _add(rows, inputs, model, condition, of_seeds, set(asked.metrics))
            curves.keep(condition, of_seeds)
        for family, of_seeds in curves.finished():
            _add(rows, inputs, model, family, of_seeds, set(asked.curves))
        progress(what, len(texts), len(texts))


def _of_seeds(
    inputs: Inputs, asked: Asked, drawn: np.ndarray, model: str, condition: str
) -> Iterator[tuple[int, Figures]]:
    """Yield the figures of each seed that is done: their means over the draws of the condition."""
    for seed in inputs.seeds(model, condition):
        # The same redraws whoever predicts: predictions that are the same have the same floor.
        purpose = ("noise floor", inputs.data.fingerprint)
        yield (
            seed,
            mean_of_draws(
                figures_of(
                    inputs.scored(model, seed, condition, draw),
                    asked.all_metrics,
                    drawn,
                    generator=Randomness(0, purpose).generator(),
                )
                for draw in range(inputs.draws(condition))
            ),
        )


def _add(
    rows: _Rows, inputs: Inputs, model: str, condition: str, of_seeds: Mapping[int, Figures], wanted: set[str]
) -> None:
    """Add the rows of each seed and of their mean."""
    if not of_seeds:
        return
    shown = {seed: figures.of_metrics(wanted) for seed, figures in of_seeds.items()}
    mean = mean_of_seeds(list(shown.values()))
    for seed, figures in {**shown, ALL_SEEDS: mean}.items():
        low, high = figures.intervals
        numbers = {"value": figures.value, "low": low, "high": high}
        numbers |= {"floor": figures.floor, "floor_high": figures.floor_high}
        numbers |= {"draw_sd": figures.draw_sd, "draws": figures.drawn}
        numbers["seed_sd"] = _seed_sd(shown, mean) if seed == ALL_SEEDS else np.full(len(low), np.nan)
        place = {"model": model, "data": inputs.data.name, "seed": seed, "condition": condition}
        counts = {"utterances": len(inputs.labelled), "dialogues": inputs.dialogues}
        rows.add(figures.names, numbers, {**place, **counts})


def _seed_sd(of_seeds: Mapping[int, Figures], mean: Figures) -> np.ndarray:
    """Return the standard deviation over seeds (n − 1); NaN with one seed."""
    if len(of_seeds) < 2:
        return np.full(len(mean.names), np.nan)
    return np.asarray(np.std([figures.only(mean.names).value for figures in of_seeds.values()], axis=0, ddof=1))


def _stored_key(folder: RunFolder) -> str:
    """Return the key of what results.parquet was computed from; empty where it cannot be read."""
    try:
        metadata = read_schema(folder.results_path).metadata or {}
    except DAMAGED:
        return ""
    return bytes(metadata.get(_KEY, b"")).decode()


def _about(asked: Asked) -> dict[str, dict[str, str]]:
    made: dict[str, ConditionMetric | CurveMetric] = {**asked.metrics, **asked.curves}
    return {
        text: {"title": metric.title, "unit": metric.unit, "direction": metric.direction}
        for text, metric in made.items()
    }

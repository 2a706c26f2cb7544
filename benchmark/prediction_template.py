"""The rows that saved predictions have to fill, one for each utterance, condition and draw, and the stressed inputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from ..protocols.base import DataFacts, FeatureStatistics
from .arrow_columns import number_column, text_column
from .conditions import CLEAN, expand_all
from .conversations import Conversations, DataSplits
from .errors import RunFolderError, SpecError
from .files import write_whole
from .plan import Options
from .registry import DATASETS, canonical_text, make
from .saved_files import PROBABILITY

ENDINGS = (".csv", ".parquet")
"""Of the files that can be written."""
FINGERPRINT = 16
"""Digits of the data's fingerprint in each row; enough to tell data apart."""


@dataclass(frozen=True)
class Written:
    """A template as it was written."""

    path: Path
    rows: int
    conditions: int
    command: str
    """What to type once it is filled."""


def write_template(
    data: str,
    protocols: Sequence[str] = (),
    *,
    out: Path | None = None,
    seeds: int = 0,
    stress_seed: int = 0,
    stress_draws: int = Options.stress_draws,
) -> Written:
    """Write the rows of a run, with an empty column for each class.

    The test split is in it under every condition and draw, the validation split (for calibrators) under `clean`.

    Parameters
    ----------
    data, protocols
        Spec texts, as for a run.
    out
        Where to, as CSV or Parquet by the ending; None: `predictions-DATA.csv` in the working folder.
    seeds
        0: one set of predictions for all training seeds; else a column `seed`, and the rows for each of 0 … seeds − 1.
    stress_seed, stress_draws
        As of the run.

    Raises
    ------
    EmobenchError
        One line: a file that is there already or cannot be written, an unknown name, a condition that is not defined.
    """
    options = Options(seeds=max(seeds, 1), stress_seed=stress_seed, stress_draws=stress_draws)
    name = canonical_text(DATASETS, data)
    path = out or Path(f"predictions-{name.partition(':')[0]}.csv")
    if path.suffix not in ENDINGS:
        raise SpecError(f"expected --out to end in {' or '.join(ENDINGS)}, got {str(path)!r}")
    if path.exists():
        raise RunFolderError(f"{path} is there already, and may have been filled; choose another file with --out")
    splits: DataSplits = make(DATASETS, name).load()
    conditions = expand_all(protocols, {name: DataFacts.of(splits.test)})[name].conditions
    blocks = [
        (split, condition.text, draw, seed)
        for seed in range(options.seeds)
        for condition in conditions
        for split in ((splits.test, splits.validation) if condition.text == CLEAN else (splits.test,))
        for draw in range(stress_draws if condition.random else 1)
    ]
    table = pa.concat_tables(
        [_rows(*block, splits=splits, stress_seed=stress_seed, seeded=seeds > 0) for block in blocks]
    )
    with write_whole(path) as temporary:
        _write(table, temporary, path.suffix)
    words = list(_words(path, name, protocols, options))
    return Written(path, len(table), len(conditions), " ".join(["emobench run", *words]))


class StressedInput(NamedTuple):
    """What a system is to be given."""

    split: str
    condition: str
    draw: int
    conversations: Conversations
    """Rows whose `target` is −1 are context only; the others have the names of the rows to fill."""


def stressed_inputs(
    data: str,
    protocols: Sequence[str] = (),
    *,
    stress_seed: int = 0,
    stress_draws: int = Options.stress_draws,
) -> Iterator[StressedInput]:
    """Yield what the models of a run are given, in the order of the template; attacks, which need a model, left out.

    Parameters and errors as in `write_template`.
    """
    splits: DataSplits = make(DATASETS, data).load()
    training = FeatureStatistics.of(splits.train)
    for condition in expand_all(protocols, {data: DataFacts.of(splits.test)})[data].conditions:
        for draw in range(0 if condition.attacks else stress_draws if condition.random else 1):
            given = condition.apply(splits.test, seed=stress_seed, training=training, draw=draw)
            yield StressedInput("test", condition.text, draw, given)
        if condition.text == CLEAN:
            yield StressedInput("validation", CLEAN, 0, splits.validation)


def _rows(
    split: Conversations, condition: str, draw: int, seed: int, *, splits: DataSplits, stress_seed: int, seeded: bool
) -> pa.Table:
    rows = len(split)
    columns = {
        "data": text_column([split.data] * rows),
        "fingerprint": text_column([splits.fingerprint[:FINGERPRINT]] * rows),
        "stress_seed": number_column(np.full(rows, stress_seed, np.int64)),
        "split": text_column([split.split] * rows),
        "condition": text_column([condition] * rows),
        "draw": number_column(np.full(rows, draw, np.int64)),
        **({"seed": number_column(np.full(rows, seed, np.int64))} if seeded else {}),
        "dialogue_id": text_column([split.dialogue_ids[dialogue] for dialogue in split.dialogue.tolist()]),
        "utterance_id": text_column(split.utterance_ids),
        "turn": number_column(split.turn),
        "speaker": number_column(split.speaker),
        **{f"{PROBABILITY}{name}": pa.nulls(rows, pa.float64()) for name in split.classes},
    }
    return pa.table(columns)


def _write(table: pa.Table, path: Path, ending: str) -> None:
    if ending == ".parquet":
        pq.write_table(table, path, compression="zstd")
    else:
        pc.write_csv(table, path)


def _words(path: Path, data: str, protocols: Sequence[str], options: Options) -> Iterator[str]:
    yield f"--model predictions:path={quote(str(path), safe='/~@')},values=probabilities --data {data}"
    yield from (f"--protocol {protocol}" for protocol in protocols)
    for word, value, usual in (
        ("seeds", options.seeds, Options.seeds),
        ("stress-seed", options.stress_seed, Options.stress_seed),
        ("stress-draws", options.stress_draws, Options.stress_draws),
    ):
        if value != usual:
            yield f"--{word} {value}"

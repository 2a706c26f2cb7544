"""Made-up utterances and predictions beside a made-up record, so that single turns can be shown."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from emobench.benchmark.files import write_table
from emobench.benchmark.prediction_files import write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.run_folder import RunFolder

TURNS = (6, 1, 5, 8, 12, 7)
"""Turns of the made-up dialogues."""
Words = Callable[[int, int], str | None]


def words(dialogue: int, turn: int) -> str | None:
    """Return what is said; of one dialogue nothing is known."""
    return None if dialogue == 2 else f"dialogue {dialogue} says word{turn}"


def add_outputs(
    folder: RunFolder,
    *,
    turns: Sequence[int] = TURNS,
    said: Words | None = words,
    name: str = "dia_{}",
    unlabelled: Sequence[int] = (),
) -> RunFolder:
    """Write utterances.parquet and all predictions that the record says are done; the same for all seeds but the sum.

    Parameters
    ----------
    said
        What is said by dialogue and turn; None: there are no transcripts.
    name
        Names of dialogues, with a place for the number.
    unlabelled
        Rows whose label is not known.
    """
    record = folder.read_record()
    dialogue = np.repeat(np.arange(len(turns)), turns)
    turn = np.concatenate([np.arange(length) for length in turns])
    tables = []
    for data in record.data:
        label = np.random.default_rng(3).integers(0, len(data.classes), len(dialogue))
        label[list(unlabelled)] = -1
        tables.append(_utterances(data.name, dialogue, turn, label, said, name))
        _predict(folder, data.name, label, len(data.classes))
    write_table(folder.utterances_path, pa.concat_tables(tables))
    return folder


def _utterances(
    data: str, dialogue: np.ndarray, turn: np.ndarray, label: np.ndarray, said: Words | None, name: str
) -> pa.Table:
    rows = len(dialogue)
    texts = [said(int(d), int(t)) for d, t in zip(dialogue, turn, strict=True)] if said else [None] * rows
    return pa.table(
        {
            "data": [data] * rows,
            "utterance": np.arange(rows),
            "dialogue": dialogue,
            "turn": turn,
            "speaker": turn % 2,
            "label": label,
            "utterance_id": [f"{d}_{t}" for d, t in zip(dialogue, turn, strict=True)],
            "dialogue_id": [name.format(d) for d in dialogue],
            "transcript": pa.array(texts, pa.string()),
        }
    )


def _predict(folder: RunFolder, data: str, label: np.ndarray, classes: int) -> None:
    record = folder.read_record()
    random = {condition.text for condition in record.conditions if condition.random}
    for model_place, model in enumerate(record.models):
        for seed in {cell.seed for cell in record.cells if (cell.model, cell.data) == (model.name, data)}:
            place = (model.name, data, seed, "done")
            done = [c.condition for c in record.cells if (c.model, c.data, c.seed, c.state) == place]
            written = {}
            for number, condition in enumerate(done):
                draws = record.stress_draws if condition in random else 1
                given = [probabilities(label, classes, (model_place, seed, number, draw)) for draw in range(draws)]
                written[condition] = [Predictions(p) for p in given]
            if written:
                write_predictions(folder.predictions_path(model.name, data, seed), written)


def probabilities(label: np.ndarray, classes: int, place: tuple[int, int, int, int]) -> np.ndarray:
    """Return what is predicted at a place (of model, seed, condition, draw): near the label, less so later on."""
    rng = np.random.default_rng(place)
    logits = rng.standard_normal((len(label), classes)) + (3 - 0.3 * place[2]) * np.eye(classes)[label.clip(0)]
    exponentials = np.exp(logits)
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

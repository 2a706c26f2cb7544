"""Made-up hidden vectors beside a made-up record: utterances, predictions under removals, vectors and their places."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from emobench.benchmark.files import read_table, write_table
from emobench.benchmark.hidden_plane_files import drawn_of
from emobench.benchmark.hidden_vectors import write_hidden
from emobench.benchmark.prediction_files import write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ALL_SEEDS, DataRecord
from emobench.benchmark.scoring_inputs import inputs_of

WIDTH = 4
SILHOUETTES: Mapping[str, tuple[float, float, float]] = {
    "": (0.0312, 0.011, 0.052),
    "uncertain": (0.1234, 0.062, 0.185),
    "other": (-0.0811, -0.142, -0.021),
}
"""By group figure and ends of its interval."""


def add_hidden(
    folder: RunFolder,
    models: Mapping[str, int],
    *,
    dialogues: int = 20,
    silhouettes: Mapping[str, tuple[float, float, float]] = SILHOUETTES,
) -> RunFolder:
    """Write what a scored run that was asked for hidden vectors holds; of the first seed alone there are predictions.

    Parameters
    ----------
    models
        Width of the vectors by model; 0: it has none.
    silhouettes
        Coefficients by group; empty: the results have none.
    """
    record = folder.read_record()
    rng = Randomness(0, ("hidden figures",)).generator()
    tables = []
    for data in record.data:
        tables.append(_utterances(data, rng, dialogues))
        rows, seed = data.sizes["test"]["utterances"], record.seeds[0]
        for model, width in models.items():
            place = (model, data.name, seed, "done")
            done = [c.condition for c in record.cells if (c.model, c.data, c.seed, c.state) == place]
            drawn = {text: (Predictions(rng.dirichlet(np.ones(len(data.classes)), rows)),) for text in done}
            write_predictions(folder.predictions_path(model, data.name, seed), drawn)
            vectors = rng.normal(size=(rows, width)).astype(np.float32)
            write_hidden(folder.hidden_path(model, data.name, seed), vectors, "key")
    write_table(folder.utterances_path, pa.concat_tables(tables))
    record = record.model_copy(update={"hidden": True})
    folder.write_record(record)
    for inputs in inputs_of(folder, record):
        for one in drawn_of(inputs):
            if models[one.model]:
                one.keep(rng.normal(size=(len(one.rows), 2)))
        inputs.close()
    _add_silhouettes(folder, [model for model, width in models.items() if width], silhouettes)
    return folder


def _add_silhouettes(
    folder: RunFolder, models: Sequence[str], values: Mapping[str, tuple[float, float, float]]
) -> None:
    table = read_table(folder.results_path)
    (first, *_) = table.slice(0, 1).to_pylist()
    bare = dict.fromkeys(("floor", "floor_high", "seed_sd", "draw_sd"), float("nan"))
    place = {"condition": "clean", "metric": "silhouette", "seed": ALL_SEEDS}
    rows = [
        {**first, **bare, **place, "data": data.name, "model": model, "part": part}
        | {"value": value, "low": low, "high": high}
        for data in folder.read_record().data
        for model in models
        for part, (value, low, high) in values.items()
    ]  # fmt: skip
    write_table(folder.results_path, pa.concat_tables([table, pa.Table.from_pylist(rows, table.schema)]))


def _utterances(data: DataRecord, rng: np.random.Generator, dialogues: int) -> pa.Table:
    rows = data.sizes["test"]["utterances"]
    return pa.table(
        {
            "data": [data.name] * rows,
            "utterance": list(range(rows)),
            "dialogue": [row * dialogues // rows for row in range(rows)],
            "turn": pa.array(list(range(rows)), pa.int32()),
            "speaker": pa.array([0] * rows, pa.int32()),
            "label": pa.array(rng.integers(0, len(data.classes), rows).tolist(), pa.int32()),
            "transcript": pa.array([None] * rows, pa.string()),
        }
    )

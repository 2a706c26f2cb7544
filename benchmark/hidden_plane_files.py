"""Where hidden vectors lie in the plane, kept beside them: hidden/*.parquet, one file per model × data set.

Of each model these are vectors of the first training seed that has clean input, of its labelled utterances all, or
`hidden_planes.MOST` at even distances. Columns: `seed`, `utterance` (row in the test split), `x` and `y` (no unit). The
schema's metadata holds `emobench.key`, the content key of what was placed and how, so that places of other vectors are
noticed.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Float32, Int64

from .arrow_columns import is_number, number_column, numbers_of
from .errors import RunFolderError
from .files import read_table, write_table
from .hidden_planes import LEAST, RECIPE, drawn, plane
from .parquet_files import DAMAGED, read_schema
from .progress import Progress, silent
from .provenance import key
from .reading import regular
from .run_folder import RunFolder
from .run_record import RunRecord
from .scoring_inputs import CLEAN, Inputs, inputs_of

_KEY = b"emobench.key"


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is drawn of the hidden vectors of a model on a data set."""

    inputs: Inputs
    model: str
    seed: int
    """Of the training that they are of."""
    rows: Int64[np.ndarray, " drawn"]
    """Of the labelled utterances those that are drawn."""

    @cached_property
    def key(self) -> str:
        """The content key of their places."""
        vectors = self.inputs.folder.hidden_path(self.model, self.inputs.data.name, self.seed)
        return key(RECIPE, hashlib.sha256(regular(vectors).read_bytes()).hexdigest(), self._utterances.tolist())

    def vectors(self) -> Float32[np.ndarray, "drawn width"] | None:
        """Return the vectors; None where the model has none, or some are no numbers.

        Raises
        ------
        RunFolderError
            When they are damaged.
        PredictionError
            When they are of another number of utterances.
        """
        found = self.inputs.hidden(self.model, self.seed)
        return None if found is None else found[self.rows]

    def kept(self) -> Float[np.ndarray, "drawn 2"] | None:
        """Return where they lie; None where that is not kept, or not of these very vectors."""
        path = self.inputs.folder.plane_path(self.model, self.inputs.data.name)
        try:
            if (read_schema(path).metadata or {}).get(_KEY) != self.key.encode():
                return None
            table = read_table(path)
        except (*DAMAGED, RunFolderError):
            return None
        if not all(name in table.column_names and is_number(table[name]) for name in ("x", "y")):
            return None
        places = np.stack([numbers_of(table[name]) for name in ("x", "y")], axis=1)
        return places if len(places) == len(self.rows) and np.isfinite(places).all() else None

    def keep(self, places: Float[np.ndarray, "drawn 2"]) -> None:
        """Write where they lie, whole or not at all.

        Raises
        ------
        RunFolderError
            When the file cannot be written.
        """
        columns = {
            "seed": np.full(len(places), self.seed, np.int64), "utterance": self._utterances,
            "x": places[:, 0], "y": places[:, 1],
        }  # fmt: skip
        table = pa.table({name: number_column(values) for name, values in columns.items()})
        path = self.inputs.folder.plane_path(self.model, self.inputs.data.name)
        write_table(path, table.replace_schema_metadata({_KEY: self.key.encode()}))

    @property
    def _utterances(self) -> Int64[np.ndarray, " drawn"]:
        return np.asarray(self.inputs.labelled[self.rows])


def drawn_of(inputs: Inputs) -> Iterator[Drawn]:
    """Yield what is drawn on a data set, models in the order of the run; nothing of a model without a file of vectors.

    A file may turn out to hold none: see `Drawn.vectors`.
    """
    labelled = len(inputs.labelled)
    for model in inputs.record.models if labelled >= LEAST else ():
        for seed in inputs.seeds(model.name, CLEAN)[:1]:
            if inputs.folder.hidden_path(model.name, inputs.data.name, seed).exists():
                yield Drawn(inputs, model.name, seed, drawn(labelled))


def keep_planes(folder: RunFolder, record: RunRecord, *, progress: Progress = silent) -> None:
    """Put the hidden vectors of a run into the plane where that was not done yet, two seconds for each model.

    Raises
    ------
    RunFolderError
        When utterances or vectors are missing or damaged, or the folder cannot be written to.
    PredictionError
        When there are vectors of another number of utterances.
    """
    for inputs in inputs_of(folder, record) if record.hidden else ():
        with contextlib.closing(inputs):
            wanted = [one for one in drawn_of(inputs) if one.kept() is None]
            missing = [(one, vectors) for one in wanted if (vectors := one.vectors()) is not None]
            what = f"placing hidden vectors on {inputs.data.name}"
            for done, (one, vectors) in enumerate(missing):
                progress(what, done, len(missing))
                one.keep(plane(vectors))
            if missing:
                progress(what, len(missing), len(missing))

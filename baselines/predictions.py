"""Saved predictions of any system: `predictions:path=FILE,values=probabilities` scores it without its code.

The file (Parquet, CSV or NPZ, never a pickle) or folder holds a row for each utterance of the test split and a column
for each class, rows in any order, matched by the utterances' names. Under stress, rows name their condition and draw:
they are what the system said of the stressed input, which it has to be given elsewhere; nothing is stressed here. A
condition of which the file holds nothing is not applicable, and shown so. `emobench template` writes the rows to fill;
docs/predictions.md has the columns and an example.

Calibrators (`predictions:…+temperature`) are fitted on rows whose column `split` says `validation`. A column `seed`
(0, 1, …) holds several trainings: those of the run's `--seeds`. Without it the same rows stand for all seeds.

In a path `%20` stands for a space, `%2B` for `+`, `%2C` for a comma and so on, as in URLs. The content of the files is
part of what a result depends on: a file that has changed is read again.

Source: emobench's own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

import numpy as np
from typing_extensions import Doc

from ..benchmark.conversations import Conversations, DataSplits
from ..benchmark.errors import DataError, NotApplicable
from ..benchmark.predictions import Predictions as Predicted
from ..benchmark.saved_files import CLEAN, column_names, content_key, typed_path
from ..benchmark.saved_predictions import Block, SavedPredictions, Values
from .base import Asked, FitContext, Json, State, TrainingRecord


@dataclass(frozen=True, eq=False)
class FittedPredictions:
    """What was read, and by which clean input it is known."""

    saved: SavedPredictions
    """All there is for the data set."""
    seed: int
    """Which of the trainings in it."""
    data: str
    """Canonical text of the data set."""
    classes: tuple[str, ...]
    """Its classes."""
    clean: Mapping[str, str]
    """Per split the digest of its features as recorded."""

    @property
    def record(self) -> TrainingRecord:
        """Nothing was trained; the notes say what was read."""
        return TrainingRecord(
            notes={"conditions in the file": float(len({block.condition for block in self.saved.blocks}))}
        )

    def predict_condition(self, asked: Asked, clean: Conversations) -> Predicted:
        """Return what the file says of the test split under a condition.

        Raises
        ------
        NotApplicable
            When it holds nothing of the condition or draw, or was made with other random numbers.
        DataError
            When the rows are not what they should be.
        """
        block = self._block("test", asked.condition, asked.draw)
        made = self.saved.blocks[block].stress_seed
        if asked.random and made is not None and made != asked.stress_seed:
            raise NotApplicable(
                f"{self.saved.path} was made with --stress-seed {made}, the run has {asked.stress_seed}"
            )
        return self.saved.of(block, clean)

    def predict(self, conversations: Conversations) -> Predicted:
        """Return what the file says of a whole split as recorded.

        Raises
        ------
        NotApplicable
            For any other input, and where the file does not hold the split.
        """
        found = _digest(conversations)
        split = next((name for name, digest in self.clean.items() if digest == found), None)
        if split is None:
            raise NotApplicable(
                "saved predictions are known for whole splits under named conditions, not for other input"
            )
        return self.saved.of(self._block(split, CLEAN, 0), conversations)

    def state(self) -> State:
        """Return what tells which part of the file is meant; the predictions stay in it."""
        settings: dict[str, Json] = {
            "seed": self.seed,
            "data": self.data,
            "classes": list(self.classes),
            "clean": dict(self.clean),
        }
        return State(arrays={}, settings=settings)

    def _block(self, split: str, condition: str, draw: int) -> Block:
        """Return what is asked for, if it is there."""
        saved, block = self.saved, Block(split, condition, draw, self.seed if self.saved.seeded else 0)
        if block in saved.blocks:
            return block
        if block in saved.empty:
            why = "its rows there are empty"
        elif block._replace(draw=0) in saved.blocks:
            draws = sum(block._replace(draw=other.draw) == other for other in saved.blocks)
            why = f"draw {draw} is not there, only {draws} of them: type --stress-draws {draws}"
        elif split != "test":
            why = f"it has no rows whose column split says {split}, which is needed to calibrate"
        else:
            why = "it has no rows of this condition"
        raise NotApplicable(f"{saved.path}: {why}")


@dataclass(frozen=True)
class Predictions:
    """Where the predictions are, and what they are."""

    path: Annotated[str, Doc("file (.parquet, .csv, .npz) or folder with one file per condition")]
    values: Annotated[Values, Doc("what the columns of the classes hold; never guessed")]

    @property
    def deterministic(self) -> bool:
        """Whether one set of predictions stands for all seeds: there is no column `seed`."""
        try:
            return "seed" not in column_names(typed_path(self.path))
        except DataError:  # said where the file is read
            return True

    def content_key(self) -> str:
        """Return a key of the content of the files; see `ReadsFiles`."""
        return content_key(typed_path(self.path))

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedPredictions:
        """Read the file, and check all of this seed's rows about validation and test.

        Raises
        ------
        DataError
            When the file cannot be read, is about other data, or a row is not what it should be.
        NotApplicable
            When it holds nothing for these data or this seed.
        """
        splits = {"validation": validation} | ({"test": context.monitor} if context.monitor is not None else {})
        clean = {name: _digest(split) for name, split in splits.items()}
        fitted = FittedPredictions(
            self._read(train.data, train.classes), context.seed, train.data, train.classes, clean
        )
        saved = fitted.saved
        if not saved.blocks:
            raise NotApplicable(f"{saved.path} holds no predictions for {train.data}")
        if saved.seeded and context.seed not in saved.seeds:
            there = ", ".join(map(str, saved.seeds))
            raise NotApplicable(f"{saved.path} holds no predictions of seed {context.seed}, only of {there}")
        if saved.fingerprints and context.monitor is not None:
            _require_fingerprint(saved, DataSplits(train, validation, context.monitor).fingerprint, train.data)
        for block in saved.blocks:
            if block.split in splits and block.seed == (context.seed if saved.seeded else 0):
                saved.of(block, splits[block.split])
        return fitted

    def restore(self, state: State, *, device: str = "cpu") -> FittedPredictions:
        """Return the fitted model that gave `state`; the file is read again."""
        # What `FittedPredictions.state` wrote is read here.
        data, classes = cast("str", state.settings["data"]), tuple(cast("list[str]", state.settings["classes"]))
        seed, clean = cast("int", state.settings["seed"]), cast("dict[str, str]", state.settings["clean"])
        return FittedPredictions(self._read(data, classes), seed, data, classes, clean)

    def _read(self, data: str, classes: tuple[str, ...]) -> SavedPredictions:
        return SavedPredictions.read(typed_path(self.path), values=self.values, data=data, classes=classes)


PLUGIN = Predictions


def _require_fingerprint(saved: SavedPredictions, expected: str, data: str) -> None:
    other = [text for text in sorted(saved.fingerprints) if not expected.startswith(text)]
    if other:
        raise DataError(
            f"{saved.path}: expected predictions for {data} with the fingerprint {expected[:16]}…, got some for "
            f"{other[0][:16]}…: other data, or another version; `emobench template --data {data}` writes new rows"
        )


def _digest(conversations: Conversations) -> str:
    """Return a key of what a model may read of a split."""
    digest = hashlib.sha256(repr(conversations.utterance_ids).encode())
    for modality, rows in conversations.features.items():
        digest.update(f"|{modality}|{rows.shape}|".encode())
        digest.update(np.ascontiguousarray(rows).data)
        digest.update(conversations.observed[modality].tobytes())
    for hidden in conversations.concealed.values():
        digest.update(hidden.tobytes())
    return digest.hexdigest()

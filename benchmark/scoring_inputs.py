"""What scoring reads: the predictions of one cell after the other, with all that a metric may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64

from .conversations import UNKNOWN
from .errors import PredictionError, RunFolderError
from .hidden_vectors import read_hidden
from .metrics.base import Scored
from .prediction_files import PredictionFile, read_predictions
from .predictions import Predictions
from .run_folder import RunFolder
from .run_record import ConditionRecord, DataRecord, RunRecord
from .scoring_removals import RemovalConditions
from .utterance_file import Utterances, read_utterances

CLEAN = "clean"
"""The condition without stress."""
POSTERIOR = "bayes_optimal"
"""The model that is the exact posterior, where it is known."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """One data set of a run, and the predictions on it."""

    folder: RunFolder
    """Where they are."""
    record: RunRecord
    """What run.json says."""
    data: DataRecord
    """The data set."""
    utterances: Utterances
    """Its test split."""
    validation: Utterances | None = None
    """Its validation split; None: the folder has none."""
    _files: dict[Path, PredictionFile] = field(default_factory=dict)
    _clean_of: dict[tuple[str, int], Float[np.ndarray, "_ classes"]] = field(default_factory=dict)
    _validation_of: dict[tuple[str, int], Scored | None] = field(default_factory=dict)

    def close(self) -> None:
        """Close the files that have been read."""
        for file in self._files.values():
            file.close()

    @cached_property
    def labelled(self) -> Int64[np.ndarray, " labelled"]:
        """Rows of the test split whose label is known: those that are scored."""
        return self.utterances.labelled

    @cached_property
    def dialogue(self) -> Int64[np.ndarray, " labelled"]:
        """Index of the dialogue of each scored row, counting only dialogues that have one."""
        return _dialogues(self.utterances)

    @property
    def dialogues(self) -> int:
        """Number of dialogues with a label or more."""
        return int(self.dialogue[-1]) + 1 if len(self.dialogue) else 0

    @cached_property
    def conditions(self) -> tuple[ConditionRecord, ...]:
        """The conditions of the run, those left out that are not defined for these data."""
        skipped = {(skipped.data, skipped.condition) for skipped in self.record.skipped}
        return tuple(one for one in self.record.conditions if (self.data.name, one.text) not in skipped)

    def seeds(self, model: str, condition: str) -> tuple[int, ...]:
        """Return the seeds of a model whose predictions under a condition are done, in order."""
        wanted = (model, condition, "done")
        return tuple(sorted(seed for (m, seed, c), state in self._states.items() if (m, c, state) == wanted))

    def state(self, model: str, seed: int, condition: str) -> str:
        """Return the state of a cell; `missing` where the run has none."""
        return self._states.get((model, seed, condition), "missing")

    def draws(self, condition: str) -> int:
        """Return how often a condition was drawn."""
        return self.record.stress_draws if condition in self._random else 1

    def scored(self, model: str, seed: int, condition: str, draw: int = 0) -> Scored:
        """Read one draw of one cell.

        Raises
        ------
        PredictionError
            When the predictions do not fit the data: other utterances, classes, or no probabilities; names the file.
        RunFolderError
            When the file is missing or damaged.
        """
        own = self._scored(model, seed, condition, draw)
        if model == POSTERIOR:
            return replace(own, posterior=own)
        # The exact posterior learns nothing, so that of any seed will do.
        seeds = self.seeds(POSTERIOR, condition)
        if not seeds:
            return own
        return replace(own, posterior=self._scored(POSTERIOR, seed if seed in seeds else seeds[0], condition, draw))

    def under_removals(self, model: str, seed: int) -> Scored:
        """Read predictions on clean input and under single removals, and nothing else; errors as `scored`."""
        removals = self._removing.removals(partial(self.state, model, seed))
        found = {name: self._read(model, seed, text).probabilities[self.labelled] for name, text in removals.items()}
        return replace(self._bare(self._read(model, seed, CLEAN)), on_clean_input=True, removals=found)

    def hidden(self, model: str, seed: int) -> Float[np.ndarray, "labelled _"] | None:
        """Return the hidden vectors of the labelled utterances.

        None where the folder holds none of this model, or where some are no numbers.

        Raises
        ------
        PredictionError
            When they are of another number of utterances; names the file.
        RunFolderError
            When the file is damaged.
        """
        path = self.folder.hidden_path(model, self.data.name, seed)
        if not path.exists():
            return None
        vectors = read_hidden(path)
        if len(vectors) != len(self.utterances):
            raise PredictionError(
                f"{path}: expected hidden vectors of {len(self.utterances)} utterances of {self.data.name}, got "
                f"{len(vectors)}"
            )
        return vectors[self.labelled] if vectors.shape[1] and np.isfinite(vectors).all() else None

    def _scored(self, model: str, seed: int, condition: str, draw: int) -> Scored:
        predictions, rows = self._read(model, seed, condition, draw), self.labelled
        state = partial(self.state, model, seed)
        removals = self._removing.removals(state) if condition == CLEAN else {}
        coalitions = self._removing.coalitions(state) if condition == CLEAN else {}
        removed = {
            text: self._read(model, seed, text).probabilities[rows]
            for text in dict.fromkeys((*removals.values(), *coalitions.values()))
        }
        return replace(
            self._bare(predictions),
            on_clean_input=condition == CLEAN,
            clean=self._clean(model, seed, condition, predictions),
            removals={name: removed[text] for name, text in removals.items()},
            coalitions={name: removed[text] for name, text in coalitions.items()},
            modality_weights={name: weights[rows] for name, weights in predictions.modality_weights.items()},
            hidden=self.hidden(model, seed) if condition == CLEAN else None,
            validation=self._validation(model, seed),
        )

    def _bare(self, predictions: Predictions) -> Scored:
        """Return predictions with what is known of the utterances."""
        rows = self.labelled
        return Scored(
            probabilities=predictions.probabilities[rows],
            label=self.utterances.label[rows],
            dialogue=self.dialogue,
            turn=self.utterances.turn[rows],
            speaker=self.utterances.speaker[rows],
            classes=self.data.classes,
        )

    def _validation(self, model: str, seed: int) -> Scored | None:
        """Return the predictions on the labelled part of clean validation; None where there are none."""
        if (model, seed) not in self._validation_of:
            self._validation_of[model, seed] = self._scored_validation(model, seed)
        return self._validation_of[model, seed]

    def _scored_validation(self, model: str, seed: int) -> Scored | None:
        split, path = self.validation, self.folder.validation.predictions_path(model, self.data.name, seed)
        states = [
            f.validation_state for f in self.record.fits if (f.model, f.data, f.seed) == (model, self.data.name, seed)
        ]
        # A baseline records no fits; there the file speaks for itself.
        if not ("done" in states or (not states and path.exists())):
            return None
        if split is None:
            raise RunFolderError(
                f"{self.folder.validation.utterances_path} is missing; run the same `emobench run` again to complete "
                "the folder"
            )
        if not len(split.labelled):
            return None
        rows, predictions = split.labelled, read_predictions(path, CLEAN)
        self._check(predictions, path, CLEAN, len(split))
        return Scored(
            probabilities=predictions.probabilities[rows],
            label=split.label[rows],
            dialogue=_dialogues(split),
            turn=split.turn[rows],
            speaker=split.speaker[rows],
            classes=self.data.classes,
        )

    def _clean(
        self, model: str, seed: int, condition: str, predictions: Predictions
    ) -> Float[np.ndarray, "labelled classes"] | None:
        if condition == CLEAN:
            return np.asarray(predictions.probabilities[self.labelled])
        if self.state(model, seed, CLEAN) != "done":
            return None
        # Asked for again under every condition.
        if (model, seed) not in self._clean_of:
            self._clean_of[model, seed] = self._read(model, seed, CLEAN).probabilities[self.labelled]
        return self._clean_of[model, seed]

    def _read(self, model: str, seed: int, condition: str, draw: int = 0) -> Predictions:
        path = self.folder.predictions_path(model, self.data.name, seed)
        if path not in self._files:
            self._files[path] = PredictionFile(path)
        predictions = self._files[path].read(condition, draw)
        self._check(predictions, path, condition, len(self.utterances))
        return predictions

    def _check(self, predictions: Predictions, path: Path, condition: str, utterances: int) -> None:
        """Raise PredictionError where predictions are not of so many utterances, or hold odd weights."""
        expected, got = (utterances, len(self.data.classes)), predictions.probabilities.shape
        if got != expected:
            raise PredictionError(
                f"{path}, condition {condition!r}: expected {expected[0]} utterances × {expected[1]} classes of "
                f"{self.data.name}, got {got[0]} × {got[1]}"
            )
        for modality, weights in predictions.modality_weights.items():
            if not np.isfinite(weights).all():
                row = int(np.argmin(np.isfinite(weights)))
                raise PredictionError(
                    f"{path}, condition {condition!r}: expected finite weights of {modality}, got {weights[row]} in "
                    f"row {row}"
                )

    @cached_property
    def _removing(self) -> RemovalConditions:
        pairs = np.stack([self.utterances.dialogue, self.utterances.speaker])
        several = bool(np.unique(pairs, axis=1).shape[1] > len(np.unique(self.utterances.dialogue)))
        return RemovalConditions(self.conditions, tuple(self.data.widths), several)

    @cached_property
    def _random(self) -> frozenset[str]:
        return frozenset(condition.text for condition in self.conditions if condition.random)

    @cached_property
    def _states(self) -> Mapping[tuple[str, int, str], str]:
        return {(c.model, c.seed, c.condition): c.state for c in self.record.cells if c.data == self.data.name}


def inputs_of(folder: RunFolder, record: RunRecord) -> tuple[Inputs, ...]:
    """Return the inputs of every data set of a run.

    Raises
    ------
    RunFolderError
        When utterances.parquet is missing, damaged, lacks a data set, or has another number of utterances or classes
        than the run; the same of that of the validation split, where there is one.
    """
    test = _checked(folder, record, "test")
    validation = _checked(folder.validation, record, "validation") if folder.validation.utterances_path.exists() else {}
    return tuple(
        Inputs(folder, record, data, test[data.name], validation=validation.get(data.name)) for data in record.data
    )


def _checked(folder: RunFolder, record: RunRecord, split: str) -> dict[str, Utterances]:
    """Return the utterances of a split by data set: as many as the record says, and of its classes."""
    utterances, path = read_utterances(folder), folder.utterances_path
    for data in record.data:
        there, expected = len(utterances.get(data.name, ())), data.sizes.get(split, {}).get("utterances")
        if expected is None:
            raise RunFolderError(
                f"{folder.path}: expected run.json to say how many {split} utterances {data.name} has; restore it, or "
                "run into another folder"
            )
        if there != expected:
            raise RunFolderError(
                f"{path}: expected {expected} {split} utterances of {data.name}, got {there}; delete it and run the "
                "same `emobench run` again"
            )
        labels = utterances[data.name].label if there else np.empty(0, np.int64)
        wrong = labels[(labels < UNKNOWN) | (labels >= len(data.classes))]
        if len(wrong):
            raise RunFolderError(
                f"{path}: expected labels of {data.name} below {len(data.classes)}, got {wrong[0]}; delete it and run "
                "the same `emobench run` again"
            )
    return utterances


def _dialogues(split: Utterances) -> Int64[np.ndarray, " labelled"]:
    """Return the index of the dialogue of each labelled row, counting only dialogues that have one."""
    return np.unique(split.dialogue[split.labelled], return_inverse=True)[1].astype(np.int64)

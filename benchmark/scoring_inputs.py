"""What scoring reads: the predictions of one cell after the other, with all that a metric may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int64

from .errors import PredictionError, RunFolderError
from .metrics.base import Scored
from .prediction_files import read_predictions
from .predictions import Predictions
from .run_folder import RunFolder
from .run_record import ConditionRecord, DataRecord, RunRecord
from .utterance_file import Utterances

CLEAN = "clean"
"""The condition without stress."""
POSTERIOR = "bayes_optimal"
"""The model that is the exact posterior, where it is known."""
_CONTEXTS = ("intra", "inter")


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

    @cached_property
    def labelled(self) -> Int64[np.ndarray, " labelled"]:
        """Rows of the test split whose label is known: those that are scored."""
        return self.utterances.labelled

    @cached_property
    def dialogue(self) -> Int64[np.ndarray, " labelled"]:
        """Index of the dialogue of each scored row, counting only dialogues that have one."""
        return np.unique(self.utterances.dialogue[self.labelled], return_inverse=True)[1].astype(np.int64)

    @property
    def dialogues(self) -> int:
        """Number of dialogues with a label or more."""
        return int(self.dialogue[-1]) + 1 if len(self.dialogue) else 0

    @property
    def conditions(self) -> tuple[ConditionRecord, ...]:
        """All conditions of the run."""
        return self.record.conditions

    def seeds(self, model: str, condition: str) -> tuple[int, ...]:
        """Return the seeds of a model whose predictions under a condition are done, in order."""
        wanted = (model, condition, "done")
        return tuple(sorted(seed for (m, seed, c), state in self._states.items() if (m, c, state) == wanted))

    def state(self, model: str, seed: int, condition: str) -> str:
        """Return the state of a cell; `missing` where the run has none."""
        return self._states.get((model, seed, condition), "missing")

    def scored(self, model: str, seed: int, condition: str) -> Scored:
        """Read one cell.

        Raises
        ------
        PredictionError
            When the predictions do not fit the data: other utterances, classes, or no probabilities; names the file.
        RunFolderError
            When the file is missing or damaged.
        """
        own = self._scored(model, seed, condition)
        if model == POSTERIOR:
            return replace(own, posterior=own)
        # The exact posterior learns nothing, so that of any seed will do.
        seeds = self.seeds(POSTERIOR, condition)
        if not seeds:
            return own
        return replace(own, posterior=self._scored(POSTERIOR, seed if seed in seeds else seeds[0], condition))

    def _scored(self, model: str, seed: int, condition: str) -> Scored:
        predictions, rows = self._read(model, seed, condition), self.labelled
        removals = self._removals(model, seed) if condition == CLEAN else {}
        return Scored(
            probabilities=predictions.probabilities[rows],
            label=self.utterances.label[rows],
            dialogue=self.dialogue,
            turn=self.utterances.turn[rows],
            speaker=self.utterances.speaker[rows],
            classes=self.data.classes,
            clean=self._clean(model, seed, condition, predictions),
            removals={name: self._read(model, seed, text).probabilities[rows] for name, text in removals.items()},
            modality_weights={name: weights[rows] for name, weights in predictions.modality_weights.items()},
        )

    def _clean(
        self, model: str, seed: int, condition: str, predictions: Predictions
    ) -> Float[np.ndarray, "labelled classes"] | None:
        if condition == CLEAN:
            return np.asarray(predictions.probabilities[self.labelled])
        if self.state(model, seed, CLEAN) != "done":
            return None
        return np.asarray(self._read(model, seed, CLEAN).probabilities[self.labelled])

    def _read(self, model: str, seed: int, condition: str) -> Predictions:
        path = self.folder.predictions_path(model, self.data.name, seed)
        predictions = read_predictions(path, condition)
        expected, got = (len(self.utterances), len(self.data.classes)), predictions.probabilities.shape
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
        return predictions

    def _removals(self, model: str, seed: int) -> dict[str, str]:
        """Return by removal the condition that stands for it; none at all where one of them failed or is missing.

        A figure over several removals means something else where one of them is left out. One that does not apply to
        these data is no removal of theirs.
        """
        states = {name: self.state(model, seed, text) for name, text in self._removal_conditions.items()}
        if not {*states.values()} <= {"done", "not applicable"}:
            return {}
        return {name: text for name, text in self._removal_conditions.items() if states[name] == "done"}

    @cached_property
    def _removal_conditions(self) -> dict[str, str]:
        """By removal, modalities first: of several conditions that are one, that with the shortest text."""
        order = [*self.data.widths, *_CONTEXTS]
        found: dict[str, str] = {}
        for condition in sorted(self.conditions, key=lambda c: (len(c.text), c.text)):
            if condition.removal in order:
                found.setdefault(condition.removal, condition.text)
        return {name: found[name] for name in order if name in found}

    @cached_property
    def _states(self) -> Mapping[tuple[str, int, str], str]:
        return {(c.model, c.seed, c.condition): c.state for c in self.record.cells if c.data == self.data.name}


def inputs_of(folder: RunFolder, record: RunRecord, utterances: Mapping[str, Utterances]) -> tuple[Inputs, ...]:
    """Return the inputs of every data set of a run.

    Raises
    ------
    RunFolderError
        When utterances.parquet lacks a data set, or has another number of utterances or classes than the run.
    """
    found = []
    for data in record.data:
        there, expected = len(utterances.get(data.name, ())), data.sizes["test"]["utterances"]
        if there != expected:
            raise RunFolderError(
                f"{folder.utterances_path}: expected {expected} test utterances of {data.name}, got {there}; delete it "
                "and run the same `emobench run` again"
            )
        if there and utterances[data.name].label.max() >= len(data.classes):
            raise RunFolderError(
                f"{folder.utterances_path}: expected labels of {data.name} below {len(data.classes)}, got "
                f"{utterances[data.name].label.max()}; delete it and run the same `emobench run` again"
            )
        found.append(Inputs(folder, record, data, utterances[data.name]))
    return tuple(found)

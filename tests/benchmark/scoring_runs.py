"""Run folders to be scored, written without running anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.prediction_files import write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import (
    ALL_SEEDS,
    CellRecord,
    ConditionRecord,
    DataRecord,
    ModelRecord,
    RunRecord,
)
from emobench.benchmark.utterance_file import write_utterances

CLASSES = ("neutral", "joy", "anger")
LENGTHS = (4, 1, 6, 3, 5, 2, 7, 4)
VALIDATION_LENGTHS = (3, 1, 8, 2, 6)
FAMILY = "modality_drop:rate=*"
CONDITIONS = (
    ConditionRecord(text="clean"),
    *(
        ConditionRecord(text=f"modality_drop:drop={modality}", protocol="modality_drop", removal=modality)
        for modality in ("audio", "text")
    ),
    *(
        ConditionRecord(text=f"modality_drop:rate={rate}", protocol="modality_drop", family=FAMILY, severity=rate)
        for rate in (0.2, 0.5)
    ),
)
TEXTS = tuple(condition.text for condition in CONDITIONS)
State = Literal["done", "failed", "not applicable"]


def conversations(
    *, name: str = "small", labelled: bool = True, split: Literal["validation", "test"] = "test"
) -> Conversations:
    lengths = LENGTHS if split == "test" else VALIDATION_LENGTHS
    rows = sum(lengths)
    rng = Randomness(0, ("scoring", name) if split == "test" else ("scoring", name, split)).generator()
    label = rng.integers(0, len(CLASSES), rows)
    # One inside a dialogue, and of the test split all of the dialogue of one utterance (on validation likewise).
    label[[2, 4] if split == "test" else [1, 3]] = -1
    return Conversations(
        data=name,
        split=split,
        classes=CLASSES,
        features={modality: np.zeros((rows, 1), np.float32) for modality in ("text", "audio")},
        observed={modality: np.ones(rows, bool) for modality in ("text", "audio")},
        present={modality: np.ones(rows, bool) for modality in ("text", "audio")},
        dialogue=np.repeat(np.arange(len(lengths)), lengths),
        speaker=rng.integers(0, 2, rows),
        label=label if labelled else np.full(rows, -1),
        target=np.arange(rows),
        utterance_ids=tuple(map(str, range(rows))),
        dialogue_ids=tuple(map(str, range(len(lengths)))),
    )


def predictions(*purpose: str, weights: bool = False, rows: int = sum(LENGTHS)) -> Predictions:
    rng = Randomness(1, purpose).generator()
    return Predictions(
        probabilities=rng.dirichlet(np.ones(len(CLASSES)), rows),
        modality_weights={"text": rng.random(rows), "audio": rng.random(rows)} if weights else {},
    )


def validation_predictions(model: str, seed: int) -> Predictions:
    """Return what a model says on the validation split."""
    return predictions(model, str(seed), "validation", rows=sum(VALIDATION_LENGTHS))


@dataclass(frozen=True)
class Run:
    """A run folder to be written."""

    models: tuple[str, ...] = ("gated",)
    seeds: tuple[int, ...] = (0, 1)
    conditions: tuple[ConditionRecord, ...] = CONDITIONS
    states: Mapping[tuple[str, int, str], State] = field(default_factory=dict)
    """Cells that are not done, by model, seed and condition."""
    only: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Seeds of models that have not all of them."""
    metrics: tuple[str, ...] = ()
    draws: int = 100
    labelled: bool = True
    validation: bool = False
    """Whether the folder keeps predictions on validation."""
    validation_labelled: bool = True

    def write(self, path: Path) -> RunFolder:
        folder, test = RunFolder(path), conversations(labelled=self.labelled)
        cells = []
        for model in self.models:
            for seed in self.only.get(model, self.seeds):
                texts = [condition.text for condition in self.conditions]
                states = {text: self.states.get((model, seed, text), "done") for text in texts}
                done = {
                    text: predictions(model, str(seed), text, weights=model == "gated")
                    for text in texts
                    if states[text] == "done"
                }
                if done:
                    write_predictions(
                        folder.predictions_path(model, "small", seed), {text: (those,) for text, those in done.items()}
                    )
                cells += [
                    CellRecord(model=model, data="small", seed=seed, condition=text, state=states[text])
                    for text in texts
                ]
        write_utterances(folder, {"small": test})
        if self.validation:
            self.write_validation(folder.validation)
        folder.write_record(self.record(cells))
        return folder

    def write_validation(self, folder: RunFolder) -> None:
        """Write the validation split, and what the models say on it."""
        write_utterances(folder, {"small": conversations(labelled=self.validation_labelled, split="validation")})
        for model in self.models:
            for seed in self.only.get(model, self.seeds):
                path = folder.predictions_path(model, "small", seed)
                write_predictions(path, {"clean": (validation_predictions(model, seed),)})

    def record(self, cells: Sequence[CellRecord]) -> RunRecord:
        sizes = {
            split: {"dialogues": len(lengths), "utterances": sum(lengths)}
            for split, lengths in (("validation", VALIDATION_LENGTHS), ("test", LENGTHS))
        }
        data = DataRecord(
            name="small",
            fingerprint="f" * 64,
            classes=CLASSES,
            widths={"text": 1, "audio": 1},
            sizes=sizes,
            label_counts={},
        )
        return RunRecord(
            command="emobench run",
            created="2026-01-01T00:00:00+00:00",
            versions={},
            hardware={},
            seeds=self.seeds,
            stress_seed=0,
            selection="validation",
            draws=self.draws,
            metrics=self.metrics,
            data=(data,),
            models=tuple(ModelRecord(name=model) for model in self.models),
            conditions=self.conditions,
            cells=tuple(cells),
        )


class Table:
    """Results by place."""

    def __init__(self, table: pa.Table) -> None:
        self.rows = {
            (row["model"], row["seed"], row["condition"], row["metric"], row["part"]): row for row in table.to_pylist()
        }
        assert len(self.rows) == len(table), "two rows say the same"

    def __call__(
        self, metric: str, part: str = "", *, condition: str = "clean", seed: int = ALL_SEEDS, model: str = "gated"
    ) -> dict[str, float]:
        return self.rows[model, seed, condition, metric, part]

    def parts(self, metric: str, *, condition: str = "clean", seed: int = ALL_SEEDS, model: str = "gated") -> list[str]:
        return [key[4] for key in self.rows if key[:4] == (model, seed, condition, metric)]


def content(table: pa.Table) -> str:
    """Return all cells as text: two NaN are the same here."""
    return str(table.to_pylist())


def scored_by_hand(model: str, seed: int, condition: str) -> Scored:
    """Return what scoring should see, put together on another way."""
    test = conversations()
    keep = test.label >= 0
    # Dialogue 1 has lost its only label, and those after it move up.
    dialogue = test.dialogue[keep] - (test.dialogue[keep] > 1)
    return Scored(
        probabilities=predictions(model, str(seed), condition, weights=model == "gated").probabilities[keep],
        label=test.label[keep],
        dialogue=dialogue,
        turn=test.turn[keep],
        speaker=test.speaker[keep],
        classes=CLASSES,
        clean=predictions(model, str(seed), "clean", weights=model == "gated").probabilities[keep],
    )

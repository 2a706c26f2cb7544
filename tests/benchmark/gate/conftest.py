"""Small run folders with one process behind them, so that a difference between two is what a test says it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.prediction_files import write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import CellRecord, ConditionRecord, DataRecord, ModelRecord, RunRecord
from emobench.benchmark.utterance_file import write_utterances

CLASSES = ("neutral", "joy", "anger")
FAMILY = "modality_drop:rate=*"
CONDITIONS = (
    ConditionRecord(text="clean"),
    ConditionRecord(text="modality_drop:drop=text", protocol="modality_drop", removal="text"),
    ConditionRecord(text="modality_drop:rate=0.2", protocol="modality_drop", family=FAMILY, severity=0.2, random=True),
    ConditionRecord(text="modality_drop:rate=0.5", protocol="modality_drop", family=FAMILY, severity=0.5, random=True),
)
LEFT = {"clean": 1.0, "modality_drop:drop=text": 0.9, "modality_drop:rate=0.2": 0.97, "modality_drop:rate=0.5": 0.92}
"""Share of the evidence that is left under each condition."""


@dataclass(frozen=True)
class Run:
    """A run folder to be written; every default is that of the baseline."""

    sharpen: float = 1.0
    """What logits are multiplied by: 1 / temperature."""
    seeds: Sequence[int] = (0,)
    """Training seeds; a seed is the error of a model."""
    models: Sequence[str] = ("fusion",)
    references: Sequence[str] = ()
    conditions: Sequence[ConditionRecord] = CONDITIONS
    states: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """State and reason of cells that are not done, by model and condition."""
    dialogues: int = 60
    labelled: bool = True
    fingerprint: str = "a" * 64
    stress_seed: int = 0
    stress_draws: int = 2
    draws: int = 400
    data: str = "small"

    def write(self, path: Path) -> RunFolder:
        folder, (test, logits) = RunFolder(path), conversations(self)
        cells = []
        for model in (*self.models, *self.references):
            for seed in self.seeds:
                done = {}
                for condition in self.conditions:
                    state, why = self.states.get((model, condition.text), ("done", ""))
                    cell = {"model": model, "data": self.data, "seed": seed, "condition": condition.text}
                    cells.append(CellRecord.model_validate({**cell, "state": state, "why": why}))
                    if state == "done":
                        count = self.stress_draws if condition.random else 1
                        made = (predictions(self, logits, model, seed, condition.text, draw) for draw in range(count))
                        done[condition.text] = tuple(made)
                if done:
                    write_predictions(folder.predictions_path(model, self.data, seed), done)
        write_utterances(folder, {self.data: test})
        folder.write_record(self.record(test, cells))
        return folder

    def record(self, test: Conversations, cells: Sequence[CellRecord]) -> RunRecord:
        return RunRecord(
            command="emobench run",
            created="2026-01-01T00:00:00+00:00",
            versions={},
            hardware={},
            seeds=tuple(self.seeds),
            stress_seed=self.stress_seed,
            stress_draws=self.stress_draws,
            selection="validation",
            draws=self.draws,
            metrics=("accuracy", "auroc", "confusion", "degradation_area", "ece", "nll", "signed_gap"),
            data=(
                DataRecord(
                    name=self.data,
                    fingerprint=self.fingerprint,
                    classes=CLASSES,
                    widths={"text": 1},
                    sizes={"test": {"dialogues": self.dialogues, "utterances": len(test)}},
                    label_counts={},
                ),
            ),
            models=tuple(
                ModelRecord(name=name, reference=name in self.references) for name in (*self.models, *self.references)
            ),
            conditions=tuple(self.conditions),
            cells=tuple(cells),
        )


def conversations(run: Run) -> tuple[Conversations, np.ndarray]:
    rng = Randomness(0, ("gate", "conversations")).generator()
    dialogue = np.repeat(np.arange(run.dialogues), 10)
    rows = len(dialogue)
    logits = 1.5 * rng.normal(size=(rows, len(CLASSES)))
    label = (softmax(logits).cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1).clip(max=len(CLASSES) - 1)
    split = Conversations(
        data=run.data,
        split="test",
        classes=CLASSES,
        features={"text": np.zeros((rows, 1), np.float32)},
        observed={"text": np.ones(rows, bool)},
        present={"text": np.ones(rows, bool)},
        dialogue=dialogue,
        speaker=np.zeros(rows, np.int64),
        label=label if run.labelled else np.full(rows, -1),
        target=np.arange(rows),
        utterance_ids=tuple(map(str, range(rows))),
        dialogue_ids=tuple(map(str, range(run.dialogues))),
        transcripts=tuple(f"said {row}" for row in range(rows)),
    )
    return split, logits


def predictions(run: Run, logits: np.ndarray, model: str, seed: int, condition: str, draw: int) -> Predictions:
    trained = Randomness(seed, ("gate", "model")).generator().normal(size=logits.shape)
    under = Randomness(draw, ("gate", condition)).generator().normal(size=logits.shape)
    left = LEFT[condition]
    return Predictions(softmax((left * logits + 0.2 * trained + 0.4 * (1 - left) * under) * run.sharpen))


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Write a run folder of a name; other arguments as in `Run`."""

    def make(name: str, **values: object) -> Path:
        return Run(**values).write(tmp_path / name).path  # type: ignore[arg-type]  # the dataclass says what they are

    return make


@pytest.fixture
def write_rules(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file of rules."""

    def write(text: str) -> Path:
        path = tmp_path / "rules.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write

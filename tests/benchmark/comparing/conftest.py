"""Run folders made up for comparisons."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.prediction_files import write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import (
    CellRecord,
    ConditionRecord,
    DataRecord,
    FitRecord,
    ModelRecord,
    RunRecord,
)
from emobench.benchmark.utterance_file import write_utterances

CLASSES = ("neutral", "joy", "anger")
FAMILY = "modality_drop:rate=*"
CONDITIONS = (
    ConditionRecord(text="clean"),
    ConditionRecord(text="noise:snr_db=10", protocol="noise", random=True),
    *(
        ConditionRecord(text=f"modality_drop:rate={rate}", protocol="modality_drop", family=FAMILY, severity=rate)
        for rate in (0.2, 0.5)
    ),
)


@dataclass(frozen=True)
class MadeUp:
    """A run folder to be written; predictions follow from model, seed, condition and draw alone."""

    skills: Mapping[str, float]
    """By model, how much it knows of the gold class: 0 nothing."""
    seeds: tuple[int, ...] = (0, 1)
    deterministic: Sequence[str] = ()
    """Models that are trained once."""
    added: Sequence[str] = ()
    """Models that were not asked for."""
    failed: Sequence[tuple[str, str]] = ()
    """Model and condition of cells that failed."""
    data: tuple[str, ...] = ("small",)
    fingerprint: str = "f" * 64
    dialogues: int = 30
    labelled: bool = True
    relabelled: bool = False
    """Whether a label is another one than elsewhere."""
    stress_seed: int = 0
    stress_draws: int = 2
    draws: int = 300
    conditions: tuple[ConditionRecord, ...] = CONDITIONS

    def write(self, path: Path) -> RunFolder:
        folder = RunFolder(path)
        tests = {name: self.conversations(name) for name in self.data}
        for name, test in tests.items():
            for model in self.skills:
                for seed in self.seeds_of(model):
                    done = {
                        condition.text: tuple(
                            self.predictions(test, model, seed, condition.text, draw)
                            for draw in range(self.stress_draws if condition.random else 1)
                        )
                        for condition in self.conditions
                        if (model, condition.text) not in self.failed
                    }
                    write_predictions(folder.predictions_path(model, name, seed), done)
        write_utterances(folder, tests)
        folder.write_record(self.record(tests))
        return folder

    def seeds_of(self, model: str) -> tuple[int, ...]:
        return self.seeds[:1] if model in self.deterministic else self.seeds

    def conversations(self, name: str) -> Conversations:
        rng = Randomness(0, ("made up", name)).generator()
        lengths = rng.integers(2, 8, self.dialogues)
        rows = int(lengths.sum())
        label = rng.integers(0, len(CLASSES), rows)
        if self.relabelled:
            label[0] = (label[0] + 1) % len(CLASSES)
        return Conversations(
            data=name,
            split="test",
            classes=CLASSES,
            features={"text": np.zeros((rows, 1), np.float32)},
            observed={"text": np.ones(rows, bool)},
            present={"text": np.ones(rows, bool)},
            dialogue=np.repeat(np.arange(self.dialogues), lengths),
            speaker=np.zeros(rows, np.int64),
            label=label if self.labelled else np.full(rows, -1),
            target=np.arange(rows),
            utterance_ids=tuple(map(str, range(rows))),
            dialogue_ids=tuple(map(str, range(self.dialogues))),
        )

    def predictions(self, test: Conversations, model: str, seed: int, condition: str, draw: int) -> Predictions:
        purpose = (test.data, model, *(() if model in self.deterministic else (str(seed),)), condition, str(draw))
        logits = Randomness(self.stress_seed, purpose).generator().normal(size=(len(test), len(CLASSES)))
        if self.labelled:
            logits[np.arange(len(test)), test.label] += self.skills[model] * (0.5 if condition != "clean" else 1)
        odds = np.exp(logits)
        return Predictions(odds / odds.sum(axis=1, keepdims=True))

    def record(self, tests: Mapping[str, Conversations]) -> RunRecord:
        cells = [
            CellRecord(
                model=model,
                data=data,
                seed=seed,
                condition=condition.text,
                state="failed" if (model, condition.text) in self.failed else "done",
                why="it was too hot" if (model, condition.text) in self.failed else "",
            )
            for data in tests
            for model in self.skills
            for seed in self.seeds_of(model)
            for condition in self.conditions
        ]
        return RunRecord(
            command="emobench run",
            created="2030-01-01T00:00:00+00:00",
            versions={},
            hardware={},
            seeds=self.seeds,
            stress_seed=self.stress_seed,
            stress_draws=self.stress_draws,
            selection="validation",
            draws=self.draws,
            data=tuple(
                DataRecord(
                    name=name,
                    fingerprint=self.fingerprint if len(tests) == 1 else f"{place}{self.fingerprint}"[:64],
                    classes=CLASSES,
                    widths={"text": 1},
                    sizes={"test": {"dialogues": self.dialogues, "utterances": len(test)}},
                    label_counts={},
                )
                for place, (name, test) in enumerate(tests.items())
            ),
            models=tuple(ModelRecord(name=model, reference=model in self.added) for model in self.skills),
            conditions=self.conditions,
            fits=tuple(
                FitRecord(model=model, data=data, seed=seed, state="done")
                for data in tests
                for model in self.skills
                for seed in self.seeds_of(model)
            ),
            cells=tuple(cells),
        )


@pytest.fixture
def make_up(tmp_path: Path) -> Callable[..., RunFolder]:
    """Write a made-up run: a folder name, then fields of `MadeUp`."""

    def make(name: str = "run", **changes: object) -> RunFolder:
        made_up = MadeUp({"strong": 2.0, "weak": 0.5})
        return replace(made_up, **changes).write(tmp_path / name)  # type: ignore[arg-type]  # checked at run time

    return make

"""CEL's removals, modality drop and the context protocols of one run share what they can."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emobench.baselines.base import FitContext, State, TrainingRecord
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.harness import execute
from emobench.benchmark.plan import Options, Request, make_plan
from emobench.benchmark.prediction_files import read_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.registry import DATASETS, MODELS
from emobench.benchmark.run_folder import RunFolder

PROTOCOLS = ("removals", "modality_drop", "context_removal", "turn_loss", "removals:mode=strict")


@dataclass(frozen=True)
class Counting:
    """A model that keeps what it was given."""

    given: ClassVar[list[bytes]] = []
    deterministic: ClassVar[bool] = True
    record: TrainingRecord = field(default_factory=TrainingRecord)

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> "Counting":
        return self

    def restore(self, state: State, *, device: str = "cpu") -> "Counting":
        return self

    def state(self) -> State:
        return State({}, {})

    def predict(self, conversations: Conversations) -> Predictions:
        arrays = [*conversations.features.values(), *conversations.observed.values(), conversations.dialogue]
        self.given.append(
            b"|".join(array.tobytes() for array in (*arrays, conversations.speaker, conversations.target))
        )
        size = np.bincount(conversations.dialogue)[conversations.dialogue]
        first = 1 / (1.5 + size + sum(map(np.asarray, conversations.observed.values())))
        return Predictions(np.stack([first, 1 - first, 0 * first], axis=1))


def test_each_distinct_input_is_predicted_once(
    tmp_path: Path, small: Callable[..., Conversations], register: Callable[..., None]
) -> None:
    @dataclass(frozen=True)
    class Short:
        """Dialogues so short that some removals take nothing away, or the same."""

        def load(self) -> DataSplits:
            return DataSplits(*(small(lengths=(4, 2, 1, 3), split=name) for name in ("train", "validation", "test")))

    register(DATASETS, "short", Short)
    register(MODELS, "counting", Counting)
    Counting.given.clear()
    plan = make_plan(Request(("counting",), PROTOCOLS, ("short",), Options(stress_draws=2)))
    folder = RunFolder(tmp_path)
    record = execute(plan, folder)
    assert {cell.state for cell in record.cells} == {"done"}
    cells = sum(plan.draws_of(condition) for condition in plan.conditions["short"])
    assert len(Counting.given) == len(set(Counting.given)) < cells
    # The nearest 3 and 5 turns of a dialogue of four are the whole of it.
    path = folder.predictions_path("counting", "short", 0)
    clean, window = (read_predictions(path, text).probabilities for text in ("clean", "context_removal:window=3"))
    assert np.array_equal(clean, window)

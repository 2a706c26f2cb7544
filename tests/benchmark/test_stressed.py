"""Predictions under stress come back onto the rows of the original split."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from emobench.baselines.base import State, TrainingRecord
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import PredictionError
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.stressed import predict_under, realised_under

Make = Callable[..., Conversations]


@dataclass
class RowNumber:
    """A model that says which row it was given."""

    record: TrainingRecord = field(default_factory=TrainingRecord)
    drop_last: bool = False

    def predict(self, conversations: Conversations) -> Predictions:
        rows = len(conversations) - self.drop_last
        first = np.arange(rows) / 1000
        columns = np.stack([first, 1 - first, np.zeros(rows)], axis=1)
        return Predictions(columns, {"text": np.arange(rows) * 1.0}, np.arange(rows * 2.0).reshape(rows, 2))

    def state(self) -> State:
        return State({}, {})


def test_rows_are_read_where_their_target_says(small: Make) -> None:
    clean = small(lengths=(2, 3))
    # The first dialogue twice: once read at its first turn, once at its second.
    doubled = clean.take_dialogues([0, 0, 1]).change(target=np.array([0, -1, -1, 1, 4, 2, 3]))
    read = predict_under(RowNumber(), clean, doubled)
    assert (read.probabilities[:, 0] * 1000).round().tolist() == [0, 3, 5, 6, 4]
    assert read.modality_weights["text"].tolist() == [0, 3, 5, 6, 4]
    assert read.hidden is not None
    assert read.hidden[:, 0].tolist() == [0, 6, 10, 12, 8]


@pytest.mark.parametrize("target", [[0, 1, 2, 3, 3], [0, 1, 2, 3, -1]])
def test_a_target_left_out_or_repeated_is_an_error(small: Make, target: list[int]) -> None:
    clean = small(lengths=(2, 3))
    with pytest.raises(PredictionError, match="expected each of 5 utterances to be read once"):
        predict_under(RowNumber(), clean, clean.change(target=np.array(target)))


def test_a_model_that_loses_rows_is_an_error(small: Make) -> None:
    clean = small(lengths=(2, 3))
    with pytest.raises(PredictionError, match=r"expected probabilities as utterances × classes \(5, 3\), got \(4, 3\)"):
        predict_under(RowNumber(drop_last=True), clean, clean)


def test_realised_rates_count_what_was_taken_away_from_rows_that_are_read(small: Make) -> None:
    clean = small(lengths=(2, 2))
    present = {"text": np.array([False, True, True, True]), "audio": np.zeros(4, bool)}
    hit = clean.with_modalities(present=present)
    assert realised_under(clean, hit) == {"text": 0.25, "audio": 1.0, "video": 0.0}
    # What was not there to begin with cannot be taken away.
    assert realised_under(hit, hit)["audio"] == 0.0

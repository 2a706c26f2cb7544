"""Predictions under stress come back onto the rows of the original split."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from emobench.baselines.base import State, TrainingRecord
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable, PredictionError
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.stressed import Digests, predict_under
from emobench.benchmark.trace import Trace

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
    doubled = clean.take_dialogues([0, 0, 1]).change(target=np.array([0, -1, -1, 1, 2, 3, 4]))
    read = predict_under(RowNumber(), clean, doubled)
    assert (read.probabilities[:, 0] * 1000).round().tolist() == [0, 3, 4, 5, 6]
    assert read.modality_weights["text"].tolist() == [0, 3, 4, 5, 6]
    assert read.hidden is not None
    assert read.hidden[:, 0].tolist() == [0, 6, 8, 10, 12]


@pytest.mark.parametrize("target", [[0, 1, 2, 3, 3], [0, 1, 2, 3, -1]])
def test_a_target_left_out_or_repeated_is_an_error(small: Make, target: list[int]) -> None:
    clean = small(lengths=(2, 3))
    with pytest.raises(PredictionError, match="expected each of 5 utterances to be read once"):
        predict_under(RowNumber(), clean, clean.change(target=np.array(target)))


def test_an_utterance_is_not_read_in_the_place_of_another(small: Make) -> None:
    clean = small(lengths=(2, 3))
    with pytest.raises(PredictionError, match="expected test_0 to be read at its own row, got test_1"):
        predict_under(RowNumber(), clean, clean.change(target=np.array([1, 0, 2, 3, 4])))


def test_a_model_that_loses_rows_is_an_error(small: Make) -> None:
    clean = small(lengths=(2, 3))
    with pytest.raises(PredictionError, match=r"expected probabilities as utterances × classes \(5, 3\), got \(4, 3\)"):
        predict_under(RowNumber(drop_last=True), clean, clean)


def test_links_are_for_models_that_honour_them(small: Make) -> None:
    linked = small().change(links=Context("intra"))
    with pytest.raises(NotApplicable, match="this model takes no pairwise mask of the context; type mode=strict"):
        predict_under(RowNumber(), small(), linked)

    class Honest(RowNumber):
        honours_links = True

    assert len(predict_under(Honest(), small(), linked).probabilities) == len(linked)


def test_a_digest_tells_what_a_model_may_read_and_nothing_else(small: Make) -> None:
    clean = small(lengths=(2, 3))
    digests = Digests(clean)
    same = clean.with_modalities(features={"text": clean.features["text"].copy()})
    traced = clean.change(trace=Trace(unknown="who knows"), present={m: ~x for m, x in clean.present.items()})
    told = {"text": np.zeros(5, bool)}
    others = [
        clean.with_modalities(features={"text": clean.features["text"] + 1}),
        clean.with_modalities(observed=told),
        clean.change(speaker=clean.speaker[::-1].copy()),
        clean.change(target=clean.target[::-1].copy()),
        clean.change(links=Context("inter")),
        clean.change(concealed={"text": np.ones((5, 4), bool)}),
        clean.change(transcripts=("a", "b", "c", "d", "e")),
        clean.change(transcripts=("a", "b", "c", "d", "f")),
        clean.change(dialogue=np.array([0, 0, 0, 1, 1])),
    ]
    assert digests.of(clean) == digests.of(same) == digests.of(traced) == Digests(same).of(clean)
    assert len({digests.of(other) for other in (clean, *others)}) == 1 + len(others)

"""From utterances as corpora list them to conversations."""

import numpy as np
import pytest

from emobench.benchmark.datasets.utterances import (
    Count,
    Utterance,
    conversations_of,
    require_distinct,
    require_published,
)
from emobench.benchmark.errors import DataError


def utterance(dialogue: str, number: int, speaker: str = "A", label: int = 0) -> Utterance:
    name = f"{dialogue}_{number}"
    return Utterance(f"file, line {number}", name, dialogue, (dialogue, number), speaker, label, f"said {name}")


LISTED = [
    utterance("b", 10, "Z", 1),
    utterance("a", 1, "X"),
    utterance("b", 2, "Y"),
    utterance("b", 9, "Z"),
    utterance("b", 11, "Y", 1),
]


def test_order_speakers_and_features_follow_the_position() -> None:
    features = np.arange(10, dtype=np.float32).reshape(5, 2)
    made = conversations_of(LISTED, {"text": features}, data="d", split="test", classes=("no", "yes"))
    assert made.utterance_ids == ("a_1", "b_2", "b_9", "b_10", "b_11")
    assert made.dialogue_ids == ("a", "b")
    assert made.transcripts == tuple(f"said {name}" for name in made.utterance_ids)
    np.testing.assert_array_equal(made.dialogue, [0, 1, 1, 1, 1])
    np.testing.assert_array_equal(made.speaker, [0, 0, 1, 1, 0])
    np.testing.assert_array_equal(made.label, [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(made.target, np.arange(5))
    np.testing.assert_array_equal(made.features["text"][:, 0], [2, 4, 6, 0, 8])
    assert made.observed["text"].all()
    assert made.present["text"].all()


def test_an_utterance_is_listed_once() -> None:
    with pytest.raises(DataError) as caught:
        require_distinct({"train": LISTED, "test": [utterance("a", 1)]})
    assert str(caught.value) == "file, line 1: utterance a_1 is already at file, line 1"


def test_a_dialogue_is_in_one_split() -> None:
    with pytest.raises(DataError) as caught:
        require_distinct({"train": LISTED, "test": [utterance("a", 2)]})
    assert str(caught.value) == "file, line 2: dialogue a is in test and in train; expected it in one split only"


def test_published_counts_are_demanded() -> None:
    require_published(LISTED, Count(2, 5), data="d", split="train")
    for wrong in (Count(3, 5), Count(2, 6)):
        with pytest.raises(DataError) as caught:
            require_published(LISTED, wrong, data="d", split="train")
        assert str(caught.value) == (
            f"d, train: expected {wrong.dialogues} dialogues and {wrong.utterances} utterances as published, "
            "got 2 and 5; is a file cut off or another version? --partial accepts it"
        )

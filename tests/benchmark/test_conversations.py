"""Conversations are checked once, and frozen."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError

Make = Callable[..., Conversations]


def test_turns_and_starts_follow_from_the_dialogues(small: Make) -> None:
    made = small(lengths=(3, 1, 2))
    assert made.starts.tolist() == [0, 3, 4, 6]
    assert made.turn.tolist() == [0, 1, 2, 0, 0, 1]
    assert (len(made), made.dialogues, made.modalities) == (6, 3, ("text", "audio", "video"))


def test_turns_and_starts_of_a_copy_are_those_of_its_own_dialogues(small: Make) -> None:
    made = small(lengths=(3, 1, 2))
    same = made.change(label=made.label)
    assert same.starts is made.starts
    assert same.turn is made.turn
    other = made.change(dialogue=np.array([0, 1, 1, 1, 2, 2]))
    assert other.starts.tolist() == [0, 1, 4, 6]
    assert other.turn.tolist() == [0, 0, 1, 2, 0, 1]


def test_arrays_are_read_only(small: Make) -> None:
    made = small()
    for array in (made.label, made.features["text"], made.observed["audio"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def change(made: Conversations, **fields: object) -> Conversations:
    return made.change(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (lambda c: {"utterance_ids": ("x",)}, "small, test: expected 9 rows (one per label), got 1 in utterance_ids"),
        (lambda c: {"label": c.label + 7}, "small, test: expected label from -1 to 2, got"),
        (lambda c: {"label": c.label - 9}, "small, test: expected label from -1 to 2, got"),
        (lambda c: {"speaker": c.speaker - 2}, "small, test: expected speaker from 0, got -"),
        (lambda c: {"target": c.target - 2}, "small, test: expected target from -1, got -2 at row 0"),
        (lambda c: {"dialogue": c.dialogue[::-1].copy()}, "small, test: expected contiguous dialogues numbered 0 … 2"),
        (lambda c: {"dialogue": c.dialogue * 2}, "none of them empty; got a step of 2 between rows"),
        (lambda c: {"dialogue_ids": (*c.dialogue_ids, "x")}, "expected contiguous dialogues numbered 0 … 3"),
        (lambda c: {"classes": ("one",)}, "expected two or more distinct classes, got ('one',)"),
        (lambda c: {"classes": ("one", "one", "two")}, "expected two or more distinct classes"),
        (lambda c: {"features": {}}, "expected at least one modality and one utterance, got [] and 9"),
        (lambda c: {"observed": {}}, "features, observed and present must name the same modalities"),
        (lambda c: {"transcripts": ("hello",)}, "expected 9 rows (one per label), got 1 in transcripts"),
        (
            lambda c: {"concealed": {"audio": np.ones((9, 4), bool)}},
            "small, test: expected concealed audio as (9, 5), got (9, 4)",
        ),
        (lambda c: {"concealed": {"smell": np.ones((9, 4), bool)}}, "expected concealed smell as no such modality"),
        (
            lambda c: {"features": {**c.features, "text": c.features["text"][:, :0]}},
            "expected text as utterances × width in float32, got (9, 0) in float32",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    small: Make, fields: Callable[[Conversations], dict[str, object]], message: str
) -> None:
    made = small()
    with pytest.raises(DataError) as caught:
        made.change(**fields(made))
    assert message in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_named_by_its_utterance(small: Make, bad: float) -> None:
    made = small()
    audio = made.features["audio"].copy()
    audio[4, 2] = bad
    with pytest.raises(DataError, match="audio holds a value that is not finite, at utterance test_4"):
        made.with_modalities(features={"audio": audio})


def test_large_numbers_are_finite(small: Make) -> None:
    made = small()
    with warnings.catch_warnings(action="error"):
        made.with_modalities(features={"audio": np.full(made.features["audio"].shape, 3e38, np.float32)})
    mixed = np.where(np.arange(made.widths["audio"]) % 2, np.inf, -np.inf).astype(np.float32)
    with warnings.catch_warnings(action="error"), pytest.raises(DataError, match="not finite, at utterance test_0"):
        made.with_modalities(features={"audio": np.broadcast_to(mixed, made.features["audio"].shape).copy()})


def test_taking_dialogues_keeps_rows_together(small: Make) -> None:
    made = small(lengths=(3, 1, 2)).change(transcripts=tuple("abcdef"))
    taken = made.take_dialogues([2, 0])
    assert taken.transcripts == ("e", "f", "a", "b", "c")
    assert taken.dialogue.tolist() == [0, 0, 1, 1, 1]
    assert taken.dialogue_ids == ("test_dialogue_2", "test_dialogue_0")
    assert np.array_equal(taken.features["video"], made.features["video"][[4, 5, 0, 1, 2]])
    assert taken.target.tolist() == [0, 1, 2, 3, 4]


def test_splits_must_belong_together(small_splits: DataSplits, small: Make) -> None:
    with pytest.raises(DataError, match="splits of one data set must share name, classes and widths"):
        replace(small_splits, test=small(modalities=("text",)))


def test_the_fingerprint_sees_every_part(small_splits: DataSplits) -> None:
    test = small_splits.test
    flipped = test.observed["text"].copy()
    flipped[0] = False
    moved = test.features["audio"].copy()
    moved[-1, -1] += np.float32(1e-6)
    changes: list[dict[str, object]] = [
        {"label": np.roll(test.label, 1)},
        {"speaker": 1 - test.speaker},
        {"observed": {**test.observed, "text": flipped}},
        {"features": {**test.features, "audio": moved}},
        {"utterance_ids": (*test.utterance_ids[:-1], "renamed")},
        {"transcripts": ("",) * len(test)},
    ]
    prints = {replace(small_splits, test=test.change(**fields)).fingerprint for fields in changes}
    assert len(prints | {small_splits.fingerprint}) == len(changes) + 1
    again = DataSplits(small_splits.train, small_splits.validation, small_splits.test.change())
    assert again.fingerprint == small_splits.fingerprint

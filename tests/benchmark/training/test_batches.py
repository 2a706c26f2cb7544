"""Padding, and which dialogues go together."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.training.batches import POOL, make_batch, padded_rows, prediction_batches, training_batches

Make = Callable[..., Conversations]


def test_a_batch_holds_the_dialogues_named_and_zeros(small: Make) -> None:
    conversations = small(lengths=(3, 1, 5))
    batch = make_batch(conversations, np.array([1, 0]), device="cpu")
    assert batch.valid.tolist() == [[True, False, False], [True, True, True]]
    assert np.array_equal(batch.features["audio"][0, 0], conversations.features["audio"][3])
    assert np.array_equal(batch.features["audio"][1], conversations.features["audio"][:3])
    assert not batch.features["audio"][0, 1:].any()
    assert batch.observed["audio"].tolist() == batch.valid.tolist()
    assert batch.label[0].tolist() == [conversations.label[3], -1, -1]
    assert batch.speaker[1].tolist() == conversations.speaker[:3].tolist()


def test_a_batch_is_a_copy(small: Make) -> None:
    conversations = small()
    before = conversations.features["text"].copy()
    make_batch(conversations, np.array([0]), device="cpu").features["text"].add_(1)
    assert np.array_equal(conversations.features["text"], before)


def test_padded_rows_name_each_turn(small: Make) -> None:
    row, valid = padded_rows(small(lengths=(3, 1, 5)), np.array([2, 1]))
    assert row[valid].tolist() == [4, 5, 6, 7, 8, 3]
    assert row.shape == (2, 5)


lengths = st.lists(st.integers(1, 40), min_size=1, max_size=60)


def of_lengths(make: Make, turns: list[int]) -> Conversations:
    return make(lengths=tuple(turns), modalities=("text",))


class TestPredictionBatches:
    def test_every_dialogue_once_and_none_too_large(self, small: Make) -> None:
        @given(lengths)
        def check(turns: list[int]) -> None:
            groups = prediction_batches(of_lengths(small, turns), most=64)
            assert sorted(np.concatenate(groups)) == list(range(len(turns)))
            sizes = np.array(turns)
            assert all(len(group) * sizes[group].max() <= 64 for group in groups)

        check()

    def test_a_dialogue_longer_than_a_batch_is_alone(self, small: Make) -> None:
        groups = prediction_batches(of_lengths(small, [9, 2, 8]), most=7)
        assert [group.tolist() for group in groups] == [[1], [2], [0]]

    def test_the_limit_itself_is_allowed(self, small: Make) -> None:
        assert len(prediction_batches(of_lengths(small, [4, 4]), most=8)) == 1
        assert len(prediction_batches(of_lengths(small, [4, 4]), most=7)) == 2


class TestTrainingBatches:
    def test_every_dialogue_once_of_like_length_and_in_other_company_each_time(self, small: Make) -> None:
        turns = Randomness(0).generator().integers(1, 30, 2 * POOL * 4 + 3).tolist()
        conversations, sizes = of_lengths(small, turns), np.array(turns)
        first, second, again = (
            training_batches(conversations, size=4, rng=Randomness(seed).generator()) for seed in (1, 2, 1)
        )
        for groups in (first, second):
            assert sorted(np.concatenate(groups)) == list(range(len(turns)))
            assert sorted({len(group) for group in groups}) == [3, 4]
            # Four of 1 to 29 turns drawn without sorting differ by about 17 in a batch.
            assert sum(np.ptp(sizes[group]) for group in groups) < 5 * len(groups)
        assert [group.tolist() for group in first] == [group.tolist() for group in again]
        assert {frozenset(group.tolist()) for group in first} != {frozenset(group.tolist()) for group in second}

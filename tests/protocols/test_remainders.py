"""Equal remainders of a dialogue are one sub-dialogue."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emobench.benchmark.conversations import Conversations
from emobench.protocols.remainders import split_by_remainder
from tests.conftest import conversations

Make = Callable[..., Conversations]


def split(kept: list[list[int]], target: list[int]) -> Conversations:
    """Return what remains of a single dialogue."""
    clean = conversations(lengths=(len(target),)).change(target=np.array(target))
    return split_by_remainder(clean, lambda rows: np.array(kept, bool))


def test_by_hand() -> None:
    found = split([[1, 1, 0], [1, 1, 0], [0, 1, 1]], [0, 1, 2])
    assert found.dialogue.tolist() == [0, 0, 1, 1]
    assert found.utterance_ids == ("test_0", "test_1", "test_1", "test_2")
    assert found.target.tolist() == [0, 1, -1, 2]


def test_what_nobody_draws_on_is_gone() -> None:
    found = split([[1, 1, 0], [1, 1, 1], [0, 0, 1]], [0, -1, -1])
    assert found.dialogue.tolist() == [0, 0]
    assert found.utterance_ids == ("test_0", "test_1")
    assert found.target.tolist() == [0, -1]


def test_targets_that_share_a_remainder_stand_where_the_first_of_them_does() -> None:
    found = split([[1, 0, 1], [0, 1, 0], [1, 0, 1]], [0, 1, 2])
    assert found.dialogue.tolist() == [0, 0, 1]
    assert found.target.tolist() == [0, 2, 1]


@given(st.integers(1, 8), st.integers(0, 2**64 - 1), st.integers(1, 255))
def test_every_target_is_read_once_among_what_is_kept_for_it(turns: int, links: int, targets: int) -> None:
    bits = np.array([links >> place & 1 for place in range(64)], bool).reshape(8, 8)[:turns, :turns]
    kept = bits | np.eye(turns, dtype=bool)
    target = np.array([row if targets >> row & 1 or not row else -1 for row in range(turns)])
    found = split(kept.tolist(), target.tolist())
    rows = np.array([int(name.removeprefix("test_")) for name in found.utterance_ids])
    read = found.target >= 0
    assert sorted(rows[read]) == np.flatnonzero(target >= 0).tolist()
    assert found.target[read].tolist() == rows[read].tolist()
    for number, turn in zip(found.dialogue[read], rows[read], strict=True):
        assert rows[found.dialogue == number].tolist() == np.flatnonzero(kept[turn]).tolist()
    assert found.dialogues == len({tuple(row) for row in kept[target >= 0].tolist()})


def test_equal_remainders_of_two_dialogues_are_two(small: Make) -> None:
    after = split_by_remainder(small(lengths=(2, 2)), lambda rows: np.ones((2, 2), bool))
    assert after.dialogue_ids == ("test_dialogue_0", "test_dialogue_1")
    assert after.dialogue.tolist() == [0, 0, 1, 1]


def test_a_dialogue_of_which_nothing_is_read_is_gone(small: Make) -> None:
    clean = small(lengths=(2, 3, 1))
    context = clean.change(target=np.array([-1, -1, 0, 1, -1, 2]))
    after = split_by_remainder(context, lambda rows: np.ones((rows.stop - rows.start,) * 2, bool))
    assert after.dialogue_ids == ("test_dialogue_1", "test_dialogue_2")
    assert after.dialogue.tolist() == [0, 0, 0, 1]
    assert after.target.tolist() == [0, 1, -1, 2]

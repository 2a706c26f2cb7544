"""Equal remainders of a dialogue are one sub-dialogue."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emobench.benchmark.conversations import Conversations
from emobench.protocols.remainders import remainders, split_by_remainder

Make = Callable[..., Conversations]


def test_by_hand() -> None:
    kept = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]], bool)
    found = remainders(kept, np.array([True, True, True]))
    assert found.number.tolist() == [0, 0, 1, 1]
    assert found.turn.tolist() == [0, 1, 1, 2]
    assert found.read.tolist() == [True, True, False, True]


def test_what_nobody_draws_on_is_gone() -> None:
    kept = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1]], bool)
    found = remainders(kept, np.array([True, False, False]))
    assert found.number.tolist() == [0, 0]
    assert found.turn.tolist() == [0, 1]
    assert found.read.tolist() == [True, False]


@given(st.integers(1, 8), st.integers(0, 2**64 - 1), st.integers(0, 255))
def test_every_target_is_read_once_among_what_is_kept_for_it(turns: int, links: int, targets: int) -> None:
    bits = np.array([links >> place & 1 for place in range(64)], bool).reshape(8, 8)[:turns, :turns]
    kept = bits | np.eye(turns, dtype=bool)
    target = np.array([targets >> place & 1 for place in range(turns)], bool)
    found = remainders(kept, target)
    assert sorted(found.turn[found.read]) == np.flatnonzero(target).tolist()
    for number, turn in zip(found.number[found.read], found.turn[found.read], strict=True):
        assert found.turn[found.number == number].tolist() == np.flatnonzero(kept[turn]).tolist()
    assert len(set(found.number)) == len({tuple(row) for row in kept[target].tolist()})
    assert found.number.tolist() == sorted(found.number)


def test_a_dialogue_of_which_nothing_is_read_is_gone(small: Make) -> None:
    clean = small(lengths=(2, 3, 1))
    context = clean.change(target=np.array([-1, -1, 0, 1, -1, 2]))
    after = split_by_remainder(context, lambda rows: np.ones((rows.stop - rows.start,) * 2, bool))
    assert after.dialogue_ids == ("test_dialogue_1", "test_dialogue_2")
    assert after.dialogue.tolist() == [0, 0, 0, 1]
    assert after.target.tolist() == [0, 1, -1, 2]

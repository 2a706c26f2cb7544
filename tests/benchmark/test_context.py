"""The rule of what a turn may draw on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emobench.benchmark.context import Context, Removed

SPEAKER = np.array([0, 1, 0, 1])
TURN = np.arange(4)


def drawn(rule: Context, speaker: np.ndarray = SPEAKER, turn: np.ndarray = TURN) -> list[list[int]]:
    """Return for each row which rows it may draw on."""
    return [np.flatnonzero(row).tolist() for row in rule.mask(speaker, turn)]


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        ("intra", [[0, 1, 3], [0, 1, 2], [1, 2, 3], [0, 2, 3]]),
        ("inter", [[0, 2], [1, 3], [0, 2], [1, 3]]),
        ("all", [[0], [1], [2], [3]]),
        ("past", [[0, 1, 2, 3], [1, 2, 3], [2, 3], [3]]),
        ("future", [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]),
    ],
)
def test_what_is_left_by_hand(removed: Removed, expected: list[list[int]]) -> None:
    assert drawn(Context(removed)) == expected


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (1, [[0, 1], [0, 1], [1, 2], [2, 3]]),
        (2, [[0, 1, 2], [0, 1, 2], [1, 2, 3], [1, 2, 3]]),
        (3, [[0, 1, 2, 3]] * 4),
        (9, [[0, 1, 2, 3]] * 4),
    ],
)
def test_of_two_that_are_as_near_the_earlier_one_is_kept(window: int, expected: list[list[int]]) -> None:
    assert drawn(Context("distant", window)) == expected


def test_nearness_is_counted_in_turns_as_recorded() -> None:
    turn = np.array([0, 3, 4, 8])
    assert drawn(Context("distant", 1), turn=turn) == [[0, 1], [1, 2], [1, 2], [2, 3]]
    assert drawn(Context("distant", 2), turn=turn) == [[0, 1, 2], [0, 1, 2], [0, 1, 2], [1, 2, 3]]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.integers(0, 12))
def test_a_window_keeps_so_many_and_a_wider_one_keeps_them_too(steps: list[int], window: int) -> None:
    turn = np.cumsum(steps)
    speaker = np.zeros(len(turn), np.int64)
    narrow, wide = (Context("distant", width).mask(speaker, turn) for width in (window, window + 1))
    assert (narrow.sum(axis=1) == min(window, len(turn) - 1) + 1).all()
    assert narrow.diagonal().all()
    assert not (narrow & ~wide).any()
    distance = np.abs(turn[:, None] - turn)
    assert (np.where(narrow, distance, 0).max(axis=1) <= np.where(narrow, 10**9, distance).min(axis=1)).all()

"""What is kept of every turn."""

import torch

from emobench.benchmark.training.conversation_layers import SinusoidalPositions
from emobench.benchmark.training.streams import FEWEST, Kept


def test_rows_come_back_in_the_order_of_the_turns_however_many() -> None:
    turns = torch.randn(2 * FEWEST + 3, 2, 3, 1, 4)
    kept = Kept()
    for count, newest in enumerate(turns, 1):
        everything = kept.added(newest)
        assert kept.turns == count
        assert torch.equal(everything, torch.cat(list(turns[:count]), dim=-2))


def test_a_row_that_is_not_kept_is_there_once() -> None:
    kept = Kept()
    first, passing, second = torch.randn(3, 1, 4)
    kept.added(first)
    assert torch.equal(kept.with_newest(passing), torch.cat([first, passing]))
    assert torch.equal(kept.added(second), torch.cat([first, second]))


def test_adding_a_turn_copies_none_before_it_while_there_is_room() -> None:
    kept = Kept()
    places = {kept.added(torch.randn(1, 4)).data_ptr() for _ in range(4 * FEWEST)}
    assert len(places) == 3


def test_positions_can_begin_later() -> None:
    positions, rows = SinusoidalPositions(6), torch.zeros(1, 9, 6)
    assert torch.equal(positions(rows)[:, 5:], positions(rows[:, 5:], first=5))

"""The number of threads is put back."""

import pytest
import torch
from torch import nn

from emobench.benchmark.training import threads


@pytest.mark.parametrize(("smaller_than", "inside"), [(100, 1), (10, 2)])
def test_small_networks_get_one_thread_and_the_number_is_put_back(
    monkeypatch: pytest.MonkeyPatch, smaller_than: int, inside: int
) -> None:
    monkeypatch.setattr(threads, "SMALL", smaller_than)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    seen: list[int] = []

    def interrupted() -> None:
        with threads.threads_for(nn.Linear(4, 4)):
            seen.append(torch.get_num_threads())
            raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert seen == [inside]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_network_that_is_not_small_keeps_the_number() -> None:
    assert threads.suits_one_thread(nn.Linear(4, 4))
    before = torch.get_num_threads()
    for wanted in (True, False):
        with threads.one_thread(wanted):
            assert torch.get_num_threads() == (1 if wanted else before)
    assert torch.get_num_threads() == before

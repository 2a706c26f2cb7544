"""A number of threads that is held is used by everybody, and what was before comes back."""

import os
import sys

import pytest
import threadpoolctl
import torch
from torch import nn

from emobench.benchmark import threads
from emobench.benchmark.cores import allowed_cores
from emobench.benchmark.run_record import RunRecord
from emobench.benchmark.threads import held_threads, threads_held
from emobench.benchmark.training.threads import one_thread, threads_for

ALLOWED = allowed_cores()


def pools() -> dict[str, int]:
    return {pool["filepath"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}


def test_everybody_uses_the_number_that_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = torch.get_num_threads(), pools()
    assert held_threads() is None
    with threads_held(2):
        assert held_threads() == torch.get_num_threads() == 2
        assert {*pools().values()} <= {1, 2}, "a pool may have no more than one"
        assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("2", "2")
        with threads_held(1):
            assert held_threads() == torch.get_num_threads() == 1
        assert held_threads() == torch.get_num_threads() == 2
    assert held_threads() is None
    assert (torch.get_num_threads(), pools()) == before
    assert (os.environ["OMP_NUM_THREADS"], "MKL_NUM_THREADS" in os.environ) == ("3", False)


def test_the_size_of_a_network_is_no_matter_then() -> None:
    with threads_held(2):
        with threads_for(nn.Linear(2, 2)):
            assert torch.get_num_threads() == 2
        # As torch is when it is imported in the meantime.
        torch.set_num_threads(1)
        with one_thread(wanted=False):
            assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("asked", "expected"), [("3", 3), ("", ALLOWED), ("0", ALLOWED), ("many", ALLOWED)])
def test_torch_that_is_imported_meanwhile_gets_what_it_would_have_taken(
    monkeypatch: pytest.MonkeyPatch, asked: str, expected: int
) -> None:
    told: list[int] = []
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(threads, "_tell_torch", told.append)
    with threads_held(1):
        pass
    assert told == [1, expected]


def test_without_torch_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.delitem(sys.modules, "torch")
    with threads_held(before + 1):
        pass
    assert torch.get_num_threads() == before


def test_an_older_record_that_says_nothing_of_threads_had_one() -> None:
    known = {"command": "", "created": "", "versions": {}, "seeds": (0,), "stress_seed": 0, "selection": "test"}
    for hardware, number in (({}, 1), ({"threads": "1; 2"}, 1), ({"threads": "4"}, 4)):
        record = RunRecord(**known, hardware=hardware, data=(), models=(), conditions=())  # type: ignore[arg-type]
        assert record.threads == number

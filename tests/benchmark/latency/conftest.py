"""What tests of measuring share."""

from collections.abc import Callable

import pytest
from latency_cells import MACHINE, samples
from worker_orders import checkpoints

from emobench.benchmark.latency import run
from emobench.benchmark.latency.files import PartSamples
from emobench.benchmark.latency.orders import Answer, Order
from emobench.benchmark.latency.record import ReferenceRecord


@pytest.fixture(scope="session")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return where the checkpoint of a model lies, made when asked for."""
    return checkpoints(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """Return what would have been measured; the answers are made up."""
    seen: list[Order] = []

    def answered(order: Order) -> tuple[Answer, tuple[PartSamples, ...]]:
        seen.append(order)
        if order.cell.batch == 64:
            return Answer(state="failed", why="out of memory"), ()
        reference = ReferenceRecord(operation="product", milliseconds=(0.5, 0.5), median=0.5)
        return Answer(state="done", machine=MACHINE, reference=reference), (samples(order.cell),)

    monkeypatch.setattr(run, "measure_in_fresh_process", answered)
    return seen

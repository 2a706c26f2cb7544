import pytest
import torch

from emobench.benchmark.latency import reference
from emobench.benchmark.latency.devices import Elapsed, HostStopwatch, Work
from emobench.benchmark.latency.reference import REPEATS, SIZES, UNTIMED, reference_for


class Listed:
    """A stopwatch that does the work and says what is in a list."""

    def __init__(self, milliseconds: list[float]) -> None:
        self.left = milliseconds

    def time(self, work: Work) -> Elapsed:
        assert isinstance(product := work(), torch.Tensor)
        assert product.shape == (SIZES["cpu"], SIZES["cpu"])
        return Elapsed(self.left.pop(0), -1.0)


def test_a_reading_is_the_median_of_products_after_some_that_warm_up() -> None:
    stopwatch = Listed([90.0] * UNTIMED + [4.0, 50.0, 3.0, 5.0, 2.0] + [80.0] * UNTIMED + [7.0] * REPEATS)
    timed = reference_for("cpu", stopwatch)
    assert (timed(), timed()) == (4.0, 7.0)
    assert stopwatch.left == []


def test_on_a_device_it_is_the_time_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    class OnDevice:
        def time(self, work: Work) -> Elapsed:
            return Elapsed(9.0, 6.0)

    monkeypatch.setattr(torch.Tensor, "to", lambda self, device: self)
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *size, device: empty(*size))
    monkeypatch.setitem(SIZES, "cuda", 2)
    assert reference_for("cuda", OnDevice())() == 6.0


def test_the_product_is_one_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    places = set[str]()
    multiply = torch.mm

    def watched(left: torch.Tensor, right: torch.Tensor, *, out: torch.Tensor) -> torch.Tensor:
        places.update(tensor.device.type for tensor in (left, right, out))
        return multiply(left, right, out=out)

    monkeypatch.setitem(reference.SIZES, "meta", 4)
    monkeypatch.setattr(torch, "mm", watched)
    reference_for("meta", HostStopwatch())()
    assert places == {"meta"}

import math
from types import SimpleNamespace

import pytest
from fake_clocks import FakeClock, FakeDevice

from emobench.benchmark.latency.devices import DeviceStopwatch, Elapsed, Event, HostStopwatch, stopwatch_for


def test_the_host_is_timed_by_its_clock() -> None:
    clock = FakeClock()
    elapsed = HostStopwatch(clock).time(clock.work(2.5))
    assert elapsed.host == 2.5
    assert math.isnan(elapsed.device)


def test_a_loop_that_does_not_wait_reports_only_the_handing_over() -> None:
    clock = FakeClock()
    device = FakeDevice(clock)
    assert HostStopwatch(clock).time(device.kernel(6.0)).host == pytest.approx(0.01)


def test_both_clocks_see_the_whole_of_what_the_device_does() -> None:
    clock = FakeClock()
    device = FakeDevice(clock)
    stopwatch = DeviceStopwatch(device, clock)
    for _ in range(3):
        host, on_device = stopwatch.time(device.kernel(6.0))
        assert host == pytest.approx(6.01)
        assert on_device == pytest.approx(6.01)


def test_small_kernels_are_waited_for_once_not_each() -> None:
    clock = FakeClock()
    device = FakeDevice(clock, launch=0.001)
    stopwatch = DeviceStopwatch(device, clock)
    kernel = device.kernel(0.005)

    def twelve() -> None:
        for _ in range(12):
            kernel()

    assert stopwatch.time(twelve).host == pytest.approx(0.061)
    assert stopwatch.time(twelve).host == pytest.approx(0.061)
    assert device.synchronised == 2
    assert len(device.events) == 2


def test_work_of_the_host_counts_for_the_user() -> None:
    clock = FakeClock()
    device = FakeDevice(clock, launch=0.0)

    def both() -> None:
        device.kernel(1.0)()
        clock.work(4.0)()

    assert DeviceStopwatch(device, clock).time(both).host == pytest.approx(4.0)


def test_cuda_is_timed_by_events_and_the_processor_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    clock = FakeClock()
    device = FakeDevice(clock)
    timing = list[bool]()

    def event(*, enable_timing: bool) -> Event:
        timing.append(enable_timing)
        return device.event()

    fake = SimpleNamespace(Event=event, synchronize=device.synchronize)
    monkeypatch.setattr(torch, "cuda", fake)
    stopwatch = stopwatch_for("cuda")
    assert device.synchronised == 1
    assert isinstance(stopwatch.time(lambda: None), Elapsed)
    assert device.synchronised == 2
    # An event that keeps no time raises when it is read.
    assert timing == [True, True]
    assert isinstance(stopwatch_for("cpu"), HostStopwatch)

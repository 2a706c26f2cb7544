"""The path of CUDA with a made-up device: what is measured, what is asked of it, what is kept."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fake_clocks import FakeClock, FakeDevice
from worker_orders import DATA, RAGE, order

from emobench.benchmark.latency import worker
from emobench.benchmark.latency.cost import networks_of
from emobench.benchmark.latency.devices import DeviceStopwatch
from emobench.benchmark.latency.orders import Order
from emobench.benchmark.latency.subject import fitted_subject
from emobench.benchmark.latency.worker import measured
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.training.batches import make_batch


def test_a_device_is_timed_by_both_clocks(stem: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    device = FakeDevice(clock)
    stopwatch = DeviceStopwatch(device, clock)
    emptied: list[bool] = []
    fake = SimpleNamespace(
        reset_peak_memory_stats=lambda: None,
        memory_allocated=lambda: 1000,
        max_memory_allocated=lambda: 5000,
        empty_cache=lambda: emptied.append(True),
    )
    monkeypatch.setattr(torch, "cuda", fake)
    monkeypatch.setattr(worker, "stopwatch_for", lambda name: stopwatch)
    monkeypatch.setattr(worker, "machine_record", lambda name: None)
    monkeypatch.setattr(worker, "processes_on_device", lambda name: ("somebody",))
    monkeypatch.setattr(worker, "reference_for", lambda name, watch: lambda: 2.0)
    calls = device.kernel(3.0)
    monkeypatch.setattr("emobench.baselines.prior.FittedPrior.predict", lambda self, conversations: calls())
    answer, (whole,) = measured(order(stem("prior"), device="cuda"))
    assert answer.why == ""
    np.testing.assert_allclose(whole.host, 3.01)
    np.testing.assert_allclose(whole.device, 3.01)
    assert answer.cost is not None
    assert answer.cost.device_peak == 4000
    assert answer.interference is not None
    assert answer.interference.processes[-1] == "somebody"

    def full(self: object, conversations: "worker.Conversations") -> None:
        if conversations.dialogues > 2:
            raise torch.OutOfMemoryError

    monkeypatch.setattr(torch, "OutOfMemoryError", MemoryError)
    monkeypatch.setattr("emobench.baselines.prior.FittedPrior.predict", full)
    answer, _ = measured(order(stem("prior"), device="cuda", scenario="batch", batch=4))
    assert answer.why == "out of memory: the largest batch that fits is 2; type --batch 2"
    assert emptied


@pytest.mark.parametrize(
    ("changes", "modes", "passes"),
    [
        ({"dtype": "bfloat16"}, [], 1),
        ({"compiled": "default"}, ["default"], 1),
        ({"dtype": "bfloat16", "compiled": "reduce-overhead"}, ["reduce-overhead"], 3),
    ],
)
def test_a_network_on_a_device_is_waited_for_once_in_each_iteration(
    stem: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    modes: list[str],
    passes: int,
) -> None:
    """The path of CUDA with a made-up device, on which each forward pass of the network takes 3 ms."""
    clock = FakeClock()
    device = FakeDevice(clock)
    stopwatch = DeviceStopwatch(device, clock)
    kernel, seen, compiled, placed = device.kernel(3.0), set[torch.dtype](), list[str](), set[str]()
    launched = 0

    def subject(of: Order, splits: "worker.DataSplits", *, device: str) -> "worker.FittedModel":
        fitted = fitted_subject(of, splits, device="cpu")
        if device == "cuda":
            for network in networks_of(fitted):
                network.register_forward_hook(launch)
        return fitted

    def launch(network: torch.nn.Module, *_: object) -> None:
        nonlocal launched
        launched += 1
        seen.update(parameter.dtype for parameter in network.parameters())
        kernel()

    def batch(*arguments: object, device: str) -> object:
        placed.add(device)
        return make_batch(*arguments, device="cpu")  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: None)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 0)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 0)
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, *, mode: compiled.append(mode))
    monkeypatch.setattr(worker, "stopwatch_for", lambda name: stopwatch)
    monkeypatch.setattr(worker, "machine_record", lambda name: None)
    monkeypatch.setattr(worker, "reference_for", lambda name, watch: lambda: 2.0)
    monkeypatch.setattr(worker, "fitted_subject", subject)
    monkeypatch.setattr("emobench.benchmark.training.batches.make_batch", batch)
    answer, samples = measured(order(stem(RAGE), model=RAGE, device="cuda", **changes))
    assert (answer.state, answer.why) == ("done", "")
    assert [one.part for one in samples] == ["whole", "forward"]
    for one in samples:
        np.testing.assert_allclose(one.host, 3.01)
        np.testing.assert_allclose(one.device, 3.01)
    assert device.synchronised == launched
    assert compiled == modes
    assert seen == {torch.bfloat16 if "dtype" in changes else torch.float32}
    assert "cuda" in placed
    inputs = make(DATASETS, DATA).load().test
    assert answer.warm_up is not None
    assert answer.warm_up.iterations - passes * len(inputs) in (20, 30)

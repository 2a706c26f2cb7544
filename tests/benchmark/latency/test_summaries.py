import numpy as np
import pytest
from latency_cells import cell, samples
from scipy.stats import t

from emobench.benchmark.latency.files import PartSamples
from emobench.benchmark.latency.summaries import budget_of, summaries_of, throughput_of


def of_blocks(means: list[float], *, batch: int = 1) -> PartSamples:
    size = 10
    host = np.repeat(np.array(means, np.float32), size)
    block = np.repeat(np.arange(len(means), dtype=np.int32), size)
    nothing = np.full(len(host), np.nan, np.float32)
    one = cell(scenario="batch", batch=batch)
    return PartSamples(one, "whole", np.full(len(host), -1, np.int32), block, host, nothing)


def test_throughput_is_answers_over_time_with_an_interval_by_batch_means() -> None:
    found = throughput_of(of_blocks([2.0, 2.5, 4.0], batch=8))
    assert found.value == pytest.approx(1000 * 8 / np.mean([2.0, 2.5, 4.0]))
    rates = np.array([4000.0, 3200.0, 2000.0])
    half = t.ppf(0.975, 2) * rates.std(ddof=1) / np.sqrt(3)
    assert found.high == pytest.approx(found.value + half)
    assert found.low == pytest.approx(max(0.0, found.value - half))


def test_one_block_has_no_interval() -> None:
    found = throughput_of(of_blocks([2.0]))
    assert (found.value, found.low, found.high) == (500.0, None, None)


def test_the_device_has_figures_where_there_is_one() -> None:
    on_host, on_device = summaries_of([samples(cell(device="cuda"))])
    assert (on_host.clock, on_device.clock) == ("host", "device")
    assert on_device.mean == pytest.approx(0.8 * on_host.mean)
    assert [summary.clock for summary in summaries_of([samples(cell())])] == ["host"]


def test_figures_are_those_of_the_samples() -> None:
    taken = samples(cell(), iterations=100)
    (summary,) = summaries_of([taken])
    host = taken.host.astype(np.float64)
    assert (summary.mean, summary.sd, summary.largest) == (host.mean(), host.std(ddof=1), host.max())
    assert summary.withheld == {"p99": 299}
    p95 = summary.percentile(95.0)
    assert p95 is not None
    assert p95.value == np.percentile(host, 95)
    assert summary.percentile(99.0) is None


def test_a_single_iteration_has_no_spread() -> None:
    (summary,) = summaries_of([samples(cell(), iterations=1)])
    assert summary.sd == 0.0
    assert summary.percentiles == ()


def test_the_budget_is_about_the_host() -> None:
    taken = samples(cell(device="cuda"))
    assert budget_of(taken, 5.0, 90.0).over == (taken.host > 5).mean()

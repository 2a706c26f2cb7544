"""Figures of a cell from its raw samples."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from .budget import against
from .files import PartSamples
from .percentiles import PERCENTS, all_bounded
from .record import BudgetRecord, SummaryRecord, ThroughputRecord


def summaries_of(samples: Sequence[PartSamples], percents: Sequence[float] = PERCENTS) -> tuple[SummaryRecord, ...]:
    """Return the figures of each part on the host's clock and, where there is one, on the device's."""
    return tuple(summary for one in samples for summary in _summaries(one, percents))


def throughput_of(samples: PartSamples) -> ThroughputRecord:
    """Return the answers per second, batch over mean latency, with an interval by batch means.

    Each block between two timings of the reference gives a rate of its own; their mean has the interval
    ± t · s/√blocks, which also holds where successive latencies are alike. With one block there is none.

    Source: batch means, Law and Kelton, Simulation Modeling and Analysis, section 9.5.
    """
    from scipy.stats import t

    rate = 1000 * samples.cell.batch / float(samples.host.mean(dtype=np.float64))
    blocks = np.unique(samples.block)
    if len(blocks) < 2:
        return ThroughputRecord(value=rate, low=None, high=None)
    means = np.array([samples.host[samples.block == block].mean(dtype=np.float64) for block in blocks])
    rates = 1000 * samples.cell.batch / means
    half = float(t.ppf(0.975, len(rates) - 1) * rates.std(ddof=1)) / math.sqrt(len(rates))
    return ThroughputRecord(value=rate, low=max(0.0, rate - half), high=rate + half)


def budget_of(samples: PartSamples, budget: float, percent: float) -> BudgetRecord:
    """Return how the latencies on the host keep within a budget in milliseconds."""
    return against(samples.host.astype(np.float64), budget, percent=percent)


def _summaries(samples: PartSamples, percents: Sequence[float]) -> Iterator[SummaryRecord]:
    for clock in ("host", "device"):
        values = (samples.host if clock == "host" else samples.device).astype(np.float64)
        if np.isnan(values).any():
            continue
        found, withheld = all_bounded(values, percents)
        yield SummaryRecord(
            part=samples.part,
            clock=clock,
            iterations=len(values),
            percentiles=found,
            withheld=withheld,
            mean=float(values.mean()),
            sd=float(values.std(ddof=1)) if len(values) > 1 else 0.0,
            largest=float(values.max()),
        )

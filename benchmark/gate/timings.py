"""Latencies as the gate sees them: figures with bounds by model, data set and setting, of a run or as accepted."""

import json
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from ..latency.files import has_latencies, read_latencies
from ..latency.percentiles import name_of
from ..latency.record import ANY_CONTEXT, Cell, CellLatency, MachineRecord
from ..paired_sources import Place
from ..run_folder import RunFolder


class LatencyMetric(NamedTuple):
    """A figure of latencies that rules can be about."""

    title: str
    """In words."""
    direction: Literal["higher", "lower"]
    """What is better."""
    relative: bool
    """Whether a loss is a share of the baseline's figure; else a difference."""


LATENCY_METRICS: Mapping[str, LatencyMetric] = {
    **{f"latency_{name}": LatencyMetric(name, "lower", relative=True) for name in ("p50", "p90", "p95", "p99")},
    "latency_ratio": LatencyMetric("p50 over the reference operation", "lower", relative=True),
    "over_budget": LatencyMetric("share over the budget", "lower", relative=False),
    "throughput": LatencyMetric("throughput", "higher", relative=True),
}
"""By the name that a rule has for it."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AcceptedTime(_Record):
    """A figure with its bounds."""

    value: float
    """In milliseconds, as a ratio, as a share, or answers per second."""
    low: float
    """Lower bound: of percentiles with 95 % confidence, of shares and throughput the end of a 95 % interval."""
    high: float
    """Upper bound."""


class AcceptedLatency(_Record):
    """The latencies of one model on one data set in one setting."""

    machine: str
    """Processor, cores and device: what has to be the same for milliseconds to be compared."""
    operation: str
    """The reference operation; empty: none was timed."""
    reference: float
    """Its milliseconds in the same process; 0: none was timed."""
    budget: float
    """Milliseconds; 0: none."""
    disturbed: str
    """What interfered; empty: nothing."""
    figures: dict[str, AcceptedTime]
    """By name of the metric; those without bounds on both sides are left out."""


class Timings(NamedTuple):
    """What a side has."""

    done: Mapping[Place, AcceptedLatency]
    """By model, data set and setting."""
    failed: Mapping[Place, str]
    """Why those that failed did."""


def timings_of(folder: RunFolder) -> Timings:
    """Return the latencies of a run folder; none where none were measured.

    Raises
    ------
    RunFolderError
        When latency.json is damaged.
    """
    if not has_latencies(folder):
        return Timings({}, {})
    record = read_latencies(folder)
    done, failed = {}, {}
    for one in record.cells:
        place = Place(one.cell.model, one.cell.data, setting_text(one.cell))
        if one.state == "done":
            done[place] = _accepted(one, record.machines.get(one.machine))
        elif one.state == "failed":
            failed[place] = one.why or "no reason was recorded"
    return Timings(done, failed)


AcceptedLatencies = dict[str, dict[str, dict[str, AcceptedLatency]]]
"""By data set, model and setting."""


def accepted_latencies(folder: RunFolder) -> AcceptedLatencies:
    """Return the latencies of a run by data set, model and setting, for a baseline; errors as `timings_of`."""
    found: AcceptedLatencies = {}
    for place, one in sorted(timings_of(folder).done.items()):
        found.setdefault(place.data, {}).setdefault(place.model, {})[place.condition] = one
    return found


def latency_lines(latencies: AcceptedLatencies) -> Iterator[str]:
    """Yield the text of a baseline about latencies: TOML, six decimals, one figure a line."""
    for data, models in latencies.items():
        for model, settings in models.items():
            for setting, one in settings.items():
                place = ".".join(map(_quoted, (data, model, setting)))
                yield f"\n[latencies.{place}]\nmachine = {_quoted(one.machine)}\noperation = {_quoted(one.operation)}\n"
                yield f"reference = {one.reference:.6f}\nbudget = {one.budget:.6f}\n"
                yield f"disturbed = {_quoted(one.disturbed)}\n"
                yield f"\n[latencies.{place}.figures]\n"
                for metric, figure in sorted(one.figures.items()):
                    ends = f"low = {figure.low:.6f}, high = {figure.high:.6f}"
                    yield f"{_quoted(metric)} = {{ value = {figure.value:.6f}, {ends} }}\n"


def setting_text(cell: Cell) -> str:
    """Return a scenario and how it was asked and run, what is as usual left out, for rules to match.

    Examples
    --------
    >>> shared = {"model": "m", "data": "d", "context": -1, "threads": 1, "weights": "trained", "compiled": ""}
    >>> setting_text(Cell(scenario="single", device="cpu", dtype="float32", batch=1, dropped="", **shared))
    'single:device=cpu'
    >>> setting_text(Cell(scenario="batch", device="cuda", dtype="bfloat16", batch=8, dropped="audio", **shared))
    'batch:device=cuda,batch=8,dropped=audio,dtype=bfloat16'
    """
    arguments = {
        "device": cell.device,
        "batch": str(cell.batch) if cell.scenario == "batch" else "",
        "context": "" if cell.context == ANY_CONTEXT else str(cell.context),
        "dropped": cell.dropped,
        "dtype": "" if cell.dtype == "float32" else cell.dtype,
        "compiled": cell.compiled,
        "threads": "" if cell.threads == 1 else str(cell.threads),
        "weights": "" if cell.weights == "trained" else cell.weights,
    }
    return f"{cell.scenario}:{','.join(f'{name}={value}' for name, value in arguments.items() if value)}"


def _accepted(one: CellLatency, machine: MachineRecord | None) -> AcceptedLatency:
    return AcceptedLatency(
        machine=f"{machine.processor}, {machine.cores} cores, {machine.device}" if machine else "",
        operation=one.reference.operation if one.reference else "",
        reference=one.reference.median if one.reference else 0.0,
        budget=one.budget.budget if one.budget else 0.0,
        disturbed="; ".join(flag.text for flag in one.interference.flags) if one.interference else "",
        figures=dict(_figures(one)),
    )


def _figures(one: CellLatency) -> Iterator[tuple[str, AcceptedTime]]:
    whole = one.summary()
    for found in whole.percentiles if whole else ():
        metric = f"latency_{name_of(found.percent)}"
        if metric in LATENCY_METRICS and found.low is not None:
            yield metric, AcceptedTime(value=found.value, low=found.low, high=found.high)
    p50 = whole.percentile(50.0) if whole else None
    if p50 is not None and p50.low is not None and one.reference:
        median = one.reference.median
        yield "latency_ratio", AcceptedTime(value=p50.value / median, low=p50.low / median, high=p50.high / median)
    if one.budget:
        yield "over_budget", AcceptedTime(value=one.budget.over, low=one.budget.low, high=one.budget.high)
    rate = one.throughput
    if rate and rate.low is not None and rate.high is not None:
        yield "throughput", AcceptedTime(value=rate.value, low=rate.low, high=rate.high)


def _quoted(text: str) -> str:
    """Return a TOML string; the strings of JSON are strings of TOML."""
    return json.dumps(text, ensure_ascii=False)

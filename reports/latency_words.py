"""Latencies in words: how settings are called, and how figures and their bounds are shown."""

from ..benchmark.latency.percentiles import name_of
from ..benchmark.latency.record import ANY_CONTEXT, Cell, CellLatency, PercentileRecord, SummaryRecord
from .numbers import MISSING, Number, Numeral, Shown, count, figure, fixed, number

Cells = tuple[CellLatency, ...]
_SIZES = ("kB", "MB", "GB", "TB")


def label_of(one: CellLatency) -> str:
    """Return the scenario with what tells it from others of the same model and setting."""
    cell = one.cell
    label = f"batch {cell.batch}" if cell.scenario == "batch" else cell.scenario
    way = way_of(one) if cell.scenario == "stream" and one.state == "done" else ""
    return ", ".join(filter(None, (label, way, variant_of(cell))))


def variant_of(cell: Cell) -> str:
    """Return what of the dialogue is asked with: turns before, modalities missing; empty: as the data have it."""
    context = f"{cell.context} before" if cell.context != ANY_CONTEXT else ""
    return ", ".join(filter(None, (context, f"no {cell.dropped}" if cell.dropped else "")))


def way_of(one: CellLatency) -> str:
    """Return how a model is fed turn by turn, in a word."""
    return "state" if one.stateful else "anew"


def setting_of(cell: Cell) -> str:
    """Return what it ran on and how, in a few words.

    Examples
    --------
    >>> shared = {"scenario": "single", "batch": 1, "context": -1, "dropped": ""}
    >>> setting_of(Cell(model="m", data="d", device="cpu", dtype="float32", compiled="", threads=2, weights="first",
    ...                 **shared))
    'cpu, float32, 2 threads, not trained'
    """
    words = [cell.device, cell.dtype]
    words += [{"default": "compiled", "reduce-overhead": "compiled with CUDA graphs"}.get(cell.compiled, "")]
    words += [f"{cell.threads} thread{'s' * (cell.threads > 1)}", "not trained" if cell.weights == "first" else ""]
    return ", ".join(filter(None, words))


def shown(found: PercentileRecord | None) -> Shown:
    """Return a percentile with its bounds; where there is no lower one, with the upper one alone."""
    if found is None:
        return figure(None)
    whole = figure(found.value, found.low if found.low is not None else found.value, found.high)
    return whole if found.low is not None else Shown(whole.value, at_most(found.high, whole.decimals), whole.decimals)


def at_most(high: Number, decimals: int) -> str:
    """Return an upper bound alone."""
    text = fixed(high, decimals)
    return Numeral(f"≤ {text}", {"high": high}) if high is not None else text


def percentile_names(cells: Cells) -> tuple[str, ...]:
    """Return the percentiles that are known or withheld of any of these, smallest first."""
    known = {name_of(found.percent) for one in cells for summary in one.summaries for found in summary.percentiles}
    withheld = {name for one in cells for summary in one.summaries for name in summary.withheld}
    return tuple(sorted(known | withheld, key=lambda name: float(name[1:])))


def named(summary: SummaryRecord | None, name: str) -> PercentileRecord | None:
    """Return a percentile by its name, `p95`; None where there is none."""
    return next((one for one in summary.percentiles if name_of(one.percent) == name), None) if summary else None


def milliseconds(found: PercentileRecord) -> str:
    """Return a percentile in a sentence."""
    return f"{shown(found).value} ms"


def bound(found: PercentileRecord) -> str:
    """Return the upper bound of a percentile in a sentence."""
    return f"{fixed(found.high, shown(found).decimals)} ms"


def throughput_shown(one: CellLatency) -> Shown:
    """Return answers per second with their interval."""
    rate = one.throughput
    if rate is None:
        return figure(None)
    return figure(rate.value, rate.low, rate.high, decimals=0 if rate.value >= 100 else 1)


def size(size_in_bytes: int | None) -> str:
    """Return a size in memory.

    Examples
    --------
    >>> size(512), size(1_592_360), size(None)
    ('512 B', '1.6 MB', '–')
    """
    if size_in_bytes is None:
        return MISSING
    value, unit = float(size_in_bytes), "B"
    for larger in _SIZES:
        if value < 1000:
            break
        value, unit = value / 1000, larger
    shown_value = count(size_in_bytes) if unit == "B" else number(value, decimals=1)
    return Numeral(f"{shown_value} {unit}", {"": size_in_bytes})


def operations(counted: int | None) -> str:
    """Return floating-point operations, in millions.

    Examples
    --------
    >>> operations(2_345_678), operations(None)
    ('2.3 M', '–')
    """
    if counted is None:
        return MISSING
    return Numeral(f"{number(counted / 1e6, decimals=1)} M", {"": counted})


def added(one: CellLatency) -> int | None:
    """Return the bytes by which the process grew; None where the system does not tell."""
    cost = one.cost
    if cost is None or cost.resident_before is None or cost.resident_peak is None:
        return None
    return max(0, cost.resident_peak - cost.resident_before)

"""What stands in the cells of the tables of latencies, and the pieces that the page's template is given."""

from collections.abc import Callable, Iterator, Mapping

from ..benchmark.latency.percentiles import name_of
from ..benchmark.latency.record import BudgetRecord, CellLatency, MachineRecord
from .latency import LatencyView, told_of_latency
from .latency_words import added, label_of, named, operations, setting_of, shown, size, throughput_shown
from .numbers import Numeral, number, percent, short

MACHINE_FACTS: tuple[tuple[str, Callable[[MachineRecord], str]], ...] = (
    ("Processor", lambda one: one.processor),
    ("Cores", lambda one: str(one.cores)),
    ("Memory", lambda one: one.memory),
    ("System", lambda one: one.system),
    ("Governor", lambda one: one.governor),
    ("Clock", lambda one: one.megahertz),
    ("Device", lambda one: one.device),
    ("Driver", lambda one: one.driver),
    ("Clocks of the device", lambda one: one.device_clocks),
    ("Versions", lambda one: ", ".join(f"{name} {version}" for name, version in one.versions.items())),
)
"""What is shown of a machine, in order; empty texts: the system does not tell."""


def interference_of(one: CellLatency) -> str:
    """Return what interfered with a measurement, and what else is to be known of it; empty: nothing."""
    flags = [flag.text for flag in one.interference.flags] if one.interference else []
    return "; ".join([*flags, *one.notes])


def is_disturbed(one: CellLatency) -> bool:
    """Return whether something interfered with a measurement."""
    return bool(one.interference and one.interference.flags)


def budget_of(budget: BudgetRecord) -> str:
    """Return what a verdict is about."""
    return f"{name_of(budget.percent)} within {short(budget.budget)} ms"


def share_interval(budget: BudgetRecord) -> str:
    """Return the interval of the share over a budget."""
    text = f"[{percent(budget.low)}, {percent(budget.high)}]"
    return Numeral(text, {"low": budget.low, "high": budget.high})


def references_of(view: LatencyView) -> Iterator[str]:
    """Yield each reference operation and how long it took."""
    medians: dict[str, list[float]] = {}
    for one in view.cells:
        if one.reference:
            medians.setdefault(one.reference.operation, []).append(one.reference.median)
    for operation, those in medians.items():
        ends = " to ".join(dict.fromkeys(number(end) for end in (min(those), max(those))))
        yield f"{operation}, {ends} ms in the same processes"


# `object`: functions and tables of several kinds, for a template.
def template_globals() -> Mapping[str, object]:
    """Return what the page's template of latencies needs, by name."""
    return {
        "bounds": shown,
        "budget_of": budget_of,
        "interference_of": interference_of,
        "is_disturbed": is_disturbed,
        "latency_label": label_of,
        "latency_setting": setting_of,
        "machine_facts": MACHINE_FACTS,
        "memory_added": added,
        "percentile": named,
        "references_of": references_of,
        "share_interval": share_interval,
        "throughput_shown": throughput_shown,
        "told_of_latency": told_of_latency,
    }


FILTERS = {"operations": operations, "size": size}
"""Filters of the page's template of latencies."""

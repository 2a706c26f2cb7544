"""The tables of `emobench latency` on the terminal; they fit 80 columns."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..benchmark.latency.files import json_path, read_latencies
from ..benchmark.latency.percentiles import name_of
from ..benchmark.latency.record import Cell, CellLatency, FlagRecord, LatencyRecord, SummaryRecord
from ..benchmark.run_folder import RunFolder
from .latency_words import added, label_of, size
from .numbers import MISSING, count, number, percent

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

FLAG = "!"
"""Beside a latency with which something interfered."""
_STYLES = {"holds": "green", "breaks": "red"}
_MEANINGS = (
    "Milliseconds a user waits, from features to probabilities, both as arrays on the host; after ≤ the upper bound of "
    "the percentile (confidence 95 %). forward: the networks alone{clock}. Streams are fed turn by turn (state), or "
    "the dialogue so far is read again at every turn (anew)."
)
_ON_DEVICE = ", by the device's own clock"


def latency_summary(folder: RunFolder, cells: Sequence[Cell] = ()) -> "RenderableType":
    """Return what to print with rich about these cells of a folder; all, where none are named.

    Raises
    ------
    RunFolderError
        When the folder holds no latencies, or they are damaged.
    """
    from rich.console import Group
    from rich.text import Text

    record = read_latencies(folder)
    shown = [one for one in record.cells if not cells or one.cell in cells]
    titles: dict[str, list[CellLatency]] = {}
    for one in shown:
        titles.setdefault(_title(one.cell), []).append(one)
    tables = [part for title, those in titles.items() for part in (_table(title, those), Text())]
    by_device = any(one.summary("forward", "device") for one in shown)
    meanings = [_MEANINGS.format(clock=_ON_DEVICE * by_device)] if any(one.summaries for one in shown) else []
    notes = [Text(note, style="dim") for note in (*meanings, *_references(shown), *_budget(shown))]
    warned = [Text(note, style="yellow") for note in (*_flags(shown), *_withheld(shown))]
    machines = [Text(line, style="dim") for line in _machines(record, shown)]
    where = Text(f"Written: {json_path(folder)} (all samples beside it)", no_wrap=True, overflow="ignore")
    return Group(*tables, *notes, *map(Text, _costs(shown)), *machines, *warned, where)


def _table(title: str, cells: Sequence[CellLatency]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    judged = next((one.budget.percent for one in cells if one.budget), None)
    bounds = (50.0, judged or 95.0)
    table = Table(
        title=Text(title),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        padding=(0, 1, 0, 0),
        title_style="bold",
        width=80,
        # Without edges the longest usual label has room beside all figures.
        show_edge=False,
        pad_edge=False,
    )
    table.add_column("model, scenario", ratio=1, overflow="fold")
    percents = _percents(bounds)
    for head in (*map(name_of, percents), "answers/s", "× ref."):
        table.add_column(head, justify="right", no_wrap=True)
    if judged is not None:
        table.add_column("budget", no_wrap=True)
    for model, those in itertools.groupby(cells, key=lambda one: one.cell.model):
        table.add_row(Text(model, style="bold"))
        for one in those:
            for row in _rows(one, percents, bounds, judged=judged is not None):
                table.add_row(*row)
        table.add_section()
    return table


def _percents(bounds: Sequence[float]) -> tuple[float, ...]:
    """Return the three percentiles of the table: those with bounds, p99 and, where that is one of them, p95."""
    shown = {*bounds, 99.0}
    return tuple(sorted(shown if len(shown) > 2 else {*shown, 95.0}))


def _rows(
    one: CellLatency, percents: Sequence[float], bounds: Sequence[float], *, judged: bool
) -> Iterator[list["RenderableType"]]:
    from rich.text import Text

    whole = one.summary()
    if whole is None:
        yield [Text(f"  {label_of(one)}"), Text(one.state, style="yellow")]
        return
    flag = FLAG if one.interference and one.interference.flags else " "
    rate = MISSING if one.throughput is None else _rate(one.throughput.value)
    cells: list[RenderableType] = [Text(f"{flag} {label_of(one)}"), *_percentiles(whole, percents, bounds), Text(rate)]
    cells.append(Text(number(one.ratio, decimals=2)))
    if judged:
        verdict = one.budget.verdict if one.budget else MISSING
        cells.append(Text(verdict, style=_STYLES.get(verdict, "")))
    yield cells
    alone = one.summary("forward", "device") or one.summary("forward")
    if alone is not None:
        yield [Text("    forward"), *_percentiles(alone, percents, bounds)]


def _rate(value: float) -> str:
    return count(round(value)) if value >= 100 else number(value, decimals=1)


def _percentiles(
    summary: SummaryRecord, percents: Sequence[float], bounds: Sequence[float]
) -> Iterator["RenderableType"]:
    from rich.text import Text

    for wanted in percents:
        found = summary.percentile(wanted)
        high = f" ≤{number(found.high)}" if found is not None and wanted in bounds else ""
        yield Text(MISSING if found is None else f"{number(found.value)}{high}")


def _title(cell: Cell) -> str:
    kind = " (simulated data)" if cell.data.partition(":")[0] == "simulated" else ""
    words = [f"{cell.data}{kind}", cell.device, cell.dtype]
    words += [f"compiled ({cell.compiled})"] * bool(cell.compiled)
    words += [f"{cell.threads} thread{'s' * (cell.threads > 1)}"]
    return ", ".join([*words, *["first weights, not trained"] * (cell.weights == "first")])


def _references(cells: Sequence[CellLatency]) -> Iterator[str]:
    """Say what latencies are ratios to, and how long it took."""
    operations: dict[str, list[float]] = {}
    for one in cells:
        if one.reference:
            operations.setdefault(one.reference.operation, []).append(one.reference.median)
    for operation, medians in operations.items():
        span = " to ".join(dict.fromkeys(number(value) for value in (min(medians), max(medians))))
        yield f"× ref.: p50 over the time of a {operation} in the same process, {span} ms."


def _budget(cells: Sequence[CellLatency]) -> Iterator[str]:
    budgets = dict.fromkeys((one.budget.budget, one.budget.percent) for one in cells if one.budget)
    for limit, percent_ in budgets:
        over = [one for one in cells if one.budget and (one.budget.budget, one.budget.percent) == (limit, percent_)]
        name = name_of(percent_)
        yield (
            f"Budget {limit:g} ms: holds where the upper bound of {name} is within it, breaks where the lower bound of "
            f"{name} is above it; batches are not judged."
        )
        for one in over:
            if one.budget and one.budget.over:
                yield (
                    f"Over budget: {_name(one, cells)}: {percent(one.budget.over)} "
                    f"[{percent(one.budget.low)}, {percent(one.budget.high)}] of iterations, "
                    f"by {number(one.budget.hinge)} ms on average over all."
                )


def _costs(cells: Sequence[CellLatency]) -> Iterator[str]:
    """Yield one line per model and table: parameters, bytes, operations, and the most memory with who took it."""
    groups: dict[tuple[str, str], list[CellLatency]] = {}
    for one in cells:
        if one.cost is not None:
            groups.setdefault((one.cell.model, _title(one.cell)), []).append(one)
    several = len({title for _, title in groups}) > 1
    for (model, title), those in groups.items():
        cost = those[0].cost
        assert cost is not None, "of those that have costs"
        words = [f"{count(cost.parameters)} parameters", f"{size(cost.weight_bytes)} of weights"]
        if cost.operations is not None:
            words.append(f"{_operations(cost.operations)} for {_dialogue(cost.operations_turns)}")
        words += _largest(those, added, "of memory added")
        words += _largest(those, _on_device, "on the device")
        yield f"{model}{f' ({title})' * several}: {', '.join(words)}."


def _largest(cells: Sequence[CellLatency], of: Callable[[CellLatency], int | None], what: str) -> list[str]:
    """Return the most bytes of any of the cells and which it was; nothing where the system tells of none."""
    known = [(found, one) for one in cells if (found := of(one)) is not None]
    if not known:
        return []
    most, one = max(known, key=lambda pair: pair[0])
    return [f"at most {size(most)} {what} ({label_of(one)})"]


def _on_device(one: CellLatency) -> int | None:
    return one.cost.device_peak if one.cost else None


def _operations(operations: int) -> str:
    value, unit = operations / 1e6, "million"
    if value >= 1000:
        value, unit = value / 1000, "thousand million"
    return f"{number(value, decimals=1)} {unit} operations"


def _dialogue(turns: int) -> str:
    return f"a dialogue of {turns} turn{'s' * (turns != 1)}"


def _machines(record: LatencyRecord, cells: Sequence[CellLatency]) -> Iterator[str]:
    for name in dict.fromkeys(one.machine for one in cells if one.machine):
        machine = record.machines[name]
        words = [f"{machine.processor} ({machine.cores} cores, {machine.memory})"]
        words += [f"clock {machine.megahertz}"] * bool(machine.megahertz)
        words += [f"{machine.device}, driver {machine.driver}, clocks {machine.device_clocks}"] * bool(machine.driver)
        yield f"Measured on {', '.join(words)}; {machine.system}, torch {machine.versions.get('torch', MISSING)}."


def _flags(cells: Sequence[CellLatency]) -> Iterator[str]:
    """Say of each kind of interference how often it was too much and at worst how much; then all other notes."""
    kinds: dict[str, list[FlagRecord]] = {}
    for one in cells:
        for flag in one.interference.flags if one.interference else ():
            kinds.setdefault(flag.kind, []).append(flag)
    measured = sum(one.state == "done" for one in cells)
    for flags in kinds.values():
        worst = max(flags, key=lambda flag: flag.value)
        yield f"{FLAG} Interference in {len(flags)} of {measured} measurements, at worst: {worst.text}."
    yield from (f"{_name(one, cells)}: {note}." for one in cells for note in one.notes)


def _name(one: CellLatency, cells: Sequence[CellLatency]) -> str:
    """Return what a sentence is about, with data and setting where there are tables of several."""
    of = f" ({_title(one.cell)})" if len({_title(other.cell) for other in cells}) > 1 else ""
    return f"{one.cell.model}, {label_of(one)}{of}"


def _withheld(cells: Sequence[CellLatency]) -> Iterator[str]:
    found = {name: needed for one in cells for summary in one.summaries for name, needed in summary.withheld.items()}
    for name, needed in found.items():
        yield f"{name} is not shown where there were fewer than the {needed} iterations that its bound needs."

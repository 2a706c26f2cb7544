"""Latencies in LaTeX: a table for each data set, and how they were measured, for the methods section."""

from collections.abc import Iterator, Sequence

from ..benchmark.latency.percentiles import name_of
from ..benchmark.latency.record import CellLatency, MachineRecord
from .contents import RunView
from .latency import LatencyOfData, LatencyView
from .latency_cells import is_disturbed
from .latency_words import label_of, named, setting_of, shown, throughput_shown
from .numbers import MISSING, Shown, count, number, percent, short
from .tex import Tex, breakable, code, escape, prose, table

COLUMNS = ("p50", "p95", "p99")
"""Percentiles of the table; the page has all."""
_WIDTHS = (2.2, 3.0, 3.0, 3.0, 1.5, 1.2, 1.4)


def latency_tables(run: RunView) -> Iterator[Tex]:
    """Yield a table for each data set on which something was measured."""
    if run.latency is None or not run.shows("latency"):
        return
    for view in run.latency.data:
        if view.done:
            yield _table(run.latency, view)


def latency_methods(run: RunView) -> Iterator[str]:
    """Yield how latencies were measured, sentence by sentence; nothing where they were not."""
    view = run.latency
    if view is None or not run.shows("latency") or not any(data.done for data in view.data):
        return
    done = [one for data in view.data for one in data.done]
    yield (
        "Latencies are those of the whole way from features to probabilities, both as arrays on the host, each setting "
        "in a fresh process, after a warm-up until the median settled; all samples were kept."
    )
    unsettled = sum(one.warm_up is not None and not one.warm_up.settled for one in done)
    if unsettled:
        yield f"In {count(unsettled)} of {count(len(done))} measurements it had not settled in the time for it."
    least = min(one.iterations_wanted for one in done)
    taken = [summary.iterations for one in done if (summary := one.summary())]
    ended = " (some measurements ended at their time limit before)" if min(taken) < least else ""
    seconds = f"{short(min(one.seconds_wanted for one in done))} s"
    yield escape(f"Each has {count(least)} iterations and {seconds} or more{ended}, {_span(taken)} in fact.")
    yield (
        "Percentiles have distribution-free bounds from order statistics, each with 95\\,\\% confidence; percentiles "
        "without an upper bound are not reported."
    )
    budgets = dict.fromkeys((one.budget.budget, one.budget.percent) for one in done if one.budget)
    for budget, judged in budgets:
        yield escape(
            f"A budget of {short(budget)} ms holds where the upper bound of {name_of(judged)} is within it and breaks "
            "where the lower bound is above it; otherwise it is undecided."
        )
    settings = dict.fromkeys(setting_of(one.cell) for one in done)
    yield f"Settings: {prose('; '.join(settings))}."
    yield from (f"{prose(_machine(machine))}." for _, machine in view.machines)
    disturbed = sum(map(is_disturbed, done))
    if disturbed:
        yield f"Of {count(len(done))} measurements, {count(disturbed)} had interference that was noted."
    yield f"Measured by {', then '.join(map(code, view.record.commands))}."


def _span(numbers: Sequence[int]) -> str:
    ends = dict.fromkeys((min(numbers), max(numbers)))
    return " to ".join(map(count, ends))


def _machine(machine: MachineRecord) -> str:
    words = [f"Machine: {machine.processor}, {machine.cores} cores, {machine.memory}"]
    words += [f"clock {machine.megahertz}"] * bool(machine.megahertz)
    words += [f"{machine.device}, driver {machine.driver}, clocks {machine.device_clocks}"] * bool(machine.driver)
    return ", ".join([*words, machine.system])


def _table(run: LatencyView, view: LatencyOfData) -> Tex:
    groups: dict[str, list[CellLatency]] = {}
    for one in view.done:
        setting = setting_of(one.cell) if len(view.settings) > 1 else ""
        groups.setdefault(", ".join(filter(None, (one.cell.model, setting))), []).append(one)
    rows: list[Sequence[Tex] | Tex] = []
    for heading, own in groups.items():
        rows += [breakable(heading), *map(_row, own)]
    rows += [breakable(f"{one.cell.model}, {label_of(one)}: {one.state}") for one in view.missing]
    head = ["What is asked", *(f"{name}, ms" for name in COLUMNS), "Over budget", "Over ref.", "Answers per s"]
    label = f"tab:{_slug(view.name)}-latency"
    return table(prose(_caption(run, view)), label, list(map(escape, head)), rows, list(_WIDTHS))


def _row(one: CellLatency) -> list[Tex]:
    whole = one.summary()
    mark = r"\textsuperscript{d}" if is_disturbed(one) else ""
    over = escape(MISSING)
    if one.budget is not None:
        over = Tex(f"{escape(percent(one.budget.over))} ({escape(one.budget.verdict)})")
    percentiles = [_cell(shown(named(whole, name)), mark) for name in COLUMNS]
    rate = throughput_shown(one).value
    return [prose(label_of(one)), *percentiles, over, escape(number(one.ratio, decimals=2)), escape(rate)]


def _cell(one: Shown, mark: str) -> Tex:
    if one.value == MISSING:
        return escape(MISSING)
    ends = rf" {{\scriptsize\mbox{{{escape(one.interval)}}}}}" if one.interval else ""
    return Tex(f"{escape(one.value)}{mark}{ends}")


def _caption(run: LatencyView, view: LatencyOfData) -> str:
    data = f"the simulated data {view.name}" if view.simulated else view.name
    iterations = [summary.iterations for one in view.done if (summary := one.summary())]
    sentences = [
        f"Latency on {data}, milliseconds from features to probabilities as arrays on the host"
        + (f" ({view.settings[0]})." if len(view.settings) == 1 else "."),
        "Single: one dialogue so far and one new utterance; stream: turn by turn, with state kept or the dialogue read "
        "anew; batch: so many dialogues at once.",
        f"Brackets: bounds of the percentile, each with 95 % confidence, from {_span(iterations)} iterations; a dash: "
        "too few of them.",
    ]
    budgets = dict.fromkeys((one.budget.budget, one.budget.percent) for one in view.done if one.budget)
    sentences += [
        f"Over budget: share of the waits above {short(budget)} ms, and whether the budget holds for {name_of(judged)}."
        for budget, judged in budgets
    ]
    references = dict.fromkeys(one.reference.operation for one in view.done if one.reference)
    sentences += [f"Over ref.: p50 over the time of a {operation} in the same process." for operation in references]
    sentences += ["A raised d: something interfered."] * any(map(is_disturbed, view.done))
    # Of a machine that measured on other data alone nothing is said here.
    used = {run.machine_of(one) for one in view.done}
    return " ".join([*sentences, *(f"{_machine(machine)}." for name, machine in run.machines if name in used)])


def _slug(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)

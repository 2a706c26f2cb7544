"""Latencies of a run folder as views: which cells there are, of whom, and what a reader is told of each model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..benchmark.errors import RunFolderError
from ..benchmark.latency.files import PartSamples, has_latencies, read_latencies, read_samples
from ..benchmark.latency.percentiles import iterations_needed, name_of
from ..benchmark.latency.record import ANY_CONTEXT, BudgetRecord, CellLatency, LatencyRecord, MachineRecord
from ..benchmark.run_folder import RunFolder
from .latency_words import bound, label_of, milliseconds, percentile_names, setting_of, shown
from .numbers import count, number, percent, short

FAILURES_NAMED = 3
"""Measurements without figures that are named, of each model."""


@dataclass(frozen=True)
class LatencyOfData:
    """All latencies on one data set."""

    name: str
    """Canonical spec text."""
    cells: tuple[CellLatency, ...]
    """In the order of latency.json."""
    samples: Mapping[tuple[str, str], PartSamples] = field(default_factory=dict)
    """By text of the cell and part; empty: they could not be read."""

    @property
    def simulated(self) -> bool:
        """Whether the data are."""
        return self.name.partition(":")[0] == "simulated"

    @property
    def done(self) -> tuple[CellLatency, ...]:
        """What was measured."""
        return tuple(one for one in self.cells if one.summary() is not None)

    @property
    def missing(self) -> tuple[CellLatency, ...]:
        """What was not, with its reason."""
        return tuple(one for one in self.cells if one.summary() is None)

    @property
    def models(self) -> tuple[str, ...]:
        """All models, in the order of latency.json."""
        return tuple(dict.fromkeys(one.cell.model for one in self.cells))

    @property
    def percentiles(self) -> tuple[str, ...]:
        """Names of the percentiles that any cell has, or that are withheld of it."""
        return percentile_names(self.cells)

    @property
    def settings(self) -> tuple[str, ...]:
        """What they ran on and how, in words, in the order of the cells."""
        return tuple(dict.fromkeys(setting_of(one.cell) for one in self.cells))

    @property
    def judged(self) -> bool:
        """Whether any was held against a budget."""
        return any(one.budget for one in self.cells)


@dataclass(frozen=True)
class LatencyView:
    """The latencies of a run folder."""

    record: LatencyRecord
    data: tuple[LatencyOfData, ...]
    places: Mapping[str, int]
    """By model its place among the models of the run, for its colour; −1: a reference."""

    @property
    def cells(self) -> tuple[CellLatency, ...]:
        """Those of all data sets."""
        return tuple(one for data in self.data for one in data.cells)

    @property
    def models(self) -> tuple[str, ...]:
        """Those of all data sets."""
        return tuple(dict.fromkeys(one.cell.model for one in self.cells))

    @property
    def machines(self) -> tuple[tuple[str, MachineRecord], ...]:
        """The machines that any of them was measured on, by a name to refer to."""
        used = dict.fromkeys(one.machine for one in self.cells if one.machine in self.record.machines)
        return tuple((f"machine {place}", self.record.machines[name]) for place, name in enumerate(used, 1))

    def machine_of(self, one: CellLatency) -> str:
        """Return the name to refer to of a cell's machine; empty: it was not measured."""
        used = list(dict.fromkeys(cell.machine for cell in self.cells if cell.machine in self.record.machines))
        return f"machine {used.index(one.machine) + 1}" if one.machine in used else ""

    def of(self, data: str) -> LatencyOfData | None:
        """Return the latencies on a data set; None: there are none."""
        return next((one for one in self.data if one.name == data), None)


def latencies_of(
    folder: RunFolder,
    places: Mapping[str, int],
    *,
    models: tuple[str, ...] = (),
    data: tuple[str, ...] = (),
) -> tuple[LatencyView | None, tuple[str, ...]]:
    """Return the latencies of a folder, None where there are none, and what is wrong with its files.

    Parameters
    ----------
    places
        By model of the run its place, for its colour; models that the run does not have come after them.
    models, data
        To look at; empty: all.
    """
    if not has_latencies(folder):
        return None, ()
    try:
        record = read_latencies(folder)
    except RunFolderError as error:
        return None, (f"Latencies are left out: {error}",)
    problems: tuple[str, ...] = ()
    samples: tuple[PartSamples, ...] = ()
    try:
        samples = read_samples(folder)
    except RunFolderError as error:
        problems = (f"Single latencies are left out, the figures made of them are shown: {error}",)
    cells = [one for one in record.cells if _chosen(one.cell.model, models) and _chosen(one.cell.data, data)]
    if not cells:
        return None, problems
    strangers = [name for name in dict.fromkeys(one.cell.model for one in cells) if name not in places]
    known = {**places, **{name: 1 + max(places.values(), default=-1) + at for at, name in enumerate(strangers)}}
    by_place: dict[tuple[str, str], PartSamples] = {(one.cell.text, one.part): one for one in samples}
    views = tuple(
        _of_data(name, [one for one in cells if one.cell.data == name], by_place)
        for name in dict.fromkeys(one.cell.data for one in cells)
    )
    return LatencyView(record, views, known), problems


def told_of_latency(view: LatencyOfData) -> tuple[tuple[str, str], ...]:
    """Return each model and what is to be said of it in a few words, written from the numbers."""
    return tuple((model, " ".join(_told(view, model))) for model in view.models)


def main_cell(view: LatencyOfData, model: str) -> CellLatency | None:
    """Return the cell of a model that is spoken of: one new utterance, nothing missing, in the first setting."""
    own = [one for one in view.done if one.cell.model == model]
    order = ("single", "stream", "batch")
    # The sort is stable: of equal ones the first that was asked for.
    own.sort(key=lambda one: (order.index(one.cell.scenario), one.cell.dropped != "", one.cell.context != ANY_CONTEXT))
    return own[0] if own else None


def _chosen(name: str, wanted: tuple[str, ...]) -> bool:
    return not wanted or name in wanted


def _of_data(name: str, cells: list[CellLatency], samples: Mapping[tuple[str, str], PartSamples]) -> LatencyOfData:
    texts = {one.cell.text for one in cells}
    return LatencyOfData(name, tuple(cells), {place: one for place, one in samples.items() if place[0] in texts})


def _told(view: LatencyOfData, model: str) -> Iterator[str]:
    own = [one for one in view.cells if one.cell.model == model]
    one = main_cell(view, model)
    if one is None:
        reasons = list(dict.fromkeys(f"{other.state}: {other.why}" for other in own))
        yield f"Not measured ({'; '.join(reasons)})."
        return
    yield _waits(one)
    if one.budget is not None:
        yield _against_budget(one, one.budget)
    stream = _stream_beside(view, one)
    if stream is not None:
        yield _by_turns(stream)
    disturbed = [other for other in own if other.interference and other.interference.flags]
    if disturbed:
        yield _disturbed(disturbed, len([other for other in own if other.summary()]))
    failed = [other for other in own if other.summary() is None]
    if failed:
        names = [f"{label_of(other)} ({other.state})" for other in failed]
        more = f" and {len(names) - FAILURES_NAMED} more" if len(names) > FAILURES_NAMED else ""
        yield f"Not measured: {', '.join(names[:FAILURES_NAMED])}{more}."


def _waits(one: CellLatency) -> str:
    whole = one.summary()
    assert whole is not None, "told of cells that were measured"
    who = {"single": "An interface waits", "stream": "Fed turn by turn, it takes", "batch": "It takes"}
    p50, p95 = whole.percentile(50.0), whole.percentile(95.0)
    what = f"{who[one.cell.scenario]} {milliseconds(p50) if p50 else number(whole.mean) + ' ms'}"
    what += " at the median" if p50 else f" on average of {count(whole.iterations)}"
    if p95 is not None:
        what += f" and {milliseconds(p95)} at p95 (with 95 % confidence at most {bound(p95)})"
    else:
        what += f"; {count(whole.iterations)} iterations are too few for p95, which needs {iterations_needed(95.0)}"
    label = "" if label_of(one) == "single" else f"{label_of(one)}, "
    return f"{what}: {label}{setting_of(one.cell)}."


def _against_budget(one: CellLatency, budget: BudgetRecord) -> str:
    whole, name = one.summary(), name_of(budget.percent)
    judged = whole.percentile(budget.percent) if whole else None
    said = f"The budget of {short(budget.budget)} ms"
    over = (
        f"{percent(budget.over)} of the waits were over it (95 % interval: {percent(budget.low)} to "
        f"{percent(budget.high)})"
    )
    over += f", by {number(budget.hinge)} ms on average over all" if budget.over else ""
    if judged is None:
        return f"Whether the budget of {short(budget.budget)} ms holds is undecided: too few iterations; {over}."
    if budget.verdict == "holds":
        return f"{said} holds: {name} is within it, with 95 % confidence; {over}."
    if budget.verdict == "breaks":
        low = shown(judged).interval.partition(",")[0].lstrip("[")
        return f"{said} breaks: {name} is above it, with 95 % confidence at least {low} ms; {over}."
    return f"Whether the budget of {short(budget.budget)} ms holds for {name} is undecided: the bounds of {name}, " + (
        f"{shown(judged).interval} ms, lie on both sides of it; {over}."
    )


def _stream_beside(view: LatencyOfData, one: CellLatency) -> CellLatency | None:
    """Return the stream in the setting of another cell; None: there is none, or it is that cell."""
    wanted = one.cell.model_copy(update={"scenario": "stream", "batch": 1, "context": ANY_CONTEXT})
    return next((other for other in view.done if other.cell == wanted and other is not one), None)


def _by_turns(stream: CellLatency) -> str:
    whole = stream.summary()
    p50 = whole.percentile(50.0) if whole else None
    how = "keeps state between turns" if stream.stateful else "reads the dialogue so far anew at every turn"
    return f"Fed turn by turn it {how}" + (f" and takes {milliseconds(p50)} at the median." if p50 else ".")


def _disturbed(cells: list[CellLatency], measured: int) -> str:
    flags = [flag for one in cells if one.interference for flag in one.interference.flags]
    worst = {kind: max((f for f in flags if f.kind == kind), key=lambda f: f.value) for kind in {f.kind for f in flags}}
    texts = [worst[flag.kind].text for flag in {flag.kind: flag for flag in flags}.values()]
    many = "its only measurement" if measured == 1 else f"{len(cells)} of its {measured} measurements"
    return f"Something interfered with {many}, at worst: {'; '.join(texts)}."

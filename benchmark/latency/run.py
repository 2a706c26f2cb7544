"""Measure latencies into a run folder: fit what is not fitted yet, then every cell in a process of its own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from ..fitting import fitted_model
from ..lock import only_driver
from ..plan import Options, Plan, Request, make_plan
from ..progress import Progress, silent
from ..provenance import key
from ..run_folder import RunFolder
from ..run_record import FitRecord, RunRecord
from ..run_state import Combination, RunState
from ..threads import threads_held
from .asking import Asking
from .files import PartSamples, has_latencies, read_latencies, read_samples, write_latencies
from .launch import measure_in_fresh_process
from .orders import Answer, Order
from .record import Cell, CellLatency, LatencyRecord, MachineRecord
from .scenarios import drop_condition
from .summaries import budget_of, summaries_of, throughput_of


class Latencies(NamedTuple):
    """What was measured, and where it is."""

    folder: RunFolder
    record: LatencyRecord
    """All cells of the folder."""
    cells: tuple[CellLatency, ...]
    """Those of this call, in the order asked for."""


class _Subject(NamedTuple):
    """A fitted model on disk, or why there is none."""

    stem: str
    key: str
    seed: int
    fit: FitRecord


def measure_latencies(
    models: Sequence[str],
    *,
    data: Sequence[str] = ("simulated",),
    asking: Asking | None = None,
    out: Path | str | None = None,
    progress: Progress = silent,
) -> Latencies:
    """Measure, and store samples and figures in the run folder.

    Models are fitted as `emobench run` does, and what the folder holds is not fitted again, whichever device it was
    fitted on. Cells that the folder holds already are measured anew; its other cells stay.

    Parameters
    ----------
    models, data
        Spec texts.
    out
        Run folder; None: that of `emobench run` with these models and data.

    Raises
    ------
    EmobenchError
        One line, before anything is measured; cells that fail do not raise but are recorded with their reason.
    """
    wanted = asking or Asking()
    wanted.cells(models, data)  # a device that is not there is found before data are loaded
    folder, earlier, request = _request(models, data, out, wanted)
    plan = make_plan(request)
    cells = wanted.cells(plan.models, tuple(plan.data))
    for splits in plan.data.values():
        for cell in cells:
            drop_condition(splits, cell.dropped)
    command = wanted.command(plan.models, tuple(plan.data), out=out)
    with only_driver(folder):
        if earlier is None:
            RunState.begin(plan, folder)
        kept = _Kept.of(folder, command)
        subjects = _subjects(plan, request, folder, earlier, cells, progress)
        for done, cell in enumerate(cells):
            progress("measuring latencies", done, len(cells))
            kept.put(*_measured(cell, subjects[cell.model, cell.data], wanted))
    progress("measuring latencies", len(cells), len(cells))
    record = read_latencies(folder)
    of = {one.cell: one for one in record.cells}
    return Latencies(folder, record, tuple(of[cell] for cell in cells))


class _Kept:
    """The cells of a folder, with their samples: what was there, and what is added."""

    def __init__(self, folder: RunFolder, command: str, record: LatencyRecord | None) -> None:
        self._folder, self._command = folder, command
        self._cells = {one.cell: one for one in (record.cells if record else ())}
        self._samples = [*read_samples(folder)] if record else []
        self._machines = dict(record.machines) if record else {}
        self._earlier = tuple(one for one in (record.commands if record else ()) if one != command)

    @classmethod
    def of(cls, folder: RunFolder, command: str) -> "_Kept":
        """Read what is there, and write down what is typed now, before there is anything of it."""
        kept = cls(folder, command, read_latencies(folder) if has_latencies(folder) else None)
        kept._write()
        return kept

    def put(self, latency: CellLatency, samples: Sequence[PartSamples], machine: MachineRecord | None) -> None:
        """Add a cell, in the place of what was there of it, and write the files."""
        self._cells[latency.cell] = latency.model_copy(update={"command": self._command})
        self._samples = [one for one in self._samples if one.cell != latency.cell] + list(samples)
        if machine is not None:
            self._machines[latency.machine] = machine
        self._write()

    def _write(self) -> None:
        # A command of which every cell was measured anew since has nothing left to make.
        needed = {one.command for one in self._cells.values()}
        earlier = (one for one in self._earlier if one in needed or "" in needed)
        write_latencies(
            self._folder,
            [*self._cells.values()],
            self._samples,
            machines=self._machines,
            commands=(*earlier, self._command),
        )


def _request(
    models: Sequence[str], data: Sequence[str], out: Path | str | None, asking: Asking
) -> tuple[RunFolder, RunRecord | None, Request]:
    """Return the folder, what it holds, and what is to be fitted, with the options of the folder."""
    device = asking.device
    assert device in ("auto", "cpu", "cuda")
    request = Request(tuple(models), (), tuple(data), Options(device=device))  # type: ignore[arg-type]  # as asserted
    planned = RunFolder(make_plan(request).default_folder if out is None else Path(out))
    if not planned.record_path.exists():
        return planned, None, request
    earlier = planned.read_record()
    options = replace(
        request.options,
        first_seed=earlier.seeds[0],
        stress_seed=earlier.stress_seed,
        stress_draws=earlier.stress_draws,
        selection=earlier.selection,
        threads=earlier.threads,
    )
    return planned, earlier, replace(request, options=options)


def _subjects(
    plan: Plan,
    request: Request,
    folder: RunFolder,
    earlier: RunRecord | None,
    cells: Sequence[Cell],
    progress: Progress,
) -> dict[tuple[str, str], _Subject]:
    """Return by model and data set the fits, made where the folder does not hold them; untrained ones need none."""
    combinations = {
        (cell.model, cell.data): Combination(cell.model, cell.data, plan.seeds_of(cell.model)[0]) for cell in cells
    }
    device = cells[0].device
    if cells[0].weights == "first":
        return {
            place: _Subject("", "", combination.seed, FitRecord(**combination._asdict(), state="done"))
            for place, combination in combinations.items()
        }
    subjects = {}
    for place, combination in combinations.items():
        subject = _fitted(plan, folder, earlier, combination, device)
        if subject is None:
            state = RunState.begin(make_plan(request.joined_to(earlier)) if earlier else plan, folder)
            with threads_held(plan.options.threads):
                fitted_model(state, combination, progress)
            state.write()
            subject = _subject(state, combination)
            earlier = folder.read_record()
        subjects[place] = subject
    return subjects


def _fitted(
    plan: Plan, folder: RunFolder, earlier: RunRecord | None, combination: Combination, device: str
) -> _Subject | None:
    """Return the fit that the folder holds, made on this class of device or on another; None: none of this content."""
    for made_on in dict.fromkeys((device, "cpu", "cuda")):
        state = RunState(plan, folder, made_on, earlier)
        if state.fit_is_done(combination) and folder.weights_path(*combination).exists():
            return _subject(state, combination)
    return None


def _subject(state: RunState, combination: Combination) -> _Subject:
    stem = state.folder.checkpoint_stem(*combination).absolute()
    return _Subject(str(stem), state.fit_key(combination), combination.seed, state.fits[combination])


def _measured(
    cell: Cell, subject: _Subject, asking: Asking
) -> tuple[CellLatency, tuple[PartSamples, ...], MachineRecord | None]:
    """Return a cell with its figures, samples and machine."""
    started = monotonic()
    if subject.fit.state == "done":
        order = Order(
            cell=cell,
            stem=subject.stem,
            key=subject.key,
            seed=subject.seed,
            parameters=subject.fit.parameters,
            rules=asking.rules,
        )
        answer, samples = measure_in_fresh_process(order)
    else:
        answer, samples = Answer(state=subject.fit.state, why=subject.fit.why), ()
    whole = next((one for one in samples if one.part == "whole"), None)
    summaries = summaries_of(samples, asking.percents)
    p50 = summaries[0].percentile(50.0) if summaries else None
    judged = whole is not None and asking.budget is not None and cell.scenario != "batch"
    latency = CellLatency(
        cell=cell,
        state=answer.state,
        why=answer.why,
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=monotonic() - started,
        iterations_wanted=asking.iterations,
        seconds_wanted=asking.seconds,
        machine="" if answer.machine is None else key(answer.machine.model_dump())[:12],
        stateful=answer.stateful,
        summaries=summaries,
        throughput=None if whole is None else throughput_of(whole),
        ratio=p50.value / answer.reference.median if p50 and answer.reference else None,
        budget=budget_of(whole, asking.budget, asking.budget_percent) if judged and whole and asking.budget else None,
        cost=answer.cost,
        reference=answer.reference,
        interference=answer.interference,
        warm_up=answer.warm_up,
        notes=answer.notes,
    )
    return latency, samples, answer.machine

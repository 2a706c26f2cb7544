"""Made-up latencies in a run folder: samples are drawn, figures are those that emobench computes from them."""

from collections.abc import Sequence

import numpy as np

from emobench.benchmark.latency.files import PartSamples, write_latencies
from emobench.benchmark.latency.record import (
    ANY_CONTEXT,
    Cell,
    CellLatency,
    CostRecord,
    FlagRecord,
    InterferenceRecord,
    LatencyRecord,
    MachineRecord,
    Part,
    ReferenceRecord,
    Scenario,
    WarmUpRecord,
)
from emobench.benchmark.latency.summaries import budget_of, summaries_of, throughput_of
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder

MACHINE = MachineRecord(
    processor="Made-up CPU <8> & more",
    cores=2,
    memory="16 GiB",
    system="Linux 6.1",
    governor="performance",
    megahertz="2400 of 3000 MHz",
    device="cpu",
    driver="",
    device_clocks="",
    versions={"torch": "2.13.0", "numpy": "2.4.6"},
)
ACCELERATOR = MACHINE.model_copy(
    update={"device": "Made-up GPU", "driver": "600.1, CUDA 13.0", "device_clocks": "1980 MHz of 1980 MHz"}
)
BUSY = FlagRecord(kind="busy", value=1.2, text="other processes kept 1.2 cores busy")
TURNS = 12
"""Of every made-up dialogue."""


def cell(model: str = "rage_fusion", scenario: Scenario = "single", **other: object) -> Cell:
    """Return a cell; what is not named is as usual."""
    usual: dict[str, object] = {
        "model": model, "data": "simulated", "scenario": scenario, "device": "cpu", "dtype": "float32", "compiled": "",
        "threads": 1, "batch": 1, "context": ANY_CONTEXT, "dropped": "", "weights": "trained",
    }  # fmt: skip
    return Cell.model_validate({**usual, **other})


def samples(
    of: Cell, *, median: float = 1.0, iterations: int = 320, grows: float = 0.0, part: Part = "whole"
) -> PartSamples:
    """Return waits: log-normal, a few of them three times as long; `grows`: by this share with each turn."""
    generator = Randomness(0, ("fake latency", of.text, part)).generator()
    turn = np.arange(iterations) % TURNS if of.scenario != "batch" else np.full(iterations, -1)
    host = median * np.exp(generator.normal(0, 0.12, iterations)) * np.where(generator.random(iterations) < 0.02, 3, 1)
    host = host * (1 + grows * np.maximum(turn, 0)) * of.batch**0.7
    device = 0.8 * host if of.device == "cuda" else np.full(iterations, np.nan)
    block = np.arange(iterations) * 5 // iterations
    return PartSamples(
        of, part, turn.astype(np.int32), block.astype(np.int32), host.astype(np.float32), device.astype(np.float32)
    )


def done(
    those: Sequence[PartSamples],
    *,
    budget: float | None = None,
    percent: float = 95.0,
    stateful: bool = False,
    flags: Sequence[FlagRecord] = (),
    notes: Sequence[str] = (),
    reference: float = 0.5,
    machine: str = "m1",
) -> CellLatency:
    """Return a cell that was measured, with the figures of its samples."""
    whole = those[0]
    summaries = summaries_of(those)
    p50 = summaries[0].percentile(50.0)
    return CellLatency(
        cell=whole.cell, state="done", measured="2030-01-02T03:04:05+00:00", seconds=9.0,
        iterations_wanted=300, seconds_wanted=2.0, machine=machine, stateful=stateful, summaries=summaries,
        throughput=throughput_of(whole), ratio=p50.value / reference if p50 else None,
        budget=None if budget is None or whole.cell.scenario == "batch" else budget_of(whole, budget, percent),
        cost=CostRecord(
            parameters=398_090, weight_bytes=1_592_360, operations=2_345_678, operations_turns=8,
            resident_before=300_000_000, resident_peak=342_000_000,
            device_peak=5_000_000 if whole.cell.device == "cuda" else None,
        ),
        reference=ReferenceRecord(
            operation="product of two 512 × 512 matrices, float32", milliseconds=(reference, reference * 1.02),
            median=reference,
        ),
        interference=InterferenceRecord(
            drift=0.02, load_before=0.3, load_after=0.4, busy_elsewhere=1.2 if flags else 0.01, voluntary_switches=3,
            involuntary_switches=1, collections=0, neighbours=0.05, processes=("make <all> (1.2 cores)",) * bool(flags),
            flags=tuple(flags),
        ),
        warm_up=WarmUpRecord(iterations=40, settled=True, first=12.5, seconds=0.2, complete=True),
        notes=tuple(notes),
    )  # fmt: skip


def failed(of: Cell, why: str = "out of memory: the largest batch that fits is 37") -> CellLatency:
    """Return a cell that failed."""
    return CellLatency(
        cell=of, state="failed", why=why, measured="2030-01-02T03:04:05+00:00", seconds=1.0, iterations_wanted=300,
        seconds_wanted=2.0,
    )  # fmt: skip


def write(
    folder: RunFolder,
    cells: Sequence[tuple[CellLatency, Sequence[PartSamples]]],
    commands: Sequence[str] = ("emobench latency --model rage_fusion --budget-ms 5",),
) -> LatencyRecord:
    """Write both files."""
    return write_latencies(
        folder,
        [one for one, _ in cells],
        [samples for _, those in cells for samples in those],
        machines={"m1": MACHINE, "m2": ACCELERATOR},
        commands=commands,
    )


def with_latencies(
    folder: RunFolder, models: Sequence[str] = ("rage_fusion", "late_fusion"), data: Sequence[str] = ("simulated",)
) -> RunFolder:
    """Add what a call with a budget of 5 ms measures: all scenarios, one model disturbed, one cell failed."""
    cells: list[tuple[CellLatency, Sequence[PartSamples]]] = []
    for name in data:
        for place, model in enumerate(models):
            median, stateful = 1.0 + 1.9 * place, place % 2 == 1
            flags = (BUSY,) * (place == 1)
            own = [cell(model, data=name), cell(model, data=name, dropped="audio")]
            for one in own:
                those = (samples(one, median=median), samples(one, median=0.6 * median, part="forward"))
                cells.append((done(those, budget=5.0, flags=flags), those))
            of_stream = (samples(cell(model, "stream", data=name), median=median, grows=0 if stateful else 0.15),)
            cells.append((done(of_stream, budget=5.0, stateful=stateful), of_stream))
            for batch in (1, 8, 64):
                of_batch = (samples(cell(model, "batch", batch=batch, data=name), median=median, iterations=45),)
                short = ("whole: ended at the limit of 60 s, after 45 of 300 iterations and 1.9 of 2 s",)
                cells.append((done(of_batch, notes=short), of_batch))
    cells.append((failed(cell(models[0], "batch", batch=512, data=data[0])), ()))
    write(folder, cells)
    return folder


def timed_only(folder: RunFolder) -> RunFolder:
    """Take from a made-up run what `emobench latency` does not make."""
    folder.results_path.unlink()
    folder.write_record(folder.read_record().model_copy(update={"cells": ()}))
    return folder

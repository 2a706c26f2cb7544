"""Cells, samples and folders of latencies for tests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from emobench.benchmark.latency.files import PartSamples, write_latencies
from emobench.benchmark.latency.record import (
    ANY_CONTEXT,
    BudgetRecord,
    Cell,
    CellLatency,
    CostRecord,
    FlagRecord,
    InterferenceRecord,
    MachineRecord,
    Part,
    ReferenceRecord,
    WarmUpRecord,
)
from emobench.benchmark.latency.summaries import budget_of, summaries_of, throughput_of
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder

MACHINE = MachineRecord(
    processor="Test 3000",
    cores=4,
    memory="8 GiB",
    system="Linux x86_64",
    governor="performance",
    megahertz="3000 of 3500 MHz",
    device="cpu",
    driver="",
    device_clocks="",
    versions={"torch": "2.5.0", "emobench": "0.1.0"},
)


def cell(**changes: object) -> Cell:
    usual = {
        "model": "prior",
        "data": "simulated",
        "scenario": "single",
        "device": "cpu",
        "dtype": "float32",
        "compiled": "",
        "threads": 1,
        "batch": 1,
        "context": ANY_CONTEXT,
        "dropped": "",
        "weights": "trained",
    }
    return Cell.model_validate({**usual, **changes})


def samples(of: Cell, *, iterations: int = 300, part: Part = "whole", mean: float = 2.0) -> PartSamples:
    """Return latencies of which a few are slow; on `cuda` the device is a little quicker."""
    generator = Randomness(0, ("latency cells", of.text, part)).generator()
    host = (mean * (0.9 + 0.2 * generator.random(iterations))).astype(np.float32)
    host[::50] *= 4
    turn = generator.integers(0, 10, iterations) if of.scenario != "batch" else np.full(iterations, -1)
    device = host * np.float32(0.8) if of.device == "cuda" else np.full(iterations, np.nan, np.float32)
    block = np.arange(iterations) * 10 // iterations
    return PartSamples(of, part, turn.astype(np.int32), block.astype(np.int32), host, device)


def measured(of: Cell, taken: list[PartSamples], *, budget: float | None = None, flagged: bool = False) -> CellLatency:
    flags = (FlagRecord(kind="drift", value=0.3, text="the reference operation drifted by 30 %"),) * flagged
    summaries = summaries_of(taken)
    judged: BudgetRecord | None = budget_of(taken[0], budget, 95.0) if budget else None
    return CellLatency(
        cell=of,
        state="done",
        measured="2026-01-02T03:04:05+00:00",
        seconds=5.0,
        iterations_wanted=300,
        seconds_wanted=2.0,
        machine="a machine",
        stateful=of.scenario == "stream",
        summaries=summaries,
        throughput=throughput_of(taken[0]),
        ratio=4.0,
        budget=judged,
        cost=CostRecord(
            parameters=1234,
            weight_bytes=4936,
            operations=2_500_000,
            operations_turns=6,
            resident_before=300_000_000,
            resident_peak=312_000_000,
            device_peak=5_000_000 if of.device == "cuda" else None,
        ),
        reference=ReferenceRecord(operation="product", milliseconds=(0.5, 0.5), median=0.5),
        interference=InterferenceRecord(
            drift=0.3 if flagged else 0.01,
            load_before=0.1,
            load_after=0.2,
            busy_elsewhere=0.0,
            voluntary_switches=3,
            involuntary_switches=1,
            collections=0,
            neighbours=0.05,
            processes=(),
            flags=flags,
        ),
        warm_up=WarmUpRecord(iterations=120, settled=True, first=9.0, seconds=0.5, complete=True),
        notes=("whole: the median did not settle in the warm-up",) if flagged else (),
    )


def failed(of: Cell, why: str = "out of memory") -> CellLatency:
    return CellLatency(
        cell=of,
        state="failed",
        why=why,
        measured="2026-01-02T03:04:05+00:00",
        seconds=1.0,
        iterations_wanted=300,
        seconds_wanted=2.0,
    )


def written(
    folder: Path,
    cells: list[Cell],
    *,
    more: tuple[CellLatency, ...] = (),
    parts: Callable[[Cell], tuple[Part, ...]] = lambda one: ("whole",),
    budget: float | None = None,
    flagged: bool = False,
    iterations: int = 300,
) -> RunFolder:
    """Return a folder with latencies of these cells, and with `more` that have no samples."""
    taken = {one.text: [samples(one, part=part, iterations=iterations) for part in parts(one)] for one in cells}
    latencies = [measured(one, taken[one.text], budget=budget, flagged=flagged) for one in cells]
    run = RunFolder(folder)
    write_latencies(
        run,
        [*latencies, *more],
        [one for those in taken.values() for one in those],
        machines={"a machine": MACHINE, "another": MACHINE},
        commands=("emobench latency --model prior",),
    )
    return run

from io import StringIO
from pathlib import Path

from latency_cells import cell, failed, measured, samples, written
from rich.console import Console

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.latency_terminal import latency_summary

CELLS = [
    cell(model="rage_fusion"),
    cell(model="rage_fusion", scenario="stream"),
    cell(model="rage_fusion", scenario="batch", batch=64),
    cell(model="prior", context=3, dropped="audio/text"),
    cell(model="prior", device="cuda", compiled="reduce-overhead", threads=4, weights="first"),
]


def shown(folder: RunFolder, **options: object) -> str:
    out = StringIO()
    Console(file=out, width=80).print(latency_summary(folder, **options), crop=False)  # type: ignore[arg-type]  # as typed
    return out.getvalue()


def test_the_table_has_figures_bounds_and_verdicts_and_fits_80_columns(tmp_path: Path) -> None:
    folder = written(tmp_path, CELLS, budget=7.0, parts=lambda one: ("whole", "forward"))
    text = shown(folder)
    assert max(len(line.rstrip()) for line in text.splitlines() if "Written" not in line) <= 80
    single = next(line for line in text.splitlines() if line.strip().startswith("single "))
    assert "≤" in single
    assert "holds" in single
    (stream,) = (line for line in text.splitlines() if line.strip(" !").startswith("stream"))
    assert stream.strip(" !").startswith("stream, state ")
    assert "≤" in stream
    assert "batch 64" in text
    assert "forward" in text
    assert "simulated (simulated data), cpu, float32, 1 thread" in text
    assert "compiled (reduce-overhead), 4 threads, first weights" in " ".join(text.split())
    assert "Over budget: rage_fusion, single: " in text
    flat = " ".join(text.split())
    assert "prior (cuda, float32): 1,234 parameters, 4.9 kB of weights, 2.5 million operations" in flat
    assert "for a dialogue of 6 turns, 12.0 MB of memory added, 5.0 MB on the device." in flat


def test_only_cells_named_are_shown(tmp_path: Path) -> None:
    text = shown(written(tmp_path, CELLS), cells=CELLS[:1])
    assert "rage_fusion" in text
    assert "prior" not in text
    assert "budget" not in text.partition("Milliseconds")[0]


def test_interference_notes_and_what_is_withheld_are_said(tmp_path: Path) -> None:
    text = " ".join(shown(written(tmp_path, CELLS[:2], flagged=True, iterations=100)).split())
    assert "! single" in text
    assert "! Interference in 2 of 2 measurements, at worst: the reference operation drifted by 30%." in text
    assert "rage_fusion, single: whole: the median did not settle in the warm-up." in text
    assert "p99 is not shown where there were fewer than the 299 iterations that its bound needs." in text


def test_too_few_iterations_leave_dashes(tmp_path: Path) -> None:
    text = shown(written(tmp_path, CELLS[:1], iterations=4))
    assert next(line for line in text.splitlines() if line.strip().startswith("single")).split()[1:4] == ["–", "–", "–"]


def test_a_failed_cell_is_a_row(tmp_path: Path) -> None:
    text = shown(written(tmp_path, [], more=(failed(cell(scenario="stream")),)))
    assert "stream" in text
    assert "failed" in text


def test_costs_say_what_is_known(tmp_path: Path) -> None:
    of = cell(model="sure")
    latency = measured(of, [samples(of)])

    def said(**changes: object) -> str:
        assert latency.cost is not None
        known = latency.model_copy(update={"cost": latency.cost.model_copy(update=changes)})
        return " ".join(shown(written(tmp_path, [], more=(known,))).split())

    assert (
        "sure: 1,234 parameters, 5.0 GB of weights, 3.0 thousand million operations for a dialogue of 6 turns."
        in said(operations=3_000_000_000, weight_bytes=5_000_000_000, resident_before=None)
    )
    few = said(operations=None, weight_bytes=8)
    assert "sure: 1,234 parameters, 8 B of weights, 12.0 MB of memory added." in few
    assert " GB of weights" in said(weight_bytes=4 * 10**12)


def test_a_slow_model_keeps_its_decimals(tmp_path: Path) -> None:
    of = cell(model="slow")
    text = shown(written(tmp_path, [], more=(measured(of, [samples(of, mean=400.0)], budget=10_000.0),)))
    assert " 2.4 " in text
    assert "Over budget" not in text

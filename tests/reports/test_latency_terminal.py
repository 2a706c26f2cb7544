from io import StringIO
from pathlib import Path

from latency_cells import cell, failed, measured, samples, written
from rich.console import Console

from emobench.benchmark.latency.record import CellLatency
from emobench.benchmark.latency.summaries import budget_of
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.latency_terminal import latency_summary
from emobench.reports.numbers import number

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
    place = "rage_fusion, single (simulated (simulated data), cpu, float32, 1 thread)"
    assert f"Over budget: {place}: " in " ".join(text.split())
    flat = " ".join(text.split())
    on = "simulated (simulated data), cuda, float32, compiled (reduce-overhead), 4 threads, first weights, not trained"
    assert f"prior ({on}): 1,234 parameters, 4.9 kB of weights, 2.5 million operations" in flat
    assert (
        "for a dialogue of 6 turns, at most 12.0 MB of memory added (single), at most 5.0 MB on the device (single)."
        in flat
    )


def test_only_cells_named_are_shown(tmp_path: Path) -> None:
    text = shown(written(tmp_path, CELLS), cells=CELLS[:1])
    assert "rage_fusion" in text
    assert "prior" not in text
    assert "budget" not in text.partition("Milliseconds")[0]


def test_interference_notes_and_what_is_withheld_are_said(tmp_path: Path) -> None:
    text = " ".join(shown(written(tmp_path, CELLS[:2], flagged=True, iterations=100)).split())
    assert "! single" in text
    assert "! Interference in 2 of 2 measurements, at worst: the reference operation drifted by 30 %." in text
    assert "rage_fusion, single: whole: the median did not settle in the warm-up." in text
    assert "p99 is not shown where there were fewer than the 299 iterations that its bound needs." in text


def test_the_percentile_that_is_judged_is_shown_with_its_bound(tmp_path: Path) -> None:
    of = cell(model="rage_fusion")
    taken = samples(of)
    for percent, heads, bounded in ((90.0, ["p50", "p90", "p99"], (1, 2)), (99.0, ["p50", "p95", "p99"], (1, 3))):
        judged = measured(of, [taken]).model_copy(update={"budget": budget_of(taken, 7.0, percent)})
        lines = shown(written(tmp_path / str(percent), [], more=(judged,))).splitlines()
        assert next(line for line in lines if line.startswith("model, scenario")).split()[2:5] == heads
        found = judged.summary()
        assert found is not None
        row = next(line for line in lines if line.strip().startswith("single")).replace(" ≤", "≤").split()
        assert [place for place in (1, 2, 3) if "≤" in row[place]] == list(bounded)
        wanted = found.percentile(percent)
        assert wanted is not None
        assert row[bounded[1]] == f"{number(wanted.value)}≤{number(wanted.high)}"


def test_notes_name_the_setting_where_there_are_several(tmp_path: Path) -> None:
    same = [cell(model="rage_fusion"), cell(model="rage_fusion", threads=2)]
    text = " ".join(shown(written(tmp_path, same, flagged=True)).split())
    for threads in ("1 thread", "2 threads"):
        place = f"rage_fusion, single (simulated (simulated data), cpu, float32, {threads})"
        assert f"{place}: whole: the median did not settle in the warm-up." in text


def test_too_few_iterations_leave_dashes(tmp_path: Path) -> None:
    text = shown(written(tmp_path, CELLS[:1], iterations=4))
    assert next(line for line in text.splitlines() if line.strip().startswith("single")).split()[1:4] == ["–", "–", "–"]


def test_on_a_device_the_networks_alone_are_by_its_clock_which_is_said(tmp_path: Path) -> None:
    of = cell(model="sure", device="cuda")
    taken = (samples(of), samples(of, part="forward"))
    latency = measured(of, taken)
    text = shown(written(tmp_path, [], more=(latency,)))
    assert "forward: the networks alone, by the device's own clock." in " ".join(text.split())
    on_device = latency.summary("forward", "device")
    assert on_device is not None
    p50 = on_device.percentile(50.0)
    assert p50 is not None
    row = next(line for line in text.splitlines() if line.strip().startswith("forward "))
    assert row.split()[1] == number(p50.value)
    on_host = shown(written(tmp_path / "cpu", CELLS[:1]))
    assert "the device's own clock" not in " ".join(on_host.split())


def test_a_failed_cell_is_a_row(tmp_path: Path) -> None:
    text = shown(written(tmp_path, [], more=(failed(cell(scenario="stream")),)))
    assert "stream" in text
    assert "failed" in text
    assert "Milliseconds a user waits" not in text


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
    assert "for a dialogue of 1 turn, " in said(operations=3_000_000, operations_turns=1)
    few = said(operations=None, weight_bytes=8)
    assert "sure: 1,234 parameters, 8 B of weights, at most 12.0 MB of memory added (single)." in few
    assert "4.0 TB of weights" in said(weight_bytes=4 * 10**12)


def test_memory_is_that_of_the_measurement_that_took_most(tmp_path: Path) -> None:
    def taking(peak: int | None, **changes: object) -> CellLatency:
        of = cell(model="sure", **changes)
        latency = measured(of, [samples(of)])
        assert latency.cost is not None
        cost = latency.cost.model_copy(update={"resident_peak": peak, "device_peak": peak})
        return latency.model_copy(update={"cost": cost})

    large = taking(330_000_000, scenario="batch", batch=64)
    cells = (taking(301_000_000), large, taking(None, scenario="batch", batch=128))
    text = " ".join(shown(written(tmp_path, [], more=cells)).split())
    assert "at most 30.0 MB of memory added (batch 64), at most 330.0 MB on the device (batch 64)." in text
    assert text.count("of memory added") == 1


def test_a_slow_model_keeps_its_decimals(tmp_path: Path) -> None:
    of = cell(model="slow")
    text = shown(written(tmp_path, [], more=(measured(of, [samples(of, mean=400.0)], budget=10_000.0),)))
    assert " 2.4 " in text
    assert "Over budget" not in text

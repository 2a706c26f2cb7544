"""Latencies on the page: what is told, which tables there are, and what is said where files are missing or damaged."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fake_latency as fake
import pytest
from page_reader import Table, parsed, words

from emobench.benchmark.latency.files import json_path, samples_path
from emobench.benchmark.latency.record import CellLatency, FlagRecord
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.csv import CsvTables
from emobench.reports.formats.html import HtmlPage
from emobench.reports.latency import LatencyOfData, LatencyView, main_cell, told_of_latency
from emobench.reports.latency_cells import interference_of
from emobench.reports.latency_words import added, label_of, operations, setting_of, shown, size, throughput_shown
from emobench.reports.only import Only, PartOfRun, read_view
from emobench.reports.page import headline

Maker = Callable[..., RunFolder]


def small(make_run: Maker, path: Path) -> RunFolder:
    """Make a run with so few figures that its page is written soon."""
    return make_run(path, models=("rage_fusion",), only=("clean",), seeds=(0,), dialogues=20, metrics=("weighted_f1",))


@pytest.fixture(scope="module")
def both(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = make_run(
        tmp_path_factory.mktemp("latency") / "both", models=("rage_fusion", "late_fusion", "bayes_optimal"),
        only=("clean",), seeds=(0,), dialogues=20, metrics=("weighted_f1",),
    )  # fmt: skip
    fake.with_latencies(folder)
    CsvTables().write(folder)
    HtmlPage().write(folder)
    return folder


def view_of(folder: RunFolder) -> LatencyView:
    latency = read_view(folder)[0].latency
    assert latency is not None
    return latency


def data_of(*cells: CellLatency) -> LatencyOfData:
    return LatencyOfData("simulated", cells)


def said_of(*cells: CellLatency) -> str:
    return dict(told_of_latency(data_of(*cells)))["rage_fusion"]


def table(folder: RunFolder, beginning: str) -> Table:
    return next(one for one in parsed(folder).tables if words(one.caption).startswith(beginning))


def test_every_measurement_has_a_row_whose_figures_are_those_of_the_record(both: RunFolder) -> None:
    with (both.path / "tables" / "table-latency-simulated.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cells = [one for one in view_of(both).cells if one.state == "done"]
    assert [row["Model"] for row in rows] == [one.cell.model for one in cells]
    for row, one in zip(rows, cells, strict=True):
        whole = one.summary()
        assert whole is not None
        p95 = whole.percentile(95.0)
        if p95 is None:
            assert (row["p95, ms"], row["p95, ms note"]) == ("", "– needs 59 iterations")
        else:
            assert [float(row[f"p95, ms{end}"]) for end in ("", " low", " high")] == [p95.value, p95.low, p95.high]
        assert float(row["p50 × reference"]) == one.ratio
        assert one.throughput is not None
        assert float(row["Answers per second"]) == one.throughput.value
        assert (row["Over budget"] == "") == (one.cell.scenario == "batch")
        if one.budget:
            assert float(row["Over budget high"]) == one.budget.high
            assert row["Budget"] == f"{one.budget.verdict} p95 within 5 ms"


def test_what_interfered_stands_beside_its_row(both: RunFolder) -> None:
    rows = [list(map(words, row)) for row in table(both, "Milliseconds waited").rows]
    flagged = [row for row in rows if "disturbed" in row[1]]
    assert [row[:2] for row in flagged] == [
        ["late_fusion", "single disturbed"],
        ["late_fusion", "single, no audio disturbed"],
    ]
    assert {row[-1] for row in flagged} == {"other processes kept 1.2 cores busy"}
    noted = {row[-1] for row in rows if row[1].startswith("batch")}
    assert noted == {"whole: ended at the limit of 60 s, after 45 of 300 iterations and 1.9 of 2 s"}


def test_failed_measurements_and_the_machine_are_told(both: RunFolder) -> None:
    missing = table(both, "What was not measured on simulated").rows
    assert list(map(words, missing[1])) == [
        "rage_fusion", "batch 512", "failed", "out of memory: the largest batch that fits is 37",
    ]  # fmt: skip
    machine = dict(zip(*(list(map(words, row)) for row in table(both, "What the machine tells").rows), strict=True))
    assert machine["Processor"] == "Made-up CPU <8> & more"
    assert (machine["Driver"], machine["Versions"]) == ("–", "torch 2.13.0, numpy 2.4.6")
    text = words("".join(parsed(both).text))
    assert "Reference operation: product of two 512 × 512 matrices, float32, 0.500 ms in the same processes." in text
    assert "emobench latency --model rage_fusion --budget-ms 5" in text


def test_parts_and_clocks_are_told_apart(make_run: Maker, tmp_path: Path) -> None:
    folder = small(make_run, tmp_path)
    on_gpu = fake.cell(device="cuda", dtype="bfloat16", compiled="default", threads=2)
    those = (fake.samples(on_gpu), fake.samples(on_gpu, median=0.3, part="forward"))
    on_cpu = fake.samples(fake.cell())
    fake.write(folder, [(fake.done(those, machine="m2"), those), (fake.done((on_cpu,)), (on_cpu,))])
    HtmlPage().write(folder)
    rows = [list(map(words, row)) for row in table(folder, "Milliseconds by part and clock").rows[1:]]
    assert [row[2:5] for row in rows] == [
        ["cuda, bfloat16, compiled, 2 threads", "whole", "host"],
        ["cuda, bfloat16, compiled, 2 threads", "whole", "device"],
        ["cuda, bfloat16, compiled, 2 threads", "forward", "host"],
        ["cuda, bfloat16, compiled, 2 threads", "forward", "device"],
        ["cpu, float32, 1 thread", "whole", "host"],
    ]
    needs = [list(map(words, row)) for row in table(folder, "What models need").rows[1:]]
    assert [row[-6:] for row in needs] == [
        ["398,090", "1.6 MB", "2.3 M", "8", "42.0 MB", "5.0 MB"],
        ["398,090", "1.6 MB", "2.3 M", "8", "42.0 MB", "–"],
    ]
    measured = [list(map(words, row)) for row in table(folder, "How latencies were measured").rows[1:]]
    assert [row[3] for row in measured] == ["machine 1", "machine 2"]


def test_a_model_is_told_of_in_words_that_follow_from_its_numbers() -> None:
    one = fake.done((fake.samples(fake.cell()),), budget=5.0)
    whole = one.summary()
    assert whole is not None
    p50, p95 = whole.percentile(50.0), whole.percentile(95.0)
    assert said_of(one) == (
        f"An interface waits {shown(p50).value} ms at the median and {shown(p95).value} ms at p95 (with 95 % "
        f"confidence at most {p95.high:.3f} ms): cpu, float32, 1 thread. The budget of 5 ms holds: p95 is within it, "
        "with 95 % confidence; 0 % of the waits were over it (95 % interval: 0 % to 1.1 %)."
    )


def test_budgets_that_break_and_that_are_undecided() -> None:
    samples = fake.samples(fake.cell())
    breaks = said_of(fake.done((samples,), budget=1.0))
    assert "The budget of 1 ms breaks: p95 is above it, with 95 % confidence at least 1.2" in breaks
    assert "% of the waits were over it" in breaks
    assert "ms on average over all." in breaks
    between = said_of(fake.done((samples,), budget=1.25))
    assert "Whether the budget of 1.25 ms holds for p95 is undecided: the bounds of p95, [1.2" in between
    few = said_of(fake.done((fake.samples(fake.cell(), iterations=20),), budget=5.0))
    assert "20 iterations are too few for p95, which needs 59" in few
    assert "Whether the budget of 5 ms holds is undecided: too few iterations; 0 % of the waits" in few
    judged_only = said_of(fake.done((fake.samples(fake.cell(), iterations=4),)))
    assert judged_only.startswith("An interface waits")
    assert "ms on average of 4; 4 iterations are too few for p95" in judged_only


def test_streams_interference_and_failures_are_told() -> None:
    single, stream = fake.samples(fake.cell()), fake.samples(fake.cell(scenario="stream"))
    worse = FlagRecord(kind="busy", value=1.7, text="other processes kept 1.7 cores busy")
    drift = FlagRecord(kind="drift", value=0.2, text="the reference operation drifted by 20 %")
    said = said_of(
        fake.done((single,), flags=(fake.BUSY, drift)), fake.done((stream,), stateful=True, flags=(worse,)),
        fake.failed(fake.cell(scenario="batch", batch=8)),
    )  # fmt: skip
    assert "Fed turn by turn it keeps state between turns and takes 1.0" in said
    assert (
        "Something interfered with 2 of its 2 measurements, at worst: other processes kept 1.7 cores busy; the "
        "reference operation drifted by 20 %."
    ) in said
    assert said.endswith("Not measured: batch 8 (failed).")
    many = [fake.failed(fake.cell(scenario="batch", batch=size)) for size in (8, 16, 32, 64, 128)]
    named = said_of(fake.done((single,)), *many)
    assert named.endswith("Not measured: batch 8 (failed), batch 16 (failed), batch 32 (failed) and 2 more.")
    assert "reads the dialogue so far anew at every turn" in said_of(fake.done((single,)), fake.done((stream,)))
    alone = said_of(fake.done((fake.samples(fake.cell(scenario="stream"), iterations=4),), flags=(worse,)))
    assert "Fed turn by turn, it takes" in alone
    assert "Something interfered with its only measurement" in alone
    short = fake.done((fake.samples(fake.cell(scenario="stream"), iterations=4),))
    assert said_of(fake.done((single,)), short).endswith(
        "Fed turn by turn it reads the dialogue so far anew at every turn."
    )
    assert said_of(fake.failed(fake.cell(), "it broke")) == "Not measured (failed: it broke)."


def test_what_is_spoken_of_is_one_new_utterance_in_the_first_setting() -> None:
    def measured(**other: object) -> CellLatency:
        return fake.done((fake.samples(fake.cell(**other)),))

    cells = [
        measured(scenario="batch", batch=8), measured(dropped="audio"), measured(context=3), measured(dtype="bfloat16"),
        measured(),
    ]  # fmt: skip
    assert main_cell(data_of(*cells), "rage_fusion") == cells[3]
    assert "batch 8, cpu" in said_of(cells[0])


@pytest.mark.parametrize(
    ("cell", "label", "setting"),
    [
        (fake.cell(), "single", "cpu, float32, 1 thread"),
        (fake.cell(context=3, dropped="audio/text"), "single, 3 before, no audio/text", "cpu, float32, 1 thread"),
        (fake.cell(scenario="batch", batch=8, compiled="reduce-overhead", device="cuda"), "batch 8",
         "cuda, float32, compiled with CUDA graphs, 1 thread"),
        (fake.cell(scenario="stream", weights="first"), "stream", "cpu, float32, 1 thread, not trained"),
    ],
)  # fmt: skip
def test_cells_are_called_by_what_tells_them_apart(cell: fake.Cell, label: str, setting: str) -> None:
    assert (label_of(fake.failed(cell)), setting_of(cell)) == (label, setting)


def test_what_is_not_known_is_a_dash() -> None:
    bare = fake.done((fake.samples(fake.cell()),)).model_copy(
        update={"cost": None, "interference": None, "throughput": None, "warm_up": None, "reference": None}
    )
    assert (added(bare), interference_of(bare), throughput_shown(bare).value) == (None, "", "–")
    assert (size(2_500_000_000_000_000), size(None)) == ("2,500.0 TB", "–")
    assert (operations(0), operations(None)) == ("0.0 M", "–")
    one = fake.done((fake.samples(fake.cell()),))
    assert one.cost is not None
    unknown = one.model_copy(update={"cost": one.cost.model_copy(update={"resident_peak": None})})
    assert added(unknown) is None


def test_a_lone_upper_bound_is_shown_as_one() -> None:
    whole = fake.done((fake.samples(fake.cell()),)).summary()
    p95 = whole.percentile(95.0) if whole else None
    assert p95 is not None
    alone = shown(p95.model_copy(update={"low": None}))
    assert alone.interval == f"≤ {p95.high:.{alone.decimals}f}"


def test_a_page_without_what_a_record_may_lack(make_run: Maker, tmp_path: Path) -> None:
    folder = small(make_run, tmp_path)
    those = fake.samples(fake.cell())
    bare = fake.done((those,)).model_copy(
        update={
            "cost": None,
            "interference": None,
            "throughput": None,
            "warm_up": None,
            "reference": None,
            "ratio": None,
        }
    )
    fake.write(folder, [(bare, (those,))])
    HtmlPage().write(folder)
    assert words(table(folder, "Milliseconds waited").rows[1][-1]) == "nothing noted"
    assert set(map(words, table(folder, "How latencies were measured").rows[1][4:13])) == {"–"}


def test_latencies_alone_make_a_page(make_run: Maker, tmp_path: Path) -> None:
    folder = fake.timed_only(fake.with_latencies(small(make_run, tmp_path)))
    HtmlPage().write(folder)
    text = words("".join(parsed(folder).text))
    assert "Latency of rage_fusion and late_fusion" in text
    assert "This run folder holds latencies and no predictions" in text
    assert "Something is missing" not in text
    for of_figures in ("10,000 draws", "Bootstrap draws", "Intervals are rough", "clean input only"):
        assert of_figures not in text
    headings = [one for one in ("Latency", "These data", "Training") if one in text]
    assert sorted(headings, key=text.index) == ["Latency", "These data", "Training"], "what there is comes first"
    for absent in ("Turn by turn", "What do its predictions depend on?", "How many classes must it name"):
        assert absent not in text
    many = fake.with_latencies(folder, models=("a", "b", "c", "d"))
    assert headline(read_view(many)[0]) == "Latency of 4 models"


def test_a_run_that_was_not_scored_yet_says_so(make_run: Maker, tmp_path: Path) -> None:
    folder = fake.with_latencies(small(make_run, tmp_path))
    folder.results_path.unlink()
    assert read_view(folder)[0].missing == (
        "The run was not scored, so latencies alone are shown; type `emobench score` for this folder",
    )


def test_without_latencies_there_is_no_section(make_run: Maker, tmp_path: Path) -> None:
    folder = small(make_run, tmp_path)
    assert read_view(folder)[0].latency is None
    HtmlPage().write(folder)
    assert 'id="latency"' not in (folder.path / "report.html").read_text(encoding="utf-8")


def test_failed_measurements_alone_are_told(make_run: Maker, tmp_path: Path) -> None:
    folder = small(make_run, tmp_path)
    fake.write(folder, [(fake.failed(fake.cell(model="<b>m"), "</table> & more"), ())])
    HtmlPage().write(folder)
    tables = [words(one.caption) for one in parsed(folder).tables]
    assert "What was not measured on simulated (simulated data), cpu, float32, 1 thread, and why." in tables
    assert not any(caption.startswith(("Milliseconds", "What the machine")) for caption in tables)
    assert "<b>m" in words("".join(parsed(folder).text))


def test_damaged_files_are_left_out_and_told(make_run: Maker, tmp_path: Path) -> None:
    folder = fake.with_latencies(small(make_run, tmp_path))
    samples_path(folder).write_bytes(b"something else")
    run, _ = read_view(folder)
    assert run.latency is not None
    assert run.latency.data[0].samples == {}
    assert run.missing[0].startswith("Single latencies are left out, the figures made of them are shown: ")
    assert "does not belong to latency.json" in run.missing[0]
    json_path(folder).write_text("{", encoding="utf-8")
    run, _ = read_view(folder)
    assert run.latency is None
    assert run.missing[0].startswith("Latencies are left out: ")
    HtmlPage().write(folder)
    assert "Something is missing. Latencies are left out" in words("".join(parsed(folder).text))


def test_a_part_of_the_run_has_its_part_of_the_latencies(both: RunFolder) -> None:
    run, _ = read_view(PartOfRun(both.path, Only(models=("late_fusion",))))
    assert run.latency is not None
    assert run.latency.models == ("late_fusion",)
    assert run.latency.places["late_fusion"] == 0
    assert read_view(PartOfRun(both.path, Only(data=("mosi",))))[0].latency is None
    assert not read_view(PartOfRun(both.path, Only(sections=("data",))))[0].shows("latency")


def test_models_that_the_run_lacks_have_colours_of_their_own(both: RunFolder, tmp_path: Path, make_run: Maker) -> None:
    folder = small(make_run, tmp_path)
    view = view_of(fake.with_latencies(folder, models=("rage_fusion", "stranger"), data=("simulated", "mosi")))
    assert (view.places["rage_fusion"], view.places["stranger"]) == (0, 1)
    assert [one.simulated for one in view.data] == [True, False]
    assert view.of("mosi") == view.data[1]
    assert view.of("meld") is None
    assert view_of(both).machine_of(fake.failed(fake.cell())) == ""
    assert replace(view, data=()).cells == ()

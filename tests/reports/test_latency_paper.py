"""Latencies in LaTeX, Markdown and on the terminal."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fake_latency as fake
import pytest
from rich.console import Console

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.contents import RunView
from emobench.reports.latency_paper import latency_methods, latency_tables
from emobench.reports.latency_summary import latency_line, latency_markdown
from emobench.reports.markdown import render as markdown
from emobench.reports.methods import methods
from emobench.reports.only import Only, PartOfRun, read_view
from emobench.reports.paper import render
from emobench.reports.references import used_names
from emobench.reports.terminal import summary
from emobench.reports.tex import Table, code
from emobench.reports.tex_folder import files

Maker = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    made = make_run(
        tmp_path_factory.mktemp("latency") / "run", models=("rage_fusion", "late_fusion"), only=("clean",), seeds=(0,),
        metrics=("weighted_f1",), dialogues=20,
    )  # fmt: skip
    return fake.with_latencies(made)


@pytest.fixture(scope="module")
def run(folder: RunFolder) -> RunView:
    return read_view(folder)[0]


def view_of(folder: RunFolder, *those: fake.PartSamples, machine: str = "m1") -> RunView:
    fake.write(folder, [(fake.done((one,), machine=machine), (one,)) for one in those])
    return read_view(folder)[0]


def test_the_table_holds_every_measurement_and_says_what_it_is(run: RunView) -> None:
    (one,) = latency_tables(run)
    assert isinstance(one, Table)
    assert one.label == "tab:simulated-latency"
    headings = [row for row in one.rows if not isinstance(row, tuple)]
    assert [row.replace(r"\allowbreak{}", "") for row in headings] == [
        r"rage\_fusion", r"late\_fusion", r"rage\_fusion, batch 512: failed",
    ]  # fmt: skip
    cells = [row for row in one.rows if isinstance(row, tuple)]
    assert len(cells) == 12
    assert cells[0][0] == "single"
    assert cells[0][1].startswith(r"1.016")
    assert r"\textsuperscript{d}" in cells[6][1], "something interfered with it"
    assert r"0~\% (holds)" in cells[0][4]
    caption = str(one.caption)
    for said in (
        "the simulated data simulated", "(cpu, float32, 1 thread).", "each with 95~\\% confidence, from 45 to 320",
        "share of the waits above 5 ms, and whether the budget holds for p95", "product of two 512",
        "A raised d: something interfered.", "Machine: Made-up CPU", "clock 2400 of 3000 MHz",
    ):  # fmt: skip
        assert said in caption


def test_several_settings_stand_in_the_headings(
    run: RunView, folder: RunFolder, tmp_path: Path, make_run: Maker
) -> None:
    own = make_run(
        tmp_path, models=("rage_fusion",), only=("clean",), seeds=(0,), dialogues=20, metrics=("weighted_f1",)
    )
    one, two = fake.samples(fake.cell(data="m_1")), fake.samples(fake.cell(data="m_1", device="cuda"))
    found = view_of(own, one, two, machine="m2")
    (table,) = latency_tables(found)
    assert isinstance(table, Table)
    headings = [row.replace(r"\allowbreak{}", "") for row in table.rows if not isinstance(row, tuple)]
    assert headings == [r"rage\_fusion, cpu, float32, 1 thread", r"rage\_fusion, cuda, float32, 1 thread"]
    assert table.label == "tab:m-1-latency"
    assert "Made-up GPU, driver 600.1" in table.caption
    assert "budget" not in table.caption.replace("Over budget", "")
    said = " ".join(latency_methods(found))
    assert "interference" not in said
    assert "A budget of" not in said
    assert "300 iterations and 2 s or more, 320 in fact." in said


def test_nothing_is_said_where_nothing_was_measured(run: RunView, tmp_path: Path, make_run: Maker) -> None:
    own = make_run(
        tmp_path, models=("rage_fusion",), only=("clean",), seeds=(0,), dialogues=20, metrics=("weighted_f1",)
    )
    fake.write(own, [(fake.failed(fake.cell()), ())])
    only_failed = read_view(own)[0]
    hidden = replace(run, sections=("data",))
    for found in (replace(run, latency=None), hidden):
        assert [*latency_tables(found), *latency_methods(found), *latency_markdown(found)] == []
    assert [*latency_tables(only_failed), *latency_methods(only_failed)] == []
    lines = [*latency_markdown(only_failed)]
    assert any("Not measured (failed: out of memory" in line for line in lines)
    assert not any(line.startswith("|") for line in lines)
    assert latency_line(only_failed) == ""
    assert r"\paragraph{Latency.}" not in methods(hidden, ())


def test_the_methods_say_how_it_was_measured(run: RunView) -> None:
    said = methods(run, ())
    assert r"\paragraph{Latency.} Latencies are those of the whole way from features to probabilities" in said
    assert "(some measurements ended at their time limit before), 45 to 320 in fact." in said
    assert "A budget of 5 ms holds where the upper bound of p95 is within it" in said
    assert "Of 12 measurements, 2 had interference that was noted." in said


def test_document_and_pieces_hold_table_and_figures(run: RunView) -> None:
    text = render(run)
    assert text.count(r"\section{Latency}") == 1
    assert text.count(r"\label{tab:simulated-latency}") == 1
    assert text.count(r"\figurerow{latency-simulated-cpu-float32-1-thread}") == 1
    pieces = files(run)
    assert "simulated-latency.tex" in pieces
    assert "figure-latency-turns-simulated-cpu-float32-1-thread.tex" in pieces


def test_a_folder_of_both_says_how_to_make_both_again(run: RunView) -> None:
    assert run.commands == (run.record.command, "emobench latency --model rage_fusion --budget-ms 5")
    assert replace(run, sections=("conditions",)).commands == (run.record.command,)
    assert all(one in render(run) for one in map(code, run.commands))
    assert "\n".join(("```sh", *run.commands, "```")) in markdown(run)


def test_the_summary_has_a_sentence_and_a_row_for_each_model(run: RunView) -> None:
    lines = [*latency_markdown(run)]
    assert lines[0] == "### Latency"
    assert lines[2].startswith("On simulated (simulated data), milliseconds")
    assert sum(line.startswith("- **`") for line in lines) == 2
    rows = [line for line in lines if line.startswith("| `")]
    assert rows[0].startswith("| `rage_fusion` | single; cpu, float32, 1 thread | 1.016 [")
    assert rows[0].endswith("| 0 % | holds: p95 within 5 ms | 2.03 |")


def test_the_terminal_has_a_line(folder: RunFolder, run: RunView, tmp_path: Path, make_run: Maker) -> None:
    assert latency_line(run) == (
        "Latency, median: rage_fusion 1.016 ms, p95 1.247 ms (holds: p95 within 5 ms); late_fusion 2.940 ms, "
        "p95 3.53 ms (holds: p95 within 5 ms)."
    )
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(summary(PartOfRun(folder.path, Only())), crop=False)
    assert "Latency, median: rage_fusion" in console.export_text()
    own = make_run(
        tmp_path, models=("rage_fusion",), only=("clean",), seeds=(0,), dialogues=20, metrics=("weighted_f1",)
    )
    few, fewer = (fake.samples(fake.cell(model), iterations=n) for model, n in (("a", 20), ("b", 3)))
    line = latency_line(view_of(own, few, fewer))
    assert line.startswith("Latency, median: a ")
    assert "p95" not in line
    assert "b" not in line.removeprefix("Latency, median:")
    assert "| – | – |" in "".join(latency_markdown(view_of(own, few, fewer)))


def test_reports_of_latencies_alone_are_no_failure(make_run: Maker, tmp_path: Path) -> None:
    made = fake.timed_only(
        fake.with_latencies(make_run(tmp_path, only=("clean",), seeds=(0,), dialogues=20, metrics=("weighted_f1",)))
    )
    assert exit_code(["report", str(made.path), "--format", "markdown"]) == 0
    run = read_view(made)[0]
    said = methods(run, ())
    assert [one in said for one in ("{Data.}", "{Latency.}", "{Conditions.}", "{Metrics.}", "{Uncertainty.}")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert r"We time \texttt{rage\_\allowbreak{}fusion} and \texttt{late\_\allowbreak{}fusion}, written" in said
    assert "We compare" not in said
    assert "are scored" not in said
    # It is not `emobench run` that measures them.
    assert run.commands == ("emobench latency --model rage_fusion --budget-ms 5",)
    assert "prediction sets" not in render(run)
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(summary(made), crop=False)
    assert "nothing was computed" not in console.export_text()
    text = (made.path / "report.md").read_text(encoding="utf-8")
    assert "## emobench: Latency of rage\\_fusion and late\\_fusion" in text
    # What is said of figures, and of how they were made, is said of none here.
    assert "\n\nTest split: 20 dialogues, " in text
    for of_figures in ("intervals over dialogues", "bootstrap draws", "epochs chosen", "No figure of quality"):
        assert of_figures not in text
        assert of_figures not in render(run)


def test_models_that_were_timed_and_not_trained_are_cited(make_run: Maker, tmp_path: Path) -> None:
    made = fake.timed_only(
        fake.with_latencies(make_run(tmp_path, only=("clean",), seeds=(0,), dialogues=20, metrics=("weighted_f1",)))
    )
    made.write_record(made.read_record().model_copy(update={"fits": ()}))
    run = read_view(made)[0]
    assert not any(data.models for data in run.data)
    text = render(run)
    assert r"\bibitem{rage_fusion}" in text
    assert r"\bibitem{efron1987}" not in text
    assert r"We time \texttt{rage\_\allowbreak{}fusion}~\cite{rage_fusion}" in text
    assert "rage_fusion" not in used_names(replace(run, sections=("data",)))


def test_all_that_was_typed_is_in_the_reports(make_run: Maker, tmp_path: Path) -> None:
    made = make_run(tmp_path, models=("rage_fusion",), only=("clean",), seeds=(0,), dialogues=20)
    those, typed = fake.samples(fake.cell()), ("emobench latency --model a", "emobench latency --model b --out c")
    fake.write(made, [(fake.done((those,)), (those,))], typed)
    run = read_view(made)[0]
    assert run.commands == (run.record.command, *typed)
    assert f"Measured by {', then '.join(map(code, typed))}." in methods(run, ())
    assert "\n".join(typed) in markdown(run)


def test_a_warm_up_that_did_not_settle_is_told(make_run: Maker, tmp_path: Path) -> None:
    own = make_run(tmp_path, models=("rage_fusion",), only=("clean",), seeds=(0,), dialogues=20)
    those = fake.samples(fake.cell())
    one = fake.done((those,))
    assert one.warm_up is not None
    restless = one.model_copy(update={"warm_up": one.warm_up.model_copy(update={"settled": False})})
    fake.write(own, [(restless, (those,))])
    said = " ".join(latency_methods(read_view(own)[0]))
    assert "In 1 of 1 measurements it had not settled in the time for it." in said

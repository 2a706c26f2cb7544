"""What a run will take, against folders whose records are written by hand."""

import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.plan import Options, Plan, Request, make_plan
from emobench.benchmark.planning.forecast import Forecast, forecast
from emobench.benchmark.planning.shown import as_json, duration, size_text, span_text, table_of
from emobench.benchmark.planning.span import Span
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import CellRecord, CellState, FitRecord
from emobench.benchmark.run_state import Combination, RunState

DATA = "simulated:test=4,train=8,validation=4"
MODELS = ("rage_fusion:epochs=3", "rage_fusion:epochs=3+temperature", "prior")
CONDITIONS = ("clean", "modality_drop:drop=text", "modality_drop:rate=0.5")


def plan_of(models: tuple[str, ...] = MODELS, *, seeds: int = 2, stress_seed: int = 0) -> Plan:
    return make_plan(Request(models, CONDITIONS[1:], (DATA,), Options(seeds=seeds, stress_seed=stress_seed)))


def write(
    path: Path, plan: Plan, combination: Combination, *, state: CellState = "done", seconds: float = 8, only: int = 3
) -> RunState:
    """Record a combination as ended, with its files; further ones are added to a folder that is there."""
    folder = RunFolder(path)
    run = RunState.read(plan, folder)
    key = run.fit_key(combination) if state == "done" else ""
    run.fits[combination] = FitRecord(**combination._asdict(), state=state, why="x", key=key, seconds=seconds)
    for condition in plan.conditions[combination.data][:only]:
        run.cells[*combination, condition.text] = CellRecord(
            **combination._asdict(),
            condition=condition.text,
            state=state,
            why="x",
            key=run.cell_key(combination, condition) if state == "done" else "",
            seconds=plan.draws_of(condition) * 1.0,
        )
    for file in (folder.predictions_path(*combination), folder.weights_path(*combination)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 100 if state == "done" else b"")
    run.write()
    return run


def counts(one: Forecast) -> dict[str, tuple[int, ...]]:
    return {row.model: (row.cells, row.done, row.failed, row.declined, row.missing) for row in one.rows}


def text_of(one: Forecast, width: int = 80) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False).print(table_of(one), crop=False)
    return stream.getvalue()


def test_a_new_run_is_all_to_do_and_nothing_is_known(tmp_path: Path) -> None:
    plan = plan_of()
    one = forecast(plan, RunFolder(tmp_path / "run"), others=[tmp_path])
    assert counts(one) == {
        MODELS[0]: (6, 0, 0, 0, 6),
        MODELS[1]: (6, 0, 0, 0, 6),
        "prior": (3, 0, 0, 0, 3),
        "bayes_optimal": (3, 0, 0, 0, 3),
    }
    assert [row.draws for row in one.rows] == [5, 5, 5, 5], "clean, one that is certain, three draws"
    assert (one.cost.fits, one.cost.unknown_fits, one.cost.unknown_cells) == (4, 4, 18), "calibrators share a fit"
    assert (one.cost.span, one.with_workers, one.sources) == ((0, 0), (0, 0), [])
    rows = len(plan.data[DATA].test)
    assert one.disk.predictions == 6 * 5 * rows * 8 * (2 + len(plan.data[DATA].test.classes) + 3)
    assert (one.disk.checkpoints, one.disk.unknown_checkpoints) == (0, 6)
    assert one.disk.free > 0
    assert not (tmp_path / "run").exists()
    shown = text_of(one)
    assert "Time   unknown\n" in shown
    assert "Nothing like it is recorded: 4 of 4 fits, 18 of 18 cells" in shown
    assert "Cells  18: 0 done, 18 missing; 4 to train" in shown


def test_what_is_there_is_not_to_do_and_its_times_are_those_of_what_is_missing(tmp_path: Path) -> None:
    plan, path = plan_of(seeds=3), tmp_path / "run"
    write(path, plan, Combination(MODELS[0], DATA, 0), seconds=8)
    write(path, plan, Combination(MODELS[0], DATA, 1), seconds=16, only=2)
    one = forecast(plan, RunFolder(path), workers=2, others=[])
    assert counts(one)[MODELS[0]] == (9, 5, 0, 0, 4)
    trained, calibrated, *_ = one.rows
    assert (trained.cost.fits, trained.cost.cells) == (1, 4), "seed 2; of seed 1 a cell alone is missing"
    assert trained.cost.span == (8 + 3 + 5, 16 + 3 + 5), "a cell has 3 draws of a second"
    assert trained.cost.is_whole
    assert (calibrated.cost.fits, calibrated.cost.span) == (0, (15, 15)), "the fits are there, or counted above"
    jobs = [5, 3 + 5, 8 + 5 + 5]
    assert one.with_workers == (max(jobs), 16 + 5 + 5)
    assert one.cost.span == (31, 39)
    assert one.sources == [str(path)]
    assert one.disk.checkpoints == 400, "three calibrated ones and that of seed 2"
    shown = text_of(one)
    assert "Time   at least 31 s; with 2 workers at least 18 s\n" in shown, "prior and bayes_optimal are not known"
    assert "16 s – 24 s" in shown
    assert f"By what is recorded in {path}" in " ".join(shown.split())


def test_failed_and_declined_cells_are_told_apart(tmp_path: Path) -> None:
    plan, path = plan_of(), tmp_path / "run"
    write(path, plan, Combination("prior", DATA, 0), state="failed")
    write(path, plan, Combination("bayes_optimal", DATA, 0), state="not applicable")
    run = write(path, plan, Combination(MODELS[0], DATA, 0))
    run.folder.predictions_path(MODELS[0], DATA, 0).unlink()
    one = forecast(plan, RunFolder(path), others=[])
    assert counts(one) == {
        MODELS[0]: (6, 0, 0, 0, 6),
        MODELS[1]: (6, 0, 0, 0, 6),
        "prior": (3, 0, 3, 0, 0),
        "bayes_optimal": (3, 0, 0, 3, 0),
    }
    shown = text_of(one)
    assert "failed" in shown.splitlines()[1]
    assert "12 missing, 3 failed, tried again, 3 not applicable" in " ".join(shown.split())
    assert "Time   at least " in shown


def test_a_change_of_options_makes_what_is_there_missing(tmp_path: Path) -> None:
    path = tmp_path / "run"
    write(path, plan_of(), Combination("prior", DATA, 0))
    one = forecast(plan_of(stress_seed=1), RunFolder(path), others=[])
    assert counts(one)["prior"] == (3, 0, 0, 0, 3)


def test_other_folders_are_read_where_they_can_be(tmp_path: Path) -> None:
    plan = plan_of()
    write(tmp_path / "a", plan, Combination("prior", DATA, 0), seconds=2)
    run = write(tmp_path / "paper" / "block", plan, Combination("prior", DATA, 0), seconds=4)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{}", encoding="utf-8")
    record = run.folder.read_record()
    elsewhere = record.model_copy(update={"hardware": {**record.hardware, "device": "cuda"}})
    RunFolder(tmp_path / "cuda").write_record(elsewhere)
    RunFolder(tmp_path / "empty").write_record(record.model_copy(update={"fits": (), "cells": ()}))
    other = record.model_copy(update={"hardware": {**record.hardware, "processor": "Abacus 9"}})
    (tmp_path / "far").mkdir()
    RunFolder(tmp_path / "far").write_record(other)
    one = forecast(plan, RunFolder(tmp_path / "new"), others=[tmp_path])
    (row,) = [row for row in one.rows if row.model == "prior"]
    assert row.cost.span == (2 + 5, 4 + 5)
    assert set(one.sources) == {str(tmp_path / name) for name in ("a", "far", "paper/block")}
    assert one.other_processors == ["Abacus 9"]
    shown = " ".join(text_of(one).split())
    assert "and 2 more" in shown
    assert "Some of it was measured elsewhere: Abacus 9" in shown
    assert "prior 1 3 5 0 3 7 s – 9 s" in shown


def test_what_is_known_whole_is_told_from_the_least_to_the_most(tmp_path: Path) -> None:
    plan = plan_of(("prior",))
    for name, seconds in (("a", 1), ("b", 60)):
        for model in ("prior", "bayes_optimal"):
            write(tmp_path / name, plan, Combination(model, DATA, 0), seconds=seconds)
    one = forecast(plan, RunFolder(tmp_path / "new"), workers=9, others=[tmp_path])
    assert one.cost.is_whole
    shown = text_of(one)
    assert "Time   12 s – 2 min; with 9 workers 6 s – 1 min\n" in shown
    assert "Nothing like it" not in shown


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(RunFolderError, match="holds other files and no run"):
        forecast(plan_of(("prior",)), RunFolder(tmp_path))


def test_a_disk_that_may_be_too_small_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    plan = replace(
        plan_of(("prior",)), skipped={DATA: {"noise:modality=smell": "there is no smell", "noise:modality=touch": ""}}
    )
    one = forecast(plan, RunFolder(tmp_path / "run"), others=[])
    shown = text_of(one)
    assert "1.0 kB are free" in shown
    assert "That may not be enough: free some space, or use another disk (--out)" in shown
    assert f"Left out on {DATA}: 2 conditions, such as noise:modality=smell (there is no smell)" in " ".join(
        shown.split()
    )


def test_json_holds_the_same(tmp_path: Path) -> None:
    write(tmp_path / "run", plan_of(), Combination("prior", DATA, 0))
    one = forecast(plan_of(), RunFolder(tmp_path / "run"), name="b", workers=3, others=[])
    content = json.loads(json.dumps(as_json([one], {"iemocap": "not there"})))
    assert content["missing_data"] == {"iemocap": "not there"}
    (run,) = content["runs"]
    assert run["cells"] == {"cells": 18, "done": 3, "failed": 0, "declined": 0, "missing": 15}
    assert (run["block"], run["workers"]["workers"], run["rows"][0]["cost"]["unknown_fits"]) == ("b", 3, 2)
    assert text_of(one).startswith("Block b: ")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "< 1 s"),
        (1.2, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3_570, "1 h"),
        (5_400, "1 h 30 min"),
        (7_200, "2 h"),
        (90_000, "25 h"),
    ],
)
def test_times_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_spans_and_sizes_in_few_digits() -> None:
    assert (span_text(Span(61, 70)), span_text(Span(61, 700))) == ("1 min", "1 min – 12 min")
    assert [size_text(size) for size in (0, 12_345, 5_300_000, 71_000_000_000)] == [
        "0.0 kB",
        "12 kB",
        "5.3 MB",
        "71 GB",
    ]

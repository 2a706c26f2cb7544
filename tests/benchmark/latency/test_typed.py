"""What is typed: what reaches the measuring, what is kept of it, and what is said."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.latency import run
from emobench.benchmark.latency.asking import Asking
from emobench.benchmark.latency.files import json_path, read_latencies
from emobench.benchmark.latency.orders import Answer, Order
from emobench.benchmark.latency.run import measure_latencies
from emobench.benchmark.registry import DATASETS, canonical_text
from emobench.benchmark.run_folder import RunFolder

DATA = "simulated:test=4,train=8,validation=4,turns=2/4"
SINGLE = Asking(scenarios=("single",), device="cpu")


class TestCommands:
    """What is kept of what was typed makes again what the folder holds."""

    def typed(self, model: str, asking: Asking, out: Path) -> str:
        measure_latencies([model], data=[DATA], asking=asking, out=out)
        return asking.command([model], [canonical_text(DATASETS, DATA)], out=out)

    def test_all_that_anything_comes_from_are_kept_in_the_order_typed(
        self, tmp_path: Path, orders: list[Order]
    ) -> None:
        both = Asking(scenarios=("single", "batch"), batches=(8,), device="cpu")
        longer = Asking(scenarios=("single",), device="cpu", seconds=5.0)
        commands = [self.typed("prior", both, tmp_path), self.typed("late_fusion", SINGLE, tmp_path)]
        assert read_latencies(RunFolder(tmp_path)).commands == tuple(commands)
        again = self.typed("late_fusion", longer, tmp_path)
        # Nothing that is there comes from the second any more.
        assert read_latencies(RunFolder(tmp_path)).commands == (commands[0], again)
        self.typed("prior", both, tmp_path)
        assert read_latencies(RunFolder(tmp_path)).commands == (again, commands[0])

    def test_they_make_again_what_the_folder_holds(
        self, tmp_path: Path, orders: list[Order], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "a folder"
        self.typed("prior", SINGLE, out)
        self.typed("late_fusion", Asking(scenarios=("batch",), batches=(8,), device="cpu", dropped=("audio",)), out)
        record = read_latencies(RunFolder(out))
        out.rename(tmp_path / "before")
        assert [exit_code([*shlex.split(one)[1:], "--quiet"]) for one in record.commands] == [0, 0]
        again = read_latencies(RunFolder(out))
        assert again.commands == record.commands
        assert [(one.cell, one.command) for one in again.cells] == [(one.cell, one.command) for one in record.cells]

    def test_what_an_older_file_does_not_say_is_kept(self, tmp_path: Path, orders: list[Order]) -> None:
        self.typed("prior", SINGLE, tmp_path)
        path = json_path(RunFolder(tmp_path))
        record = read_latencies(RunFolder(tmp_path))
        older = record.model_copy(update={"cells": (record.cells[0].model_copy(update={"command": ""}),)})
        path.write_text(older.model_dump_json(), encoding="utf-8")
        new = self.typed("late_fusion", SINGLE, tmp_path)
        assert read_latencies(RunFolder(tmp_path)).commands == (*record.commands, new)


@pytest.mark.parametrize("untrained", [False, True])
def test_a_report_on_what_was_begun_says_what_was_typed(
    tmp_path: Path,
    orders: list[Order],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    untrained: bool,
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_measured" if untrained else "fitted_model", interrupted)
    words = ["latency", "--model", "rage_fusion:width=8", "--data", DATA, "--out", str(tmp_path / "out"), "--quiet"]
    words += ["--untrained"] * untrained
    assert exit_code(words) == 130
    capsys.readouterr()
    assert exit_code(["report", str(tmp_path / "out")]) == 2
    typed = read_latencies(RunFolder(tmp_path / "out")).commands[0]
    assert capsys.readouterr().err == (
        f"emobench: {tmp_path / 'out'} holds no latencies: measuring ended before the first was there; type: {typed}\n"
    )
    assert shlex.split(typed)[1:5] == words[:4]


class TestCommandLine:
    def call(self, tmp_path: Path, *more: str) -> int:
        return exit_code(["latency", "--model", "prior", "--data", DATA, "--out", str(tmp_path), *more])

    def test_the_table_is_printed(
        self, tmp_path: Path, orders: list[Order], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        assert self.call(tmp_path, "--scenario", "single", "--budget-ms", "50", "--device", "cpu") == 0
        said = capsys.readouterr()
        assert "holds" in said.out
        assert str(json_path(RunFolder(tmp_path))) in said.out

    def test_a_failed_cell_is_exit_code_1(
        self, tmp_path: Path, orders: list[Order], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.call(tmp_path, "--scenario", "batch", "--device", "cpu", "--quiet") == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert "emobench: failed: prior | simulated:" in said.err
        assert "out of memory" in said.err
        assert [order.cell.batch for order in orders] == [8, 64]

    def test_where_nothing_applies_it_says_so_and_is_exit_code_1(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        declines = Answer(state="not applicable", why="this model has no network")
        monkeypatch.setattr(run, "measure_in_fresh_process", lambda order: (declines, ()))
        assert self.call(tmp_path, "--scenario", "single", "--device", "cpu", "--quiet") == 1
        reason, last = capsys.readouterr().err.splitlines()
        assert reason.startswith("emobench: not applicable: prior | simulated:")
        assert reason.endswith(": this model has no network")
        assert last == "emobench: nothing was measured, for the reasons above"

    def test_what_does_not_apply_beside_what_does_is_no_failure(
        self, tmp_path: Path, orders: list[Order], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        measure: Callable[[Order], object] = run.measure_in_fresh_process
        declines = Answer(state="not applicable", why="no dialogue is that long")
        monkeypatch.setattr(
            run, "measure_in_fresh_process", lambda one: (declines, ()) if one.cell.context else measure(one)
        )
        assert (
            self.call(
                tmp_path, "--scenario", "single", "--context", "0", "--context", "9", "--device", "cpu", "--quiet"
            )
            == 0
        )
        assert len(capsys.readouterr().err.splitlines()) == 1

    def test_options_reach_what_is_measured(self, tmp_path: Path, orders: list[Order]) -> None:
        words = "--scenario single --device cpu --threads 2 --context 1 --drop audio --drop none --dtype float32 "
        words += "--iterations 59 --seconds 0.5 --limit 9 --budget-ms 20 --budget-percentile 90 --compile --quiet"
        assert self.call(tmp_path, *words.split()) == 0
        assert [(order.cell.threads, order.cell.context, order.cell.dropped) for order in orders] == [
            (2, 1, "audio"),
            (2, 1, ""),
        ]
        assert (orders[0].rules.iterations, orders[0].rules.seconds, orders[0].rules.limit) == (59, 0.5, 9.0)
        assert orders[0].cell.compiled == "default"

    def test_a_mistake_is_one_line_and_exit_code_2(
        self, tmp_path: Path, orders: list[Order], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.call(tmp_path, "--budget-ms", "0") == 2
        assert capsys.readouterr().err == (
            "emobench: expected --budget-ms above 0, got 0; type for example --budget-ms 50\n"
        )

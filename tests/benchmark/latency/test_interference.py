import gc
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from emobench.benchmark.latency.interference import Snapshot, Span, drift_of, during, neighbours, snapshot
from emobench.benchmark.latency.record import InterferenceRecord
from emobench.benchmark.randomness import Randomness

TICKS = os.sysconf("SC_CLK_TCK")


def moment(seconds: float, **changes: object) -> Snapshot:
    usual = Snapshot(seconds, 0.5, 10.0, 5.0, 3, 1, 2, {})
    return usual._replace(**changes)  # type: ignore[arg-type]  # names and types are those of the fields


def found(before: Snapshot, after: Snapshot, **changes: object) -> InterferenceRecord:
    quiet = {"reference": [1.0, 1.0], "host": np.ones(5), "turn": np.zeros(5, np.int64)}
    return during([Span(before, after)], **{**quiet, **changes})  # type: ignore[arg-type]  # as above


def test_a_quiet_machine_has_no_flags() -> None:
    record = found(moment(0), moment(10, busy=20.0, own=15.0, voluntary=9, involuntary=2, collections=4))
    assert record.flags == ()
    assert (record.busy_elsewhere, record.voluntary_switches, record.involuntary_switches) == (0.0, 6, 1)
    assert record.collections == 2
    # Clocks that tick at other times never make it less than nothing.
    assert found(moment(0), moment(10, busy=12.0, own=15.0)).busy_elsewhere == 0.0


@pytest.mark.parametrize(
    ("after", "changes", "kind", "text"),
    [
        ({}, {"reference": [1.0, 1.0, 1.0, 1.2, 1.2]}, "drift", "the reference operation drifted by 20 %"),
        ({"busy": 30.0, "own": 10.0}, {}, "busy", "other processes kept 1.5 cores busy"),
        ({"involuntary": 501}, {}, "switches", "the process was put aside for others 50 times a second"),
        ({}, {"on_device": ("a", "b")}, "device", "other processes were on the device: a, b"),
        (
            {},
            {"host": np.arange(9.0) + 1, "turn": np.zeros(9, np.int64)},
            "neighbours",
            "successive latencies are alike (rank correlation 1.00), so their bounds are too narrow",
        ),
    ],
)
def test_each_kind_of_interference_is_flagged(
    after: dict[str, object], changes: dict[str, object], kind: str, text: str
) -> None:
    (flag,) = found(moment(0), moment(10, **after), **changes).flags
    assert (flag.kind, flag.text) == (kind, text)


def test_what_the_system_does_not_tell_is_not_known() -> None:
    assert found(moment(0, busy=None), moment(10)).busy_elsewhere is None
    assert found(moment(0), moment(10, busy=None)).busy_elsewhere is None


def test_the_busiest_others_are_named() -> None:
    processes = {(1, "compiler"): 9.0, (2, "idle"): 0.1, (3, "browser"): 4.0}
    record = found(moment(0, of_processes={(1, "compiler"): 1.0}), moment(10, of_processes=processes), on_device=["x"])
    assert record.processes == ("compiler (0.8 cores)", "browser (0.4 cores)", "x")


def test_drift_is_the_middle_half_relative_to_the_median() -> None:
    assert drift_of([2.0, 1.5, 2.5, 1.0, 3.0]) == 0.5


def test_one_hiccup_is_no_drift_and_a_step_for_a_quarter_of_the_time_is() -> None:
    assert drift_of([1.0] * 9 + [5.0]) == 0.0
    assert drift_of([1.0] * 6 + [1.5] * 3) == 0.5


def test_neighbours_have_the_rank_correlation_of_each_with_the_next() -> None:
    values = np.round(Randomness(0, ("neighbours",)).generator().gamma(2, size=400), 1) + 0.1
    values[1:] += values[:-1]
    ranks = rankdata(values)
    found = neighbours(values, np.zeros(400, np.int64))
    assert found == pytest.approx(np.corrcoef(ranks[:-1], ranks[1:])[0, 1], abs=0.01)
    assert found > 0.3


def test_turns_that_take_longer_do_not_make_neighbours_alike() -> None:
    turn = np.tile(np.arange(20), 30)
    noise = Randomness(1, ("neighbours",)).generator().uniform(0.9, 1.1, len(turn))
    assert neighbours(1.0 + turn, np.zeros(len(turn), np.int64)) > 0.7
    assert abs(neighbours((1.0 + turn) * noise, turn)) < 0.1


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [3.0, 3.0, 3.0, 3.0]])
def test_few_or_equal_values_are_not_alike(values: list[float]) -> None:
    assert neighbours(np.array(values), np.zeros(len(values), np.int64)) == 0.0


def test_a_snapshot_reads_what_the_system_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stat").write_text(f"cpu  {TICKS} {TICKS} {TICKS} 999 999 {TICKS} {TICKS} {TICKS} 7 7\ncpu0 1\n")
    for number, text in (
        (41, f"41 (my (odd) name) S 1 1 1 0 -1 4 0 0 0 0 {2 * TICKS} {3 * TICKS} 0 0"),
        (42, "42 torn"),
        (43, f"43 (child) S {os.getpid()} 1 1 0 -1 4 0 0 0 0 {4 * TICKS} {TICKS} {TICKS} 0"),
        (44, f"44 (grandchild) S 43 1 1 0 -1 4 0 0 0 0 {7 * TICKS} {TICKS} 0 {TICKS}"),
        (45, f"45 (ended a long job) S 1 1 1 0 -1 4 0 0 0 0 0 0 {99 * TICKS} {99 * TICKS}"),
        (os.getpid(), f"{os.getpid()} (python) R 1 1 1 0 -1 4 0 0 0 0 {TICKS} {TICKS} 0 0"),
    ):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "stat").write_text(text)
    gc.disable()  # what is collected meanwhile counts too
    try:
        taken = snapshot(root=tmp_path)
        gc.collect()
        assert snapshot(root=tmp_path).collections == taken.collections + 1
    finally:
        gc.enable()
    assert taken.busy == 6.0
    # What ended was counted while it ran, as whatever it was.
    assert taken.of_processes == {(41, "my (odd) name"): 5.0, (45, "ended a long job"): 0.0}
    worked = resource.getrusage(resource.RUSAGE_SELF)
    monkeypatch.setattr(resource, "getrusage", lambda whose: worked)  # this process goes on working
    alone = snapshot(root=tmp_path / "nowhere")
    assert snapshot(root=tmp_path).own - alone.own == pytest.approx((4 + 1 + 1) + (7 + 1 + 1))


def test_the_work_of_what_this_process_starts_is_its_own() -> None:
    before = snapshot()
    busy = "import time; end = time.process_time() + 0.6\nwhile time.process_time() < end: pass\nprint(1, flush=True)"
    with subprocess.Popen([sys.executable, "-c", busy + "; input()"], stdin=-1, stdout=-1) as child:
        assert child.stdout is not None
        child.stdout.readline()
        while_it_runs = snapshot()
    ended = snapshot()
    assert while_it_runs.own - before.own > 0.5
    assert ended.own >= while_it_runs.own - 0.1
    assert child.pid not in {number for number, _ in while_it_runs.of_processes}


def test_of_several_spans_only_what_is_in_them_counts() -> None:
    """Between the two, while another part was warmed up, compilers kept two cores busy."""
    work = {(7, "compiler"): 1.0}, {(7, "compiler"): 2.0}, {(7, "compiler"): 22.0}, {(7, "compiler"): 23.0}
    ends = [
        moment(
            second, load=load, busy=busy, own=0.0, voluntary=n, involuntary=3 * n, collections=2 * n, of_processes=of
        )
        for second, load, busy, n, of in zip(
            (0, 10, 20, 30), (0.1, 0.2, 0.3, 0.4), (0.0, 1.0, 21.0, 22.0), (1, 2, 502, 504), work, strict=True
        )
    ]
    record = during([Span(*ends[:2]), Span(*ends[2:])], reference=[1.0], host=np.ones(5), turn=np.zeros(5, np.int64))
    assert record.busy_elsewhere == pytest.approx(0.1)
    assert (record.voluntary_switches, record.involuntary_switches, record.collections) == (3, 9, 6)
    assert (record.load_before, record.load_after) == (0.1, 0.4)
    assert record.processes == ("compiler (0.1 cores)",)
    assert record.flags == ()


def test_a_system_that_shows_nothing_is_said_not_to_tell(tmp_path: Path) -> None:
    taken = snapshot(root=tmp_path)
    assert taken.busy is None
    assert taken.of_processes == {}

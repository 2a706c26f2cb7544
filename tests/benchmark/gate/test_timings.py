"""Rules about latencies: limits, losses on one machine and between two, and what cannot be concluded."""

import io
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import fake_latency as fake
import pytest

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.errors import RunFolderError, SpecError
from emobench.benchmark.gate.accepted import accept, read_accepted
from emobench.benchmark.gate.check import check
from emobench.benchmark.gate.rules import make_rule
from emobench.benchmark.gate.terminal import summary
from emobench.benchmark.gate.timing_check import NOTE
from emobench.benchmark.gate.timing_questions import TimingQuestion, limit_question
from emobench.benchmark.gate.timings import AcceptedTime, timings_of
from emobench.benchmark.gate.verdicts import Verdict
from emobench.benchmark.latency.files import read_latencies, read_samples, write_latencies
from emobench.benchmark.latency.record import Cell, CellLatency, PercentileRecord
from emobench.benchmark.paired_sources import Place
from emobench.benchmark.run_folder import RunFolder

MakeRun = Callable[..., Path]
Timed = Callable[..., Path]
SINGLE = Place("fusion", "small", "single:device=cpu")
NOISE = "something interfered: in the run other processes kept 1.2 cores busy; measure again on a quiet machine"


def of_small(model: str = "fusion", **other: object) -> Cell:
    return fake.cell(model, data="small", **other)


@pytest.fixture
def timed(make_run: MakeRun) -> Timed:
    """Make a run folder that holds latencies alone."""

    def make(
        name: str,
        median: float = 1.0,
        *,
        cells: Sequence[Cell] = (of_small(), of_small(scenario="batch", batch=8)),
        failed: Sequence[Cell] = (),
        iterations: int = 320,
        change: dict[str, object] | None = None,
        **how: object,
    ) -> Path:
        path = make_run(name)
        folder = RunFolder(path)
        folder.write_record(folder.read_record().model_copy(update={"cells": ()}))
        found: list[tuple[CellLatency, Sequence[fake.PartSamples]]] = []
        for cell in cells:
            those = (fake.samples(cell, median=median, iterations=iterations),)
            found.append((fake.done(those, **{"budget": 5.0, **how}).model_copy(update=change or {}), those))
        found += [(fake.failed(cell), ()) for cell in failed]
        fake.write(folder, found)
        return path

    return make


def verdicts(run: Path, against: Path | None = None, **rule: object) -> tuple[Verdict, ...]:
    made = make_rule({"condition": "single*", **rule}, where="rule 1")
    outcome = check(run, [made], against=against)
    assert outcome.notes == (NOTE,)
    return outcome.verdicts


def verdict(run: Path, against: Path | None = None, **rule: object) -> Verdict:
    (found,) = verdicts(run, against, **rule)
    return found


def test_a_figure_fails_where_its_bound_is_beyond_the_limit(timed: Timed) -> None:
    run = timed("run")
    p95 = timings_of(RunFolder(run)).done[SINGLE].figures["latency_p95"]
    assert verdict(run, metric="latency_p95", limit=5.0).message == (
        f"fusion on small: p95 under single:device=cpu is {p95.value:.3f} ms (95 % at most {p95.high:.3f} ms); allowed "
        "at most 5.000 ms"
    )
    above = verdict(run, metric="latency_p95", limit=p95.low - 0.01)
    assert (above.status, above.word) == ("regression", "above the limit")
    assert f"above the limit of {p95.low - 0.01:.3f} ms (95 % at least {p95.low:.3f} ms)" in above.message
    between = verdict(run, metric="latency_p95", limit=(p95.low + p95.value) / 2)
    assert (between.status, between.doubtful) == ("pass", True)
    assert "beyond the limit" in between.message
    assert "may be chance" in between.message
    assert verdict(run, metric="latency_p95", limit=p95.low - 0.01, min_effect=0.02).status == "pass"


def test_throughput_is_better_when_it_is_higher(timed: Timed) -> None:
    run = timed("run")
    place = Place("fusion", "small", "batch:device=cpu,batch=8")
    rate = timings_of(RunFolder(run)).done[place].figures["throughput"]
    low = verdict(run, metric="throughput", condition="batch*", limit=rate.high + 10)
    assert (low.status, low.word) == ("regression", "below the limit")
    assert "below the limit of" in low.message
    assert "(95 % at most" in low.message
    assert "required at least" in verdict(run, metric="throughput", condition="batch*", limit=1.0).message
    slow = timed("slow", 1.5)
    found = verdict(slow, run, metric="throughput", condition="batch*", max_loss=0.1)
    assert found.status == "regression"
    assert "answers per second, 33.3 % worse, more than the 10.0 % allowed" in found.message


def test_a_loss_on_one_machine_is_one_of_milliseconds(timed: Timed) -> None:
    run, slow, fast = timed("run"), timed("slow", 1.4), timed("fast", 0.8)
    assert verdict(run, run, metric="latency_p95", max_loss=0.1).message.endswith("(unchanged); allowed: 10.0 % worse")
    found = verdict(slow, run, metric="latency_p95", max_loss=0.1)
    before, after = (timings_of(RunFolder(path)).done[SINGLE].figures["latency_p95"] for path in (run, slow))
    assert found.status == "regression"
    assert found.low == pytest.approx(after.low / before.high - 1)
    assert (
        f"rose from {before.value:.3f} ms to {after.value:.3f} ms, 40.0 % worse, more than the 10.0 % allowed; by the "
        "bounds of both, each with 95 %, at least 22.4 %"
    ) in found.message
    better = verdict(fast, run, metric="latency_p95", max_loss=0.1)
    assert "(20.0 % better)" in better.message
    doubtful = verdict(slow, run, metric="latency_p95", max_loss=0.35)
    assert (doubtful.status, doubtful.doubtful) == ("pass", True)
    assert "beyond the 35.0 % allowed, but this may be chance" in doubtful.message
    assert doubtful.seen_from is not None
    assert doubtful.seen_from > 0.4


def test_between_two_machines_ratios_to_the_reference_are_compared(timed: Timed) -> None:
    run = timed("run")
    as_fast, slower = (
        timed("other", 2.0, reference=1.0, machine="m2"),
        timed("slower", 3.0, reference=1.0, machine="m2"),
    )
    same = verdict(as_fast, run, metric="latency_p95", max_loss=0.1)
    assert same.status == "pass"
    assert same.message.startswith(
        "fusion on small: p95 under single:device=cpu, relative to the reference operation as the machines differ, went"
    )
    assert verdict(slower, run, metric="latency_p95", max_loss=0.1).status == "regression"
    rate = verdict(slower, run, metric="throughput", condition="batch*", max_loss=0.1)
    assert "as the machines differ, fell from 0.8" in rate.message
    assert "answers to 0.5" in rate.message
    assert (
        "2.00 times to 3.00 times, 50.0 % worse" in verdict(slower, run, metric="latency_ratio", max_loss=0.1).message
    )
    shares = verdict(as_fast, run, metric="over_budget", max_loss=0.1)
    assert (shares.status, shares.message.partition(": share over the budget ")[2]) == (
        "inconclusive",
        "under single:device=cpu: the machines differ, and shares over a budget say nothing of one from the other; "
        "take latency_p95",
    )
    other = timed("gpu", machine="m2", change={"reference": None})
    assert "the reference operations differ" in verdict(other, run, metric="latency_p95", max_loss=0.1).message
    none = timed("none", change={"reference": None})
    assert "no reference operation was timed" in verdict(other, none, metric="latency_p95", max_loss=0.1).message


def test_shares_over_a_budget_need_the_same_budget(timed: Timed) -> None:
    run, strict = timed("run", budget=1.2), timed("strict", budget=1.0)
    found = verdict(strict, run, metric="over_budget", max_loss=0.1)
    assert found.status == "inconclusive"
    assert found.message.endswith("the budgets differ (1.2 ms in the baseline, 1 ms here)")
    worse = verdict(timed("slow", 1.4, budget=1.2), run, metric="over_budget", max_loss=0.1)
    assert worse.status == "regression"
    # Batches are held against no budget.
    assert [one.condition for one in verdicts(run, condition="*", metric="over_budget", limit=0.5)] == [
        SINGLE.condition
    ]
    without = verdict(timed("without", budget=None), metric="over_budget", limit=0.1)
    assert (without.status, "type emobench latency --budget-ms 50" in without.message) == ("not measured", True)


def test_what_interferes_leaves_a_verdict_open_unless_the_limit_is_kept_even_so(timed: Timed) -> None:
    run, noisy = timed("run"), timed("noisy", 1.4, flags=(fake.BUSY,))
    assert verdict(noisy, metric="latency_p95", limit=5.0).status == "pass"
    over = verdict(noisy, metric="latency_p95", limit=1.5)
    assert (over.status, "something interfered: other processes" in over.message) == ("inconclusive", True)
    loss = verdict(noisy, run, metric="latency_p95", max_loss=0.1)
    assert (loss.status, loss.message.endswith(NOISE)) == ("inconclusive", True)
    assert "in the baseline other processes" in verdict(run, noisy, metric="latency_p95", max_loss=0.1).message


def test_too_few_iterations_are_inconclusive(timed: Timed) -> None:
    run, short = timed("run"), timed("short", iterations=100)
    found = verdict(short, metric="latency_p99", limit=50.0)
    assert (found.status, found.message.endswith("too few iterations for its bounds; type more with --iterations")) == (
        "inconclusive",
        True,
    )
    theirs = verdict(run, short, metric="latency_p99", max_loss=0.1)
    assert theirs.status == "not measured"
    assert "the baseline has too few iterations for it, or no budget; accept a run that has it" in theirs.message


def test_what_failed_or_is_missing_is_told(timed: Timed) -> None:
    both = (of_small(), of_small(scenario="stream"))
    run = timed("run", cells=both)
    broken = timed("broken", cells=both[:1], failed=both[1:])
    statuses = [one.status for one in verdicts(broken, run, condition="*", metric="latency_p95", max_loss=0.1)]
    assert sorted(statuses) == ["failed", "pass"]
    lacking = timed("lacking", cells=both[:1])
    gone = [
        one for one in verdicts(lacking, run, condition="*", metric="latency_p95", max_loss=0.1) if one.status != "pass"
    ]
    assert [one.message for one in gone] == [
        "fusion on small: p95 under stream:device=cpu: the run lacks it and the baseline has it; measure it too"
    ]
    more = verdict(run, lacking, condition="stream*", metric="latency_p95", max_loss=0.1)
    assert "the baseline lacks it; accept a run that has it" in more.message
    declined = timed("declined", cells=both[:1], change={"state": "not applicable"})
    assert verdict(declined, metric="latency_p95", limit=1.0).status == "not measured"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"model": "fusio"}, "no model matches 'fusio'; did you mean 'fusion'?"),
        ({"data": "mosi"}, "no data set matches 'mosi'; known: small"),
        ({"condition": "singel*"}, "no setting matches 'singel*'"),
        ({"condition": "stream*", "model": "other"}, "no measurement has all that it names"),
    ],
)
def test_a_rule_that_matches_nothing_says_why(timed: Timed, rule: dict[str, str], said: str) -> None:
    run = timed("run", cells=(of_small(), of_small("other")), failed=(of_small(scenario="stream"),))
    found = verdict(run, metric="latency_p95", limit=1.0, **rule)
    assert found.status == "not measured"
    assert said in found.message


@pytest.mark.parametrize(("model", "typed"), [("fusion", "fusion"), ("*", "rage_fusion")])
def test_a_run_without_latencies_says_what_to_type(make_run: MakeRun, model: str, typed: str) -> None:
    found = verdict(make_run("none"), metric="latency_p95", limit=1.0, model=model)
    assert f"the run has no latencies; type for example: emobench latency --model {typed} --out" in found.message


def test_another_model_of_the_baseline_can_be_named(timed: Timed) -> None:
    run, other = timed("run", cells=(of_small(),)), timed("other", cells=(of_small("new"),))
    assert verdict(other, run, metric="latency_p95", max_loss=0.5, baseline_model="fusion").status == "pass"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"part": "joy"}, "rule 1: part: a latency has none; leave it out"),
        ({"min_utterances": 3}, "rule 1: min_utterances: a latency has none; leave it out"),
        ({"direction": "higher"}, "rule 1: direction: of latency_p95 lower is better, got 'higher'"),
    ],
)
def test_keys_that_say_nothing_of_latencies_are_refused(rule: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError) as raised:
        make_rule({"metric": "latency_p95", "limit": 1.0, **rule}, where="rule 1")
    assert str(raised.value) == said


def test_accepted_latencies_are_lines_of_the_baseline(timed: Timed, tmp_path: Path) -> None:
    run, baseline = timed("run"), tmp_path / "baseline.toml"
    (tmp_path / "baseline.predictions").mkdir()
    accept(RunFolder(run), baseline)
    assert not (tmp_path / "baseline.predictions").exists()
    text = tomllib.loads(baseline.read_text(encoding="utf-8"))
    p95 = timings_of(RunFolder(run)).done[SINGLE].figures["latency_p95"]
    stored = text["latencies"]["small"]["fusion"]["single:device=cpu"]
    assert stored["figures"]["latency_p95"] == {name: round(getattr(p95, name), 6) for name in ("value", "low", "high")}
    assert stored["machine"] == "Made-up CPU <8> & more, 2 cores, cpu"
    assert read_accepted(baseline).figures == {}
    assert verdict(run, baseline, metric="latency_p95", max_loss=0.1).status == "pass"


def test_other_data_are_refused(timed: Timed, tmp_path: Path) -> None:
    run, other = timed("run"), timed("other")
    folder = RunFolder(other)
    record = folder.read_record()
    data = tuple(one.model_copy(update={"fingerprint": "b" * 64}) for one in record.data)
    folder.write_record(record.model_copy(update={"data": data}))
    with pytest.raises(RunFolderError, match="expected the data set small of"):
        verdicts(run, other, metric="latency_p95", max_loss=0.1)


def test_rules_of_both_kinds_make_one_outcome(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("run")
    those = (fake.samples(of_small()),)
    fake.write(RunFolder(run), [(fake.done(those), those)])
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nmetric = "latency_p95"\nlimit = 1.1\nmax_loss = 0.1\n\n[[rule]]\nmetric = "ece"\nmax_loss = 0.2\n',
        encoding="utf-8",
    )
    baseline, junit = tmp_path / "baseline.toml", tmp_path / "gate.xml"
    assert exit_code(["accept", str(run), "--as", str(baseline)]) == 0
    assert "[latencies." in baseline.read_text(encoding="utf-8")
    asked = ["check", str(run), "--rules", str(rules), "--against", str(baseline), "--junit", str(junit)]
    assert exit_code(asked) == 1
    suites = {one.get("name"): one.get("failures") for one in ET.parse(junit).getroot()}
    assert suites == {"rule 1: latency_p95": "1", "rule 2: ece": "0"}


def test_the_terminal_shows_a_loss_as_a_share(timed: Timed) -> None:
    from rich.console import Console

    run = timed("run")
    made = make_rule({"metric": "latency_p95", "max_loss": 0.1, "condition": "single*"}, where="rule 1")
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(summary(check(run, [made], against=run)))
    assert "latency_p95, single*: loss up to 10.0 %" in console.export_text()


def test_a_figure_of_nothing_is_infinitely_better_than_any() -> None:
    rule = make_rule({"metric": "latency_p95", "limit": 1.0}, where="rule 1")
    some = AcceptedTime(value=1.0, low=0.9, high=1.1)
    asked = limit_question(1, rule, SINGLE, some)
    nothing = replace(asked, kind="loss", other=AcceptedTime(value=0.0, low=0.0, high=0.0))
    assert isinstance(nothing, TimingQuestion)
    assert nothing.loss == float("inf")


def test_what_has_no_bounds_is_no_figure(timed: Timed) -> None:
    few = timed("few", iterations=4, change={"throughput": None, "interference": None, "budget": None})
    assert timings_of(RunFolder(few)).done[SINGLE].figures == {}
    unusual = timed("unusual", percent=97.0)
    folder = RunFolder(unusual)
    record = read_latencies(folder)
    one = record.cells[0]
    whole = one.summaries[0]
    odd = PercentileRecord(percent=97.0, value=1.0, low=0.9, high=1.1)
    lone = PercentileRecord(percent=95.0, value=1.0, low=None, high=1.1)
    changed = one.model_copy(update={"summaries": (whole.model_copy(update={"percentiles": (lone, odd)}),)})
    write_latencies(folder, [changed], read_samples(folder)[:1], machines=dict(record.machines), commands=())
    assert set(timings_of(folder).done[SINGLE].figures) == {"over_budget", "throughput"}


def test_accepting_latencies_alone_names_no_predictions(
    timed: Timed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.toml"
    assert exit_code(["accept", str(timed("only")), "--as", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("accepted ")
    assert printed.endswith(f" figures, a line each, as {path} (to review)\n")
    assert not (tmp_path / "b.predictions").exists()

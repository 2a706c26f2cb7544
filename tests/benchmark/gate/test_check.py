"""The gate as it is typed: what it answers, with which exit code."""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.command_line import exit_code
from emobench.benchmark.errors import RunFolderError, SpecError
from emobench.benchmark.gate.accepted import accept, predictions_folder
from emobench.benchmark.gate.check import check
from emobench.benchmark.gate.rules import Rule, read_rules
from emobench.benchmark.gate.verdicts import Outcome
from emobench.benchmark.metrics.accuracy import Accuracy
from emobench.benchmark.registry import METRICS
from emobench.benchmark.run_folder import RunFolder
from emobench.testing import assert_no_regression

MakeRun = Callable[..., Path]
WriteRules = Callable[[str], Path]


class Nowhere(Accuracy):
    """A metric that is not defined on any data."""

    def value(self, totals: np.ndarray) -> np.ndarray:
        return np.full((*totals.shape[:-1], 1), np.nan)


ECE = '[[rule]]\nmetric = "ece"\nmax_loss = 0.02\nmin_effect = 0.005\nmin_utterances = 300\n'
FAILED = {("fusion", "modality_drop:drop=text"): ("failed", "RuntimeError: out of memory")}


@pytest.fixture(autouse=True)
def nobody_is_github(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def baseline(make_run: MakeRun, tmp_path: Path) -> Path:
    """One training of the model, accepted."""
    accept(RunFolder(make_run("main")), tmp_path / "baseline.toml")
    return tmp_path / "baseline.toml"


@pytest.mark.parametrize(
    ("code", "run", "rules", "said"),
    [
        (0, {"seeds": (5,)}, ECE, "4 pass"),
        (1, {"sharpen": 1 / 0.4}, ECE, "4 regression"),
        (2, {}, ECE.replace("ece", "ecce"), "unknown metric 'ecce'; did you mean 'ece'"),
        (
            3,
            {"states": FAILED},
            ECE,
            "fusion on small under modality_drop:drop=text failed: RuntimeError: out of memory",
        ),
        (4, {}, ECE.replace("300", "3000"), "expected 3000 labelled utterances or more, got 600"),
        (5, {}, ECE + 'condition = "noise:*"', "rule 1 matches nothing: no condition matches 'noise:*'; known: clean"),
    ],
)
def test_every_exit_code(
    code: int,
    run: dict[str, object],
    rules: str,
    said: str,
    make_run: MakeRun,
    baseline: Path,
    write_rules: WriteRules,
) -> None:
    """As a build would: in a process of its own."""
    command = [sys.executable, "-m", "emobench", "check", str(make_run("candidate", **run))]
    command += ["--against", str(baseline), "--rules", str(write_rules(rules))]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"}, timeout=120
    )
    assert done.returncode == code, done.stderr
    assert said in " ".join((done.stdout + done.stderr).split())
    assert max(map(len, done.stdout.splitlines()), default=0) <= 80
    assert "Traceback" not in done.stderr


def judged(run: Path, rules: str, write_rules: WriteRules, against: Path | None = None) -> Outcome:
    return check(run, read_rules(write_rules(rules)), against=against)


def test_another_training_passes_and_a_temperature_of_0_4_fails(
    make_run: MakeRun, baseline: Path, write_rules: WriteRules
) -> None:
    same = judged(make_run("other_seed", seeds=(5,)), ECE, write_rules, baseline)
    assert same.exit_code == 0
    assert any(abs(verdict.value - verdict.reference) > 1e-4 for verdict in same.verdicts), "it is another training"
    sharp = judged(make_run("sharp", seeds=(5,), sharpen=1 / 0.4), ECE, write_rules, baseline)
    clean = next(verdict for verdict in sharp.verdicts if verdict.condition == "clean")
    value, reference, low = clean.value, clean.reference, clean.low
    assert clean.message == (
        f"fusion on small: ECE on clean input rose from {reference:.3f} to {value:.3f}, "
        f"by {value - reference:.3f}, more than the 0.020 allowed; that it got worse by more than 0.005 is beyond "
        f"chance: with 95 %, by at least {low:.3f}"
    )
    assert reference < 0.06 < 0.12 < value
    assert 0.005 < low < value - reference
    assert sharp.exit_code == 1


def test_seeds_on_both_sides(make_run: MakeRun, write_rules: WriteRules) -> None:
    several = make_run("several", seeds=(0, 1, 2))
    assert judged(make_run("others", seeds=(3, 4, 5)), ECE, write_rules, several).exit_code == 0
    alone, helped = (
        judged(make_run(name, seeds=(3,)), ECE, write_rules, against).verdicts[0]
        for name, against in (("a", make_run("one")), ("b", several))
    )
    assert helped.seen_from > alone.seen_from, "three seeds tell that seeds matter"
    sharp = make_run("sharp", seeds=(3, 4, 5), sharpen=2.5)
    assert judged(sharp, ECE, write_rules, several).exit_code == 1
    with_limit = ECE.replace("max_loss = 0.02", "limit = 0.05")
    assert judged(sharp, with_limit, write_rules).exit_code == 1


def test_without_its_predictions_a_baseline_sees_only_larger_losses(
    make_run: MakeRun, baseline: Path, write_rules: WriteRules
) -> None:
    run = make_run("candidate", sharpen=1 / 0.4)
    rules = '[[rule]]\nmetric = "nll"\nmax_loss = 0.02\n'
    paired = judged(run, rules, write_rules, baseline)
    shutil.rmtree(predictions_folder(baseline).path)
    unpaired = judged(run, rules, write_rules, baseline)
    assert paired.notes == ()
    assert unpaired.notes[0].startswith(f"the predictions beside {baseline} are missing, so differences are not paired")
    assert unpaired.exit_code == 1
    for one, other in zip(paired.verdicts, unpaired.verdicts, strict=True):
        assert one.value == other.value
        assert one.reference == pytest.approx(other.reference, abs=1e-6)
        assert other.seen_from > one.seen_from


def test_a_text_with_several_seeds_tells_how_much_they_matter(
    make_run: MakeRun, tmp_path: Path, write_rules: WriteRules
) -> None:
    found = []
    for seeds in ((0,), (0, 1, 2)):
        path = tmp_path / f"{len(seeds)}.toml"
        accept(RunFolder(make_run(f"main{len(seeds)}", seeds=seeds)), path)
        shutil.rmtree(predictions_folder(path).path)
        found.append(judged(make_run(f"run{len(seeds)}", seeds=(5,)), ECE, write_rules, path).verdicts[0].seen_from)
    assert found[1] > found[0]
    everywhere = judged(tmp_path / "run1", ECE + 'part = "*"\nmodel = "fu*"', write_rules, path)
    assert everywhere.exit_code == 0


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ('metric = "weighted_f1"\nlimit = 0.2', 0),
        ('metric = "weighted_f1"\nlimit = 0.95', 1),
        ('metric = "signed_gap"\nlimit = 0.05\ncondition = "clean"', 1),
        ('metric = "ece"\nlimit = 0.02\ncondition = "clean"', 1),
        ('metric = "worst_rung"\nlimit = 0.95', 1),
        ('metric = "f1"\npart = "jo*"\nlimit = 0.1', 0),
        ('metric = "cel"\npart = "text"\nlimit = 0.5', 0),
    ],
)
def test_limits_need_no_baseline(rule: str, code: int, make_run: MakeRun, write_rules: WriteRules) -> None:
    outcome = judged(make_run("candidate", sharpen=1 / 0.4), f"[[rule]]\n{rule}\n", write_rules)
    assert outcome.exit_code == code
    assert outcome.baseline == ""


def test_noise_is_not_beyond_a_limit_of_ece(make_run: MakeRun, write_rules: WriteRules) -> None:
    """On 100 utterances even a perfect model shows an ECE of about 0.1."""
    outcome = judged(make_run("small", dialogues=10), '[[rule]]\nmetric = "ece"\nlimit = 0.03\n', write_rules)
    assert outcome.exit_code == 0
    assert all(verdict.value > 0.03 and "may be chance" in verdict.message for verdict in outcome.verdicts)
    assert outcome.notes == ("small has 10 dialogues with labels; with fewer than 50 an interval is rough",)


def test_metrics_inside_others_take_their_arguments(make_run: MakeRun, baseline: Path, write_rules: WriteRules) -> None:
    rule = '[[rule]]\nmetric = "{}"\nmax_loss = 0.02\nmodel = "fusion"\npart = "*"\n'
    sharp = make_run("sharp", seeds=(5,), sharpen=1 / 0.4)
    for metric in ("ece:bins=10", "sliced:by=length,metric=ece:bins=10", "worst_rung:metric=ece:bins=10"):
        outcome = judged(sharp, rule.format(metric), write_rules, baseline)
        assert outcome.exit_code == 1, metric
        assert f"({metric})" in outcome.of("regression")[0].message


def test_noise_is_not_beyond_a_limit_of_a_slice(make_run: MakeRun, write_rules: WriteRules) -> None:
    rule = '[[rule]]\nmetric = "sliced:by=turn,metric=ece"\npart = "*"\nlimit = 0.03\ncondition = "clean"\n'
    outcome = judged(make_run("small", dialogues=10), rule, write_rules)
    assert {verdict.part for verdict in outcome.of("inconclusive")} == {"11+"}, "it is empty"
    assert not outcome.of("regression")
    assert all(verdict.value > 0.1 for verdict in outcome.of("pass")), "of a smaller sample noise is larger"


def test_figures_that_rank_utterances_are_checked_on_the_draws_they_have(
    make_run: MakeRun, baseline: Path, write_rules: WriteRules
) -> None:
    """A temperature changes no order of confidences, and little of the order within a class."""
    rank = '[[rule]]\nmetric = "{}"\nmax_loss = 0.02\ncondition = "clean"\n'
    ranks = rank.format("auroc") + rank.format("misclassification_auroc")
    others = make_run("other_seed", seeds=(5,), draws=900)
    same = judged(others, ranks, write_rules, baseline)
    assert (same.exit_code, len(same.verdicts)) == (0, 2)
    assert "are drawn 500 times, so that is how many draws all lower ends of this check are from" in same.notes[0]
    sharp = make_run("sharp", seeds=(5,), sharpen=1 / 0.4, draws=900)
    assert judged(sharp, ranks, write_rules, baseline).exit_code == 0
    assert judged(sharp, ranks + ECE, write_rules, baseline).exit_code == 1
    assert judged(others, ECE, write_rules, baseline).notes == ()
    shutil.rmtree(predictions_folder(baseline).path)
    assert judged(others, rank.format("auroc"), write_rules, baseline).exit_code == 0
    limits = '[[rule]]\nmetric = "auroc"\nlimit = {}\n'
    codes = [judged(others, limits.format(limit), write_rules).exit_code for limit in (0.5, 0.99)]
    assert codes == [0, 1]


def test_direction_can_be_said(make_run: MakeRun, baseline: Path, write_rules: WriteRules) -> None:
    wrong_way = ECE + 'direction = "higher"\ncondition = "clean"\n'
    outcome = judged(make_run("candidate", sharpen=1 / 0.4), wrong_way, write_rules, baseline)
    assert outcome.exit_code == 0
    assert "allowed −0.020" in outcome.verdicts[0].message


def test_models_added_for_comparison_are_checked_by_full_name_only(make_run: MakeRun, write_rules: WriteRules) -> None:
    run = make_run("candidate", references=("prior",))
    rule = '[[rule]]\nmetric = "ece"\nlimit = 0.9\nmodel = "{}"\n'
    models = [
        {verdict.model for verdict in judged(run, rule.format(glob), write_rules).verdicts}
        for glob in ("*", "prior", "pri*")
    ]
    assert models == [{"fusion"}, {"prior"}, {"pri*"}]


def test_a_model_under_another_name(make_run: MakeRun, baseline: Path, write_rules: WriteRules) -> None:
    run = make_run("candidate", models=("fusion2",))
    stranger = judged(run, ECE + "limit = 0.5", write_rules, baseline)
    assert stranger.exit_code == 5
    assert [verdict.status for verdict in stranger.verdicts].count("not measured") == 1, "said once"
    assert [verdict.kind for verdict in stranger.verdicts].count("limit") == 4
    assert (
        "the baseline has no model 'fusion2' to hold fusion2 against; did you mean 'fusion'?; accept a run that has"
        in (stranger.verdicts[0].message)
    )
    named = judged(run, ECE + 'baseline_model = "fusion"', write_rules, baseline)
    assert (named.exit_code, len(named.verdicts)) == (0, 4)
    assert judged(run, ECE, write_rules, baseline).exit_code == 5
    shutil.rmtree(predictions_folder(baseline).path)
    assert judged(run, ECE, write_rules, baseline).exit_code == 5


@pytest.mark.parametrize("paired", [True, False])
def test_what_is_no_longer_run_is_missed(
    paired: bool, make_run: MakeRun, baseline: Path, write_rules: WriteRules
) -> None:
    if not paired:
        shutil.rmtree(predictions_folder(baseline).path)
    declined = {("fusion", "modality_drop:drop=text"): ("not applicable", "no text")}
    run = make_run("candidate", states=declined)
    outcome = judged(run, ECE, write_rules, baseline)
    assert outcome.exit_code == 5
    assert [verdict.message for verdict in outcome.of("not measured")] == [
        "fusion on small: the run has no ECE under modality_drop:drop=text, and the baseline has; run it too, or "
        "accept the run"
    ]
    assert judged(run, ECE + 'condition = "*rate*"', write_rules, baseline).exit_code == 0


def test_a_figure_that_only_one_side_has(make_run: MakeRun, write_rules: WriteRules) -> None:
    """CEL is there where a removal is."""
    with_removals, without = make_run("with"), make_run("without")
    record = RunFolder(with_removals).read_record()
    kept = [one for one in record.conditions if not one.removal]
    cells = [cell for cell in record.cells if cell.condition != "modality_drop:drop=text"]
    RunFolder(without).write_record(record.model_copy(update={"conditions": tuple(kept), "cells": tuple(cells)}))
    rule = '[[rule]]\nmetric = "cel"\npart = "text"\nmax_loss = 0.1\n'
    new = judged(with_removals, rule, write_rules, without)
    gone = judged(without, rule, write_rules, with_removals)
    assert new.exit_code == gone.exit_code == 5
    assert (
        "CEL of text on clean input: the baseline has no such figure; accept a run that has it"
        in new.verdicts[0].message
    )
    assert "the run has no CEL of text under clean, and the baseline has" in gone.verdicts[0].message


def test_a_failed_rung_fails_the_curve(make_run: MakeRun, baseline: Path, write_rules: WriteRules) -> None:
    states = {("fusion", "modality_drop:rate=0.5"): ("failed", "")}
    rule = '[[rule]]\nmetric = "degradation_area"\nmax_loss = 0.05\n'
    outcome = judged(make_run("candidate", states=states), rule, write_rules, baseline)
    assert outcome.exit_code == 3
    assert [verdict.message for verdict in outcome.verdicts] == [
        "fusion on small under modality_drop:rate=* failed: no reason was recorded"
    ]
    assert judged(make_run("whole"), rule, write_rules, baseline).exit_code == 0


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ('metric = "ece"\nmodel = "fusoin"', "no model matches 'fusoin'; did you mean 'fusion'?"),
        ('metric = "ece"\ndata = "smal"', "no data set matches 'smal'; did you mean 'small'?"),
        (
            'metric = "ece"\ncondition = "modality_drop:rate=0.50"',
            "no condition matches 'modality_drop:rate=0.50'; did you mean 'modality_drop:rate=0.5'",
        ),
        ('metric = "degradation_area"\ncondition = "clean"', "no curve matches 'clean'; known: modality_drop:rate=*"),
        ('metric = "f1"', "no part of f1 matches ''; known: anger, joy, neutral"),
        ('metric = "regret"', "the run has no regret there"),
    ],
)
def test_a_rule_that_matches_nothing_says_why(rule: str, why: str, make_run: MakeRun, write_rules: WriteRules) -> None:
    rules = f'[[rule]]\nmetric = "ece"\nlimit = 0.9\n\n[[rule]]\n{rule}\nlimit = 0.5\n'
    outcome = judged(make_run("candidate"), rules, write_rules)
    assert outcome.exit_code == 5, "though another rule passes"
    assert f"rule 2 matches nothing: {why}" in outcome.verdicts[-1].message


def test_too_little_to_conclude_from(make_run: MakeRun, write_rules: WriteRules) -> None:
    limit = '[[rule]]\nmetric = "ece"\nlimit = 0.5\n'
    one = judged(make_run("one", dialogues=1), limit, write_rules)
    assert one.exit_code == 4
    assert "expected two dialogues or more to know how much chance there is, got 1" in one.verdicts[0].message
    assert judged(make_run("none", labelled=False), limit, write_rules).exit_code == 5


def test_undefined_figures_are_inconclusive(
    make_run: MakeRun, baseline: Path, write_rules: WriteRules, register: Callable[..., None]
) -> None:
    text = baseline.read_text(encoding="utf-8")
    shutil.rmtree(predictions_folder(baseline).path)
    low = text.partition("low = ")[2].partition(",")[0]
    baseline.write_text(text.replace(f"low = {low}", "low = nan"), encoding="utf-8")
    rule = '[[rule]]\nmetric = "accuracy"\nmax_loss = 0.1\ncondition = "clean"\n'
    outcome = judged(make_run("candidate"), rule, write_rules, baseline)
    assert outcome.exit_code == 4
    assert "the baseline's figure is not defined, or has no interval" in outcome.verdicts[0].message
    run = make_run("undefined")
    register(METRICS, "nowhere", Nowhere)
    outcome = judged(run, '[[rule]]\nmetric = "nowhere"\nlimit = 0.1\n', write_rules)
    assert outcome.exit_code == 4
    assert "the figure is not defined on so few utterances" in outcome.verdicts[0].message


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"stress_seed": 3}, "was made with --stress-seed 0, "),
        ({"stress_draws": 1}, "was made with --stress-draws 2, "),
        ({"fingerprint": "b" * 64}, "expected the data set small of "),
    ],
)
@pytest.mark.parametrize("kind", ["accepted", "text", "folder"])
def test_sides_that_do_not_belong_together(
    run: dict[str, object], message: str, kind: str, make_run: MakeRun, baseline: Path, write_rules: WriteRules
) -> None:
    if kind == "text":
        shutil.rmtree(predictions_folder(baseline).path)
    against = baseline if kind != "folder" else make_run("folder")
    with pytest.raises(RunFolderError) as caught:
        judged(make_run("candidate", **run), ECE, write_rules, against)
    assert message in str(caught.value)


def test_data_that_the_baseline_does_not_have(make_run: MakeRun, baseline: Path, write_rules: WriteRules) -> None:
    with pytest.raises(RunFolderError, match=r"expected the data set .* of .*, got other in .*accept the run anew"):
        judged(make_run("candidate", data="other"), ECE + 'condition = "clean"', write_rules, baseline)


def test_a_loss_needs_a_baseline(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("candidate")
    with pytest.raises(SpecError, match="rule 2 has max_loss, so it needs a baseline; type --against BASELINE"):
        check(run, [Rule(metric="ece", limit=0.1), Rule(metric="ece", max_loss=0.1)])
    with pytest.raises(RunFolderError, match=r"cannot read the baseline .*No such file"):
        check(run, [Rule(metric="ece", max_loss=0.1)], against=tmp_path / "none.toml")


def test_a_run_against_itself_is_unchanged(make_run: MakeRun, write_rules: WriteRules) -> None:
    run = make_run("candidate", seeds=(0, 1))
    outcome = judged(run, '[[rule]]\nmetric = "nll"\nmax_loss = 0\n', write_rules, run)
    assert outcome.exit_code == 0
    assert all("is unchanged at" in verdict.message for verdict in outcome.verdicts)


def test_reports_are_written_where_asked(
    make_run: MakeRun,
    baseline: Path,
    write_rules: WriteRules,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = make_run("candidate", sharpen=1 / 0.4)
    command = ["check", str(run), "--against", str(baseline), "--rules", str(write_rules(ECE)), "-q"]
    assert exit_code(command) == 1
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert exit_code([*command, "--junit", str(tmp_path / "j.xml"), "--markdown", str(tmp_path / "m.md")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("::error title=emobench%3A regression (rule 1%3A ece)::fusion on small: ECE on clean")
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == (tmp_path / "m.md").read_text(encoding="utf-8")
    assert ET.parse(tmp_path / "j.xml").getroot().get("failures") == "4"
    assert exit_code([*command, "--no-github"]) == 1
    assert capsys.readouterr().out == ""


def test_a_test_suite_can_do_the_same(make_run: MakeRun, baseline: Path, write_rules: WriteRules) -> None:
    rules = [{"metric": "ece", "max_loss": 0.02}]
    assert assert_no_regression(make_run("good", seeds=(5,)), against=str(baseline), rules=rules).exit_code == 0
    sharp, few = make_run("sharp", sharpen=1 / 0.4), make_run("few", dialogues=10)
    with pytest.raises(
        AssertionError, match=r"4 regression\nregression: fusion on small: ECE on clean input rose from"
    ):
        assert_no_regression(str(sharp), against=baseline, rules=write_rules(ECE))
    with pytest.raises(AssertionError, match=r"(?s)matches nothing: .*\nnote: few has|not measured: rule 1 matches"):
        assert_no_regression(few, rules=[{"metric": "ece", "limit": 0.9, "condition": "noise:*"}])
    with pytest.raises(AssertionError, match=r"\Arule 1: unknown key 'limits'; did you mean 'limit'.*\Z") as caught:
        assert_no_regression(sharp, rules=[{"metric": "ece", "limits": 0.1}])
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert len(caught.traceback.filter(caught)) == 1, "pytest shows the line of the test only"
    with pytest.raises(AssertionError, match=r"\Acannot read the baseline .*\Z"):
        assert_no_regression(sharp, against="none.toml", rules=rules)

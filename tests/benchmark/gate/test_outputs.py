"""JUnit, Markdown, annotations and terminal."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.gate.github import annotations
from emobench.benchmark.gate.grouping import grouped
from emobench.benchmark.gate.junit import junit
from emobench.benchmark.gate.markdown import MOST_ROWS, append_step_summary, markdown
from emobench.benchmark.gate.rules import Rule
from emobench.benchmark.gate.terminal import WIDTH, summary
from emobench.benchmark.gate.verdicts import Outcome, Status, Verdict

RULES = (Rule(metric="ece", limit=0.1, max_loss=0.02, min_effect=0.005), Rule(metric="f1", part="*", limit=0.5))
STATUSES: tuple[Status, ...] = ("pass", "regression", "failed", "inconclusive", "not measured")


def verdict(
    status: Status,
    *,
    rule: int = 1,
    message: str = "it rose",
    part: str = "",
    condition: str = "clean",
    doubtful: bool = False,
) -> Verdict:
    measured = status in ("pass", "regression")
    numbers = {"allowed": 0.005, "value": 0.25, "reference": 0.1, "low": 0.12, "seen_from": 0.05} if measured else {}
    kind = "limit" if measured else ""
    about = RULES[rule - 1]
    return Verdict(rule, about, kind, "mosi", "a|b", condition, part, status, message, **numbers, doubtful=doubtful)


def outcome(*verdicts: Verdict, notes: tuple[str, ...] = ()) -> Outcome:
    return Outcome("runs/candidate", "baseline.toml", verdicts, notes)


ALL = outcome(verdict("pass", condition="order"), *map(verdict, STATUSES[1:]), verdict("pass", rule=2, part="joy"))


def test_junit_has_the_structure_that_servers_read() -> None:
    root = ET.fromstring(junit(ALL))
    assert root.tag == "testsuites"
    assert [suite.tag for suite in root] == ["testsuite", "testsuite"]
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        children = [child.tag for case in cases for child in case]
        assert element.get("tests") == str(len(cases))
        assert element.get("failures") == str(children.count("failure"))
        assert element.get("errors") == str(children.count("error"))
        assert float(element.get("time", "")) == 0
    assert root[0].get("skipped") == "1"
    cases = list(root[0])
    assert {case.tag for case in cases} == {"testcase"}
    assert all(case.get("classname") == "mosi.a|b" and case.get("name") and case.get("time") for case in cases)
    assert [[child.tag for child in case] for case in cases] == [
        ["system-out"],
        ["failure"],
        ["error"],
        ["skipped"],
        ["error"],
    ]
    failure = cases[1][0]
    assert (failure.get("message"), failure.get("type"), failure.text) == ("it rose", "regression", "it rose")
    assert [case.get("name") for case in root[1]] == ["f1 of joy under clean: limit"]


def test_junit_survives_what_xml_cannot_hold() -> None:
    root = ET.fromstring(junit(outcome(verdict("failed", message='a\x00b <&"> é \ud800'))))
    assert root[0][0][0].get("message") == 'a\ufffdb <&"> é \ufffd'


def test_annotations_show_the_worst_first_and_escape_what_has_a_meaning() -> None:
    lines = list(annotations(outcome(verdict("inconclusive"), verdict("regression", message="95 %: a,\r\nb"))))
    assert lines == [
        "::error title=emobench%3A regression (rule 1%3A ece)::95 %25: a,%0D%0Ab",
        "::warning title=emobench%3A inconclusive (rule 1%3A ece)::it rose",
    ]
    assert [line.split(" ")[0] for line in annotations(ALL)] == ["::error", "::error", "::error", "::warning"]
    comma = Rule(metric="ece:bins=10", limit=0.1).model_copy(update={"metric": "a:b=1,c=2"})
    one = Verdict(1, comma, "", "d", "m", "c", "", "failed", "why")
    assert "a%3Ab=1%2Cc=2" in next(annotations(outcome(one)))


def test_markdown_tells_what_failed_first_and_everything_below() -> None:
    text = markdown(outcome(*ALL.verdicts, verdict("failed", message="`x` | <b>\nnext"), notes=("few dialogues",)))
    lines = text.splitlines()
    assert lines[0] == "## emobench check: 2 failed, 1 regression, 1 inconclusive, 1 not measured, 2 pass"
    assert lines[2] == "Run `runs/candidate`, baseline `baseline.toml`."
    assert "- **regression** (rule 1): it rose" in lines
    assert r"- **failed** (rule 1): \`x\` \| \<b\> next" in lines
    assert "Note: few dialogues." in lines
    table = [line for line in lines if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in table} == {11}
    row = (
        r"| 1 | `a\|b` | `mosi` | `ece under clean: limit` | 0.100 | 0.005 | 0.250 | +0.120 | 0.050 | **regression** |"
    )
    assert row in table
    assert r"| 1 | `a\|b` | `mosi` | `ece under clean` | – | – | – | – | – | **failed** |" in table


def test_markdown_without_anything_to_say_is_short() -> None:
    text = markdown(Outcome("run", "", (verdict("pass"),)))
    assert text.splitlines()[:5] == [
        "## emobench check: 1 pass",
        "",
        "Run `run`.",
        "",
        "<details><summary>All verdicts</summary>",
    ]


def test_markdown_does_not_outgrow_what_github_takes() -> None:
    text = markdown(outcome(*[verdict("pass")] * (MOST_ROWS + 3)))
    assert text.count("| pass |") == MOST_ROWS
    assert "And 3 more." in text


def test_the_step_summary_is_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    append_step_summary(ALL)
    path = tmp_path / "summary.md"
    path.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    append_step_summary(ALL)
    assert path.read_text(encoding="utf-8") == "before\n" + markdown(ALL)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
    with pytest.raises(RunFolderError, match=r"cannot write .*summary\.md \(\$GITHUB_STEP_SUMMARY\): No such file"):
        append_step_summary(ALL)


def shown(of: Outcome) -> list[str]:
    console = Console(width=WIDTH, color_system=None)
    with console.capture() as captured:
        console.print(summary(of))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_the_terminal_shows_a_sentence_each_in_80_columns() -> None:
    long = verdict(
        "regression", condition="turn_loss", message="ECE under " + "noise:modality=audio,snr_db=5+" * 4 + "order rose"
    )
    lines = shown(outcome(*ALL.verdicts, long, notes=("few dialogues",)))
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("rule 1       ece, *: limit 0.100, loss up to 0.020, differences up to 0.005")
    assert "regression   it rose" in lines
    assert "inconclusive it rose" in lines
    assert "rule 2       f1, *: limit 0.500" in lines
    assert lines[-2] == "Note: few dialogues."
    assert lines[-1] == "1 failed, 2 regression, 1 inconclusive, 1 not measured, 2 pass"


def test_many_passes_are_counted_on_the_terminal() -> None:
    passes = [verdict("pass", condition=f"noise:snr_db={place}") for place in range(11)]
    lines = " ".join(" ".join(shown(outcome(*passes))).split())
    assert "pass 11 figures; a loss or breach of 0.050 would be seen in any of them 4 times in 5 11 pass" in lines
    doubtful = verdict("pass", condition="order", doubtful=True)
    twice = replace(passes[0], kind="loss")
    both = replace(doubtful, kind="loss")
    assert "1 beyond what is allowed, but that may be chance: ece under order (limit and loss)" in " ".join(
        " ".join(shown(outcome(*passes, doubtful, both))).split()
    )
    lines = " ".join(" ".join(shown(outcome(*passes, twice, doubtful))).split())
    assert (
        "12 figures; a loss or breach of 0.050 would be seen in any of them 4 times in 5; 1 beyond what is allowed, but"
        in lines
    )
    assert "that may be chance: ece under order (limit) 12 pass" in lines
    failed = replace(twice, status="regression")
    assert "pass 10 figures" in " ".join(" ".join(shown(outcome(*passes, failed))).split())


def test_figures_that_may_be_beyond_are_named_up_to_three() -> None:
    several = [verdict("pass", condition=f"c{place}", doubtful=True) for place in range(12)]
    lines = " ".join(" ".join(shown(outcome(*several))).split())
    names = "; ".join(f"ece under c{place} (limit)" for place in range(3))
    assert f"12 beyond what is allowed, but that may be chance: {names}; and 9 more 12 pass" in lines
    two = [replace(several[0], model="other"), *several[1:]]
    assert "chance: other, ece under c0 (limit); a|b, ece under c1 (limit);" in " ".join(
        " ".join(shown(outcome(*two))).split()
    )
    assert "| pass, may be chance |" in markdown(outcome(*several))


def test_what_is_said_of_several_conditions_is_said_once() -> None:
    conditions = ("clean", "noise:snr_db=5", "noise:snr_db=5+order")
    failed = [
        verdict("failed", condition=condition, message=f"m under {condition} failed: why") for condition in conditions
    ]
    few = [
        verdict("inconclusive", condition="clean", message="m: ECE on clean input: got 4"),
        verdict("inconclusive", condition="order", message="m: ECE under order: got 4"),
        verdict("inconclusive", condition="order:x=1", message="m: ECE under order:x=1: got 5"),
    ]
    other = verdict("failed", rule=2, condition="clean", message="m under clean failed: why")
    said = [one.text for one in grouped([*failed, *few, other, verdict("failed"), verdict("failed")])]
    assert said == [
        "m under 3 conditions failed: why: clean, noise:snr_db=5, noise:snr_db=5+order",
        "m: ECE under 2 conditions: got 4: clean, order",
        "m: ECE under order:x=1: got 5",
        "m under clean failed: why",
        "it rose",
    ]
    shown_ = shown(outcome(*failed))
    assert sum("failed" in line for line in shown_[:-1]) == 1
    assert markdown(outcome(*failed)).count("- **failed**") == 1


def test_the_terminal_tells_regressions_of_one_figure_in_one_sentence() -> None:
    conditions = ("clean", "order")
    broken = [
        replace(
            verdict("regression", condition=condition, message=f"m: ECE {where} is {len(where)}"),
            breach="above the limit",
        )
        for condition, where in zip(conditions, ("on clean input", "under order"), strict=True)
    ]
    lost = [
        replace(one, kind="loss", breach="", allowed=0.02, message=one.message.replace("is", "rose to"))
        for one in broken
    ]
    lines = " ".join(" ".join(shown(outcome(*broken, *lost))).split())
    assert (
        "above the limit m: ECE under 2 conditions is above the limit of 0.100: clean 0.250, order 0.250 regression "
        "m: ECE under 2 conditions got worse by more than the 0.020 allowed; that it got worse is beyond chance: "
        "clean 0.100 to 0.250, order 0.100 to 0.250" in lines
    )
    assert "m: ECE on clean input is 14" in " ".join(shown(outcome(broken[0])))
    assert markdown(outcome(*broken)).count("- **above the limit**") == 2

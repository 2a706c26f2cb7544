"""The Markdown summary, read back by a parser of CommonMark with tables."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_reader import parsed_markdown, read_markdown
from number_reader import wrong

from emobench.benchmark.run_folder import RunFolder
from emobench.reports import markdown as summary
from emobench.reports.comparisons import OUTDATED, Compared, ComparisonTable, ComparisonView
from emobench.reports.formats.markdown import MarkdownSummary
from emobench.reports.gathering import read
from emobench.reports.markdown_text import block, code, fold, table, text

Maker = Callable[..., RunFolder]
FOLDED = ["<details>\n<summary>", "</details>"]


@pytest.fixture(scope="module")
def five(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Five models."""
    names = ("m3net", "rage_fusion", "late_fusion", "prior", "another")
    folder = make_run(tmp_path_factory.mktemp("runs") / "five", models=(*names, "bayes_optimal"), dialogues=30)
    MarkdownSummary().write(folder)
    return folder


def test_its_tables_hold_the_results(five: RunFolder) -> None:
    frame = pd.read_parquet(five.results_path)
    frame = frame[(frame.seed == -1) & (frame.part == "")].set_index(["model", "condition", "metric"])
    clean, *conditions = parsed_markdown(five).tables
    assert clean[0] == [
        "Model", "Weighted F1 ↑", "ECE ↓ (noise floor)", "NLL ↓", "Worst condition, Weighted F1",
    ]  # fmt: skip
    for name, *cells in clean[1:]:
        model = name.removesuffix(" (ceiling)")
        for metric, cell in zip(("weighted_f1", "ece", "nll"), cells, strict=False):
            value, _, floor = cell.partition(" (≤ ")
            figure = frame.loc[(model, "clean", metric)]
            assert not wrong(value, figure)
            assert (floor != "") == (metric == "ece")
            assert not floor or abs(float(floor.rstrip(")")) - figure.floor_high) < 0.0006
        condition, _, value = cells[3].partition(" ")
        stressed = frame.loc[model].xs("weighted_f1", level="metric").loc[lambda rows: rows.index != "clean"]
        stressed = stressed[~stressed.index.str.contains("*", regex=False)]
        assert stressed.loc[condition].value == stressed.value.min()
        assert not wrong(value, stressed.loc[condition])
    for metric, rows in zip(("weighted_f1", "ece", "nll"), conditions, strict=True):
        assert len(rows) == 14
        for condition, *cells in rows[1:]:
            for name, cell in zip(rows[0][1:], cells, strict=True):
                figure = frame.loc[(name.removesuffix(" (ceiling)"), condition, metric)]
                assert not wrong(cell.partition(" (≤ ")[0], figure)


def test_five_models_take_few_lines_beside_what_is_folded_away(five: RunFolder) -> None:
    source = (five.path / "report.md").read_text(encoding="utf-8")
    visible = "".join(part.partition("</details>")[2] for part in f"</details>{source}".split("<details>"))
    assert len(visible.splitlines()) < 40
    said = parsed_markdown(five)
    assert said.lines[0] == "emobench: 5 models under modality_drop"
    assert said.lines[1] == "simulated (simulated data)"
    assert sum(line.startswith("another: Holds under ") for line in said.lines) == 1
    assert said.blocks == ["emobench run --model rage_fusion --protocol modality_drop\n"]
    assert [one.splitlines()[0] for one in said.html] == ["<details>", "</details>"] * 4
    assert "The whole report: emobench report five." in said.lines[-1]


def test_hostile_names_are_shown_as_text(tmp_path: Path, make_run: Maker, hostile_names: dict[str, Any]) -> None:
    hostile = make_run(
        tmp_path / "hostile <&>", **hostile_names, dialogues=20, only=("clean", "modality_drop:drop=text")
    )
    MarkdownSummary().write(hostile)
    said = parsed_markdown(hostile)
    all_text = "\n".join([*said.lines, *(cell for rows in said.tables for row in rows for cell in row)])
    for name in ('<script>alert("1")</script>&_%', "_{under}$x$", "</table><script>boom()</script> & 100 % of _it_"):
        assert name in all_text
    assert {one.splitlines()[0] for one in said.html} <= {"<details>", "</details>"}
    assert said.links == []
    assert said.blocks == ['emobench run --model "<img src=x onerror=alert(1)>&_%$#"\n']


@given(st.text(st.sampled_from("a1`*_[]()<>!|\\~&;#@$:\n\r\t \u202e-+.\"'="), max_size=30))
def test_whatever_a_text_holds_it_is_shown(words: str) -> None:
    plain = " ".join(words.replace("\u202e", "[U+202E]").split())
    said = read_markdown("\n".join(table(["head", "second"], [[text(f"x {words}"), code(f"x{words}", in_table=True)]])))
    assert said.links == []
    assert all(one == "<!-- -->" for one in said.html)
    typed = " ".join(f"x{words}".replace("\u202e", "[U+202E]").split())
    assert said.tables[0][1] == [f"x {plain}".strip(), typed]
    paragraph = read_markdown(f"- {text(f'x {words}')}")
    assert paragraph.lines == [f"x {plain}".strip()]
    assert read_markdown(f"- x {code(words)}").lines == [f"x {plain or ' '}"]


def test_a_text_is_on_one_line_and_notifies_nobody() -> None:
    assert text("a\n# b\u2028c") == "a # b c"
    assert "@you" not in text("thanks @you")
    assert read_markdown(text("thanks @you")).lines == ["thanks @you"]
    assert text(text("a_b")) == "a\\_b"
    assert code("") == "` `"
    assert code("`") == "`` ` ``"


def test_what_is_folded_and_what_is_a_block_cannot_be_left() -> None:
    assert fold("a</summary>&b", ["x"])[1] == "<summary>a&lt;/summary&gt;&amp;b</summary>"
    said = read_markdown("\n".join(block("echo '```'\necho")))
    assert said.blocks == ["echo '```'\necho\n"]


def test_what_is_missing_is_told(tmp_path: Path, make_run: Maker) -> None:
    long = "no luck " * 60
    failed = tuple(
        (name, condition, why)
        for name, condition, why in (
            ("late_fusion", "", "singular matrix"), ("prior", "modality_drop:drop=text", long),
            ("prior", "modality_drop:drop=audio", long), ("rage_fusion", "modality_drop:drop=text", "a | b"),
        )
    )  # fmt: skip
    folder = make_run(
        tmp_path / "a", models=("late_fusion", "prior", "rage_fusion"), dialogues=20, failed=failed,
        only=("clean", "modality_drop:drop=text", "modality_drop:drop=audio"),
    )  # fmt: skip
    MarkdownSummary().write(folder)
    said = parsed_markdown(folder)
    told = said.lines[said.lines.index("Not computed, and in no mean:") + 1 :]
    assert told[0] == "late_fusion on simulated, training (seeds 0, 1), failed: singular matrix"
    assert told[1].startswith("prior on simulated, 2 conditions (seed 0), failed: no luck no luck")
    assert told[1].endswith("…")
    assert told[2] == "rage_fusion on simulated, modality_drop:drop=text (seeds 0, 1), failed: a | b"
    assert "Note: with fewer than 50 dialogues the intervals are rough." in " ".join(said.lines)
    worst = {row[0]: row[4].partition(" ")[0] for row in said.tables[0][1:]}
    assert worst == {"late_fusion": "–", "prior": "–", "rage_fusion": "modality_drop:drop=audio"}


def test_many_failures_are_counted(tmp_path: Path, make_run: Maker) -> None:
    failed = [("prior", f"modality_drop:drop={one}", f"reason {one}") for one in ("text", "audio", "video")]
    failed += [("late_fusion", f"modality_drop:drop={one}", f"reason {one}") for one in ("text", "audio", "video")]
    folder = make_run(tmp_path, models=("prior", "late_fusion"), dialogues=20, failed=failed)
    MarkdownSummary().write(folder)
    assert "and 1 more" in parsed_markdown(folder).lines


def test_without_main_metrics_it_says_so(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), metrics=("brier",), dialogues=20)
    MarkdownSummary().write(folder)
    said = parsed_markdown(folder)
    assert said.tables == []
    assert "No figure of quality, calibration or likelihood is in this run; its page has the others." in said.lines


def test_what_is_too_long_for_a_comment_is_left_out(five: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = summary.render(read(five))
    monkeypatch.setattr(summary, "LONGEST", len(whole) - 1)
    shorter = summary.render(read(five))
    assert len(shorter) < len(whole)
    assert "Too long for a comment: 1 table of all conditions left out." in read_markdown(shorter).lines
    monkeypatch.setattr(summary, "LONGEST", 10)
    assert "Too long for a comment: 3 tables of all conditions left out." in summary.render(read(five))


def test_comparisons_are_counted(five: RunFolder) -> None:
    row: dict[str, Any] = {one.name: {str: "", float: 0.0, int: 0}[one.type] for one in fields(Compared)}  # by type
    verdicts = ("worse", "better", "worse")
    tables = tuple(ComparisonTable("t", (Compared(**{**row, "verdict": one}),)) for one in verdicts)
    source = summary.render(read(five), ComparisonView(tables, (OUTDATED, "More.")))
    told = f"Comparisons (verdicts by adjusted p): 1 better, 2 worse. {OUTDATED}".replace("`", "")
    assert told in [line.replace("`", "") for line in read_markdown(source).lines]
    assert "2 worse." in summary.render(read(five), ComparisonView(tables, ()))


def test_the_same_folder_gives_the_same_file(five: RunFolder) -> None:
    first = (five.path / "report.md").read_bytes()
    assert MarkdownSummary().write(five).read_bytes() == first

"""Runs that lack something, in every format: what is missing is said, the rest is shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markdown_reader import parsed_markdown
from page_reader import parsed, words

from emobench.benchmark.errors import RunFolderError
from emobench.benchmark.registry import FORMATS, make
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.gathering import read
from emobench.reports.tex import prose

Maker = Callable[..., RunFolder]
Change = Callable[[RunFolder], None]
FEW: dict[str, Any] = {
    "models": ("prior", "late_fusion"), "only": ("clean", "modality_drop:drop=text"), "dialogues": 60, "seeds": (0,),
    "metrics": ("weighted_f1", "ece", "nll"),
}  # fmt: skip


def nothing(folder: RunFolder) -> None:
    assert folder.results_path.exists()


def first_version(folder: RunFolder) -> None:
    raw = json.loads(folder.record_path.read_text(encoding="utf-8"))
    for condition in raw["conditions"]:
        for name in ("rung", "random", "unknown"):
            del condition[name]
    for name in ("stress_draws", "skipped", "metrics", "suites"):
        del raw[name]
    folder.record_path.write_text(json.dumps({**raw, "schema_version": 1}), encoding="utf-8")


def without_columns(folder: RunFolder) -> None:
    pd.read_parquet(folder.results_path).drop(columns=["draw_sd", "draws"]).to_parquet(folder.results_path)


def broken_comparisons(folder: RunFolder) -> None:
    pd.DataFrame({"run": ["a"]}).to_parquet(folder.comparisons_path)


def class_without_utterances(folder: RunFolder) -> None:
    record = folder.read_record()
    data = record.data[0]
    counts = {**data.label_counts, "test": (0, *data.label_counts["test"][1:])}
    folder.write_record(record.model_copy(update={"data": (data.model_copy(update={"label_counts": counts}),)}))


def model_without_ece(folder: RunFolder) -> None:
    frame = pd.read_parquet(folder.results_path)
    frame[(frame.model != "prior") | (frame.metric != "ece")].to_parquet(folder.results_path)


RUNS: dict[str, tuple[dict[str, Any], Change, str]] = {
    "failed cells": (
        {"failed": (("prior", "modality_drop:drop=text", "no luck"), ("late_fusion", "", "singular matrix"))},
        nothing,
        "singular matrix",
    ),
    "everything failed": ({"failed": (("prior", "", "no luck"), ("late_fusion", "", "no luck"))}, nothing, "no luck"),
    "one condition": ({"only": ("modality_drop:drop=text",)}, nothing, "modality_drop"),
    "one model": ({"models": ("prior",)}, nothing, "prior"),
    "no stress": ({"only": ("clean",)}, nothing, "on clean input"),
    "no ECE": ({"metrics": ("weighted_f1", "nll")}, nothing, "Weighted F1"),
    "no metric of quality": ({"metrics": ("ece",)}, nothing, "ECE"),
    "one model without ECE": ({}, model_without_ece, "ECE"),
    "thousands of dialogues": ({"dialogues": 4000, "only": ("clean",)}, nothing, "4,000 dialogues"),
    "a class without utterances": (
        {"metrics": ("macro_f1", "weighted_f1", "ece")}, class_without_utterances, "is labelled neutral",
    ),
    "an older schema": ({}, first_version, "An older emobench wrote this run (schema version 1, now 2)"),
    "older results": ({}, without_columns, "results.parquet lacks draw_sd, draws; type"),
    "damaged comparisons": ({}, broken_comparisons, "Comparisons are left out"),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_every_format_says_what_is_missing_and_shows_the_rest(tmp_path: Path, make_run: Maker, name: str) -> None:
    asked, change, said = RUNS[name]
    folder = make_run(tmp_path, **{**FEW, **asked})
    change(folder)
    for text in ("csv", "figures", "html", "latex", "markdown"):
        assert make(FORMATS, text).write(folder).exists()
    page = parsed(folder)
    assert said in words("".join(page.text))
    markdown = parsed_markdown(folder)
    cells = [cell for table in markdown.tables for row in table for cell in row]
    assert said.replace("`", "") in "\n".join([*markdown.lines, *cells]).replace("`", "")
    tex = (folder.path / "report.tex").read_text(encoding="utf-8").replace(r"\allowbreak{}", "")
    assert str(prose(said)).replace(r"\allowbreak{}", "") in tex
    frame = pd.read_parquet(folder.results_path)
    shown = frame[
        (frame.seed == -1) & (frame.metric == "weighted_f1") & (frame.part == "") & (frame.condition == "clean")
    ]
    for figure in shown.itertuples():
        table = pd.read_csv(folder.path / "tables" / "table-clean-simulated.csv").set_index("Model")
        assert table.loc[figure.model, "Weighted F1"] == figure.value
        assert table.loc[figure.model, "Weighted F1 low"] == figure.low


def test_the_terminal_says_it_too(tmp_path: Path, make_run: Maker) -> None:
    from io import StringIO

    from rich.console import Console

    from emobench.reports.terminal import summary

    folder = make_run(tmp_path, **FEW)
    without_columns(folder)
    console = Console(file=StringIO(), width=200)
    console.print(summary(folder), crop=False)
    assert "Missing: results.parquet lacks draw_sd, draws; type `emobench score`" in console.file.getvalue()


def test_a_run_without_results_and_without_latencies_is_refused(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, **FEW)
    folder.results_path.unlink()
    with pytest.raises(RunFolderError, match=r"results\.parquet"):
        read(folder)

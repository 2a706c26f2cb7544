"""Overlaps of splits and selection optimism, on the page, in LaTeX and on the terminal."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.selection import optimism_sentences, warnings
from emobench.reports.terminal import summary

Maker = Callable[..., RunFolder]
OVERLAPS = ("3 of 9 utterances of test bear a name that train has too (the first: a_1)", "another & one")


def overlapping(folder: RunFolder) -> RunFolder:
    record = folder.read_record()
    data = tuple(one.model_copy(update={"overlaps": OVERLAPS}) for one in record.data)
    folder.write_record(record.model_copy(update={"data": data}))
    return folder


def terminal(folder: RunFolder) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80).print(summary(folder), crop=False)
    return " ".join(stream.getvalue().split())


def written(folder: RunFolder) -> tuple[str, str]:
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    pages = ((folder.path / name).read_text(encoding="utf-8") for name in ("report.html", "report.tex"))
    page, tex = (" ".join(text.split()) for text in pages)
    return page, tex


def test_overlaps_are_told_in_every_report(tmp_path: Path, make_run: Maker) -> None:
    folder = overlapping(make_run(tmp_path, data=("mosi",), only=("clean",), models=("rage_fusion",), dialogues=20))
    page, tex = written(folder)
    assert f"The splits overlap,</strong> so figures may be too good: {OVERLAPS[0]}; another &amp; one." in page
    assert "<dt>Shared by splits</dt>" in page
    assert r"The splits overlap, so figures may be too good: 3 of 9 utterances" in tex
    assert r"another \& one." in tex
    assert f"May be too good: mosi: {OVERLAPS[0]}. (1 more in the report)" in terminal(folder)


def test_without_any_nothing_is_said(plain: RunFolder) -> None:
    page, tex = written(plain)
    assert "splits overlap" not in page + tex
    assert "nothing found" in page
    assert "too good:" not in terminal(plain)
    assert warnings(read(plain).data[0]) == ()


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ((0,), "rage_fusion: +0.006 with one training seed, no interval (it is over seeds: --seeds 5)."),
        ((0, 1, 2), "rage_fusion: +0.006 [0.006, 0.006], mean and 95 % t interval over 3 training seeds."),
    ],
)
def test_selection_optimism_is_told_with_its_interval(
    tmp_path: Path, make_run: Maker, seeds: tuple[int, ...], expected: str
) -> None:
    folder = make_run(tmp_path, models=("prior", "rage_fusion"), only=("clean",), dialogues=20, seeds=seeds)
    assert optimism_sentences(read(folder).data[0]) == (expected,)
    page, tex = written(folder)
    assert f"<li>{expected}</li>" in page
    assert "Selection optimism, weighted F1: " in tex


def test_results_selected_on_test_are_warned_of(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("rage_fusion",), only=("clean",), dialogues=20, seeds=(0,), selection="test")
    data = read(folder).data[0]
    said = f"rage_fusion on {data.name}: epoch selected on test, figures too good by about +0.006 weighted F1."
    assert warnings(data) == (said,)
    assert optimism_sentences(data)[0].endswith("chosen on test, so its figures are too good by about that.")
    assert f"May be too good: {said}" in terminal(folder)
    fits = [fit.model_copy(update={"selection_optimism": None}) for fit in folder.read_record().fits]
    folder.write_record(folder.read_record().model_copy(update={"fits": tuple(fits)}))
    (unknown,) = warnings(read(folder).data[0])
    assert unknown.endswith("epoch selected on test, figures too good.")

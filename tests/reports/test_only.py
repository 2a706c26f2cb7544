"""A part of a run, in every format."""

import io
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from page_reader import parsed, words
from rich.console import Console

from emobench.benchmark import api
from emobench.benchmark.errors import SpecError, UnknownName
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import RunRecord
from emobench.reports import only
from emobench.reports.comparisons import Compared, ComparisonTable, ComparisonView
from emobench.reports.contents import RunView
from emobench.reports.csv_tables import csv_tables
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.formats.markdown import MarkdownSummary
from emobench.reports.gathering import read
from emobench.reports.only import Only, PartOfRun, _compared, only_of, part_of, read_view
from emobench.reports.sections import SECTIONS, section_of_figure, section_of_label
from emobench.reports.terminal import summary

Maker = Callable[..., RunFolder]
MODELS = ("m3net:epochs=5", "m3net+temperature", "rage_fusion", "bayes_optimal")


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_run(
        tmp_path_factory.mktemp("run"), models=MODELS, data=("simulated", "mosi"), seeds=(0,), dialogues=20,
        only=("clean", "modality_drop:drop=text", "modality_drop:rate=0.5"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def record(folder: RunFolder) -> RunRecord:
    return folder.read_record()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["model=rage_fusion"], Only(("rage_fusion",))),
        (["m3net"], Only(("m3net:epochs=5", "m3net+temperature"))),
        (["model=m3net:epochs=5", "rage_*", "rage_fusion"], Only(("m3net:epochs=5", "rage_fusion"))),
        (["m3net:epochs=5"], Only(("m3net:epochs=5",))),
        (["mosi", "section=training", "calibration"], Only((), ("mosi",), ("calibration", "training"))),
        ([], Only()),
    ],
)
def test_names_are_found_whatever_they_name(record: RunRecord, texts: list[str], expected: Only) -> None:
    assert only_of(texts, record) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model=rage_fuson", "--only model=rage_fuson: no model of this run is called so; did you mean 'rage_fusion'?"),
        ("data=meld", "--only data=meld: no data set of this run is called so; known: mosi, simulated"),
        ("section=calib", "--only section=calib: no section of this run is called so; did you mean 'calibration'?"),
        ("rage_fuson", "--only rage_fuson: expected model=…, data=… or section=…; did you mean 'rage_fusion'?"),
        ("*s*", "--only *s*: type model=*s* or data=*s* or section=*s*"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(record: RunRecord, text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        only_of([text], record)
    assert str(caught.value) == message


def test_of_a_part_the_ceiling_stays(record: RunRecord) -> None:
    part = part_of(record, Only(("rage_fusion",), ("simulated",)))
    assert [model.name for model in part.models] == ["rage_fusion", "bayes_optimal"]
    assert [data.name for data in part.data] == ["simulated"]
    assert {(cell.model, cell.data) for cell in part.cells} == {
        ("rage_fusion", "simulated"), ("bayes_optimal", "simulated"),
    }  # fmt: skip
    assert [model.name for model in part_of(record, Only(("rage_fusion",), ("mosi",))).models] == ["rage_fusion"]
    assert part_of(record, Only()) == record


def test_the_page_shows_the_sections_asked_for_and_says_so(folder: RunFolder) -> None:
    part = PartOfRun(folder.path, Only(("rage_fusion",), ("mosi",), ("calibration", "training")))
    HtmlPage().write(part)
    page = parsed(part)
    text = words("".join(page.text))
    assert "Shown is a part of the run (models: rage_fusion; data: mosi; sections: calibration, training)" in text
    assert "m3net" not in "".join(one.caption for one in page.tables)
    assert not any("simulated" in one.caption for one in page.tables)
    ids = {attributes.get("id", "") for tag, attributes in page.tags if tag == "table"}
    assert {"table-training-mosi", "reliability-mosi-rage-fusion-numbers"} <= ids
    assert not [one for one in ids if re.match("table-(glance|clean|heat|conditions|removals|classes-)", one)] or ids
    assert not ids & {"table-clean-mosi", "table-glance-mosi", "table-conditions-mosi-rage-fusion"}
    HtmlPage().write(folder)
    assert "Shown is a part" not in words("".join(parsed(folder).text))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_can_be_asked_for_in_every_format(folder: RunFolder, section: str) -> None:
    run, comparisons = read_view(PartOfRun(folder.path, Only((), ("mosi",), (section,))))
    assert comparisons is None
    assert [one for one in SECTIONS if run.shows(one)] == [section]
    tables = csv_tables(run)
    if section in ("overview", "stress", "conditions", "calibration", "classes", "training", "removals", "stability"):
        assert len(tables) > (section != "data")
    wholes = {"overview": "table-glance-mosi", "conditions": "table-conditions-mosi-rage-fusion"}
    for other, slug in wholes.items():
        assert (slug in tables) == (other == section)


def test_figures_latex_and_markdown_keep_to_the_part(folder: RunFolder) -> None:
    part = PartOfRun(folder.path, Only(("rage_fusion",), ("mosi",), ("calibration",)))
    names = {path.stem for path in FigureFiles().write(part).glob("*.svg")}
    assert names == {"reliability-mosi-rage-fusion", "entropy-mosi-rage-fusion", "risk-coverage-mosi"}
    tex = LatexDocument().write(part).read_text(encoding="utf-8")
    assert "Shown is a part of the run: models: rage" in tex
    assert r"\label{tab:" not in tex
    whole = LatexDocument().write(PartOfRun(folder.path, Only((), ("mosi",), ("conditions",)))).read_text("utf-8")
    assert r"\label{tab:mosi-weighted_f1}" in whole
    assert r"\label{tab:mosi-training}" not in whole
    said = MarkdownSummary().write(part).read_text(encoding="utf-8")
    assert "Shown is a part of the run (models: rage\\_fusion; data: mosi; sections: calibration)." in said
    assert "All conditions" not in said
    assert "- **" not in said


def test_of_comparisons_those_are_kept_that_name_what_is_shown() -> None:
    of_type = {str: "", float: 0.0, int: 0}
    blank = {name: of_type[kind] for name, kind in Compared.__annotations__.items()}

    def row(model: str, reference: str, data: str) -> Compared:
        return replace(Compared(**blank), model=model, reference_model=reference, data=data)  # type: ignore[arg-type]  # by type

    rows = (row("a", "b", "x"), row("c", "b", "x"), row("a", "c", "y"))
    view = ComparisonView((ComparisonTable("t", rows[:2]), ComparisonTable("u", rows[2:])), ("s",))
    kept = _compared(view, Only(("a",), ("x",)))
    assert kept is not None
    assert kept.tables == (ComparisonTable("t", rows[:1]),)
    assert _compared(view, Only((), ("z",))) is None
    assert _compared(view, Only((), (), ("comparisons",))) == view


def test_figures_and_labels_have_a_section() -> None:
    assert section_of_figure("reliability") == "calibration"
    assert section_of_figure("stability") == "stability"
    assert section_of_figure("something new") == "others"
    assert section_of_label("tab:mosi-acting-risk02", "mosi") == "acting"
    assert section_of_label("tab:mosi-reliance", "mosi") == "reliance"
    assert section_of_label("tab:mosi-kinds", "mosi") == "removals"


def test_a_folder_is_read_once_for_all_its_reports(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[RunFolder] = []

    def counted(one: RunFolder) -> RunView:
        reads.append(one)
        return read(one)

    monkeypatch.setattr(only, "read", counted)
    shown = api.report(folder.path, formats=("markdown", "latex"))
    summary(shown.folder)
    assert reads == [shown.folder]
    whole, part = read_view(RunFolder(folder.path)), PartOfRun(folder.path)
    assert (part.view[0].only, part.view[0].sections) == ("", ())
    assert part.view[0].record == whole[0].record


def test_a_mistyped_format_is_told_before_anything_is_written(folder: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(folder.path, tmp_path / "run")
    for name in ("report.md", "report.html"):
        (tmp_path / "run" / name).unlink(missing_ok=True)
    with pytest.raises(UnknownName, match="did you mean 'html'"):
        api.report(tmp_path / "run", formats=("markdown", "htm"))
    with pytest.raises(SpecError) as raised:
        api.report(tmp_path / "run", formats="markdown,html")
    assert str(raised.value) == (
        "--format markdown,html: expected one format, got several; type --format markdown --format html"
    )
    assert not (tmp_path / "run" / "report.md").exists()


def test_a_section_with_nothing_in_it_is_named_in_every_document_and_on_the_terminal(folder: RunFolder) -> None:
    part = PartOfRun(folder.path, Only((), ("mosi",), ("classes", "published", "comparisons")))
    run, _ = read_view(part)
    told: tuple[str, ...] = ("Nothing in it belongs to the section 'published' (beside published figures)",)
    told += ("Nothing in it belongs to the section 'comparisons' (what `emobench compare` found)",)
    assert run.missing == told
    HtmlPage().write(part)
    assert told[0] in words("".join(parsed(part).text))
    assert told[0] in MarkdownSummary().write(part).read_text(encoding="utf-8")
    assert "the section 'published'" in LatexDocument().write(part).read_text(encoding="utf-8")
    console = Console(width=200, file=io.StringIO())
    console.print(summary(part), crop=False)
    assert isinstance(console.file, io.StringIO)
    assert f"Missing: {told[0]}." in console.file.getvalue()
    assert read_view(PartOfRun(folder.path, Only((), (), ("classes",))))[0].missing == ()

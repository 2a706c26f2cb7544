"""Every number that a report shows, parsed back and held against results.parquet: page, CSV, LaTeX and Markdown."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from expectations import Claim, Place, Reader, Run, exempt, faults
from expected_across import layout
from expected_figures import FIGURES, MARKDOWN, TEX
from expected_tables import PAGE
from fake_everything import make_everything
from fake_papers import make_papers
from jaxtyping import config
from second_reader import Table, csv_files, html_tables, layout_files, markdown_tables, tex_tables, together

from emobench.benchmark.registry import FORMATS, make
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.drawing_jobs import Contents, Kind
from emobench.reports.drawings import Drawings
from emobench.reports.figure_views import FigureView

Maker = Callable[..., RunFolder]
SOURCES = ("page", "CSV", "Markdown", "document", "fragments")


def reported(folder: RunFolder, patch: pytest.MonkeyPatch) -> RunFolder:
    """Write all formats; what figures look like is tested elsewhere."""

    def undrawn(
        self: Drawings, views: Sequence[FigureView], kinds: Sequence[Kind], *, meanwhile: Callable[[], object]
    ) -> list[Contents]:
        meanwhile()
        return [dict.fromkeys(kinds, b"<svg></svg>") for _ in views]

    patch.setattr(Drawings, "drawn", undrawn)
    # Types are checked where each format is tested; here are many numbers, and only they count.
    config.update("jaxtyping_disable", True)
    try:
        for text in ("csv", "html:dialogues=0", "latex", "markdown"):
            make(FORMATS, text).write(folder)
    finally:
        config.update("jaxtyping_disable", False)
    return folder


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as made:
        yield made


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> RunFolder:
    return reported(make_everything(tmp_path_factory.mktemp("second") / "everything"), patch)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> RunFolder:
    return reported(make_papers(tmp_path_factory.mktemp("papers")), patch)


def of_page(address: str) -> Reader:
    """Return what reads a table of a page, or a file beside it."""
    if address.startswith("layout-"):
        return layout
    found = re.match(r"table-([a-z]+)", address)
    if found:
        return PAGE[found[1]]
    return FIGURES[max((one for one in FIGURES if address.startswith(f"{one}-")), key=len, default=address)]


def of_tex(address: str) -> Reader:
    """Return what reads a table of LaTeX."""
    (name,) = [one for one in TEX if re.fullmatch(one, address)] or [address]
    return TEX[name]


def tables_of(folder: RunFolder, source: str) -> tuple[list[Table], Callable[[str], Reader]]:
    """Return the tables of a source, and what reads each."""
    if source in ("page", "CSV"):
        shown = html_tables(folder)
        return (shown if source == "page" else csv_files(folder, shown) + layout_files(folder)), of_page
    if source == "Markdown":
        return markdown_tables(folder), MARKDOWN.__getitem__
    return together(tex_tables(folder, fragments=source == "fragments")), of_tex


def claims_of(folder: RunFolder, source: str, run: Run) -> list[Claim]:
    """Return what all numbers of a source stand for."""
    tables, reader_of = tables_of(folder, source)
    return [claim for table in tables for claim in reader_of(table.address)(table, run)]


def wrong(claims: list[Claim], run: Run) -> list[str]:
    """Return where what is shown is not what is stored."""
    return [one for claim in claims if not exempt(claim, run) for one in faults(claim, run)]


@pytest.fixture(scope="module")
def run(everything: RunFolder) -> Run:
    return Run(everything)


@pytest.fixture(scope="module", params=SOURCES)
def claims(everything: RunFolder, run: Run, request: pytest.FixtureRequest) -> list[Claim]:
    return claims_of(everything, request.param, run)


def test_every_number_is_that_of_the_results(claims: list[Claim], run: Run) -> None:
    assert wrong(claims, run) == []
    assert {one.place.metric for one in claims} >= {"weighted_f1", "ece", "nll"}


@pytest.mark.parametrize("source", SOURCES)
def test_every_number_of_the_tables_of_papers_is_that_of_the_results(papers: RunFolder, source: str) -> None:
    run = Run(papers)
    claims = claims_of(papers, source, run)
    assert wrong(claims, run) == []
    shown = {(one.place.data, one.place.metric) for one in claims if one.times == 100}
    assert len(shown) > 20 or source in ("page", "Markdown")
    about = [one for one in claims if one.times == 100 and one.cell.value not in ("–", "")]
    for claim in about[:: max(len(about) // 20, 1)]:
        row, rows = run.rows[claim.place], run.rows
        run.rows = {claim.place: row._replace(value=row.value + 0.01)}
        assert wrong([claim], run)
        run.rows = rows


def test_a_number_that_is_another_is_found(claims: list[Claim], run: Run) -> None:
    place = Place("m3net", "meld", "order:rate=1.0", "ece")
    about = [claim for claim in claims if claim.place == place]
    row, rows = run.rows[place], run.rows
    for column in ("value", "low", "high", "draw_sd", "floor_high"):
        run.rows = {place: row._replace(**{column: getattr(row, column) + 0.006})}
        shown = [one for one in about if column == "value" or getattr(one.cell, column)]
        assert all(wrong([one], run) for one in shown)
        assert shown or column in ("draw_sd", "floor_high")
    run.rows = rows
    assert wrong(about, run) == []


def test_no_table_is_left_unread(everything: RunFolder, papers: RunFolder) -> None:
    of_pages, of_documents = set[Reader](), set[Reader]()
    for folder in (everything, papers):
        page_text = (folder.path / "report.html").read_text(encoding="utf-8")
        shown = html_tables(folder)
        assert page_text.count("<table") == len(shown) == len({one.address for one in shown})
        of_pages |= {of_page(one.address) for one in shown}
        files = {path.stem for path in (folder.path / "tables").glob("*.csv")}
        read = [*csv_files(folder, shown), *layout_files(folder)]
        assert files == {one.address.removesuffix("-numbers") for one in read}
        tex = (folder.path / "report.tex").read_text(encoding="utf-8")
        found = tex_tables(folder, fragments=False)
        assert tex.count(r"\begin{longtable}") == len(found)
        of_documents |= {of_tex(one.address) for one in found}
        pieces = [path.read_text(encoding="utf-8") for path in (folder.path / "tex").glob("*.tex")]
        floats = tex_tables(folder, fragments=True)
        assert sum(text.count(r"\begin{tabular}") for text in pieces) == len(floats)
        assert {(one.data, one.address) for one in floats} == {(one.data, one.address) for one in found}
        laid_out = {one.address for one in found if of_tex(one.address) is layout}
        assert {one.address.removeprefix("layout-") for one in layout_files(folder)} == laid_out
    assert of_pages == {*PAGE.values(), *FIGURES.values()}
    assert of_documents == set(TEX.values())


@pytest.mark.parametrize("address", ["table-wishes-simulated", "wishes-simulated"])
def test_a_table_that_is_not_known_is_an_error(address: str) -> None:
    with pytest.raises(KeyError):
        of_page(address)
    with pytest.raises(KeyError):
        of_tex(address)


def test_a_column_that_is_not_known_is_an_error(everything: RunFolder, run: Run) -> None:
    (table,) = (one for one in html_tables(everything) if one.address == "table-clean-meld")
    table.head[1] = "Wishes"
    with pytest.raises(AssertionError, match="no metric is called 'Wishes'"):
        list(of_page(table.address)(table, run))


ODD = ("weighted_f1", "ece", "reliability", "conformal_coverage", "cel", "flip_rate")


def test_a_run_of_one_model_that_lacks_metrics_is_read_too(
    make_run: Maker, tmp_path: Path, patch: pytest.MonkeyPatch
) -> None:
    folder = make_run(
        tmp_path / "odd", models=("prior",), metrics=ODD, dialogues=7, seeds=(3,), sets=True, data=("mosi",),
        only=("clean", "modality_drop:drop=text", "modality_drop:rate=0.5"),
    )  # fmt: skip
    reported(folder, patch)
    run = Run(folder)
    for source in SOURCES:
        claims = claims_of(folder, source, run)
        assert wrong(claims, run) == []
        assert {one.place.metric for one in claims} >= {"weighted_f1", "ece"}

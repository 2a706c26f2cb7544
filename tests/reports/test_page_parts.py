"""What the page as a whole has: addresses, links to data, suites, what stands where."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from page_reader import Reader, parsed, words

from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import SuiteRecord
from emobench.reports.formats.html import HtmlPage
from emobench.reports.gathering import read
from emobench.reports.numbers import MISSING
from emobench.reports.page import render
from emobench.reports.sentences import plain as text_of
from emobench.reports.verdicts import verdicts

MODELS = ("m3net", "rage_fusion", "bayes_optimal")
SUITE = SuiteRecord(
    name="cmerc_table2", title="CMERC <Table> 2", shows="Shares.", paper="CMERC", place="Table 2",
    data=("meld", "iemocap"), models=("m3net",), missing=("iemocap",), published_only=("Other",),
    differs=("Presets & more.",),
)  # fmt: skip
OWN = SuiteRecord(name="mine", path="/x/mine.toml", title="Mine", data=("meld",), models=("prior",))


@pytest.fixture(scope="module")
def folder(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    kept = [f"modality_drop:rate={rate}" for rate in (0.1, 0.5)] + ["modality_drop:drop=text", "clean"]
    made = make_run(
        tmp_path_factory.mktemp("run"), models=MODELS, only=(*kept, "order:rate=0.25", "order:rate=1.0"),
        stresses=True, dialogues=20, seeds=(0,),
    )  # fmt: skip
    made.write_record(made.read_record().model_copy(update={"suites": (SUITE, OWN)}))
    HtmlPage().write(made)
    return made


@pytest.fixture(scope="module")
def page(folder: RunFolder) -> Reader:
    return parsed(folder)


def test_every_table_has_an_address_of_its_own(page: Reader) -> None:
    ids = [attributes.get("id", "") for tag, attributes in page.tags if tag == "table"]
    assert len(ids) == len(page.tables) > 15
    assert all(re.fullmatch(r"[a-z0-9-]+", one) for one in ids)
    every = Counter(attributes["id"] for _, attributes in page.tags if "id" in attributes)
    assert max(every.values()) == 1
    assert {"table-glance-simulated", "table-heat-simulated-ece", "table-curves-simulated-worst-rung"} <= set(ids)
    assert "curve-simulated-order-rate-ece-numbers" in ids


def test_links_lead_to_the_data_that_are_there(folder: RunFolder) -> None:
    linked = ("table-glance-simulated", "curve-simulated-order-rate-ece")
    text = render(read(folder), linked=linked)
    assert re.findall(r'href="(tables/[^"]*)"', text) == [f"tables/{slug}.csv" for slug in linked]
    assert 'href="tables/' not in render(read(folder))


def test_one_sentence_for_each_model_stands_before_all_else(folder: RunFolder, page: Reader) -> None:
    text = words("".join(page.text))
    found = verdicts(read(folder).data[0])
    assert len(found) == len(MODELS)
    places = [text.index(words(text_of(said))) for _, said in found]
    assert places == sorted(places)
    assert places[-1] < text.index("Under stress") < text.index("All conditions")


def test_the_heat_map_holds_every_figure(folder: RunFolder, page: Reader) -> None:
    data = read(folder).data[0]
    (table,) = [one for one in page.tables if one.caption.startswith("Weighted F1 on simulated (simulated data)")]
    found = {words(row[0]): [words(cell).rstrip("▾") for cell in row[1:]] for row in table.rows}
    assert len(found) == 1 + len(data.conditions) + sum(bool(stress.conditions) for stress in data.stresses)
    for one in data.conditions:
        figures = [model.results(one.text).get("weighted_f1") for model in data.models]
        assert found[one.text] == [figure.shown.value if figure else MISSING for figure in figures]
    assert found["order:rate=1.0"][-1] == "–", "no exact posterior, no ceiling"
    assert "▾" in "".join(cell for row in table.rows for cell in row)


def test_whole_curves_say_where_a_model_is_at_its_worst(folder: RunFolder, page: Reader) -> None:
    worst, area = [one for one in page.tables if one.caption.startswith("Whole curves")]
    families = [curve.family for curve in read(folder).data[0].curves]
    assert [words(row[0]) for row in worst.rows[1:]] == [words(row[0]) for row in area.rows[1:]] == families
    assert [len(row) for row in worst.rows] == [1 + len(MODELS)] * len(worst.rows)
    assert words(worst.rows[1][1]) == "0.520 [0.490, 0.550] at 0.5"
    assert words(area.rows[1][1]) == "0.830 [0.800, 0.860]"


def test_one_metric_is_chosen_without_a_script(page: Reader) -> None:
    radios = [attributes for tag, attributes in page.tags if tag == "input"]
    assert {one["type"] for one in radios} == {"radio"}
    groups = Counter(one["name"] for one in radios)
    assert groups == {"data-1-heat": 5, "data-1-whole": 2}
    assert [one["name"] for one in radios if "checked" in one] == ["data-1-heat", "data-1-whole"]
    labels = {attributes["for"] for tag, attributes in page.tags if tag == "label"}
    assert labels == {one["id"] for one in radios}


def test_suites_are_shown_with_what_differs(page: Reader) -> None:
    text = words(" ".join(page.text))
    assert "CMERC <Table> 2 Typed --suite cmerc_table2 Fills CMERC, Table 2 Shows Shares." in text
    assert "Data meld, iemocap; not there: iemocap" in text
    assert "What differs from the paper: Presets & more." in text
    assert "Mine Typed --suite /x/mine.toml Fills no published table Shows not said" in text


def test_the_style_sheet_of_the_page_is_closed(folder: RunFolder) -> None:
    text = (folder.path / "report.html").read_text(encoding="utf-8")
    (style,) = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    assert style.count("{") == style.count("}")
    assert Path(folder.path / "report.html").stat().st_size < 700_000

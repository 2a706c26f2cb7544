"""The CSV files, read back with the standard library and held against the results."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from page_reader import parsed

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.csv_tables import csv_tables, safe
from emobench.reports.exact_numbers import marked, pieces
from emobench.reports.figure_views import TableView
from emobench.reports.figures import figures
from emobench.reports.formats.csv import CsvTables
from emobench.reports.formats.html import HtmlPage
from emobench.reports.gathering import read
from emobench.reports.numbers import number, percent

Maker = Callable[..., RunFolder]
Rows = list[dict[str, str]]
KEPT = ("clean", "modality_drop:drop=text", "modality_drop:rate=0.5", "noise:snr_db=5", "order:rate=0.5")


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    made = make_run(
        tmp_path_factory.mktemp("run"), models=("m3net", "rage_fusion", "bayes_optimal"), stresses=True, only=KEPT,
        dialogues=20, seeds=(0,), sets=True,
    )  # fmt: skip
    CsvTables().write(made)
    return made


def table(folder: RunFolder, slug: str) -> Rows:
    with (folder.path / "tables" / f"{slug}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def frame(folder: RunFolder) -> pd.DataFrame:
    found = pd.read_parquet(folder.results_path)
    return found[(found.seed == -1) & (found.part == "")].set_index(["model", "condition", "metric"])


@pytest.mark.parametrize("model", ["m3net", "bayes_optimal"])
def test_figures_of_conditions_are_there_in_full(folder: RunFolder, frame: pd.DataFrame, model: str) -> None:
    rows = table(folder, f"table-conditions-simulated-{model.replace('_', '-')}")
    assert {row["Condition"] for row in rows} == {one.text for one in folder.read_record().conditions}
    titles = {"weighted_f1": "Weighted F1", "ece": "ECE", "nll": "NLL", "brier": "Brier", "churn": "Churn"}
    for row in rows:
        for metric, title in titles.items():
            if (model, row["Condition"], metric) not in frame.index:
                assert row[title] == ""
                continue
            figure = frame.loc[(model, row["Condition"], metric)]
            for name in ("value", "low", "high", "draw_sd", *(("floor", "floor_high") if metric == "ece" else ())):
                said = row.get(f"{title} {name}" if name != "value" else title, "")
                assert float(said or math.nan) == figure[name] or (said == "" and math.isnan(figure[name]))


def test_figures_have_their_tables_under_their_addresses(folder: RunFolder, frame: pd.DataFrame) -> None:
    views = {view.slug: view for view in figures(read(folder))}
    assert views.keys() <= {path.stem for path in (folder.path / "tables").glob("*.csv")}
    slug = next(one for one in views if one.startswith("conditions-simulated-modality-drop-weighted"))
    for row in table(folder, slug):
        figure = frame.loc[(row["model"], row["condition"], "weighted_f1")]
        assert float(row["Weighted F1"]) == figure.value
        assert (float(row["95 % interval low"]), float(row["95 % interval high"])) == (figure.low, figure.high)
    confusion = table(folder, next(one for one in views if one.startswith("confusion-simulated-m3net")))
    assert sum(float(value) for row in confusion for name, value in row.items() if name.startswith("as ")) == 200


def test_every_table_of_the_page_has_its_file_and_the_page_leads_to_it(folder: RunFolder) -> None:
    HtmlPage().write(folder)
    page = parsed(folder)
    ids = {attributes["id"].removesuffix("-numbers") for tag, attributes in page.tags if tag == "table"}
    files = {path.stem for path in (folder.path / "tables").glob("*.csv")}
    assert ids == files
    linked = {attributes["href"] for _, attributes in page.tags if attributes.get("href", "").startswith("tables/")}
    assert linked == {f"tables/{slug}.csv" for slug in ids}


def test_what_stands_beside_a_figure_has_columns_of_its_own(folder: RunFolder) -> None:
    glance = table(folder, "table-glance-simulated")
    assert [row["Model"] for row in glance if row["Model tag"] == "ceiling"] == ["bayes_optimal"]
    assert all(row["Weighted F1, at worst note"] in KEPT for row in glance)
    sets = table(folder, "table-sets-simulated")
    classes = set(folder.read_record().data[0].classes)
    assert {row["Least covered class, LAC note"] for row in sets} - {""} <= classes
    training = table(folder, "table-training-simulated")
    assert {row["Notes"] for row in training if row["Model"] == "rage_fusion"} == {"temperature 1.23"}
    removed = table(folder, "table-removals-simulated")
    assert all(0 < float(row["Uncertain share"]) < 1 for row in removed if row["Uncertain share"])
    leaders = table(folder, "table-leaders-simulated")
    assert {"Figure", "Figure low", "Figure high", "Figure (2)", "Figure low (2)"} <= leaders[0].keys()


def test_no_name_is_taken_for_a_formula(tmp_path: Path, make_run: Maker) -> None:
    names = ("=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "'quoted", 'a,"b"\nc', "\ue000=9\ue001")
    folder = make_run(tmp_path, models=names, only=("clean",), dialogues=20, seeds=(0,), metrics=("nll", "weighted_f1"))
    target = CsvTables().write(folder)
    rows = table(folder, "table-clean-simulated")
    assert [row["Model"] for row in rows] == [
        "'=cmd|' /C calc'!A0", "'@SUM(1)", "'+1", "'-1", "''quoted", 'a,"b" c', "=9".replace("=", "'="),
    ]  # fmt: skip
    for path in target.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, strict=True))
        assert len({len(line) for line in lines}) == 1
        assert len(set(lines[0])) == len(lines[0])
        for cell in (cell for line in lines for cell in line):
            assert not cell.startswith(("=", "+", "@", "\t"))
            assert not cell.startswith("-") or float(cell) < 0


def test_hostile_names_are_text(tmp_path: Path, make_run: Maker, hostile_names: dict[str, Any]) -> None:
    folder = make_run(tmp_path, **hostile_names, only=("clean", "modality_drop:drop=text"), dialogues=20)
    CsvTables().write(folder)
    names = {row["Model"] for row in table(folder, "table-clean-simulated")}
    assert names == set(hostile_names["models"])


def test_nothing_to_show_is_an_empty_folder(tmp_path: Path, make_run: Maker) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), dialogues=20, failed=(("prior", "", "no luck"),))
    assert CsvTables().write(folder).is_dir()


def test_the_same_folder_gives_the_same_files(folder: RunFolder) -> None:
    first = {path.name: path.read_bytes() for path in CsvTables().write(folder).glob("*.csv")}
    assert {f"{slug}.csv": text.encode() for slug, text in csv_tables(read(folder)).items()} == first


def test_marks_are_read_back_and_names_cannot_make_them() -> None:
    assert list(pieces(f"a {marked(number(0.25))} b {marked(percent(0.5))}")) == [
        "a ",
        {"": "0.25"},
        " b ",
        {"": "0.5"},
    ]
    assert marked("\ue000=9\ue001") == "=9"
    assert marked(0.5) == 0.5
    assert safe("") == ""
    assert TableView(("a",), ()).rows == ()

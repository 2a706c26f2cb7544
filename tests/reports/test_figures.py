import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from emobench.benchmark.registry import FORMATS, make
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.base import Format
from emobench.reports.canvas import svg_for_page
from emobench.reports.figures import figures, legend_entries
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.gathering import read
from emobench.reports.paper_figures import paper_figures
from emobench.reports.stress_contents import CLEAN
from emobench.reports.theme import PAPER, WEB

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def small(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Few figures, but of hostile names."""
    return make_run(
        tmp_path_factory.mktemp("small"),
        models=("rage_fusion", "_$x_{1}$ & <中>"),
        classes=("a<b>", "$y^2$", "_é&"),
        only=("clean", "modality_drop:drop=text", "modality_drop:rate=0.5"),
        metrics=("weighted_f1", "f1", "modality_weight"),
        seeds=(0,),
        dialogues=20,
    )


def test_the_figures_of_a_run_have_names_of_their_own(plain: RunFolder) -> None:
    views = figures(read(plain))
    groups = [view.group for view in views]
    assert list(dict.fromkeys(groups)) == [
        "curves", "conditions", "reliability", "risk_coverage", "entropy", "classes", "confusion", "weights", "cel",
        "gains", "uncertain_entropy", "stability", "training",
    ]  # fmt: skip
    slugs = [view.slug for view in views]
    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z0-9-]+", slug) for slug in slugs)


def test_models_whose_names_differ_in_signs_only_keep_their_figures_apart(
    tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    folder = make_run(tmp_path, models=("a:b=1", "a:b=+1"), only=("clean",), metrics=("confusion",), dialogues=20)
    assert [view.slug for view in figures(read(folder))] == [
        "confusion-simulated-a-b-1",
        "confusion-simulated-a-b-1--2",
    ]


def test_the_table_of_a_curve_holds_every_point(plain: RunFolder) -> None:
    data = read(plain).data[0]
    (view,) = [view for view in figures(read(plain)) if view.slug == "curve-simulated-modality-drop-rate-ece"]
    assert view.table.head[-1] == "noise floor, 95th percentile"
    clean = data.models[0].results(CLEAN)["ece"]
    assert view.table.rows[0][:3] == ("rage_fusion", "clean", clean.shown.value)
    assert view.table.rows[0][-1] == clean.beside(clean.floor_high)
    assert len(view.table.rows) == 2 * 7


def test_the_ceiling_has_a_colour_of_its_own(plain: RunFolder) -> None:
    entries = legend_entries("curves", read(plain).data[0])
    assert entries == (("rage_fusion", 0), ("bayes_optimal", -1))
    assert WEB.colour(-1) == WEB.ink
    assert WEB.colour(7) == WEB.colour(0)


def test_on_the_page_text_is_text_and_colours_are_the_page_s(small: RunFolder) -> None:
    with WEB.active():
        for view in figures(read(small)):
            svg = svg_for_page(view.draw(WEB), view.slug)
            root = ET.fromstring(svg)
            assert root.get("viewBox") is not None
            assert root.get("width") is None
            texts = {"".join(text.itertext()) for text in root.iter("text")}
            assert texts
            assert not re.search(r"#[0-9a-f]{6}\b|http|DejaVu|<metadata|<!--", svg)
            assert all(re.fullmatch(r"f[0-9a-f]{10}-\d+", one) for one in re.findall(r'\bid="([^"]*)"', svg))
            if view.group == "classes":
                assert {"a<b>", "$y^2$", "_é&"} <= texts


def test_files_for_papers_are_the_same_every_time_and_hold_text(small: RunFolder) -> None:
    target = FigureFiles().write(small)
    first = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(target.glob("*-*"))}
    slugs = {view.slug for view in paper_figures(small)}
    assert set(first) == {f"{slug}.{ending}" for slug in slugs for ending in ("pdf", "svg")}
    FigureFiles().write(small)
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(target.glob("*-*"))} == first
    pdf = (target / "classes-simulated.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/CreationDate" not in pdf
    root = ET.parse(target / "classes-simulated.svg").getroot()
    texts = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    assert {"a<b>", "$y^2$", "_é&", "rage_fusion", " _$x_{1}$ & <中>"} <= texts


def test_figures_of_papers_carry_their_legend(small: RunFolder) -> None:
    with PAPER.active():
        view = next(view for view in figures(read(small)) if view.group == "weights")
        (legend,) = view.draw(PAPER).legends
        assert [text.get_text() for text in legend.get_texts()] == ["text", "audio", "video"]
    with WEB.active():
        assert view.draw(WEB).legends == []


def test_a_run_without_anything_to_draw_leaves_an_empty_folder(
    tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), metrics=("accuracy",), dialogues=20)
    assert list(FigureFiles().write(folder).iterdir()) == []


def test_many_classes_are_drawn_without_numbers_in_the_cells(
    tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    classes = tuple(f"a class with a very long name {place}" for place in range(11))
    folder = make_run(
        tmp_path, models=("prior",), classes=classes, only=("clean",), metrics=("confusion",), dialogues=40
    )
    (view,) = figures(read(folder))
    with WEB.active():
        (axes,) = view.draw(WEB).axes
    assert len(axes.texts) == 0
    assert axes.get_yticklabels()[0].get_text() == "a class with a very lon…"


def test_a_modality_without_a_weight_and_a_chosen_epoch_without_a_score_are_left_out(
    tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    folder = make_run(
        tmp_path, models=("rage_fusion",), only=("clean", "modality_drop:drop=text"), seeds=(0,), dialogues=20
    )
    frame = pd.read_parquet(folder.results_path)
    gone = (frame.metric == "modality_weight") & (frame.part == "text") & (frame.condition != "clean")
    frame.loc[(frame.metric == "modality_weight") & (frame.part == "video"), "value"] = 0.05
    frame[~gone].to_parquet(folder.results_path)
    record = folder.read_record()
    epochs = [
        epoch.model_copy(update={"validation": {}}) if epoch.number == 8 else epoch for epoch in record.fits[0].epochs
    ]
    fit = record.fits[0].model_copy(update={"epochs": tuple(epochs)})
    folder.write_record(record.model_copy(update={"fits": (fit,)}))
    weights, training = (
        next(view for view in figures(read(folder)) if view.group == group) for group in ("weights", "training")
    )
    assert weights.table.rows[1][:2] == ("drop=text", "–")
    with WEB.active():
        (axes,) = weights.draw(WEB).axes
        assert [text.get_text() for text in axes.texts] == ["0.50", "0.30", "0.30"]
        (axes,) = training.draw(WEB).axes
        rings = [line for line in axes.lines if line.get_marker() == "o"]
        assert [list(line.get_xdata()) for line in rings] == [[8]]


@pytest.mark.parametrize("name", ["html", "latex", "figures"])
def test_every_format_is_found_by_name_and_says_where_it_wrote(
    tmp_path: Path, make_run: Callable[..., RunFolder], name: str
) -> None:
    folder = make_run(tmp_path, models=("prior",), only=("clean",), metrics=("accuracy",), dialogues=20)
    writer: Format = make(FORMATS, name)
    path = writer.write(folder)
    assert path.exists()
    assert path.parent == folder.path


def test_conditions_are_told_apart_by_labels_of_several_lines(
    tmp_path: Path, make_run: Callable[..., RunFolder]
) -> None:
    folder = make_run(tmp_path, models=("rage_fusion",), only=("clean", "modality_drop:drop=text"), dialogues=20)
    record = folder.read_record()
    long = "noise:modality=audio,snr_db=5+occlusion:fraction=0.5,modality=text+modality_drop:rate=0.3"
    chain = record.conditions[1].model_copy(update={"text": long})
    folder.write_record(record.model_copy(update={"conditions": (record.conditions[0], chain)}))
    frame = pd.read_parquet(folder.results_path)
    frame.loc[frame.condition != "clean", "condition"] = long
    frame.to_parquet(folder.results_path)
    lines = [
        "noise:modality=audio,", "snr_db=5+", "occlusion:modality=text,", "fraction=0.5+", "modality_drop:rate=0.3",
    ]  # fmt: skip
    for group in ("conditions", "weights"):
        view = next(view for view in figures(read(folder)) if view.group == group)
        with WEB.active():
            (axes,) = view.draw(WEB).axes
            label = axes.get_yticklabels()[1].get_text()
            assert label.split("\n") == lines
            rows = abs(axes.transData.transform((0, 1))[1] - axes.transData.transform((0, 0))[1])
            assert rows >= 5 * 12, "rows are as high as their labels"

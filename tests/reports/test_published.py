"""Figures of a run beside those of papers: which stand together, and what page, paper and terminal say of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from page_reader import parsed, words
from rich.console import Console
from tex_reader import tables

from emobench.benchmark.published import published
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.contents import DataView, Removal
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.published import Beside, beside, by_model, told_of_published
from emobench.reports.results import Result
from emobench.reports.terminal import summary

Maker = Callable[..., RunFolder]
RATE = "modality_drop:rate=0.1"
MODELS = ("rage_fusion", "m3net:epochs=5", "mister_e", "prior")


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    path = tmp_path_factory.mktemp("published")
    made = make_run(path, data=("meld", "simulated"), models=MODELS, only=("clean", RATE), dialogues=261, seeds=(0,))
    HtmlPage().write(made)
    LatexDocument().write(made)
    return made


@pytest.fixture(scope="module")
def meld(folder: RunFolder) -> DataView:
    return read(folder).data[0]


def of(pairs: tuple[Beside, ...], model: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Return by figure and condition what is here and what is published."""
    return {
        (one.title, one.condition): (one.here.value, one.published) for one in pairs if one.model.name.startswith(model)
    }


def test_figures_stand_beside_those_of_the_same_model_data_condition_and_class(meld: DataView) -> None:
    m3net = next(model for model in meld.models if model.name == "m3net:epochs=5")
    found = of(beside(meld), "m3net")
    assert found["Weighted F1", ""] == (m3net.clean["weighted_f1"].value, "0.654")
    assert found["Weighted F1", RATE] == (m3net.results(RATE)["weighted_f1"].value, "0.626")
    assert found["ECE", ""] == (m3net.clean["ece"].value, "0.226")
    assert found["F1, fear", ""] == (m3net.class_f1["fear"].value, "0.289")
    assert {title for title, _ in found} >= {"F1, anger", "F1, joy"}
    rage = next(one for one in beside(meld) if one.model.name == "rage_fusion")
    assert (rage.published, rage.chosen_here, rage.chosen_there, rage.runs) == (
        "0.719", "validation", "validation", "–",
    )  # fmt: skip
    llm = next(one for one in beside(meld) if one.model.name == "mister_e")
    assert (llm.published, llm.chosen_here, llm.chosen_there, llm.runs) == ("0.695 ± 0.003", "–", "test", "3")
    assert [name for name, _ in by_model(beside(meld))] == ["rage_fusion", "m3net:epochs=5", "mister_e"]


def test_on_simulated_or_other_data_nothing_is_beside(folder: RunFolder, meld: DataView) -> None:
    assert beside(read(folder).data[1]) == ()
    other = replace(meld, record=meld.record.model_copy(update={"classes": ("good", "bad")}))
    assert beside(other) == ()


def test_removals_are_held_against_cmercs_by_the_way_most_like_it(meld: DataView) -> None:
    ways = [
        Removal("all", "zeros, strict", None, None, Result(900.0), Result(0.8)),
        Removal("all", "dialogue mean, graph", None, None, Result(700.0), Result(0.9)),
        Removal("text", "zeros", None, None, Result(100.0), Result(0.3)),
        Removal("audio", "zeros", None, None, None, None),
    ]
    models = tuple(
        replace(model, removals=tuple(ways)) if model.name.startswith("m3net") else model for model in meld.models
    )
    iemocap = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
    data = replace(
        meld, models=models, record=meld.record.model_copy(update={"name": "cosmic:corpus=iemocap", "classes": iemocap})
    )
    found = of(beside(data), "m3net")
    assert found["CEL, sum of logarithms (dialogue mean, graph)", ""] == (700.0, "1,772.5")
    assert found["Uncertain share, all (dialogue mean, graph)", ""] == (0.9, "0.919")
    assert found["Uncertain share, text (zeros)", ""] == (0.3, "0.335")
    assert not [title for title, _ in found if "audio" in title]
    assert "on IEMOCAP" in told_of_published(data)[0]


def test_figures_that_only_stress_has_beside_a_removal_are_left_out(
    meld: DataView, monkeypatch: pytest.MonkeyPatch
) -> None:
    cel = next(one for one in published() if (one.system, one.data, one.part) == ("m3net", "meld", "all"))
    monkeypatch.setattr("emobench.reports.published.published", lambda: (replace(cel, condition=RATE),))
    removal = Removal("all", "zeros, strict", None, None, Result(900.0), None)
    assert beside(replace(meld, models=tuple(replace(model, removals=(removal,)) for model in meld.models))) == ()
    f1 = replace(cel, metric="f1", part="fear", condition=RATE)
    monkeypatch.setattr("emobench.reports.published.published", lambda: (f1,))
    assert beside(meld) == ()


def test_an_epoch_chosen_on_test_is_told_here_too(make_run: Maker, tmp_path: Path) -> None:
    made = make_run(
        tmp_path, data=("meld",), models=("rage_fusion",), only=("clean",), dialogues=20, seeds=(0,), selection="test"
    )
    assert {one.chosen_here for one in beside(read(made).data[0])} == {"test"}


def test_what_to_keep_in_mind_names_features_selection_and_size(meld: DataView) -> None:
    told = told_of_published(meld)
    assert "on MELD" in told[0]
    assert "text 64, audio 32, video 32 wide" in told[0]
    assert "chosen on test" in told[1]
    assert len(told) == 2, "as many utterances as the papers test on"
    fewer = told_of_published(replace(meld, utterances=200))
    assert fewer[2] == "The papers test on 2,610 utterances, this run on 200: sums do not compare."


def test_the_page_has_both_side_by_side(folder: RunFolder, meld: DataView) -> None:
    page = parsed(folder)
    text = words(" ".join(page.text))
    assert text.count("Beside published figures") == 1
    main, by_class = [table for table in page.tables if "beside those of papers" in table.caption]
    here = meld.models[1].clean["weighted_f1"]
    row = next(row for row in main.rows if row[0] == "m3net:epochs=5")
    assert words(" | ".join(row)) == (
        f"m3net:epochs=5 | Weighted F1 | {here.shown} | 0.654 | –; test | 5 | "
        "CMERC, Tables 3, 5, 6; RoBERTa (4 layers), openSMILE, DenseNet"
    )
    rage = next(row for row in main.rows if row[0] == "rage_fusion")
    assert rage[4] == "validation; validation"
    assert words(rage[6]).endswith("recalls quoted for its confusion matrix imply 76.4 or more.")
    assert {row[1].partition(",")[0] for row in by_class.rows[1:]} == {"F1"}


def test_latex_has_the_main_figures(folder: RunFolder) -> None:
    found = tables(folder)
    assert [label for label in found if label.endswith("-published")] == ["meld-published"]
    rows = found["meld-published"]
    text = (folder.path / "report.tex").read_text(encoding="utf-8").replace(r"\allowbreak{}", "")
    assert r"{\itshape rage\_fusion, epoch chosen on validation} \\*" in text
    assert r"{\itshape m3net:epochs=5, epoch chosen on --} \\*" in text
    assert ["0.654", "test", "5", "CMERC, Tables 3, 5, 6"] in [row[2:] for row in rows]
    assert any(row[0] == f"Weighted F1 under {RATE}" for row in rows)
    assert not any(row[0].startswith("F1,") for row in rows)


def test_the_terminal_points_to_it_in_one_line(folder: RunFolder, plain: RunFolder) -> None:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(summary(folder), crop=False)
    assert "Beside published figures: rage_fusion, m3net:epochs=5, mister_e (in the report," in words(captured.get())
    with console.capture() as captured:
        console.print(summary(plain), crop=False)
    assert "ublished" not in captured.get()


def test_without_published_figures_there_is_no_section(plain: RunFolder, hostile: RunFolder) -> None:
    for folder in (plain, hostile):
        assert "ublished" not in words(" ".join(parsed(folder).text))
        assert not [label for label in tables(folder) if "published" in label]

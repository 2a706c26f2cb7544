"""What a reader does with the page in Chromium: choose a metric, filter, zoom, print; and what axe finds."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.html import HtmlPage

Open = Callable[..., Page]
RATES = [f"modality_drop:rate={rate}" for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)]
NOISE = [f"noise:modality=text,snr_db={level}" for level in (20, 10, 5, 0, -5)]
SINGLE = ["clean", "modality_drop:drop=text", "modality_drop:drop=audio"]
PAPER = 703
"""Pixels of an A4 page between its margins of 12 mm."""


@pytest.fixture(scope="module")
def report(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with fourteen conditions and ten models, one with a name that is no harmless text."""
    folder = make_run(
        tmp_path_factory.mktemp("run"), stresses=True, only=(*SINGLE, *RATES, *NOISE), dialogues=20, seeds=(0,),
        models=(*(f"model_{letter}" for letter in "abcdefgh"), "<img src=x onerror=hacked=1>", "bayes_optimal"),
        metrics=("weighted_f1", "ece", "signed_gap", "nll", "degradation_area", "worst_rung"),
    )  # fmt: skip
    return HtmlPage().write(folder)


@pytest.fixture(scope="module")
def patience() -> int:
    """Milliseconds: ten models and fourteen conditions take Chromium a while."""
    return 120_000


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(open_page: Open, dark: bool) -> None:
    found = Axe().run(open_page(dark=dark)).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.parametrize("script", [False, True])
def test_the_metric_of_the_heat_map_is_chosen_by_keyboard(open_page: Open, script: bool) -> None:
    page = open_page(script=script)
    shown = page.locator("table.heat:visible caption")
    assert shown.all_inner_texts()[0].startswith("Weighted F1 on simulated")
    page.locator("#data-1-heat-1").focus()
    page.keyboard.press("ArrowRight")
    (caption,) = shown.all_inner_texts()
    assert caption.startswith("ECE on simulated")
    assert page.locator("table.heat").count() == 4


def test_rows_are_filtered_by_what_they_are_called(open_page: Open) -> None:
    page = open_page()
    table = page.locator("#table-heat-simulated-weighted-f1")
    box = page.locator(".filter").filter(has=page.locator("input[aria-controls=table-heat-simulated-weighted-f1]"))
    rows = table.locator("tbody tr:not(.group):visible")
    assert (rows.count(), box.locator("output").inner_text()) == (14, "14 rows")
    box.locator("input").focus()
    page.keyboard.type("DROP rate")
    assert (rows.count(), box.locator("output").inner_text()) == (6, "6 of 14 rows")
    assert table.locator("tr.group:visible").all_inner_texts() == ["modality_drop"]
    page.keyboard.type(" nothing")
    assert (rows.count(), box.locator("output").inner_text()) == (0, "0 of 14 rows")
    page.keyboard.press("Escape")
    assert (rows.count(), table.locator("tr.group:visible").count()) == (14, 2)
    page.keyboard.type("noise")
    table.locator("thead button").nth(1).click()
    assert rows.count() == 5, "what is hidden stays hidden when it is sorted"
    assert page.evaluate("window.hacked") is None


def test_without_a_script_there_is_no_filter(open_page: Open) -> None:
    assert open_page(script=False).locator(".filter").count() == 0


def test_zoomed_to_twice_the_size_the_page_does_not_scroll_sideways(open_page: Open) -> None:
    # 1280 pixels wide at 200 %, and text alone twice as large on 720.
    page = open_page(width=640)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    page = open_page(width=720)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 720


def test_no_table_is_cut_on_paper(open_page: Open) -> None:
    page = open_page(width=PAPER)
    page.emulate_media(media="print")
    wide = page.evaluate(
        "[...document.querySelectorAll('table')].filter(table => table.offsetWidth > document.body.clientWidth)"
        ".map(table => `${table.id} ${table.offsetWidth}`)"
    )
    assert wide == []
    assert page.locator("table.heat:visible").count() == 4, "every metric is printed"
    assert page.locator(".filter:visible, .switched input:visible, .switched label:visible").count() == 0


def test_heads_are_not_squeezed_on_paper(open_page: Open) -> None:
    page = open_page(width=PAPER)
    page.emulate_media(media="print")
    broken = page.evaluate(
        """() => [...document.querySelectorAll("table:not(.heat, .models, .strips)")]
            .filter(table => table.checkVisibility() && table.querySelectorAll("thead th").length < 11)
            .flatMap(table => [...table.querySelectorAll("th")])
            .filter(head => {
                const size = parseFloat(getComputedStyle(head).fontSize);
                return head.offsetWidth < (head.matches("tr > :first-child") ? 9 : 6.6) * size - 1;
            })
            .map(head => `${head.closest("table").id}: ${head.textContent} ${head.offsetWidth}`)"""
    )
    assert broken == []


def test_focus_is_seen(open_page: Open) -> None:
    page = open_page()
    page.locator("#data-1-heat-1").focus()
    page.keyboard.press("ArrowRight")
    label = page.locator("label[for=data-1-heat-2]")
    assert label.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"

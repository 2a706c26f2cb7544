"""The page in Chromium (named by CHROMIUM, default /usr/bin/chromium). Fails, not skips, where there is none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_conditions import some
from playwright.sync_api import Page

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.html import HtmlPage

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def report(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with hostile names, several models and two data sets."""
    folder = make_run(
        tmp_path_factory.mktemp("run"),
        models=(
            "rage_fusion",
            "<script>window.hacked=1</script><img src=x onerror=hacked=1>_a_long_name_without_any_space",
            "bayes_optimal",
        ),
        classes=("<b>neutral</b>", "joy", "anger & more"),
        data=("simulated", "meld"),
        command="emobench run " + "--model a_very_long_model_name " * 20,
        failed=(("rage_fusion", "modality_drop:drop=text", "<script>window.hacked=1</script>"),),
        dialogues=40,
        stresses=True,
        only=some(),
    )
    return HtmlPage().write(folder)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_itself_never_scrolls_sideways(open_page: Open, width: int) -> None:
    page = open_page(width=width)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_names_run_no_script(open_page: Open) -> None:
    page = open_page()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, b").count() == 0


def test_dark_mode_turns_page_and_figures(open_page: Open) -> None:
    seen = {}
    for dark in (False, True):
        page = open_page(dark=dark)
        seen[dark] = page.evaluate(
            """() => {
                const bright = colour => colour.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 3;
                const text = document.querySelector('figure svg text');
                return [bright(getComputedStyle(document.body).backgroundColor), bright(getComputedStyle(text).fill)];
            }"""
        )
    assert seen[False][0] > 200 > 100 > seen[False][1]
    assert seen[True][0] < 60 < 180 < seen[True][1]


def test_a_table_is_sorted_by_keyboard(open_page: Open) -> None:
    page = open_page()
    table = (
        page.locator("table.sortable").filter(has=page.locator("caption", has_text="rage_fusion on simulated")).first
    )
    assert table.locator("tr.group").count() == 5
    head = table.locator("thead th").nth(1)
    values = "rows => rows.map(row => Number(row.cells[1].dataset.sort || NaN)).filter(value => !Number.isNaN(value))"
    head.locator("button").focus()
    for expected, reverse in (("ascending", False), ("descending", True)):
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == expected
        assert (table.locator("tr.group").count(), table.locator("tbody").count()) == (0, 1)
        found = table.locator("tbody tr").evaluate_all(values)
        assert len(found) >= 12
        assert found == sorted(found, reverse=reverse)
        last = table.locator("tbody tr").last.locator("td").first
        assert last.text_content() == "–"


def test_the_first_tab_stop_leads_to_the_content(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_everything_is_there_without_scripts(open_page: Open) -> None:
    page = open_page(script=False)
    assert page.locator("table.sortable button").count() == 0
    assert page.locator("figure svg[role=img]").count() >= 20


def test_it_prints_on_paper_without_loss(open_page: Open) -> None:
    page = open_page()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    assert page.locator(".skip").is_hidden()
    assert page.locator("nav.contents").count() == 3
    assert page.locator("nav.contents:visible").count() == 0

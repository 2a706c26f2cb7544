"""The page on paper: what is folded is printed, but for long tables and the numbers of figures."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.html import HtmlPage

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def report(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with tables of few rows and of many that are folded."""
    models = ("rage_fusion", "late_fusion", "m3net", "sdt", "prior")
    folder = make_run(tmp_path_factory.mktemp("run"), models=models, stresses=True, dialogues=5, seeds=(0,))
    return HtmlPage().write(folder)


def seen(place: Locator) -> bool:
    return bool(place.evaluate("one => one.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})"))


def test_what_is_folded_is_printed_unless_it_is_long(open_page: Open) -> None:
    page = open_page()
    short = page.locator("main details:not(.long):not([open])", has=page.locator("table")).filter(
        has_not=page.locator("figure")
    )
    folded = [one for one in short.all() if not one.evaluate("one => !!one.closest('figure, .dialogue')")]
    long = page.locator("details.long").all()
    assert folded
    assert long
    assert not any(seen(one.locator("table").first) for one in (*folded, *long))
    assert not any(seen(one.locator(".on-paper")) for one in long)
    page.emulate_media(media="print")
    assert all(seen(one.locator("table").first) for one in folded)
    for one in long:
        assert not seen(one.locator("table").first)
        assert seen(one.locator(".on-paper"))
        assert "not printed: emobench report --format csv writes tables/" in one.locator("summary").inner_text()
    assert not any(seen(one) for one in page.locator("figure details").all())


PORTRAIT, LANDSCAPE = 703, 1016
"""Pixels of a line on paper, upright and turned."""
BROKEN = """() => {
    const tops = (text, found) => {
        const range = document.createRange();
        range.setStart(text, found.index);
        range.setEnd(text, found.index + found[0].length);
        return new Set([...range.getClientRects()].map(box => Math.round(box.top)));
    };
    const wrong = [];
    for (const table of document.querySelectorAll('table:not(.strips)')) {
        if (!table.checkVisibility() || !table.tHead) continue;
        const place = [table.id, table.tHead.rows[0].cells.length];
        if (table.getBoundingClientRect().right > innerWidth + 1) wrong.push([...place, 'too wide']);
        for (const head of table.tHead.querySelectorAll('th')) {
            const texts = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
            while (texts.nextNode())
                for (const found of texts.currentNode.data.matchAll(/[A-Za-z0-9_]+/g))
                    if (tops(texts.currentNode, found).size > 1) wrong.push([...place, found[0]]);
        }
    }
    return wrong;
}"""
"""Words of heads of tables that go over to a further line, and tables that are wider than the window."""


def test_words_stay_whole_and_tables_of_many_columns_have_turned_pages(open_page: Open) -> None:
    for width, turned in ((PORTRAIT, False), (LANDSCAPE, True)):
        page = open_page(width=width)
        page.emulate_media(media="print")
        assert [one for one in page.evaluate(BROKEN) if (one[1] >= 11) == turned] == []
        assert page.locator("table:not(.strips):has(thead th:nth-child(11))").count() > 0
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", page.pdf(format="A4"))
    upright = [float(wide) < float(high) for wide, high in boxes]
    assert len(upright) > sum(upright) > 0

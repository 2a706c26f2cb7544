"""The page on paper: what is folded is printed, but for long tables and the numbers of figures."""

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

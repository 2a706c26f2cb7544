"""Run folders to report on, those of `tests/reports`, and their pages in Chromium."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import fake_run
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from emobench.benchmark.run_folder import RunFolder


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunFolder]:
    """Make a run folder; see `fake_run.make_run`."""
    return fake_run.make_run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def patience() -> int:
    """Milliseconds to wait for the page at most; a module whose page is large says its own."""
    return 30_000


@pytest.fixture
def open_page(browser: Browser, report: Path, patience: int) -> Iterator[Callable[..., Page]]:
    """Open the `report` of the module; at the end it must have asked for nothing and complained about nothing."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def opened(*, width: int = 1280, dark: bool = False, script: bool = True) -> Page:
        context = browser.new_context(
            viewport=ViewportSize(width=width, height=800),
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(patience)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(report.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in requests if not url.startswith("data:")} == {report.as_uri()}

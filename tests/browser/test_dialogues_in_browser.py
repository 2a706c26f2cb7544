"""Dialogues turn by turn in Chromium: keys, search, details of a turn, and an accessibility check."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_outputs import TURNS, add_outputs
from playwright.sync_api import Locator, Page

from emobench.benchmark.prediction_files import read_predictions
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.html import HtmlPage
from emobench.reports.numbers import whole_percent

Open = Callable[..., Page]
CLASSES = ("<b>neutral</b>", "sadness", "surprise")
CONDITIONS = ("clean", "modality_drop:drop=audio", "modality_drop:drop=text", "modality_drop:rate=0.3")
HOSTILE = "<script>window.hacked=1</script> & 😀 مرحبا"


def said(dialogue: int, turn: int) -> str:
    return f"{HOSTILE} {dialogue}" if turn == 0 else f"dialogue {dialogue} word{turn}"


@pytest.fixture(scope="module")
def folder(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = make_run(
        tmp_path_factory.mktemp("run") / "run", models=("rage_fusion", "<img src=x onerror=hacked=1>"), seeds=(0,),
        classes=CLASSES, only=CONDITIONS, dialogues=5, metrics=("flip_rate",),
        failed=(("rage_fusion", "modality_drop:drop=text", "no memory"),),
    )  # fmt: skip
    add_outputs(run, said=said, unlabelled=[1])
    HtmlPage().write(run)
    return run


@pytest.fixture(scope="module")
def report(folder: RunFolder) -> Path:
    """The page."""
    return folder.path / "report.html"


def dialogue(page: Page, place: int) -> Locator:
    """Return a dialogue by its number of turns, opened."""
    found = page.locator("details.dialogue").filter(has=page.locator(".dialogue-name", has_text=f"dia_{place}"))
    found.evaluate("one => one.open = true")
    return found


def focused(page: Page) -> list[str]:
    """Return condition and turn of the cell that has the focus."""
    return page.evaluate(
        """() => {
            const cell = document.activeElement;
            const head = cell.closest('table').tHead.rows[0].cells[cell.cellIndex];
            return [cell.parentNode.cells[0].textContent, head.firstChild.textContent];
        }"""
    )


def test_keys_move_over_turns_and_conditions(open_page: Open) -> None:
    page = open_page()
    grid = dialogue(page, 0).locator("table.strips")
    assert grid.get_attribute("role") == "grid"
    assert grid.locator("[tabindex='0']").count() == 1
    grid.locator("td").first.focus()
    steps = [
        ("ArrowRight", ["gold", "2"]),
        ("ArrowDown", ["clean", "2"]),
        ("ArrowDown", [CONDITIONS[1], "2"]),
        ("End", [CONDITIONS[1], str(TURNS[0])]),
        ("ArrowRight", [CONDITIONS[1], str(TURNS[0])]),
        ("Home", [CONDITIONS[1], "1"]),
        ("ArrowLeft", [CONDITIONS[1], "1"]),
        ("PageDown", ["clean", "1"]),
        ("ArrowUp", [CONDITIONS[3], "1"]),
        ("PageUp", ["gold", "1"]),
        ("PageUp", ["gold", "1"]),
        ("ArrowUp", ["gold", "1"]),
    ]
    for key, expected in steps:
        page.keyboard.press(key)
        assert focused(page) == expected
    assert grid.locator("[tabindex='0']").count() == 1
    assert grid.locator("[aria-selected='true']").count() == 1


def test_the_details_of_a_turn_hold_what_was_predicted_under_each_condition(open_page: Open, folder: RunFolder) -> None:
    page = open_page()
    one = dialogue(page, 0)
    one.locator("table.strips tbody tr:not(.group)").nth(1).locator("td").nth(2).click()
    told = one.locator(".turn")
    assert told.locator("strong").text_content() == "Turn 3, speaker A"
    assert told.locator("blockquote").text_content() == said(0, 2)
    rows = told.locator("tbody tr")
    assert rows.count() == len(CONDITIONS)
    path = folder.predictions_path("rage_fusion", "simulated", 0)
    for place, condition in enumerate(CONDITIONS):
        cells = rows.nth(place).locator("td").all_text_contents()
        if condition == "modality_drop:drop=text":
            assert cells == ["–"] * 3
            continue
        p = read_predictions(path, condition).probabilities[2]
        assert cells == [whole_percent(share) for share in p]
        assert rows.nth(place).locator("td.most").all_text_contents() == [cells[p.argmax()]]
    label = one.locator("[aria-selected='true']").get_attribute("aria-label")
    p = read_predictions(path, "clean").probabilities[2]
    assert label.startswith(f"{CLASSES[p.argmax()]} {whole_percent(p.max())} %")


def test_the_gold_row_tells_of_every_model(open_page: Open) -> None:
    page = open_page()
    one = dialogue(page, 0)
    one.locator("table.strips td").nth(1).click()
    assert "gold unknown" in one.locator(".turn").text_content()
    heads = one.locator(".turn tbody th").all_text_contents()
    assert heads == ["rage_fusion seed 0", "<img src=x onerror=hacked=1> seed 0"]


def test_enter_leads_to_the_details_and_escape_back(open_page: Open) -> None:
    page = open_page()
    one = dialogue(page, 3)
    one.locator("table.strips td").first.focus()
    page.keyboard.press("Enter")
    assert one.locator(".turn").evaluate("told => told === document.activeElement")
    page.keyboard.press("Escape")
    assert focused(page) == ["gold", "1"]


def test_keys_are_told_on_a_question_mark(open_page: Open) -> None:
    page = open_page()
    keys, button = page.locator(".keys"), page.locator(".finder button")
    assert keys.is_hidden()
    dialogue(page, 0).locator("table.strips td").first.focus()
    page.keyboard.press("?")
    assert keys.is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    button.click()
    assert keys.is_hidden()


@pytest.mark.parametrize(
    ("typed", "told", "shown"),
    [
        ("WORD11", "1 turn in 1 of the 6 dialogues shown; Enter: the next", [4]),
        ("مرحبا 2", "1 turn in 1 of the 6 dialogues shown; Enter: the next", [2]),
        ("<script>", "6 turns in 6 of the 6 dialogues shown; Enter: the next", [0, 1, 2, 3, 4, 5]),
        ("dia_3", f"{TURNS[3]} turns in 1 of the 6 dialogues shown; Enter: the next", [3]),
        ("no such word", "nothing in the 6 dialogues shown", []),
        ("  ", "", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_search_leaves_the_dialogues_that_hold_what_is_typed(
    open_page: Open, typed: str, told: str, shown: list[int]
) -> None:
    page = open_page()
    page.get_by_role("searchbox").fill(typed)
    assert page.locator(".finder output").text_content() == told
    names = page.locator("details.dialogue:not([hidden]) .dialogue-name").all_text_contents()
    assert sorted(names) == [f"dia_{place}" for place in shown]


def test_search_finds_classes_and_enter_goes_from_hit_to_hit(open_page: Open) -> None:
    page = open_page()
    box = page.get_by_role("searchbox")
    box.fill("word7")
    assert page.locator("tr.hit").count() == page.locator("table.strips th.hit").count() == 2
    visited = set()
    for _ in range(2):
        box.press("Enter")
        assert focused(page) == ["gold", "8"]
        visited.add(page.evaluate("document.activeElement.closest('details.dialogue').id"))
    assert len(visited) == 2
    box.fill("no such word")
    box.press("Enter")
    assert box.evaluate("box => box === document.activeElement")
    box.fill("surprise")
    hits = page.locator("tr.hit")
    assert hits.count() > 2
    assert all("surprise" in text for text in hits.all_text_contents())
    box.fill("")
    assert page.locator(".hit").count() == 0
    assert page.locator("details.dialogue[open]").count() == 1


def test_hostile_words_stay_words(open_page: Open) -> None:
    page = open_page()
    dialogue(page, 0).locator("table.strips td").first.click()
    assert page.locator(".turn blockquote").first.text_content() == said(0, 0)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, b").count() == 0


def test_everything_is_there_without_a_script(open_page: Open) -> None:
    page = open_page(script=False)
    assert page.locator(".finder").is_hidden()
    assert page.locator("table.strips td").first.is_visible()
    page.locator("details.transcript summary").first.click()
    assert page.locator("table.said").first.is_visible()
    assert page.locator("table[role=grid]").count() == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_makes_the_page_scroll_sideways(open_page: Open, width: int) -> None:
    page = open_page(width=width)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    dialogue(page, 4).locator("table.strips td").last.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_cell_with_the_focus_is_not_below_the_details(open_page: Open) -> None:
    page = open_page(width=360)
    one = dialogue(page, 4)
    one.locator("table.strips td").first.focus()
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    shown = page.wait_for_function(
        """() => {
            const cell = document.activeElement;
            const box = cell.getBoundingClientRect();
            return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === cell;
        }"""
    )
    assert shown.json_value() is True


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_in_the_dialogues(open_page: Open, dark: bool) -> None:
    page = open_page(dark=dark)
    dialogue(page, 0).locator("table.strips tbody tr:not(.group)").nth(1).locator("td").nth(1).click()
    dialogue(page, 4).locator("details.transcript summary").click()
    page.get_by_role("searchbox").fill("word")
    for context in (".finder", ".strip-key", ".dialogues"):
        results = Axe().run(page, context)
        found = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in results.response["violations"]]
        assert found == []


def test_on_paper_names_of_conditions_keep_their_room_however_many_turns_there_are(open_page: Open) -> None:
    page = open_page(width=150)
    strips = page.locator("details[open] table.strips").first
    page.emulate_media(media="print")
    widths = [one.bounding_box() for one in strips.locator("tbody th[scope=row]").all()]
    assert widths
    # 15 em of 6 pt, where a whole protocol stands on a line.
    assert all(box is not None and box["width"] >= 119 for box in widths)
    # A frame leaves the letter in it alone.
    shadow = "one => getComputedStyle(one).boxShadow"
    assert strips.locator("td.x").first.evaluate(shadow).endswith("0px 0px 0px 1px inset")

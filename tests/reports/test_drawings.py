"""A figure is drawn once: what it shows, how it looks and the code decide whether it is drawn again."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from emobench.benchmark.files import read_table, write_table
from emobench.benchmark.run_folder import RunFolder
from emobench.reports import canvas, drawings, page
from emobench.reports.drawings import Drawings, key_of
from emobench.reports.figure_views import FigureView, TableView
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.formats.html import HtmlPage
from emobench.reports.theme import PAPER, WEB, Theme, paper_theme


@dataclass(frozen=True)
class Point:
    x: float
    name: str


def shown(*args: object, **keywords: object) -> Figure:
    return Figure()


def view(draw: Callable[[Theme], Figure], slug: str = "slug") -> FigureView:
    return FigureView("curves", "data", "", slug, "caption", "title", TableView((), ()), draw)


def closure(value: object, default: object = None) -> Callable[[Theme], Figure]:
    def draw(theme: Theme, more: object = default) -> Figure:
        return shown(theme, value, more)

    return draw


def keys(values: list[object]) -> list[str | None]:
    return [key_of(view(partial(shown, one=value)), PAPER) for value in values]


def test_what_differs_has_another_key_and_what_is_equal_the_same() -> None:
    different: list[object] = [
        None, 1, 1.0, True, "1", (), (1,), ((1,),), [1], {"a": 1}, {"a": 2}, {"b": 1}, ("a", "b"), ("ab",), math.nan,
        Point(1.0, "a"), Point(1.0, "b"), np.array([1.0]), np.array([[1.0]]), np.array([1]), closure(1), closure(2),
        closure(1, 2), partial(shown, 1), shown,
    ]  # fmt: skip
    found = keys(different)
    assert None not in found
    assert len(set(found)) == len(different)
    assert keys([Point(1.0, "a"), np.array([1.0]), closure(1)]) == [found[15], found[17], found[20]]
    # Beyond what `repr` of an array shows.
    long = np.zeros(5000)
    other = long.copy()
    other[2500] = 1.0
    assert len(set(keys([long, other]))) == 2


def test_theme_name_and_code_are_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    first = key_of(view(shown), PAPER)
    found = {
        first,
        key_of(view(shown), WEB),
        key_of(view(shown), paper_theme("acl", 1)),
        key_of(view(shown, "b"), PAPER),
    }
    monkeypatch.setattr(drawings, "_code", lambda: "other code")
    assert len(found | {key_of(view(shown), PAPER)}) == 5


def test_a_view_of_something_unknown_is_drawn_every_time(tmp_path: Path) -> None:
    for value in (object(), np.array([object()]), Point):
        assert key_of(view(partial(shown, value)), PAPER) is None
    calls = iter((b"one", b"two"))
    cache = Drawings(PAPER, folder=tmp_path)
    assert [cache.drawn(view(partial(shown, object())), "pdf", lambda: next(calls)) for _ in range(2)] == [
        b"one",
        b"two",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_drawing_is_drawn_again_and_mended(tmp_path: Path) -> None:
    cache, one = Drawings(PAPER, folder=tmp_path), view(shown)
    assert cache.drawn(one, "svg", lambda: b"drawn") == b"drawn"
    assert cache.drawn(one, "svg", lambda: b"never") == b"drawn"
    assert cache.drawn(one, "pdf", lambda: b"of another kind") == b"of another kind"
    (path,) = tmp_path.glob("*.svg")
    for content in (path.read_bytes()[:-1], path.read_bytes().replace(b"drawn", b"other"), b""):
        path.write_bytes(content)
        assert cache.drawn(one, "svg", lambda: b"drawn") == b"drawn"
        assert cache.drawn(one, "svg", lambda: b"never") == b"drawn"


def test_a_cache_that_cannot_be_written_to_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = Drawings(PAPER, folder=tmp_path / "file")
    assert cache.drawn(view(shown), "svg", lambda: b"drawn") == b"drawn"
    cache.prune()


def test_drawings_that_were_not_asked_for_longest_go(tmp_path: Path) -> None:
    cache = Drawings(PAPER, folder=tmp_path, most=2)
    for number, slug in enumerate("abc"):
        cache.drawn(view(shown, slug), "svg", slug.encode)
        for path in tmp_path.glob("*.svg"):
            if path.read_bytes().endswith(slug.encode()) and path.stat().st_mtime > 1e6:
                os.utime(path, (number, number))
    assert cache.drawn(view(shown, "a"), "svg", lambda: b"never") == b"a"  # asked for now
    cache.prune()
    assert {path.read_bytes()[64:] for path in tmp_path.iterdir()} == {b"a", b"c"}
    cache.prune()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Return what is drawn, with an empty cache."""
    found: list[str] = []

    def noted(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            found.append(name)
            return function(*arguments)

        return call

    monkeypatch.setattr(drawings, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(page, "svg_for_page", noted("page", canvas.svg_for_page))
    monkeypatch.setattr(canvas, "saved", noted("file", canvas.saved))
    return found


def test_a_second_report_draws_nothing_and_a_changed_figure_draws_one(
    tmp_path: Path, make_run: Callable[..., RunFolder], drawn: list[str]
) -> None:
    folder = make_run(
        tmp_path / "run", models=("prior",), only=("clean", "modality_drop:drop=text"), dialogues=20, seeds=(0,),
        metrics=("weighted_f1", "reliability", "confusion", "ece"),
    )  # fmt: skip

    def report() -> tuple[bytes, dict[str, bytes]]:
        drawn.clear()
        target = FigureFiles().write(folder)
        return HtmlPage().write(folder).read_bytes(), {path.name: path.read_bytes() for path in target.glob("*-*")}

    first = report()
    # conditions ×2, reliability, confusion; of papers heat ×2 beside
    assert (drawn.count("page"), drawn.count("file")) == (4, 12)
    assert report() == first
    assert drawn == []
    _change(folder)
    changed = report()
    assert (drawn.count("page"), drawn.count("file")) == (1, 2)
    assert {name for name, content in changed[1].items() if content != first[1][name]} == {
        "confusion-simulated-prior.pdf", "confusion-simulated-prior.svg",
    }  # fmt: skip


def test_a_file_is_the_same_whether_its_twin_was_drawn_or_not(
    tmp_path: Path, make_run: Callable[..., RunFolder], drawn: list[str]
) -> None:
    folder = make_run(tmp_path / "run", only=("clean", "modality_drop:drop=text"), metrics=("ece",), dialogues=20)
    target = FigureFiles().write(folder)
    first = {path.name: path.read_bytes() for path in target.glob("*-*")}
    for path in (tmp_path / "cache" / "figures").glob("*.pdf"):
        path.unlink()
    drawn.clear()
    FigureFiles().write(folder)
    assert len(drawn) == len(first) / 2
    assert {path.name: path.read_bytes() for path in target.glob("*-*")} == first


def _change(folder: RunFolder) -> None:
    """Give one cell of the confusion matrix another number."""
    table = read_table(folder.results_path)
    value, part = table["value"].to_pylist(), table["part"].to_pylist()
    first = next(place for place, name in enumerate(part) if name and "→" in name)
    for place, name in enumerate(part):
        if name == part[first]:
            value[place] += 3.0
    write_table(folder.results_path, table.set_column(table.column_names.index("value"), "value", pa.array(value)))

"""A figure is drawn once: what it shows, how it looks and the code decide whether it is drawn again."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from emobench.benchmark.files import read_table, write_table
from emobench.benchmark.run_folder import RunFolder
from emobench.reports import canvas, drawing_jobs, drawings
from emobench.reports.drawing_helpers import Done
from emobench.reports.drawing_jobs import Job, Kind
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
        Point(1.0, "a"), Point(1.0, "b"), np.array([1.0]), np.float64(1.0),
        np.array([[1.0]]), np.array([1]), closure(1), closure(2),
        closure(1, 2), partial(shown, 1), shown,
    ]  # fmt: skip
    found = keys(different)
    assert None not in found
    assert len(set(found)) == len(different)
    assert keys([Point(1.0, "a"), np.array([1.0]), closure(1)]) == [found[15], found[17], found[21]]
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
    monkeypatch.setattr(drawings, "code", lambda *libraries: "other code")
    assert len(found | {key_of(view(shown), PAPER)}) == 5


Asked = list[tuple[str, tuple[Kind, ...]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return slug and kinds of what is asked for; what is drawn is the slug and its number."""
    found: Asked = []

    def draw_all(jobs: Sequence[Job], theme: Theme, done: Done, *, meanwhile: Callable[[], object]) -> None:
        assert theme == PAPER
        meanwhile()
        # In any order.
        for place, job in reversed(list(enumerate(jobs))):
            found.append((job.slug, job.kinds))
            done(place, {kind: f"{job.slug}{len(found)}".encode() for kind in job.kinds})

    monkeypatch.setattr(drawings, "draw_all", draw_all)
    return found


def test_a_view_of_something_unknown_is_drawn_every_time(tmp_path: Path, asked: Asked) -> None:
    for value in (object(), np.array([object()]), Point):
        assert key_of(view(partial(shown, value)), PAPER) is None
    cache = Drawings(PAPER, folder=tmp_path)
    unknown = view(partial(shown, object()))
    assert [cache.drawn([unknown], ["pdf"]) for _ in range(2)] == [[{"pdf": b"slug1"}], [{"pdf": b"slug2"}]]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_drawing_is_drawn_again_and_mended(tmp_path: Path, asked: Asked) -> None:
    cache, one = Drawings(PAPER, folder=tmp_path), view(shown)
    assert cache.drawn([one], ["svg"]) == cache.drawn([one], ["svg"]) == [{"svg": b"slug1"}]
    assert cache.drawn([one], ["svg", "pdf"]) == [{"svg": b"slug1", "pdf": b"slug2"}]
    assert asked == [("slug", ("svg",)), ("slug", ("pdf",))]
    (path,) = tmp_path.glob("*.svg")
    for content in (path.read_bytes()[:-1], path.read_bytes().replace(b"slug", b"else"), b""):
        path.write_bytes(content)
        number = len(asked) + 1
        assert cache.drawn([one], ["svg"]) == cache.drawn([one], ["svg"]) == [{"svg": f"slug{number}".encode()}]


def test_only_what_is_not_there_is_drawn_and_all_stands_in_its_order(tmp_path: Path, asked: Asked) -> None:
    cache, views = Drawings(PAPER, folder=tmp_path), [view(shown, slug) for slug in "abcd"]
    cache.drawn([views[1]], ["svg", "pdf"])
    cache.drawn([views[2]], ["pdf"])
    asked.clear()
    found = cache.drawn(views, ["svg", "pdf"])
    assert asked == [("d", ("svg", "pdf")), ("c", ("svg",)), ("a", ("svg", "pdf"))]
    assert found == [
        {"svg": b"a3", "pdf": b"a3"}, {"svg": b"b1", "pdf": b"b1"}, {"svg": b"c2", "pdf": b"c2"},
        {"svg": b"d1", "pdf": b"d1"},
    ]  # fmt: skip
    assert cache.drawn(views, ["svg", "pdf"]) == found
    assert len(asked) == 3


def test_a_cache_that_cannot_be_written_to_costs_time_only(tmp_path: Path, asked: Asked) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = Drawings(PAPER, folder=tmp_path / "file")
    assert cache.drawn([view(shown)], ["svg"]) == [{"svg": b"slug1"}]
    cache.prune()


def test_drawings_that_were_not_asked_for_longest_go(tmp_path: Path, asked: Asked) -> None:
    cache = Drawings(PAPER, folder=tmp_path, most=2)
    for number, slug in enumerate("abc"):
        cache.drawn([view(shown, slug)], ["svg"])
        for path in tmp_path.glob("*.svg"):
            if slug.encode() in path.read_bytes()[64:] and path.stat().st_mtime > 1e6:
                os.utime(path, (number, number))
    assert cache.drawn([view(shown, "a")], ["svg"]) == [{"svg": b"a1"}]  # asked for now
    cache.prune()
    assert {path.read_bytes()[64:] for path in tmp_path.iterdir()} == {b"a1", b"c3"}
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
    monkeypatch.setattr(drawing_jobs, "svg_for_page", noted("page", canvas.svg_for_page))
    monkeypatch.setattr(drawing_jobs, "saved", noted("file", canvas.saved))
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

"""Marks of the page in few bytes, where they were."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure

from emobench.benchmark.randomness import Randomness
from emobench.reports.canvas import saved, svg_for_page
from emobench.reports.svg_marks import GRID, POINTS, marks_as_paths
from emobench.reports.theme import WEB

SVG = "{http://www.w3.org/2000/svg}"


def figure(*kinds: tuple[str, int], of: str = POINTS, points: int = 300) -> Figure:
    """Return marks at random places, by shape and colour, that fill the whole of a figure of 200 by 200 pixels."""
    rng = Randomness(0, ("marks",)).generator()
    with WEB.active():
        made = Figure(figsize=(200 / 72, 200 / 72))
        axes = made.add_axes((0, 0, 1, 1))
        axes.axis("off")
        axes.set_xlim(0, 200)
        axes.set_ylim(200, 0)
        for place, (shape, colour) in enumerate(kinds):
            x, y = rng.uniform(5, 195, (2, points)).round(3)
            axes.plot(x, y, shape, color=WEB.colour(colour), linestyle="none", markeredgewidth=0, alpha=0.85,
                      gid=f"{of}-{place}")  # fmt: skip
    return made


def on_page(made: Figure) -> str:
    with WEB.active():
        return svg_for_page(made, "slug")


def places(path: str) -> list[tuple[float, float]]:
    """Return where a path that is made of relative steps comes by."""
    assert path.startswith("m")
    numbers = [float(one) for one in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", path)]
    steps = np.array(numbers).reshape(-1, 2)
    return [(float(x), float(y)) for x, y in np.cumsum(steps, axis=0)]


def test_every_mark_is_at_its_place() -> None:
    made = figure(("o", 0), ("s", 1))
    expected = [np.stack(line.get_data(), axis=1) for line in made.axes[0].lines]
    root = ET.fromstring(on_page(made))
    paths = [one for one in root.iter() if one.tag.endswith("path") and "marker" in one.get("style", "")]
    assert len(paths) == 2
    for path, those in zip(paths, expected, strict=True):
        found = np.array(sorted(places(path.get("d") or "")))
        # Sorted on the grid: those of one column could change places.
        on_grid = np.array(sorted((GRID * np.round(those / GRID)).tolist()))
        assert np.array_equal(found, on_grid)
    assert not [one for one in root.iter() if one.tag.endswith("use")]


def test_a_mark_takes_few_bytes() -> None:
    few, many = (len(on_page(figure(("o", 0), points=points))) for points in (100, 1100))
    assert (many - few) / 1000 < 6.5
    plain = len(on_page(figure(("o", 0), of="lines", points=100)))
    assert plain > 3 * few


def test_each_kind_of_mark_is_said_once_with_its_looks() -> None:
    text = on_page(figure(("o", 0), ("o", 1), ("s", 1), ("o", 0)))
    root = ET.fromstring(text)
    markers = {one.get("id"): one[0].get("style") or "" for one in root.iter() if one.tag.endswith("marker")}
    used = re.findall(r"marker: ?url\(#([^)]*)\)", text)
    assert len(used) == 4
    assert used[0] == used[3]
    assert len(markers) == len({*used}) == 3
    assert [f"var(--series-{place})" in markers[name] for name, place in zip(used, (0, 1, 1, 0), strict=True)] == [
        True
    ] * 4
    assert all("0.85" in style for style in markers.values())
    shapes = {one.get("id") for one in root.iter() if one.tag.endswith("path") and one.get("id")}
    assert shapes == set(), "shapes that nothing uses any more go"


@pytest.mark.parametrize("one", [(7.0, 9.0), (0.0, 0.0)])
def test_a_single_mark_and_marks_at_one_place_are_drawn(one: tuple[float, float]) -> None:
    made = figure(("o", 0), points=3)
    made.axes[0].lines[0].set_data([one[0]] * 3, [one[1]] * 3)
    (path,) = re.findall(r'd="(m[^"]*)"', on_page(made))
    assert places(path) == [one] * 3


def test_all_else_stays() -> None:
    made = figure(("o", 0), of="lines", points=5)
    assert on_page(made).count("<use") == 5
    with WEB.active():
        assert saved(figure(("o", 0), points=5), "svg").count(b"<use") == 5, "files for papers are exact"
    assert marks_as_paths("<svg></svg>") == "<svg></svg>"

"""What can be computed again is kept: whole, for as long as it is asked for, and never in anybody's way."""

from pathlib import Path

import numpy as np
import pytest
from jinja2 import Environment, FileSystemLoader

from emobench.benchmark import hidden_planes as benchmark_planes
from emobench.benchmark.randomness import Randomness
from emobench.reports import compiled, kept, planes
from emobench.reports.compiled import Compiled
from emobench.reports.kept import Kept, code


def test_a_content_is_there_until_it_is_damaged(tmp_path: Path) -> None:
    files = Kept(tmp_path / "new", 5)
    assert files.read("a.bin") is None
    files.keep("a.bin", b"content")
    assert files.read("a.bin") == b"content"
    path = tmp_path / "new" / "a.bin"
    for damaged in (path.read_bytes()[:-1], b"", path.read_bytes().replace(b"tent", b"sent")):
        path.write_bytes(damaged)
        assert files.read("a.bin") is None
    files.keep("a.bin", b"")
    assert files.read("a.bin") == b""


def test_a_folder_that_cannot_be_written_to_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    files = Kept(tmp_path / "file", 5)
    files.keep("a.bin", b"content")
    assert files.read("a.bin") is None
    files.prune()


def test_code_and_libraries_are_told_apart() -> None:
    assert code("numpy") == code("numpy")
    assert len({code("numpy"), code("matplotlib"), code("numpy", "matplotlib")}) == 3


@pytest.fixture
def descents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many vectors each plane had that was computed, with an empty cache."""
    found: list[int] = []
    real = benchmark_planes.plane

    def noted(vectors: np.ndarray) -> np.ndarray:
        found.append(len(vectors))
        return real(vectors)

    monkeypatch.setattr(planes, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(benchmark_planes, "plane", noted)
    monkeypatch.setattr(benchmark_planes, "STEPS", 250)
    return found


def test_a_plane_is_computed_once(descents: list[int], tmp_path: Path) -> None:
    vectors = Randomness(0, ("plane",)).generator().normal(size=(20, 3))
    first = planes.plane(vectors)
    assert np.array_equal(planes.plane(vectors.copy(order="F")), first)
    assert descents == [20]
    (path,) = (tmp_path / "planes").iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    assert np.array_equal(planes.plane(vectors), first)
    assert descents == [20, 20]
    other = vectors.copy()
    other[7, 1] += 1e-9
    planes.plane(other)
    planes.plane(vectors.astype(np.float32))
    planes.plane(vectors[:, :2])
    assert descents == [20] * 5


def pages(kind: str, folder: Path, **filters: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(folder), bytecode_cache=Compiled(kind), autoescape=True, trim_blocks=True
    )
    environment.filters.update(filters)
    return environment.get_template("page.html").render(value="<b>")


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a template; what was compiled is kept in `cache` beside it."""
    monkeypatch.setattr(compiled, "cache_folder", lambda: tmp_path / "cache")
    (tmp_path / "page.html").write_text("{{ value }} {{ 0.5|shown }}")
    return tmp_path


def _kept(folder: Path) -> int:
    return len(list((folder / "cache" / "templates").iterdir()))


def test_a_template_is_compiled_once(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pages("plain", templates, shown=str) == "&lt;b&gt; 0.5"
    monkeypatch.setattr(Environment, "_generate", None)  # what compiles
    assert pages("plain", templates, shown=str) == "&lt;b&gt; 0.5"


def test_another_text_kind_or_code_is_compiled_again(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages("plain", templates, shown=str)
    pages("marked", templates, shown=str)
    assert _kept(templates) == 2
    (templates / "page.html").write_text("{{ value }} {{ 0.25|shown }}")
    assert pages("plain", templates, shown=str) == "&lt;b&gt; 0.25"
    assert _kept(templates) == 3
    # Filters of constants are computed when a template is compiled.
    monkeypatch.setattr(compiled, "code", lambda *libraries: "other")
    assert pages("plain", templates, shown=lambda value: f"[{value}]") == "&lt;b&gt; [0.25]"
    assert _kept(templates) == 4


def test_a_damaged_template_is_compiled_again(templates: Path) -> None:
    pages("plain", templates, shown=str)
    (path,) = (templates / "cache" / "templates").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    assert pages("plain", templates, shown=str) == "&lt;b&gt; 0.5"
    assert Kept(path.parent, 1).read(path.name) is not None


def test_digests_are_those_of_the_content(tmp_path: Path) -> None:
    Kept(tmp_path, 1).keep("a.bin", b"x")
    assert (tmp_path / "a.bin").read_bytes() == kept._digest(b"x") + b"x"

"""Run folders to report on."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument

HOSTILE = {
    "models": ('<script>alert("1")</script>&_%', "rage_fusion", "_{under}$x$", "bayes_optimal"),
    "classes": ("a<b>", "$x_1$ & 50%", "é→中", "~^\\#{}"),
    "command": 'emobench run --model "<img src=x onerror=alert(1)>&_%$#"',
    "failed": (("rage_fusion", "modality_drop:drop=text", "</table><script>boom()</script> & 100 % of _it_"),),
}


def load(path: Path) -> ModuleType:
    """Import a module of the tests by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunFolder]:
    """Make a run folder; see `fake_run.make_run`."""
    maker: Callable[..., RunFolder] = load(Path(__file__).with_name("fake_run.py")).make_run
    return maker


@pytest.fixture(scope="session")
def plain(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """One model and the ceiling on simulated data, with page and LaTeX."""
    folder = make_run(tmp_path_factory.mktemp("runs") / "plain")
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    return folder


@pytest.fixture(scope="session")
def hostile(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Names and reasons that are no harmless text, with page and LaTeX."""
    folder = make_run(tmp_path_factory.mktemp("runs") / "hostile <&>", **HOSTILE)
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    return folder

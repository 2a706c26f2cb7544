"""Run folders to report on."""

from collections.abc import Callable
from typing import Any

import fake_run
import pytest
from fake_conditions import some

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument

HOSTILE = {
    "models": ('<script>alert("1")</script>&_%', "rage_fusion", "_{under}$x$", "bayes_optimal"),
    "classes": ("a<b>", "$x_1$ & 50%", "é→中", "~^\\#{}"),
    "command": 'emobench run --model "<img src=x onerror=alert(1)>&_%$#"',
    "failed": (("rage_fusion", "modality_drop:drop=text", "</table><script>boom()</script> & 100 % of _it_"),),
}


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunFolder]:
    """Make a run folder; see `fake_run.make_run`."""
    return fake_run.make_run


@pytest.fixture(scope="session")
def hostile_names() -> dict[str, Any]:  # arguments of `make_run`
    """Return names and reasons that are no harmless text."""
    return {**HOSTILE}


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


@pytest.fixture(scope="session")
def stressed(make_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Many protocols, drawn three times: two models and the ceiling, with page and LaTeX."""
    folder = make_run(
        tmp_path_factory.mktemp("runs") / "stressed", models=("m3net", "rage_fusion", "bayes_optimal"), stresses=True,
        only=some(), dialogues=20, seeds=(0,),
    )  # fmt: skip
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    return folder

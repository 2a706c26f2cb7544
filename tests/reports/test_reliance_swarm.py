"""Shapley values of single utterances, from the predictions of a run folder."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emobench.benchmark.api import options, run
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.canvas import svg_for_page
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.gathering import read
from emobench.reports.reliance_swarm import swarm_figures
from emobench.reports.theme import PAPER


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    made = run(
        models=["prior"], protocols=["coalitions"], data=["simulated:test=6,train=12,turns=3/4,validation=4"],
        out=tmp_path_factory.mktemp("swarm") / "run", formats=(), options=options(draws=100, metrics=("shapley",)),
    )  # fmt: skip
    return made.folder


def test_one_figure_per_model_and_game_the_same_every_time(folder: RunFolder) -> None:
    views = {(view.model, view.caption): view for view in swarm_figures(folder, read(folder))}
    assert [model for model, _ in views] == ["prior", "prior", "bayes_optimal", "bayes_optimal"]
    view = views["bayes_optimal", "Shapley values of modalities, bayes_optimal"]
    assert view.title.endswith("(simulated data)")
    assert view.table.head == ("modalities", *(f"{share} % quantile" for share in (5, 25, 50, 75, 95)))
    assert [row[0] for row in view.table.rows] == ["text", "audio", "video"]
    # A constant predictor depends on nothing.
    assert {*views["prior", "Shapley values of contexts, prior"].table.rows[0][1:]} == {"0.000"}
    state = str(np.random.get_state())  # noqa: NPY002 (the library draws from it)
    with PAPER.active():
        drawn = [svg_for_page(view.draw(PAPER), "it") for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert str(np.random.get_state()) == state  # noqa: NPY002 (the library draws from it)


def test_they_are_among_the_files_for_papers(folder: RunFolder) -> None:
    names = {path.name for path in FigureFiles().write(folder).glob("swarm*")}
    assert len(names) == 8
    assert any(name.endswith("bayes-optimal-contexts.pdf") for name in names)


def test_a_model_without_values_has_none(folder: RunFolder) -> None:
    shown = read(folder)
    (data,) = shown.data
    models = tuple(replace(model, reliance={}) if model.name == "prior" else model for model in data.models)
    views = swarm_figures(folder, replace(shown, data=(replace(data, models=models),)))
    assert {view.model for view in views} == {"bayes_optimal"}


def test_without_predictions_there_are_none(folder: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(folder.path, tmp_path / "copy")))
    shown = read(copy)
    copy.predictions_path("prior", shown.data[0].name, 0).unlink()
    assert {view.model for view in swarm_figures(copy, shown)} == {"bayes_optimal"}
    copy.utterances_path.unlink()
    assert list(swarm_figures(copy, shown)) == []

"""Hidden vectors in the plane: uncertain and other utterances, with the coefficients of the results."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emobench.benchmark.files import read_table, write_table
from emobench.benchmark.hidden_vectors import write_hidden
from emobench.benchmark.prediction_files import write_predictions
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.figure_views import FigureView
from emobench.reports.gathering import read
from emobench.reports.hidden_figures import MOST, hidden_figures
from emobench.reports.paper_figures import paper_figures
from emobench.reports.scatter_plots import plane
from emobench.reports.theme import MARKERS, PAPER

CONDITIONS = ("clean", "modality_drop:drop=text")


@pytest.fixture
def kept(tmp_path: Path, make_run: Callable[..., RunFolder]) -> RunFolder:
    """Two models of one seed, of which the first has vectors, with predictions under the removal of text."""
    folder = make_run(
        tmp_path / "run", models=("m3net", "prior"), only=CONDITIONS, metrics=("ece",), seeds=(0,), dialogues=20
    )
    record = folder.read_record()
    (data,) = record.data
    rows = data.sizes["test"]["utterances"]
    rng = Randomness(0, ("hidden figures",)).generator()
    write_table(
        folder.utterances_path,
        pa.table(
            {
                "data": [data.name] * rows,
                "utterance": list(range(rows)),
                "dialogue": [row * 20 // rows for row in range(rows)],
                "turn": pa.array(list(range(rows)), pa.int32()),
                "speaker": pa.array([0] * rows, pa.int32()),
                "label": pa.array(rng.integers(0, len(data.classes), rows).tolist(), pa.int32()),
                "transcript": pa.array([None] * rows, pa.string()),
            }
        ),
    )
    for model, width in (("m3net", 4), ("prior", 0)):
        drawn = {text: (Predictions(rng.dirichlet(np.ones(len(data.classes)), rows)),) for text in CONDITIONS}
        write_predictions(folder.predictions_path(model, data.name, 0), drawn)
        vectors = rng.normal(size=(rows, width)).astype(np.float32)
        write_hidden(folder.hidden_path(model, data.name, 0), vectors, "key")
    folder.write_record(record.model_copy(update={"hidden": True}))
    return folder


def of(folder: RunFolder) -> tuple[FigureView, ...]:
    return hidden_figures(folder, read(folder))


def with_silhouettes(folder: RunFolder, **values: float) -> None:
    """Add coefficients to the results."""
    table = read_table(folder.results_path)
    (first, *_) = table.slice(0, 1).to_pylist()
    own = {"model": "m3net", "condition": "clean", "metric": "silhouette", "seed": -1}
    rows = [{**first, **own, "part": part, "value": value, "low": 0.0, "high": 0.5} for part, value in values.items()]
    write_table(folder.results_path, pa.concat_tables([table, pa.Table.from_pylist(rows, table.schema)]))


def drawn(view: FigureView) -> Figure:
    with PAPER.active():
        return view.draw(PAPER)


def points(axes: Axes) -> int:
    return sum(np.size(line.get_xdata()) for line in axes.lines)


def test_uncertain_and_other_utterances_are_drawn_with_their_coefficients(kept: RunFolder) -> None:
    with_silhouettes(kept, uncertain=0.12, other=-0.25)
    (view,) = of(kept)
    assert view.slug == "hidden-simulated-m3net"
    counts = [int(row[1]) for row in view.table.rows]
    assert counts[0] == counts[1] + counts[2]
    assert [row[::2] for row in view.table.rows] == [
        ("all utterances", "–"), ("uncertain utterances", "0.12"), ("other utterances", "−0.25"),
    ]  # fmt: skip
    figure = drawn(view)
    uncertain, other = figure.axes
    assert uncertain.get_title(loc="left") == f"uncertain utterances ({counts[1]})\nsilhouette 0.12"
    assert other.get_title(loc="left") == f"other utterances ({counts[2]})\nsilhouette −0.25"
    for axes, count in zip((uncertain, other), counts[1:], strict=True):
        assert points(axes) == count
        assert [line.get_marker() for line in axes.lines] == list(MARKERS[: len(axes.lines)])
    assert uncertain.get_xlim() == other.get_xlim()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(read(kept).data[0].record.classes)
    assert view.slug in {one.slug for one in paper_figures(kept)}


def test_without_removals_all_utterances_are_one_panel(kept: RunFolder) -> None:
    record = kept.read_record()
    conditions = tuple(one.model_copy(update={"removal": ""}) for one in record.conditions)
    kept.write_record(record.model_copy(update={"conditions": conditions}))
    (view,) = of(kept)
    (axes,) = drawn(view).axes
    assert axes.get_title(loc="left").startswith("all utterances (")
    assert len(view.table.rows) == 1


def test_of_many_utterances_some_are_drawn(kept: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = of(kept)
    assert whole.shown == ""
    monkeypatch.setattr("emobench.reports.hidden_figures.MOST", 40)
    (view,) = of(kept)
    assert view.shown.startswith("40 of ")
    assert sum(map(points, drawn(view).axes)) == 40
    assert view.table == whole.table
    assert MOST == 800


def test_what_is_missing_costs_its_own_figures_only(kept: RunFolder) -> None:
    path = kept.hidden_path("m3net", "simulated", 0)
    content = path.read_bytes()
    path.write_bytes(content[:40])
    assert of(kept) == ()
    path.write_bytes(content)
    assert len(of(kept)) == 1
    kept.utterances_path.unlink()
    assert of(kept) == ()
    record = kept.read_record()
    kept.write_record(record.model_copy(update={"hidden": False}))
    assert of(kept) == ()


def test_the_plane_keeps_clusters_together_and_is_the_same_every_time() -> None:
    rng = Randomness(0, ("plane",)).generator()
    vectors = np.concatenate([rng.normal(size=(20, 5)) + 30 * cluster for cluster in range(2)])
    places = plane(vectors)
    assert np.array_equal(places, plane(vectors))
    within = [np.linalg.norm(a - b) for part in (places[:20], places[20:]) for a, b in itertools.combinations(part, 2)]
    assert np.mean(within) < np.linalg.norm(places[:20].mean(0) - places[20:].mean(0))
    assert plane(rng.normal(size=(12, 1))).shape == (12, 2)

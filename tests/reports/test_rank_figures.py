"""Critical-difference diagrams."""

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from page_reader import parsed

from emobench.benchmark.comparisons import Asking, judged, table_of
from emobench.benchmark.files import write_table
from emobench.benchmark.multiplicity import Split
from emobench.benchmark.paired import Difference
from emobench.benchmark.paired_sources import Place
from emobench.benchmark.run_folder import RunFolder
from emobench.reports.canvas import svg_for_page
from emobench.reports.formats.figures import FigureFiles
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.rank_figures import diagram, lanes, rank_figures
from emobench.reports.ranks import AverageRanks
from emobench.reports.theme import PAPER, WEB

Maker = Callable[..., RunFolder]
SVG = "{http://www.w3.org/2000/svg}"


def ranks(values: dict[str, float], groups: tuple[tuple[str, ...], ...], *, p: float = 0.01) -> AverageRanks:
    return AverageRanks(
        metric="ece", title="ECE", ranks=values, groups=groups, p=p, critical_difference=1.25, data_sets=14, level=0.95
    )


EXAMPLE = ranks({"a": 1.4, "b": 2.1, "_$c$&<": 3.0, "d": 3.5}, (("a", "b"), ("b", "_$c$&<"), ("_$c$&<", "d")))


def lines(figure: Figure, label: str) -> list[list[tuple[float, float]]]:
    found = (line for line in figure.axes[0].lines if line.get_label() == label)
    return [[(float(x), float(y)) for x, y in line.get_xydata()] for line in found]


def drawn(one: AverageRanks) -> Figure:
    with WEB.active():
        return diagram(WEB, one)


def test_models_stand_at_their_ranks_and_stems_do_not_cross() -> None:
    figure = drawn(EXAMPLE)
    assert [place[0] for (place,) in lines(figure, "_model")] == [1.4, 2.1, 3.0, 3.5]
    stems = lines(figure, "_stem")
    assert [stem[1][0] for stem in stems] == [1.4, 2.1, 3.0, 3.5]
    rows = [stem[0][1] for stem in stems]
    assert rows == sorted(rows), "the better a model, the nearer to the axis"
    assert min(rows) > max(y for bar in lines(figure, "_group") for _, y in bar)
    names = [text.get_text() for text in figure.axes[0].texts]
    assert {"a", "b", "_$c$&<", "d", "1", "4"} <= set(names)


def test_bars_join_what_is_not_told_apart_and_do_not_meet() -> None:
    assert lanes(EXAMPLE) == ((("a", "b"), ("_$c$&<", "d")), (("b", "_$c$&<"),))
    bars = lines(drawn(EXAMPLE), "_group")
    spans = [x for bar in bars for x, _ in bar]
    assert spans == pytest.approx([1.34, 2.16, 2.94, 3.56, 2.04, 3.06])
    assert bars[0][0][1] == bars[1][0][1] < bars[2][0][1]


def test_the_critical_difference_is_drawn_to_scale_where_it_is_used() -> None:
    figure = drawn(EXAMPLE)
    (scale,) = lines(figure, "_critical difference")
    assert [x for x, _ in scale] == [1, 2.25]
    assert "critical difference 1.25" in [text.get_text() for text in figure.axes[0].texts]
    alike = drawn(ranks({"a": 1.9, "b": 2.0, "c": 2.1}, (("a", "b", "c"),), p=0.4))
    assert lines(alike, "_critical difference") == []
    assert len(lines(alike, "_group")) == 1


def test_many_models_have_fewer_ticks() -> None:
    many = drawn(ranks({f"m{k}": float(k) for k in range(1, 15)}, ()))
    assert [tick[0][0] for tick in lines(many, "_tick")] == [1, 5, 10]
    assert lines(many, "_group") == []


def test_hostile_names_are_drawn_as_they_are() -> None:
    with WEB.active():
        svg = svg_for_page(diagram(WEB, EXAMPLE), "slug")
    texts = ["".join(text.itertext()) for text in ET.fromstring(svg).iter() if text.tag.endswith("text")]
    assert "_$c$&<" in texts
    assert "var(--series-0)" in svg


def test_the_table_says_from_whom_a_model_is_not_told_apart() -> None:
    (view,) = rank_figures([EXAMPLE])
    assert view.table.rows == (
        ("a", "1.40", "b"),
        ("b", "2.10", "a, _$c$&<"),
        ("_$c$&<", "3.00", "b, d"),
        ("d", "3.50", "_$c$&<"),
    )
    assert rank_figures([ranks({"a": 1, "b": 2.4}, ())])[0].table.rows[0] == ("a", "1.00", "none")
    assert view.title.startswith("Average ranks by ECE on clean input over 14 data sets, 1 is best: a 1.40")
    with PAPER.active():
        assert view.draw(PAPER).get_figwidth() == pytest.approx(3.4)


@pytest.fixture
def ranked(make_run: Maker, tmp_path: Path) -> RunFolder:
    """A run with comparisons of four models on six data sets."""
    folder = make_run(tmp_path / "run", models=("rage_fusion", "prior"), metrics=("ece",), seeds=(0,), only=("clean",))
    differences = [
        Difference(
            run="run", place=Place(model, f"set {data}"), reference_run="run", reference=Place("a", f"set {data}"),
            metric=metric, part="", direction="lower", value=value + data / 10, reference_value=data / 10,
            difference=value, low=0.1, high=0.4, level=0.95, lower_bound=0.12, upper_bound=0.38, p=0.012,
            standard_error=0.1, seed_error=float("nan"), draws=10_000, utterances=900, dialogues=90,
            split=Split(float("nan"), 0.1),
        )
        for metric in ("ece", "nll")
        for model, value in (("b", 0.01), ("c_&", 0.02), ("d", 0.03))
        for data in range(6)
    ]  # fmt: skip
    record = hashlib.sha256(folder.record_path.read_bytes()).hexdigest()
    write_table(folder.comparisons_path, table_of(judged(differences, Asking()), [record]))
    return folder


def test_all_reports_hold_the_diagrams(ranked: RunFolder) -> None:
    for report in (HtmlPage(), LatexDocument(), FigureFiles()):
        report.write(ranked)
    page = parsed(ranked)
    assert ("figure", {"id": "ranks-ece"}) in page.tags
    assert ("figure", {"id": "ranks-nll"}) in page.tags
    assert "Which models are told apart over all data sets?" in "".join(page.text)
    tex = (ranked.path / "report.tex").read_text(encoding="utf-8")
    assert (
        r"\figurerow{ranks-ece}{\figureifthere{ranks-ece}{Average ranks by ECE on clean input over 6 data sets" in tex
    )
    assert r"\figureifthere{ranks-nll}" in tex
    assert {f"ranks-{m}.{kind}" for m in ("ece", "nll") for kind in ("pdf", "svg")} <= {
        path.name for path in (ranked.path / "figures").iterdir()
    }


def test_the_title_says_on_what_and_stays_inside_the_figure() -> None:
    for title in ("Weighted F1", "Unweighted average recall"):
        figure = drawn(replace(EXAMPLE, title=title, ranks={"m" * 40: 1.2, "b": 1.8, "c": 3.0}, groups=()))
        axes = figure.axes[0]
        shown = axes.get_title(loc="left")
        assert shown.replace("\n", " ") == f"Average rank by {title}, clean input"
        box = axes._left_title.get_window_extent(FigureCanvasAgg(figure).get_renderer())
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1

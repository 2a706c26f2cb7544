"""What predictions depend on: on the page, in LaTeX and in figures."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import nan

import pytest
from page_reader import Reader, words

from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ConditionRecord
from emobench.reports import page, paper
from emobench.reports.contents import DataView, ModelView, RunView
from emobench.reports.figures import figures, legend_entries
from emobench.reports.gathering import read
from emobench.reports.other_figures import other_metrics, part_tables
from emobench.reports.problems import Problem
from emobench.reports.reliance import how_to_measure, lacking, reliance_rows, told_of_reliance, uncertain_share
from emobench.reports.reliance_figures import reliance_figures
from emobench.reports.reliance_paper import reliance_tables
from emobench.reports.results import Result
from emobench.reports.sentences import plain
from emobench.reports.theme import PAPER, WEB
from emobench.reports.vocabulary import RELIANCE

Maker = Callable[..., RunFolder]
Parts = Mapping[str, Result]
KEPT = (
    *("clean", "modality_drop:drop=text", "modality_drop:drop=audio/text"),
    *("modality_drop:rate=0.1", "modality_drop:rate=0.7"),
)
BOTH = ConditionRecord(text="context_removal:context=all", protocol="context_removal", removal="inter/intra")


def around(value: float) -> Result:
    return Result(value, value - 0.01, value + 0.01)


def parts(text: float, audio: float, video: float, **others: float) -> dict[str, Result]:
    """Return the same figures for all utterances and, a little beside them, for the others."""
    values = {"text": text, "audio": audio, "video": video, **others}
    more = {
        f"{which}: {name}": around(value + 0.02) for which in ("uncertain", "other") for name, value in values.items()
    }
    return {name: around(value) for name, value in values.items()} | more


GATED = {
    "shapley": parts(0.3, 0.05, -0.03, modalities=0.32, intra=0.04, inter=-0.02, contexts=0.02),
    "shapley_share": parts(0.7, 0.2, 0.1, intra=0.6, inter=0.4),
    "shapley:mode=graph": parts(nan, nan, nan, intra=0.01, inter=0.01, contexts=0.02),
    "weight_agreement": {"": around(0.52), "first": around(0.743)},
}


@pytest.fixture(scope="module")
def without(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunView:
    path = tmp_path_factory.mktemp("reliance")
    return read(
        make_run(path, models=("rage_fusion", "late_fusion", "bayes_optimal"), only=KEPT, dialogues=20, seeds=(0,))
    )


@pytest.fixture(scope="module")
def run(without: RunView) -> RunView:
    (data,) = without.data
    first, second, third = data.models
    weights = {
        text: dict(found) | {"text": replace(found["text"], value=0.5 - 0.1 * place)}
        for place, (text, found) in enumerate(first.weights.items())
    }
    models = (replace(first, reliance=GATED, weights=weights), second, replace(third, reliance=GATED))
    return replace(without, data=(replace(data, models=models),))


def of_model(data: DataView, reliance: Mapping[str, Parts]) -> tuple[DataView, ModelView]:
    model = replace(data.models[0], reliance=reliance)
    return replace(data, models=(model,)), model


def said(data: DataView, reliance: Mapping[str, Parts]) -> str:
    ((_, sentence),) = told_of_reliance(of_model(data, reliance)[0])
    return plain(sentence).strip()


def shown(run: RunView) -> str:
    """Return the text of the page."""
    reader = Reader()
    reader.feed(page.render(run))
    return str(words(" ".join(reader.text)))


def test_results_are_looked_up_by_metric(without: RunView) -> None:
    assert all(model.reliance == {} for model in without.data[0].models)
    assert set(GATED) <= set(RELIANCE)


def test_a_sentence_says_what_matters_most_by_how_much_and_what_hurts(run: RunView) -> None:
    assert said(run.data[0], GATED) == (
        "Its predictions depend most on text (share 0.700 [0.690, 0.710]), then audio (0.200) and video (0.100); on "
        "uncertain utterances text has 0.720, on the others 0.720. Together they change the probability of the class "
        "predicted by +0.320 [0.310, 0.330]. On average video makes it less sure of what it says. Of context they "
        "depend most on intra (share 0.600 [0.590, 0.610]), then inter (0.400); on uncertain utterances intra has "
        "0.620, on the others 0.620. Together they change the probability of the class predicted by +0.020 [0.010, "
        "0.030]. On average inter makes it less sure of what it says. The modality that it weights most is the one "
        "its prediction depends on most in 74.3 % of utterances (rank agreement τ 0.520 [0.510, 0.530])."
    )


def test_what_is_not_there_is_not_said(run: RunView) -> None:
    data = run.data[0]
    nothing = {name: Result(0.0, 0.0, 0.0) for name in ("text", "audio", "video", "modalities")}
    no_shares = {name: Result(nan) for name in ("text", "audio", "video")}
    assert (
        said(data, {"shapley": nothing, "shapley_share": no_shares})
        == "Its predictions do not depend on the modalities."
    )
    alone = {"intra": around(0.14), "contexts": around(0.14)}
    assert said(data, {"shapley": alone}) == (
        "Context changes the probability of the class predicted by +0.140 [0.130, 0.150]."
    )
    few = {"shapley": parts(-0.1, -0.2, 0.1, modalities=-0.2), "shapley_share": {n: around(0.3) for n in no_shares}}
    alike = few | {"weight_agreement": {"": Result(0.0), "first": Result(nan)}}
    assert said(data, alike) == (
        "Its predictions depend most on text (share 0.300 [0.290, 0.310]), then audio (0.300) and video (0.300). "
        "Together they change the probability of the class predicted by −0.200 [−0.210, −0.190]. On average text and "
        "audio make it less sure of what it says. It weights modalities alike."
    )
    undefined = few | {"weight_agreement": {"": Result(nan), "first": Result(nan)}}
    assert said(data, undefined).endswith("less sure of what it says.")


def test_rows_are_players_and_what_they_share_out(run: RunView) -> None:
    data, model = of_model(run.data[0], GATED)
    titles = [row.title for row in reliance_rows(model, data)]
    assert titles[:7] == ["text", "audio", "video", "all modalities", "intra", "inter", "all contexts"]
    assert titles[7:] == ["intra, graph", "inter, graph", "all contexts, graph"]
    by_title = {row.title: row for row in reliance_rows(model, data)}
    assert by_title["video"].values["other"].value == pytest.approx(-0.01)
    assert by_title["all modalities"].shares == {}
    assert by_title["intra, graph"].shares == {}


def test_a_run_without_coalitions_says_what_to_type(without: RunView) -> None:
    data = without.data[0]
    alone = replace(data, conditions=tuple(one for one in data.conditions if "/" not in one.removal))
    assert "with --protocol coalitions and, with --out, this folder" in how_to_measure(alone, without.record)
    assert lacking(alone) == ()
    text = shown(replace(without, data=(alone,)))
    assert "What do its predictions depend on?" in text
    other = without.record.model_copy(update={"metrics": ("weighted_f1",)})
    assert how_to_measure(alone, other) == how_to_measure(replace(alone, models=()), without.record) == ""
    asked = without.record.model_copy(update={"metrics": ("weighted_f1", "shapley")})
    assert how_to_measure(alone, asked)


def test_what_failed_takes_the_game_with_it_and_it_is_said(run: RunView) -> None:
    data = run.data[0]
    broken = Problem("rage_fusion", data.name, KEPT[2], (0,), "failed", "<it> broke")
    rows = tuple(
        replace(row, problems=(broken,)) if row.condition.text == KEPT[2] else row for row in data.models[0].rows
    )
    contexts = {"shapley": {name: GATED["shapley"][name] for name in ("intra", "inter", "contexts")}}
    model = replace(data.models[0], rows=rows, reliance=contexts)
    assert lacking(replace(data, models=(model,))) == (
        "No Shapley values of modalities for rage_fusion: not all of it was predicted under "
        "modality_drop:drop=audio/text (<it> broke).",
    )
    whole = replace(run, data=(replace(data, models=(model, *data.models[1:])),))
    assert "&lt;it&gt; broke" in page.render(whole)
    assert "No Shapley values of modalities" in "".join(reliance_tables(whole.data[0], whole))


def test_one_modality_has_nothing_to_share_out(run: RunView) -> None:
    data = run.data[0]
    record = data.record.model_copy(update={"widths": {"text": 8}})
    one = replace(data, record=record, conditions=(*data.conditions, BOTH))
    assert lacking(one)[0] == "These data have one modality: there is nothing to share out among modalities."


def test_the_page_holds_table_and_figures(run: RunView) -> None:
    text = shown(run)
    assert "Shapley values and shares on simulated (simulated data), clean input" in text
    for caption in (
        "Shapley shares of modalities", "Shapley shares of contexts", "Weight and Shapley share: text",
        "Weights of rage_fusion along modality_drop, by rate",
    ):  # fmt: skip
        assert caption in text
    assert "−0.030" in text


def test_figures_have_numbers_and_can_be_drawn_in_both_themes(run: RunView) -> None:
    data = run.data[0]
    views = {view.caption: view for view in reliance_figures(data)}
    assert len(views) == 6
    shares = views["Shapley shares of modalities"].table
    assert shares.head == ("model", "utterances", "text", "audio", "video")
    assert shares.rows[0] == (
        "rage_fusion", "uncertain (23.4 %)", "0.720 [0.710, 0.730]", "0.220 [0.210, 0.230]", "0.120 [0.110, 0.130]",
    )  # fmt: skip
    assert [row[:2] for row in shares.rows][1:3] == [
        ("rage_fusion", "other (76.6 %)"), ("bayes_optimal", "uncertain (23.4 %)"),
    ]  # fmt: skip
    curve = views["Weights of rage_fusion along modality_drop, by rate"].table
    assert [row[1] for row in curve.rows] == ["clean", "0.1", "0.7"]
    assert [row[0] for row in curve.rows] == ["all modalities"] * 3
    for theme in (WEB, PAPER):
        with theme.active():
            assert all(view.draw(theme).axes for view in views.values())


def test_figures_that_have_nothing_to_show_are_left_out(run: RunView, without: RunView) -> None:
    # The weights of the run are the same under every condition, and no model has shares.
    assert list(reliance_figures(without.data[0])) == []
    assert not [view for view in figures(without) if view.group in ("shares", "weight_shares", "weight_curves")]
    data, model = of_model(run.data[0], {"shapley": GATED["shapley"]})
    assert uncertain_share(replace(model, removals=())) is None
    bare = replace(data, models=(replace(model, removals=(), reliance=GATED),))
    assert next(iter(reliance_figures(bare))).table.rows[0][1] == "uncertain"
    two = {name: figure for name, figure in GATED["shapley_share"].items() if "video" not in name}
    fewer = of_model(run.data[0], GATED | {"shapley_share": two})[0]
    assert next(iter(reliance_figures(fewer))).table.rows[0][-1] == "–"


def test_legends_name_what_is_drawn(run: RunView) -> None:
    data = run.data[0]
    assert legend_entries("shares", data) == (("text", 0), ("audio", 1), ("video", 2))
    assert legend_entries("context_shares", data) == (("intra", 0), ("inter", 1))
    assert legend_entries("weight_shares", data) == (("rage_fusion", 0),)
    assert legend_entries("nothing", data) == ()


def test_weights_that_change_along_one_curve_only_have_one_panel(run: RunView) -> None:
    (curve,) = run.data[0].curves
    data, model = of_model(run.data[0], GATED)
    other = replace(curve, label="modality=text", rungs=curve.rungs[:1])
    stresses = (replace(data.stresses[0], curves=(curve, other)),)
    view = next(one for one in reliance_figures(replace(data, stresses=stresses)) if one.group == "weight_curves")
    with WEB.active():
        assert len(view.draw(WEB).axes) == 1
    assert model.weights


def test_the_paper_has_a_table(run: RunView) -> None:
    text = "".join(reliance_tables(run.data[0], run))
    assert r"\subsection*{What predictions depend on}" in text
    assert "all modalities" in text
    assert "−0.030" in text or "$-$0.030" in text
    assert "intra, graph" in text
    assert "What predictions depend on" in paper.render(run)


def test_the_paper_without_values_says_nothing(without: RunView) -> None:
    assert list(reliance_tables(without.data[0], without)) == []


def test_these_figures_stand_in_no_other_table(run: RunView) -> None:
    data, model = run.data[0], run.data[0].models[0]
    rows = tuple(
        replace(row, results={**row.results, "weight_agreement": around(0.5)}) if row.condition.text == "clean" else row
        for row in model.rows
    )
    named = replace(model, rows=rows, parts={("shapley", "clean"): GATED["shapley"]})
    record = run.record.model_copy(update={"metrics": ("shapley",)})
    changed = replace(data, models=(named,))
    assert "weight_agreement" in changed.metrics
    assert "weight_agreement" not in other_metrics(changed)
    assert part_tables(changed, record) == ()

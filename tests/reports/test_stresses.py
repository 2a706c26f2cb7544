"""Many protocols on page and paper: groups, curves, ceilings, draws, what was skipped, what was really done."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fake_conditions import MEANINGS, SKIPPED, UNKNOWN_MEAN, UNKNOWN_ORDER
from number_reader import wrong
from page_reader import Reader, parsed, words
from tex_reader import tables

from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import SkippedRecord
from emobench.reports.contents import DataView
from emobench.reports.curve_plots import label_levels
from emobench.reports.figures import figures, legend_entries
from emobench.reports.formats.html import HtmlPage
from emobench.reports.gathering import read
from emobench.reports.numbers import number
from emobench.reports.sentences import plain as text_of
from emobench.reports.stress_contents import Stress
from emobench.reports.stress_sentences import not_removed_sentence, remarks
from emobench.reports.theme import PAPER, WEB

Maker = Callable[..., RunFolder]
MODELS = ("m3net", "rage_fusion", "bayes_optimal")


@pytest.fixture(scope="module")
def data(stressed: RunFolder) -> DataView:
    return read(stressed).data[0]


@pytest.fixture(scope="module")
def page(stressed: RunFolder) -> Reader:
    return parsed(stressed)


def stress_of(data: DataView, protocol: str) -> Stress:
    return next(stress for stress in data.stresses if stress.protocol == protocol)


def said(stressed: RunFolder, data: DataView, protocol: str) -> list[str]:
    return [text_of(one) for one in remarks(stress_of(data, protocol), data, stressed.read_record())]


def test_conditions_are_put_together_by_protocol_and_curves_by_argument(data: DataView) -> None:
    protocols = [stress.protocol for stress in data.stresses]
    assert protocols == ["modality_drop", "noise", "context_removal", "order", "chains", "speaker_confusion"]
    (bundle,) = stress_of(data, "noise").bundles
    assert [(curve.family, curve.label) for curve in bundle] == [
        ("noise:modality=text,snr_db=*", "modality=text"),
        ("noise:snr_db=*", ""),
    ]
    assert [rung.label for rung in bundle[0].rungs] == ["clean", "20", "10", "5", "0", "−5"]
    assert sum(len(stress.conditions) for stress in data.stresses) == len(data.conditions) - 1


def test_every_figure_of_every_condition_is_on_the_page(stressed: RunFolder, page: Reader) -> None:
    frame = pd.read_parquet(stressed.results_path)
    frame = frame[(frame.seed == -1) & (frame.part == "")].set_index(["model", "condition", "metric"])
    metrics = ["weighted_f1", "macro_f1", "ece", "nll", "brier", "churn", "regret"]
    for model in MODELS:
        (table,) = [
            one for one in page.tables if one.caption.startswith(f"{model} on simulated (simulated data), test")
        ]
        assert "±: standard deviation over 3 draws of the stress" in words(table.caption)
        rows = [row for row in table.rows[1:] if len(row) > 1]
        assert [row[0] for row in table.rows if len(row) == 1] == [
            "modality_drop", "noise", "context_removal", "order", "chains",
        ]  # fmt: skip
        assert {row[0] for row in rows} == {condition.text for condition in stressed.read_record().conditions}
        for condition, *cells in rows:
            for metric, cell in zip(metrics, cells, strict=False):
                if (model, condition, metric) in frame.index:
                    figure = frame.loc[(model, condition, metric)]
                    assert not wrong(cell, figure, floor=metric == "ece")
                    assert ("±" in cell) == (figure.draw_sd == 0.004)
                else:
                    assert cell in ("–", "not known")


def test_every_figure_of_every_condition_is_in_the_paper(stressed: RunFolder) -> None:
    frame = pd.read_parquet(stressed.results_path)
    frame = frame[(frame.seed == -1) & (frame.part == "")].set_index(["model", "condition", "metric"])
    protocols = {c.text: c.protocol for c in stressed.read_record().conditions}
    for metric in ("weighted_f1", "ece", "nll"):
        rows = tables(stressed)[f"simulated-{metric}"]
        assert len(rows) == len(protocols)
        for (label, *cells), condition in zip(rows, sorted_as_shown(protocols), strict=True):
            assert condition.endswith(label)
            for model, cell in zip(MODELS, cells, strict=True):
                known = (model, condition, metric) in frame.index
                assert cell == "not known" if not known else not wrong(cell, frame.loc[(model, condition, metric)])


def sorted_as_shown(protocols: dict[str, str]) -> list[str]:
    """Return the conditions protocol by protocol, chains apart, each in the order of the run."""
    groups = {text: "chains" if "+" in text else protocol for text, protocol in protocols.items()}
    order = list(dict.fromkeys(groups.values()))
    return sorted(protocols, key=lambda text: order.index(groups[text]))


def test_curves_over_one_argument_are_panels_of_one_figure(stressed: RunFolder) -> None:
    views = {view.slug: view for view in figures(read(stressed))}
    noise = views["curve-simulated-noise-snr-db-ece"]
    head = ("model", "curve", "snr_db", "ECE", "95 % interval", "± over draws", "noise floor, 95th percentile")
    assert noise.table.head == head
    assert len(noise.table.rows) == 3 * 2 * 6
    assert noise.table.rows[1][:3] == ("m3net", "modality=text", "20")
    assert noise.table.rows[18][:3] == ("m3net", "all modalities", "clean")
    for theme in (WEB, PAPER):
        with theme.active():
            drawn = noise.draw(theme)
            assert [axes.get_title(loc="left") for axes in drawn.axes] == ["modality=text", "all modalities"]
            first = drawn.axes[0]
            assert list(first.get_xticks()) == pytest.approx([0, 0.1, 0.316, 0.562, 1, 1.778], abs=1e-3)
            assert "snr_db (dB)" in [text.get_text() for text in drawn.texts]
            assert bool(drawn.legends) == (theme is PAPER)


def test_the_ceiling_is_drawn_where_it_is_known_and_nowhere_else(data: DataView, stressed: RunFolder) -> None:
    names = {
        view.slug: {row[0] for row in view.table.rows}
        for view in figures(read(stressed))
        if view.group in ("curves", "conditions")
    }
    assert {slug for slug, models in names.items() if "bayes_optimal" not in models} == {
        f"conditions-simulated-order-{metric}" for metric in ("weighted-f1", "ece", "nll")
    }
    assert ("bayes_optimal", -1) in legend_entries("curves", data, "noise")
    assert ("bayes_optimal", -1) not in legend_entries("curves", data, "order")


def test_why_there_is_no_ceiling_is_said_once_per_protocol(stressed: RunFolder, data: DataView) -> None:
    assert f"No exact posterior, and so no ceiling, because {UNKNOWN_ORDER}." in said(stressed, data, "order")
    (sentence,) = [one for one in said(stressed, data, "modality_drop") if "posterior" in one]
    fills = ", ".join(f"modality_drop:drop={modality},fill=mean" for modality in ("audio", "text", "video"))
    assert sentence == f"No exact posterior, and so no ceiling, under {fills}, because {UNKNOWN_MEAN}."
    assert not [one for one in said(stressed, data, "noise") if "posterior" in one]
    # It is expected, so it is no failure.
    assert read(stressed).problems == ()


def test_of_many_conditions_the_first_are_named_and_the_others_counted(stressed: RunFolder, data: DataView) -> None:
    drop = stress_of(data, "modality_drop")
    texts = tuple(f"modality_drop:rate={rate}" for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7))
    sentence = text_of(remarks(replace(drop, unknown={"of something": texts}), data, stressed.read_record())[-1])
    assert sentence.endswith("modality_drop:rate=0.4 and 2 more, because of something.")


def test_draws_are_told_where_chance_decides(stressed: RunFolder, data: DataView) -> None:
    end = "of 3 draws; ± is the standard deviation over the draws."
    assert said(stressed, data, "noise")[0] == f"Figures are means {end}"
    assert said(stressed, data, "modality_drop")[0] == f"Where chance decides, figures are means {end}"
    assert not [one for one in said(stressed, data, "context_removal") if "±" in one]


def test_what_was_left_out_is_named_with_its_reason(stressed: RunFolder, data: DataView, page: Reader) -> None:
    told = said(stressed, data, "noise")[-1]
    texts = "noise:pattern=burst,rate=0.8,snr_db=20, noise:pattern=burst,rate=0.8,snr_db=10"
    assert told == f"Left out, not defined for these data: {texts} ({SKIPPED.removeprefix('noise: ')})."
    assert said(stressed, data, "speaker_confusion") == [
        "Left out, not defined for these data: speaker_confusion:kind=lost (one speaker only)."
    ]
    assert words(told) in words("".join(page.text))
    tex = (stressed.path / "report.tex").read_text(encoding="utf-8").replace(r"\allowbreak{}", "")
    assert r"burst cannot be reached with 80~\% of the turns \& more" in tex


def test_what_an_online_interface_faces_is_named(stressed: RunFolder, data: DataView) -> None:
    expected = "context_removal:context=future is what an online interface faces: it must answer before the next turn"
    assert said(stressed, data, "context_removal")[0].startswith(expected)


def test_what_the_protocol_says_itself_is_not_said_again(stressed: RunFolder, data: DataView) -> None:
    told = replace(stress_of(data, "context_removal"), meaning="what an online interface faces, among others")
    assert not any("online" in text_of(one) for one in remarks(told, data, stressed.read_record()))


def test_a_single_draw_is_called_one(stressed: RunFolder, data: DataView) -> None:
    record = stressed.read_record().model_copy(update={"stress_draws": 1})
    expected = "Where chance decides, figures rest on a single draw: how far another would lie is not known."
    assert text_of(remarks(stress_of(data, "noise"), data, record)[0]) == expected
    context = [text_of(one) for one in remarks(stress_of(data, "context_removal"), data, record)]
    assert not any("draw:" in one for one in context)


def test_what_the_parts_of_a_chain_do_is_said(stressed: RunFolder, data: DataView, page: Reader) -> None:
    chains = stress_of(data, "chains")
    assert chains.parts == {name: MEANINGS[name] for name in ("noise", "modality_drop")}
    assert stress_of(data, "noise").parts == {}
    expected = f"one after the other. What each of them does: noise: {MEANINGS['noise']} modality_drop: with drop"
    assert expected in words("".join(page.text))
    tex = (stressed.path / "report.tex").read_text(encoding="utf-8").replace(r"\allowbreak{}", "")
    assert rf"one after the other. \texttt{{noise}}: {MEANINGS['noise']}" in tex


def test_one_rung_alone_is_a_single_condition(tmp_path: Path, make_run: Maker) -> None:
    texts = ("clean", "modality_drop:drop=text", "modality_drop:rate=0.3")
    folder = make_run(tmp_path, only=texts, dialogues=20, metrics=("weighted_f1",))
    (data,) = read(folder).data
    assert data.curves == ()
    assert [one.text for one in data.other] == [*texts]
    (view,) = [one for one in figures(read(folder)) if one.group in ("curves", "conditions")]
    assert view.group == "conditions"
    assert {row[1] for row in view.table.rows} == {*texts}


def test_clean_alone_is_no_ceiling_among_single_conditions(tmp_path: Path, make_run: Maker) -> None:
    texts = ("clean", "modality_drop:drop=text,fill=mean")
    folder = make_run(tmp_path, stresses=True, only=texts, dialogues=20, metrics=("weighted_f1",))
    (view,) = [one for one in figures(read(folder)) if one.group == "conditions"]
    assert {row[0] for row in view.table.rows} == {"rage_fusion"}


def test_removals_are_told_apart_by_operator_and_mode(stressed: RunFolder, page: Reader) -> None:
    (table,) = [one for one in page.tables if one.caption.startswith("Confidence under removal")]
    assert [words(cell) for cell in table.rows[0]][:4] == ["Model", "Removed", "By", "CEL"]
    frame = pd.read_parquet(stressed.results_path)
    frame = frame[(frame.seed == -1) & (frame.condition == "clean")].set_index(["model", "metric", "part"])
    modalities, contexts = ("text", "audio", "video", "modalities"), ("intra", "inter", "contexts")
    expected = {
        **{(part, "zeros"): "cel" for part in modalities},
        **{(part, "strict"): "cel" for part in contexts},
        ("all", "zeros, strict"): "cel",
    }
    other = {
        **{(part, "dialogue mean"): "cel:operator=mean" for part in modalities},
        **{(part, "graph"): "cel:mode=graph" for part in contexts},
        ("all", "dialogue mean, strict"): "cel:operator=mean",
        ("all", "zeros, graph"): "cel:mode=graph",
    }
    for model in MODELS:
        rows = {(part, how): cells for name, part, how, *cells in table.rows[1:] if name == model}
        assert rows.keys() == (expected if model == "bayes_optimal" else {**expected, **other}).keys()
        for (part, how), (cel, excess, *_) in rows.items():
            metric = {**expected, **other}[part, how]
            assert not wrong(cel, frame.loc[(model, metric, part)])
            # The exact posterior knows the standard removals only, and is no finding against itself.
            assert ("floor" in excess) == (metric == "cel" and model != "bayes_optimal")
    assert "This run does not remove" not in words("".join(page.text))
    assert {"text, zeros", "intra, graph"} <= {row[0] for row in tables(stressed)["simulated-cel"]}


def test_the_difference_between_the_modes_has_a_table(stressed: RunFolder, page: Reader) -> None:
    (table,) = [one for one in page.tables if one.caption.startswith("CEL of context")]
    assert [row[:2] for row in table.rows[1:4]] == [["m3net", "intra"], ["m3net", "inter"], ["m3net", "contexts"]]
    assert [words(cell) for cell in table.rows[1][2:]] == [
        "0.0200 [0.0180, 0.0220]", "0.0140 [0.0126, 0.0154]", "−0.0060 [−0.0100, −0.0020]",
    ]  # fmt: skip
    assert [row[0] for row in tables(stressed)["simulated-graph"]] == ["intra", "inter", "contexts"] * 2


def test_removals_that_a_run_lacks_are_named(plain: RunFolder) -> None:
    text = words("".join(parsed(plain).text))
    assert (
        "This run does not remove intra and inter by the standard operator; the protocol “removals” does. Figures over "
        "several removals are over those shown only."
    ) in text
    assert "does not remove intra and inter" in (plain.path / "report.tex").read_text(encoding="utf-8")


def test_removals_that_data_do_not_have_are_no_fault_of_the_run(stressed: RunFolder, data: DataView) -> None:
    assert not_removed_sentence(data) == ""
    without = [one for one in data.conditions if one.removal != "inter"]
    why = "context_removal: in monologues there are no other speakers; type context=intra"
    record = SkippedRecord(data=data.name, condition="context_removal:context=inter", why=why)
    removal = replace(stress_of(data, "context_removal"), skipped={why: (record,)})
    others = tuple(one for one in data.stresses if one.protocol != "context_removal")
    monologues = replace(data, conditions=tuple(without), stresses=(*others, removal))
    assert not_removed_sentence(monologues) == (
        "inter cannot be removed from these data (in monologues there are no other speakers). Figures over several "
        "removals are over those shown only."
    )
    # What one would type instead is no news to a reader.
    assert "type" not in text_of(remarks(removal, monologues, stressed.read_record())[-1])


def test_reasons_that_many_conditions_share_are_told_once(tmp_path: Path, make_run: Maker) -> None:
    rungs = [f"modality_drop:rate={rate}" for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)]
    failed = [("rage_fusion", text, "out of memory") for text in (*rungs, "modality_drop:drop=text")]
    folder = make_run(tmp_path, failed=failed, dialogues=20, metrics=("weighted_f1",))
    (group,) = read(folder).problem_groups
    assert set(group.conditions) == {*rungs, "modality_drop:drop=text"}
    HtmlPage().write(folder)
    reader = parsed(folder)
    (table,) = [one for one in reader.tables if one.rows[0][-1] == "Reason"]
    assert len(table.rows) == 2
    # In short, where Shapley values are told to lack them, under the conditions of the model, and in the table.
    assert words("".join(reader.text)).count("out of memory") == 4


@pytest.mark.parametrize(
    ("ticks", "width", "levels"),
    [
        ({0.0: "clean", 0.1: "0.1", 0.5: "0.5"}, 300, [0, 0, 0]),
        ({0.0: "clean", 0.1: "0.1", 0.5: "0.5"}, 100, [0, 1, 0]),
        ({0.0: "clean"}, 100, [0]),
        ({0.0: "clean", 0.96: "9", 1.0: "10"}, 100, [0, 0, 1]),
        ({0.0: "clean", 0.01: "a", 0.02: "b", 1.0: "c"}, 100, [0, 1, 2, 0]),
    ],
)
def test_labels_that_would_touch_stand_below_each_other(
    ticks: dict[float, str], width: float, levels: list[int]
) -> None:
    assert list(label_levels(ticks, width=width).values()) == levels


def test_every_rung_is_named_in_every_panel_figure(stressed: RunFolder) -> None:
    (noise,) = [view for view in figures(read(stressed)) if view.slug == "curve-simulated-noise-snr-db-nll"]
    for theme in (WEB, PAPER):
        with theme.active():
            first, second = noise.draw(theme).axes
            names = [label.get_text() for label in first.get_xticklabels()]
            assert [name.strip() for name in names] == ["clean", "20", "10", "5", "0", "−5"]
            assert len({name.count("\n") for name in names}) > 1, "20 dB is too near to clean"
            assert second.get_position().x0 - first.get_position().x1 > 0.06


def test_a_report_of_sixty_conditions_stays_small(stressed: RunFolder) -> None:
    page = (stressed.path / "report.html").read_bytes()
    assert len(page) < 2_000_000
    assert len(re.findall(rb"<figure ", page)) == len(figures(read(stressed)))
    assert number(0.5) in page.decode()

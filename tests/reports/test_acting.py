"""Acting on confidence on page and paper: what is told, what is drawn, and what is said where it is not known."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from fake_conditions import some
from page_reader import Table, parsed, words
from tex_reader import tables

from emobench.benchmark.files import write_table
from emobench.benchmark.metrics.acting import WANTED
from emobench.benchmark.metrics.unsafe_share import UnsafeShare
from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ALL_SEEDS
from emobench.reports.acting import ACTING_COLUMNS, Wanted, cost_metrics, told, wanted_of, why_not
from emobench.reports.acting_figures import overview_conditions
from emobench.reports.contents import DataView, ModelView
from emobench.reports.figures import figures, legend_entries
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.latex import LatexDocument
from emobench.reports.gathering import read
from emobench.reports.numbers import interval, number
from emobench.reports.other_figures import other_metrics
from emobench.reports.paper import data_tables
from emobench.reports.sentences import plain
from emobench.reports.tex import Remark
from emobench.reports.tex import Table as TexTable
from emobench.reports.theme import PAPER, WEB
from emobench.reports.vocabulary import WANTED_RISK, text_of

Maker = Callable[..., RunFolder]
Acts = dict[str, tuple[float, float]]
"""By condition the share acted on and the risk."""
FIRST, SECOND = Wanted(0.1, 0, ""), Wanted(0.2, 0, "risk=0.2")
ACTS: Acts = {
    "clean": (0.61, 0.1),
    "modality_drop:drop=text": (0.44, 0.31),
    "modality_drop:drop=audio": (0.3, 0.05),
    "modality_drop:rate=0.5": (0.5, 0.2),
    "modality_drop:rate=0.7": (0.4, 0.25),
}


def with_acting(
    folder: RunFolder,
    acts: Acts,
    *,
    models: Sequence[str] = ("rage_fusion",),
    thresholds: Sequence[float] = (0.72, 0.74),
    arguments: Sequence[str] = ("", ":risk=0.2"),
    metrics: Sequence[str] = ("act_threshold", *ACTING_COLUMNS),
) -> RunFolder:
    """Add figures to a made-up run: the same under every wanted error rate."""
    frame = pd.read_parquet(folder.results_path)
    base = {name: frame[name].iloc[0] for name in frame.columns}
    rows = []

    def add(model: str, seed: int, condition: str, metric: str, value: float) -> None:
        place = {"model": model, "seed": seed, "condition": condition, "metric": metric, "part": ""}
        spread = {"value": value, "low": value - 0.02, "high": value + 0.02, "seed_sd": math.nan, "draw_sd": math.nan}
        rows.append({**base, **place, **spread, "floor": math.nan, "floor_high": math.nan})

    for model in models:
        for argument in arguments:
            for condition, (share, risk) in acts.items():
                values = {"act_share": share, "act_risk": risk, "unsafe_share": 0.0 if share == 0 else share * risk}
                if math.isnan(risk):
                    values["unsafe_share"] = 0.02 * bool(share)
                for metric in [one for one in ACTING_COLUMNS if one in metrics]:
                    add(model, ALL_SEEDS, condition, metric + argument, values[metric])
            for seed, value in enumerate(thresholds if "act_threshold" in metrics else ()):
                add(model, seed, "clean", f"act_threshold{argument}", value)
    frame = pd.concat([frame, pd.DataFrame(rows, columns=frame.columns)], ignore_index=True)
    write_table(folder.results_path, pa.Table.from_pandas(frame, preserve_index=False))
    return folder


def view(folder: RunFolder) -> tuple[DataView, ModelView]:
    data = read(folder).data[0]
    return data, data.models[0]


@pytest.fixture(scope="module")
def folder(make_run: Maker, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    made = with_acting(make_run(tmp_path_factory.mktemp("acting") / "run"), ACTS)
    HtmlPage().write(made)
    LatexDocument().write(made)
    return made


def test_the_default_is_that_of_the_metrics() -> None:
    assert float(WANTED_RISK) == WANTED == UnsafeShare().risk


def test_it_is_told_where_it_acts_and_what_harm_it_does(folder: RunFolder) -> None:
    data, model = view(folder)
    assert wanted_of(data) == (FIRST, SECOND)
    assert plain(told(model, FIRST)) == (
        "Acts from a confidence of 0.720–0.740 (by training seed) up. "
        "On clean input it acts on 61.0 % of turns and is wrong in 10.0 % of those, 6.1 % of all turns. "
        "Under modality_drop:drop=text it still acts on 44.0 % of turns and is wrong in 31.0 % of those "
        "(more than the 10 % wanted): 13.6 % of all turns are confident and wrong. "
        "It acts least under modality_drop:drop=audio, on 30.0 %."
    )
    assert "(more than the 20 % wanted)" in plain(told(model, SECOND))


@pytest.mark.parametrize(
    ("acts", "thresholds", "said"),
    [
        (
            {"clean": (0.0, math.nan)},
            (math.nan,),
            ["Never acts: even its surest predictions on clean validation are wrong in more than 10 %."],
        ),
        (
            {"clean": (0.5, math.nan), "modality_drop:drop=text": (0.6, math.nan)},
            (0.7, math.nan),
            [
                "Acts from a confidence of 0.700 up, never in 1 of 2 trainings.",
                "On clean input it acts on 50.0 % of turns, 2.0 % of all turns wrongly.",
                "No stress makes confident errors more frequent.",
            ],
        ),
        (
            {"clean": (0.5, 0.1), "modality_drop:drop=text": (0.6, 0.11)},
            (0.7, 0.7),
            [
                "Acts from a confidence of 0.700 up. ",
                "Under modality_drop:drop=text it acts on 60.0 % of turns and is wrong in 11.0 % of those: 6.6 % of",
                "turns are confident and wrong.",
            ],
        ),
        (
            {"modality_drop:drop=text": (0.6, 0.11)},
            (),
            ["Under modality_drop:drop=text it acts on 60.0 %", "confident and wrong."],
        ),
        ({"clean": (0.5, 0.1)}, (0.7,), ["5.0 % of all turns."]),
        (
            {"clean": (0.001, 0.0), "modality_drop:drop=text": (0.0, math.nan)},
            (0.99,),
            ["On clean input it hardly ever acts (0.1 % of turns, 1 of 1,200)."],
        ),
        (
            {"clean": (0.0, math.nan), "modality_drop:drop=text": (0.011, 0.5)},
            (0.99,),
            [
                "On clean input it never acts. Under",
                "it acts on 1.1 % of turns (13 of 1,200) and",
                "confident and wrong.",
            ],
        ),
    ],
)
def test_what_else_can_be_told(
    make_run: Maker, tmp_path: Path, acts: Acts, thresholds: Sequence[float], said: Sequence[str]
) -> None:
    _, model = view(with_acting(make_run(tmp_path / "run"), acts, thresholds=thresholds))
    sentence = plain(told(model, FIRST))
    assert all(piece in sentence for piece in said), sentence
    assert sentence.endswith(said[-1])


def test_a_bound_is_named(make_run: Maker, tmp_path: Path) -> None:
    acts = {"clean": (0.0, math.nan)}
    data, model = view(with_acting(make_run(tmp_path / "run"), acts, arguments=(":delta=0.05,risk=0.15",)))
    (wanted,) = wanted_of(data)
    assert wanted.title == "At most 15 % wrong when acting, with 95 % confidence"
    assert plain(told(model, wanted)) == (
        "Never acts: clean validation does not show, with 95 % confidence, that any threshold keeps the error rate at "
        "15 %."
    )


@pytest.mark.parametrize(
    ("risk", "said"),
    [
        (0.1, "Its threshold is that for 10 %, and so it fares the same."),
        (
            0.31,
            "Its threshold is that for 10 %, and so it fares the same; 31.0 % wrong on clean input is more than the "
            "20 % wanted too.",
        ),
    ],
)
def test_a_threshold_that_was_told_is_not_told_again(make_run: Maker, tmp_path: Path, risk: float, said: str) -> None:
    folder = with_acting(make_run(tmp_path / "run", seeds=(0, 1)), {**ACTS, "clean": (0.61, risk)})
    _, model = view(folder)
    assert plain(told(model, SECOND, [FIRST])) == said
    assert plain(told(model, SECOND)) != said
    HtmlPage().write(folder)
    assert "".join(parsed(folder).text).count("fares the same") == 1


def test_another_threshold_or_none_is_told(make_run: Maker, tmp_path: Path) -> None:
    one = with_acting(make_run(tmp_path / "one", seeds=(0, 1)), ACTS, thresholds=(math.nan, 0.74))
    assert "fares the same" not in plain(told(view(one)[1], SECOND, [FIRST]))
    bare = with_acting(make_run(tmp_path / "two", seeds=(0, 1)), ACTS, metrics=ACTING_COLUMNS)
    assert "fares the same" not in plain(told(view(bare)[1], SECOND, [FIRST]))


def table_of(found: Sequence[Table], start: str) -> list[list[str]]:
    return next([[words(cell) for cell in row] for row in one.rows] for one in found if start in words(one.caption))


def test_the_page_holds_the_table(folder: RunFolder) -> None:
    page = parsed(folder)
    rows = table_of(page.tables, "At most 20 % wrong when acting")
    assert rows[0] == [
        "Model", "Condition", "Share acted on", "Risk when acting lower is better", "Unsafe share lower is better",
    ]  # fmt: skip
    assert [row[:2] for row in rows[1:]] == [["rage_fusion", condition] for condition in read_order(folder)]
    for _, condition, *cells in rows[1:]:
        share, risk = ACTS[condition]
        expected = (share, risk, share * risk)
        assert cells == [f"{number(one)} {interval(one - 0.02, one + 0.02)}" for one in expected]
    text = words(" ".join(page.text))
    assert "Acting on confidence" in text
    assert "Not shown for bayes_optimal: the run folder has no predictions of it on labelled validation" in text


def read_order(folder: RunFolder) -> list[str]:
    return [condition.text for condition in folder.read_record().conditions if condition.text in ACTS]


def test_the_paper_holds_the_same(folder: RunFolder) -> None:
    found = tables(folder)
    for label in ("simulated-acting-", "simulated-acting-risk02"):
        rows = [row for row in found[label] if len(row) > 1]
        assert [row[0] for row in rows] == read_order(folder)
        for condition, *cells in rows:
            share, risk = ACTS[condition]
            assert [cell.split()[0] for cell in cells] == [number(one) for one in (share, risk, share * risk)]
    tex = (folder.path / "report.tex").read_text(encoding="utf-8")
    assert "wrong in 31.0~\\% of those" in tex


def test_figures_show_both_shares_and_the_curve(folder: RunFolder) -> None:
    run = read(folder)
    found = [figure for figure in figures(run) if figure.group == "acting"]
    assert [figure.caption for figure in found] == [
        "Share acted on, at most 10 % wrong when acting",
        "Unsafe share, at most 10 % wrong when acting",
        "Share acted on, at most 20 % wrong when acting",
        "Unsafe share, at most 20 % wrong when acting",
        "Unsafe share along modality_drop:rate=*",
    ]
    (unsafe,) = [one for one in found if one.caption.startswith("Unsafe share, at most 10")]
    assert ("rage_fusion", "modality_drop:drop=text", "0.136", "[0.116, 0.156]") in unsafe.table.rows
    assert legend_entries("acting", run.data[0]) == (("rage_fusion", 0),)
    for figure in found:
        for theme in (WEB, PAPER):
            with theme.active():
                assert figure.draw(theme).axes


def test_in_a_paper_models_are_told_of_before_the_table_and_in_their_section_only(folder: RunFolder) -> None:
    run = read(folder)
    (pieces,) = data_tables(replace(run, sections=("acting",))).values()
    remarks = [one for one in pieces if isinstance(one, Remark)]
    captions = [one.caption for one in pieces if isinstance(one, TexTable)]
    assert [type(one) for one in pieces] == [Remark, TexTable] * len(wanted_of(run.data[0]))
    assert remarks[0].startswith(r"\subsection*{Acting on confidence: at most 10~\% wrong when acting}")
    assert r"\item \textbf{rage\_\allowbreak{}fusion}. " in remarks[0]
    assert "on clean validation" in captions[0]
    assert "textbf" not in captions[0]
    (others,) = data_tables(replace(run, sections=("overview",))).values()
    assert not [one for one in others if isinstance(one, Remark)]


def test_the_note_says_which_conditions_are_shown(folder: RunFolder, make_run: Maker, tmp_path: Path) -> None:
    (view_of, *_) = [figure for figure in figures(read(folder)) if figure.group == "acting"]
    assert view_of.note.endswith("that with most confident errors (mean over models).")
    assert view_of.note in words(" ".join(parsed(folder).text))
    few = with_acting(make_run(tmp_path / "few", only=("clean", "modality_drop:drop=text")), ACTS)
    (view_of, *_) = [figure for figure in figures(read(few)) if figure.group == "acting"]
    assert view_of.note.endswith("All conditions are shown.")


def test_of_several_protocols_the_worst_is_drawn(make_run: Maker, tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", stresses=True, only=some())
    acts = {
        "clean": (0.5, 0.1),
        "noise:snr_db=5": (0.4, 0.2),
        "noise:snr_db=-5": (0.4, 0.3),
        "order:rate=1.0": (0.1, 0.1),
    }
    data, _ = view(with_acting(made, acts))
    assert overview_conditions(data, FIRST) == ("clean", "noise:snr_db=-5", "order:rate=1.0")
    (overview,) = [f for f in figures(read(made)) if f.caption == "Unsafe share, at most 10 % wrong when acting"]
    assert overview.note.endswith(
        "Of each protocol the condition with most confident errors is shown (mean over models)."
    )
    with WEB.active():
        labels = [label.get_text() for label in overview.draw(WEB).axes[0].get_yticklabels()]
    assert [label.replace("\n", "") for label in labels] == ["clean", "noise:snr_db=-5", "order:rate=1.0"]


def test_without_validation_the_page_says_why(plain: RunFolder) -> None:
    data = read(plain).data[0]
    assert wanted_of(data) == ()
    why = why_not(data, ())
    assert why.startswith("How an interface would fare that acts on confidence is not shown: a threshold is chosen on")
    assert why in words(" ".join(parsed(plain).text))
    assert not [figure for figure in figures(read(plain)) if figure.group == "acting"]
    # Where nobody asked nothing is missing.
    assert why_not(data, ("accuracy", "ece")) == ""
    assert why_not(data, ("accuracy", "unsafe_share:risk=0.3")) == why


def test_all_models_that_lack_it_are_named(make_run: Maker, tmp_path: Path) -> None:
    models = ("rage_fusion", "late_fusion", "bayes_optimal")
    data, _ = view(with_acting(make_run(tmp_path / "a", models=models), ACTS))
    assert why_not(data, ()) == (
        "Not shown for late_fusion and bayes_optimal: the run folder has no predictions of them on labelled validation "
        "utterances."
    )
    data, _ = view(with_acting(make_run(tmp_path / "b", models=models), ACTS, models=models))
    assert why_not(data, ()) == ""


def test_one_share_alone_makes_no_section(make_run: Maker, tmp_path: Path) -> None:
    data, _ = view(with_acting(make_run(tmp_path / "run"), ACTS, metrics=("unsafe_share",)))
    assert wanted_of(data) == ()


def test_decision_costs_have_a_table_of_their_own(make_run: Maker, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", metrics=("accuracy", "weighted_f1", "flip_rate"))
    frame = pd.read_parquet(folder.results_path)
    cost = "decision_cost:costs=a_b.csv"
    share = "abstain_share:costs=a_b.csv"
    renamed = frame.replace({"metric": {"accuracy": cost, "flip_rate": share}})
    write_table(folder.results_path, pa.Table.from_pandas(renamed, preserve_index=False))
    HtmlPage().write(folder)
    LatexDocument().write(folder)
    data, _ = view(folder)
    assert cost_metrics(data) == ((cost, share),)
    assert other_metrics(data) == ()
    page = parsed(folder)
    rows = table_of(page.tables, "Decision cost (costs=a_b.csv) on")
    assert rows[0] == ["Model", "Condition", "Decision cost lower is better", "Share abstained"]
    assert len(rows) == 1 + sum(len(model.rows) for model in data.models)
    assert (
        len([row for row in tables(folder)["simulated-cost-decisioncostcostsabcsv"] if len(row) == 3]) == len(rows) - 1
    )
    alone = frame[frame["metric"] != "flip_rate"].replace({"metric": {"accuracy": cost}})
    write_table(folder.results_path, pa.Table.from_pandas(alone, preserve_index=False))
    HtmlPage().write(folder)
    assert cost_metrics(view(folder)[0]) == ((cost, ""),)
    assert table_of(parsed(folder).tables, "Decision cost (costs=a_b.csv) on")[0] == rows[0][:3]


def test_metrics_with_arguments_are_named_by_them() -> None:
    assert text_of("unsafe_share:risk=0.2").title == "Unsafe share (risk=0.2)"
    assert text_of("unsafe_share").title == "Unsafe share"
    assert text_of("somebodys:own=1").title == "somebodys:own=1"

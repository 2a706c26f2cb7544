"""Conditions that leave no modality are shown, but are the worst of nothing."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from made_views import Figures, data, ece, model
from page_reader import parsed, words

from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ConditionRecord
from emobench.reports.acting import Wanted, most_unsafe
from emobench.reports.acting import told as told_of_acting
from emobench.reports.conformal import told as told_of_sets
from emobench.reports.contents import DataView, ModelView
from emobench.reports.formats.html import HtmlPage
from emobench.reports.formats.markdown import MarkdownSummary
from emobench.reports.gathering import read
from emobench.reports.glance import at_a_glance, leaders
from emobench.reports.heat import heat_maps
from emobench.reports.heat_figures import heat_figures
from emobench.reports.heat_plots import shares_of
from emobench.reports.results import Result
from emobench.reports.sentences import plain, summary
from emobench.reports.terminal import shown_conditions
from emobench.reports.verdicts import nothing_left, verdict

ALL = "drop:drop=audio/text"
SIGNED = Result(0.5, 0.4, 0.6)


def without_input(name: str, figures: Figures) -> ModelView:
    made = model(name, figures)
    rows = tuple(replace(row, nothing_left=row.condition.text == ALL) for row in made.rows)
    return replace(made, rows=rows)


def figures(audio: float, text: float) -> Figures:
    return {
        "clean": {"weighted_f1": 0.8, "nll": 0.5, "ece": ece(0.02)},
        "drop:drop=audio": {"weighted_f1": audio, "nll": 0.7, "ece": ece(0.05), "signed_gap": Result(0.05, 0.02, 0.08)},
        "drop:drop=text": {"weighted_f1": text, "nll": 0.9, "ece": ece(0.1), "signed_gap": Result(0.1, 0.08, 0.12)},
        ALL: {"weighted_f1": 0.1, "nll": 2.0, "ece": ece(0.5), "signed_gap": SIGNED},
    }


@pytest.fixture
def one() -> ModelView:
    return without_input("one", figures(0.78, 0.5))


@pytest.fixture
def view(one: ModelView) -> DataView:
    return data(one, without_input("two", figures(0.6, 0.55)))


def test_what_leaves_nothing_is_not_counted_and_no_worst(view: DataView, one: ModelView) -> None:
    assert plain(verdict(one, view)) == (
        "Holds under 1 of 2 conditions; lowest under drop:drop=text (0.500); calibrated on clean input as far as can "
        "be seen, under stress over-confident by up to 0.100 (drop:drop=text)."
    )
    assert "Hurt most by drop:drop=text" in plain(summary(one, view))
    assert "worst under drop:drop=text, ECE 0.100" in plain(summary(one, view))
    assert plain(nothing_left(view)) == (
        "Not counted, and no worst of anything: drop:drop=audio/text, where no modality is left."
    )
    assert nothing_left(data(model("m", figures(0.6, 0.5)))) == ()


def test_the_best_is_named_where_something_is_left(view: DataView) -> None:
    found = [(one.when, one.models, one.condition) for one in leaders(view)]
    assert found == [
        ("Clean input", ("one", "two"), ""),
        ("drop", ("two",), "drop:drop=text"),
        ("Probabilities, clean input", ("one", "two"), ""),
        ("Probabilities, any stress", ("one", "two"), "drop:drop=text"),
    ]
    assert [one.worst.condition.text for one in at_a_glance(view) if one.worst] == ["drop:drop=text"] * 2


def test_it_is_shown_but_does_not_pale_the_others(view: DataView) -> None:
    heat = heat_maps(view)[0]
    shades = {text: cells[0].shade for _, rows in heat.groups for text, cells in rows}
    assert shades == {"clean": "s0", "drop:drop=audio": "s1", "drop:drop=text": "s8", ALL: "s8"}
    assert "the strongest: 0.500 or less" in heat.scale


def test_it_is_not_where_acting_does_most_harm() -> None:
    risks = {"clean": 0.05, "drop:drop=text": 0.2, ALL: 0.6}
    acted = {
        text: {"act_share": Result(1.0), "act_risk": Result(risk), "unsafe_share": Result(risk)}
        for text, risk in risks.items()
    }
    made = without_input("m", acted)
    wanted = Wanted(0.1, 0, "")
    assert "Under drop:drop=text it acts on" in plain(told_of_acting(made, wanted))
    (stress,) = data(made).stresses
    assert most_unsafe(stress, data(made), wanted) == "drop:drop=text"


def test_it_is_not_where_sets_hold_least() -> None:
    covered = {"clean": 0.9, "drop:drop=text": 0.7, ALL: 0.1}
    made = without_input(
        "m",
        {text: {"conformal_coverage": Result(share, share - 0.02, share + 0.02)} for text, share in covered.items()},
    )
    ((_, sentence),) = told_of_sets(data(made))
    assert "under 1 of 1 conditions, least under drop:drop=text" in plain(sentence)


def test_the_terminal_shows_the_worst_where_something_is_left(view: DataView) -> None:
    assert shown_conditions(view) == ("clean", "drop:drop=text")


def test_shades_are_those_of_what_leaves_something(view: DataView) -> None:
    (f1, ece_map) = heat_figures(view)
    assert isinstance(f1.draw, partial)
    assert f1.draw.keywords["limits"] == (0.5, 0.8)
    assert shares_of(np.array([0.1, 0.5]), (0.5, 0.8)).tolist() == [shares_of(np.array([0.5]), (0.5, 0.8))[0]] * 2
    assert ("one", ALL, "0.100", "[0.070, 0.130]") in f1.table.rows
    assert isinstance(ece_map.draw, partial)
    assert ece_map.draw.keywords["limits"] == (0.02, 0.1)


def test_a_run_says_which_they_are(make_run: Callable[..., RunFolder], tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    record = folder.read_record()
    dropped = next(one for one in record.conditions if one.removal == "text")
    everything = dropped.model_copy(update={"removal": "audio/text/video:mean"})
    folder.write_record(record.model_copy(update={"conditions": tuple(_changed(record.conditions, everything))}))
    view = read(folder).data[0]
    assert view.nothing_left == {dropped.text}
    HtmlPage().write(folder)
    MarkdownSummary().write(folder)
    said = f"Not counted, and no worst of anything: {dropped.text}, where no modality is left."
    assert said in words("".join(parsed(folder).text))
    assert said.replace(dropped.text, f"`{dropped.text}`") in (folder.path / "report.md").read_text(encoding="utf-8")


def _changed(conditions: tuple[ConditionRecord, ...], by: ConditionRecord) -> list[ConditionRecord]:
    return [by if one.text == by.text else one for one in conditions]

"""Figures of whole curves, and where on a curve a model is at its worst."""

from made_views import data, model

from emobench.reports.contents import ModelView
from emobench.reports.results import Result
from emobench.reports.whole_curves import curve_tables

FAMILY = "x:rate=*"


def where(metric: str, inner: str, values: tuple[float, ...]) -> str:
    figures = {f"x:rate=0.{place}": {inner: value} for place, value in enumerate(values, 1)}
    one = model("m", {"clean": {inner: 5.0}, **figures})
    (table,) = curve_tables(data(one, summaries={("m", FAMILY, metric): Result(0.5)}))
    ((curve, (cell,)),) = table.rows
    assert curve.family == FAMILY
    return cell.where


def test_the_worst_rung_is_placed_by_the_direction_of_its_metric() -> None:
    values = (0.5, 0.2, 0.4)
    assert where("worst_rung", "weighted_f1", values) == "0.2"
    assert where("worst_rung:metric=nll", "nll", values) == "0.1"
    assert where("worst_rung:metric=signed_gap", "signed_gap", (0.1, -0.5, 0.4)) == "0.2"
    assert where("worst_rung:metric=ece:bins=10/norm=2", "ece:bins=10,norm=2", values) == "0.1"


def test_other_figures_and_unknown_places_say_nothing_of_where() -> None:
    assert where("degradation_area", "weighted_f1", (0.5, 0.2)) == ""
    assert where("worst_rung", "nll", (0.5, 0.2)) == ""


def test_worst_rungs_come_first_and_every_model_has_a_cell() -> None:
    rungs = {"clean": {"weighted_f1": 0.8}, "x:rate=0.1": {"weighted_f1": 0.7}, "x:rate=0.5": {"weighted_f1": 0.3}}
    first: ModelView = model("first", rungs)
    second = model("second", rungs)
    summaries = {("first", FAMILY, "degradation_area"): Result(0.9), ("first", FAMILY, "worst_rung"): Result(0.3)}
    worst, area = curve_tables(data(first, second, summaries=summaries))
    assert (worst.metric, worst.worst, area.metric, area.worst) == ("worst_rung", True, "degradation_area", False)
    assert [cell.where for cell in worst.rows[0][1]] == ["0.5", ""]
    assert [cell.figure for cell in area.rows[0][1]] == [Result(0.9), None]

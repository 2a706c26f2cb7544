"""One sentence per model: what holds, what breaks first, over- or under-confident."""

import pytest
from made_views import NAN, Figures, data, ece, model

from emobench.reports.results import Result
from emobench.reports.sentences import plain
from emobench.reports.verdicts import by_quality, verdict, verdicts

OVER, UNDER, EITHER = Result(0.04, 0.02, 0.06), Result(-0.05, -0.08, -0.02), Result(0.01, -0.02, 0.04)
CLEAN = {"weighted_f1": 0.7}


def said(figures: Figures, **changes: object) -> str:
    one = model("m", figures, **changes)  # type: ignore[arg-type]  # each test names what it changes
    return plain(verdict(one, data(one)))


def rungs(family: str, values: dict[str, float]) -> Figures:
    return {f"{family}={label}": {"weighted_f1": value} for label, value in values.items()}


def test_without_stress_quality_stands_alone() -> None:
    assert said({"clean": CLEAN}) == "Weighted F1 0.700."


def test_what_holds_what_breaks_first_and_what_is_lowest_are_told() -> None:
    figures = {
        "clean": CLEAN,
        **rungs("drop:rate", {"0.1": 0.69, "0.2": 0.6, "0.3": 0.5}),
        **rungs("noise:snr_db", {"20": 0.7, "5": 0.69, "0": 0.68}),
        "drop:drop=text": {"weighted_f1": 0.4},
    }
    assert said(figures) == (
        "Holds under 4 of 7 conditions; breaks first along drop:rate=* at 0.2 (0.600); "
        "lowest under drop:drop=text (0.400)."
    )


def test_curves_that_break_as_early_are_counted() -> None:
    first, second, third = (
        rungs(f"noise:modality={name},snr_db", {"20": value, "5": 0.5})
        for name, value in zip("abc", (0.6, 0.5, 0.65), strict=True)
    )
    assert "breaks first along noise:modality=b,snr_db=* at 20 (0.500, 1 other as early)" in said(
        {"clean": CLEAN, **first, **second}
    )
    assert "(0.500, 2 others as early)" in said({"clean": CLEAN, **first, **second, **third})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"x:a=b": 0.69}, "Holds under x:a=b (0.690)."),
        ({"x:a=b": 0.6}, "Does not hold under x:a=b (0.600)."),
        ({"x:a=b": 0.69, "x:a=c": 0.68}, "Holds under both of 2 conditions; lowest under x:a=c (0.680)."),
        ({"x:a=b": 0.69, "x:a=c": 0.68, "x:a=d": 0.7}, "Holds under all 3 conditions; lowest under x:a=c (0.680)."),
        ({"x:a=b": 0.6, "x:a=c": 0.5}, "Holds under none of 2 conditions; lowest under x:a=c (0.500)."),
    ],
)  # fmt: skip
def test_few_conditions_are_told_as_they_are(values: dict[str, float], expected: str) -> None:
    assert said({"clean": CLEAN, **{text: {"weighted_f1": value} for text, value in values.items()}}) == expected


def test_an_end_of_the_interval_that_is_not_known_leaves_the_figure_itself() -> None:
    clean = {"weighted_f1": Result(0.7)}
    assert said({"clean": clean, "x:a=b": {"weighted_f1": 0.699}}) == "Does not hold under x:a=b (0.699)."


def test_conditions_without_figures_are_not_counted() -> None:
    figures = {
        "clean": CLEAN,
        "x:a=b": {"weighted_f1": 0.6},
        "x:a=c": {"weighted_f1": 0.69},
        "x:a=d": {"weighted_f1": NAN},
    }
    expected = "Holds under 1 of 2 conditions that have figures; lowest under x:a=b (0.600)."
    assert said(figures) == expected
    assert (
        said({text: found for text, found in figures.items() if text != "x:a=d"}, failed={"x:a=e": "no room"})
        == expected
    )


def test_a_model_that_nothing_moves_is_called_so() -> None:
    still = {"weighted_f1": 0.7, "churn": Result(0.0)}
    assert said({"clean": CLEAN, "x:a=b": still, "x:a=c": still}) == "No stress changes any class that it predicts."
    assert "Holds" in said({"clean": CLEAN, "x:a=b": still, "x:a=c": {"weighted_f1": 0.7}}), "churn of c is not known"


def test_without_clean_figures_the_reason_is_told() -> None:
    assert said({}, failed={"clean": "singular"}) == "No figures on clean input: singular."
    assert said({"clean": {"weighted_f1": NAN, "ece": ece(0.1)}}) == "No figures on clean input."


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"ece": ece(0.02)}, "Weighted F1 0.700; calibrated on clean input as far as can be seen."),
        ({"ece": ece(0.02), "signed_gap": OVER}, "Weighted F1 0.700; calibrated on clean input as far as can be seen."),
        ({"ece": ece(0.05), "signed_gap": OVER}, "Weighted F1 0.700; over-confident by 0.040 on clean input."),
        ({"signed_gap": UNDER}, "Weighted F1 0.700; under-confident by 0.050 on clean input."),
        ({"ece": ece(0.05), "signed_gap": EITHER}, "Weighted F1 0.700; miscalibrated on clean input (ECE 0.050)."),
        ({"ece": Result(0.05)}, "Weighted F1 0.700."),
        ({"signed_gap": Result(0.04)}, "Weighted F1 0.700."),
    ],
)
def test_the_direction_of_confidence_is_told_where_it_is_known(figures: dict[str, Result], expected: str) -> None:
    assert said({"clean": {**CLEAN, **figures}}) == expected


def test_the_ends_of_confidence_under_stress_are_told() -> None:
    figures = {
        "clean": {**CLEAN, "ece": ece(0.05), "signed_gap": OVER},
        "x:a=b": {"signed_gap": Result(0.1, 0.05, 0.15), "ece": ece(0.1)},
        "x:a=c": {"signed_gap": Result(0.3, 0.2, 0.4)},
        "x:a=d": {"signed_gap": UNDER},
        "x:a=e": {"signed_gap": Result(0.5, 0.4, 0.6), "ece": ece(0.02)},
        "x:a=f": {"signed_gap": EITHER},
    }
    ends = "over-confident by up to 0.30 (x:a=c) and under-confident by up to 0.050 (x:a=d)."
    assert said(figures) == f"Weighted F1 0.700; over-confident by 0.040 on clean input, under stress {ends}", (
        "what is in its floor is no evidence"
    )
    assert said({**figures, "clean": CLEAN}) == f"Weighted F1 0.700; under stress {ends}"
    under = "Weighted F1 0.700; under stress under-confident by up to 0.050 (x:a=d)."
    assert said({"clean": CLEAN, "x:a=d": figures["x:a=d"]}) == under


def test_of_the_exact_posterior_confidence_is_not_judged() -> None:
    figures = {
        "clean": {**CLEAN, "ece": ece(0.05), "signed_gap": OVER},
        "x:a=b": {"weighted_f1": 0.5, "signed_gap": OVER},
    }
    assert said(figures, reference=True) == "Does not hold under x:a=b (0.500)."


def test_models_stand_best_first_and_the_exact_posterior_last() -> None:
    models = [
        model("ceiling", {"clean": {"weighted_f1": 0.9}}, reference=True),
        model("none", {}, failed={"clean": "no room"}),
        model("low", {"clean": {"weighted_f1": 0.5}}),
        model("unknown", {"clean": {"weighted_f1": NAN}}),
        model("high", {"clean": {"weighted_f1": 0.8}}),
    ]
    view = data(*models)
    assert [one.name for one in by_quality(view)] == ["high", "low", "none", "unknown", "ceiling"]
    assert [one.name for one, _ in verdicts(view)] == ["high", "low", "none", "unknown", "ceiling"]
    assert verdicts(data(model("m", {"clean": {"nll": 1.0}}))) == ()

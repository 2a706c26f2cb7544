import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from emobench.benchmark.run_folder import RunFolder
from emobench.benchmark.run_record import ConditionRecord
from emobench.reports.contents import DataView, ModelView, Row
from emobench.reports.gathering import read
from emobench.reports.problems import Problem
from emobench.reports.results import Result
from emobench.reports.sentences import plain as text_of
from emobench.reports.sentences import summary
from emobench.reports.stresses import curves_of

CLEAN = ConditionRecord(text="clean")
DROP = ConditionRecord(text="modality_drop:drop=text", protocol="modality_drop")
OTHER = ConditionRecord(text="modality_drop:drop=audio", protocol="modality_drop")
FAMILY = "modality_drop:rate=*"


def rung(rate: float) -> ConditionRecord:
    return ConditionRecord(text=f"modality_drop:rate={rate}", protocol="modality_drop", family=FAMILY, severity=rate)


def f1(value: float) -> Result:
    return Result(value, value - 0.03, value + 0.03)


def ece(value: float) -> Result:
    return Result(value, floor=0.02, floor_high=0.03)


@pytest.fixture(scope="module")
def data(plain: RunFolder) -> DataView:
    view = read(plain).data[0]
    return replace(view, models=view.models[:1])


def said(data: DataView, rows: Mapping[ConditionRecord | str, Mapping[str, Result]], **changes: object) -> str:
    """Return the summary of a model with these figures."""
    conditions = {CLEAN.text: CLEAN, DROP.text: DROP, OTHER.text: OTHER}
    made = tuple(
        Row(key if isinstance(key, ConditionRecord) else conditions[key], figures, ()) for key, figures in rows.items()
    )
    model: ModelView = replace(data.models[0], rows=made, **changes)
    return text_of(summary(model, replace(data, models=(model, *data.models[1:]))))


def test_quality_is_told_with_its_interval(data: DataView) -> None:
    curveless = replace(data, stresses=())
    assert said(curveless, {"clean": {"weighted_f1": f1(0.7)}}) == "Weighted F1 0.700 [0.670, 0.730] on clean input."


def test_quality_is_held_against_the_exact_posterior(plain: RunFolder) -> None:
    view = read(plain).data[0]
    ceiling = view.models[1].clean["weighted_f1"].value
    below = {"clean": {"weighted_f1": f1(ceiling - 0.1)}}
    above = {"clean": {"weighted_f1": f1(ceiling + 0.002)}}
    assert ", 0.100 below the exact posterior." in said(replace(view, stresses=()), below)
    assert ", 0.002 above the exact posterior." in said(replace(view, stresses=()), above)
    assert text_of(summary(view.models[1], view)).startswith("The exact posterior, the ceiling: Weighted F1 ")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.69, 0.66, 0.5), "Along modality_drop:rate=* it holds to 0.1 and breaks first at 0.2 (0.660, −0.040)."),
        ((0.5, 0.69, 0.5), "Along modality_drop:rate=* it breaks at once, at 0.1 (0.500, −0.200)."),
        ((0.69, 0.68, 0.67), "Holds along modality_drop:rate=* to the last rung, 0.3 (0.670)."),
    ],
)
def test_where_a_curve_breaks_first_is_told(data: DataView, values: tuple[float, ...], expected: str) -> None:
    rungs = {rung(rate): {"weighted_f1": f1(v)} for rate, v in zip((0.1, 0.2, 0.3), values, strict=True)}
    assert expected in said(data, {CLEAN: {"weighted_f1": f1(0.7)}, **rungs})


def test_a_curve_without_figures_is_told(data: DataView) -> None:
    assert "modality_drop:rate=*: no figures." in said(data, {"clean": {"weighted_f1": f1(0.7)}})


def many_rungs(values: Mapping[str, tuple[float, ...]]) -> dict[ConditionRecord, Mapping[str, Result]]:
    """Return the rungs of one curve of noise per modality, mild to severe."""
    return {
        ConditionRecord(
            text=f"noise:modality={modality},snr_db={level}", protocol="noise",
            family=f"noise:modality={modality},snr_db=*", severity=10 ** (-level / 20), rung=str(level),
        ): {"weighted_f1": f1(value)}
        for modality, of_rungs in values.items()
        for level, value in zip((20, 0, -5), of_rungs, strict=False)
    }  # fmt: skip


def with_curves(data: DataView, rungs: Mapping[ConditionRecord, object]) -> DataView:
    """Return the data set with these curves and no others."""
    (stress,) = data.stresses
    curves = curves_of(rungs)
    return replace(data, stresses=(replace(stress, protocol="noise", conditions=tuple(rungs), curves=curves),))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"text": (0.69, 0.5, 0.4), "audio": (0.69, 0.69, 0.6), "video": (0.69, 0.69, 0.69)},
            "Holds along 1 of 3 curves to the last rung; breaks first along noise:modality=text,snr_db=* at 0, "
            "rung 2 of 3 (0.500, −0.200). Hurt most by noise:modality=text,snr_db=-5 (0.400, −0.300).",
        ),
        (
            {"text": (0.69, 0.5, 0.4), "audio": (0.69, 0.45, 0.45), "video": (0.69, 0.69, 0.3)},
            "Holds along none of 3 curves to the last rung; breaks first along noise:modality=audio,snr_db=* at 0, "
            "rung 2 of 3 (0.450, −0.250), the lowest of 2 that break at that rung. "
            "Hurt most by noise:modality=video,snr_db=-5 (0.300, −0.400).",
        ),
        (
            dict.fromkeys(("text", "audio", "video"), (0.69, 0.69, 0.68)),
            "Holds along all 3 curves to the last rung. "
            "All 9 conditions hold; the lowest is noise:modality=text,snr_db=-5 (0.680, −0.020).",
        ),
    ],
)
def test_of_many_curves_what_breaks_first_is_named(
    data: DataView, values: Mapping[str, tuple[float, ...]], expected: str
) -> None:
    rungs = many_rungs(values)
    view = with_curves(data, rungs)
    assert said(view, {CLEAN: {"weighted_f1": f1(0.7)}, **rungs}).endswith(expected)


def test_of_many_curves_those_without_figures_are_left_out(data: DataView) -> None:
    rungs = many_rungs(dict.fromkeys(("text", "audio", "video"), (0.69, 0.5)))
    view = with_curves(data, rungs)
    text = [condition for condition in rungs if "text" in condition.text]
    rows = {CLEAN: {"weighted_f1": f1(0.7)}, **{condition: rungs[condition] for condition in text}}
    assert "Along noise:modality=text,snr_db=* it holds to 20 and breaks first at 0 (0.500, −0.200)." in said(
        view, rows
    )
    assert "audio" not in said(view, rows)


def test_the_condition_that_costs_most_is_named(data: DataView) -> None:
    curveless = replace(data, stresses=())
    rows = {
        "clean": {"weighted_f1": f1(0.7)},
        DROP.text: {"weighted_f1": f1(0.4)},
        OTHER.text: {"weighted_f1": f1(0.69)},
    }
    assert said(curveless, rows).endswith("Hurt most by modality_drop:drop=text (0.400, −0.300).")
    rows[DROP.text] = {"weighted_f1": f1(0.68)}
    assert said(curveless, rows).endswith(
        "All 2 conditions hold; the lowest is modality_drop:drop=text (0.680, −0.020)."
    )
    del rows[OTHER.text]
    assert said(curveless, rows).endswith("Holds under modality_drop:drop=text (0.680, −0.020).")
    rows[DROP.text] = {"weighted_f1": f1(0.1)}
    assert said(curveless, rows).endswith("Hurt by modality_drop:drop=text (0.100, −0.600).")


def test_a_model_that_ignores_its_input_is_called_so(data: DataView) -> None:
    rows = {
        "clean": {"weighted_f1": f1(0.3), "churn": Result(0)},
        DROP.text: {"weighted_f1": f1(0.3), "churn": Result(0)},
    }
    assert "No stress changes any of its predictions." in said(data, rows)


@pytest.mark.parametrize(
    ("clean", "expected"),
    [
        ({"ece": ece(0.03)}, "Calibrated as far as can be seen: ECE 0.030, within its noise floor (≤ 0.030)."),
        (
            {"ece": ece(0.05), "signed_gap": Result(0.04, 0.02, 0.06)},
            "Miscalibrated: ECE 0.050, above its noise floor (≤ 0.030), over-confident by 0.040.",
        ),
        (
            {"ece": ece(0.05), "signed_gap": Result(-0.04, -0.06, -0.02)},
            "Miscalibrated: ECE 0.050, above its noise floor (≤ 0.030), under-confident by 0.040.",
        ),
        (
            {"ece": ece(0.05), "signed_gap": Result(0.01, -0.02, 0.04)},
            "Miscalibrated: ECE 0.050, above its noise floor (≤ 0.030).",
        ),
        ({"ece": Result(0.05), "signed_gap": Result(0.04)}, "ECE 0.050, over-confident by 0.040."),
    ],
)
def test_confidence_is_judged_against_the_noise_floor(
    data: DataView, clean: Mapping[str, Result], expected: str
) -> None:
    assert said(replace(data, stresses=()), {"clean": {"weighted_f1": f1(0.7), **clean}}).endswith(expected)


def test_the_stress_that_spoils_confidence_most_is_named(data: DataView) -> None:
    rows = {
        "clean": {"weighted_f1": f1(0.7), "ece": ece(0.02)},
        DROP.text: {"ece": ece(0.2), "signed_gap": Result(0.2, 0.1, 0.3)},
        OTHER.text: {"ece": ece(0.1)},
    }
    expected = "; worst under modality_drop:drop=text, ECE 0.200, over-confident by 0.20."
    assert said(replace(data, stresses=()), rows).endswith(expected)


def test_without_clean_figures_the_reasons_are_told(data: DataView) -> None:
    assert said(data, {DROP.text: {"weighted_f1": f1(0.4)}}) == "No figures on clean input."
    problem = Problem("m", "d", "clean", (0,), "failed", "out of memory")
    broken = (Row(CLEAN, {}, (problem,)),)
    model = replace(data.models[0], rows=broken)
    assert text_of(summary(model, data)) == "No figures on clean input: out of memory."
    assert said(data, {"clean": {"weighted_f1": Result(math.nan)}}) == "No figures on clean input."


def test_the_exact_posterior_is_off_by_chance_only(data: DataView) -> None:
    rows = {"clean": {"weighted_f1": f1(0.7), "ece": ece(0.02)}, DROP: {"weighted_f1": f1(0.4), "ece": ece(0.05)}}
    lead = "Being exact, it is off by chance only"
    assert lead in said(replace(data, stresses=()), rows, reference=True)
    assert lead not in said(replace(data, stresses=()), rows), "anybody else may be wrong"
    within = {"clean": {"weighted_f1": f1(0.7), "ece": ece(0.02)}}
    assert lead not in said(replace(data, stresses=()), within, reference=True)


def test_a_change_is_told_with_its_paired_interval(data: DataView) -> None:
    lost = Result(-0.3, -0.35, -0.26)
    rows = {"clean": {"weighted_f1": f1(0.7)}, DROP.text: {"weighted_f1": f1(0.4), "change": lost}}
    said_so = said(replace(data, stresses=()), rows)
    assert said_so.endswith("Hurt by modality_drop:drop=text (0.400, \u22120.300 [\u22120.350, \u22120.260]).")


def test_a_removal_that_helps_is_told(data: DataView) -> None:
    removed = DROP.model_copy(update={"removal": "text:mean"})
    helps, more = Result(0.05, 0.01, 0.09), Result(0.1, -0.01, 0.2)
    rows: dict[ConditionRecord | str, Mapping[str, Result]] = {
        CLEAN: {"weighted_f1": f1(0.7)},
        removed: {"weighted_f1": f1(0.75), "change": helps},
        OTHER: {"weighted_f1": f1(0.8), "change": more},
    }
    curveless = replace(data, stresses=())
    expected = "Better without text: modality_drop:drop=text (0.750, +0.050 [0.010, 0.090])."
    assert said(curveless, rows).endswith(expected), "the other may be chance"
    rows[OTHER] = {"weighted_f1": f1(0.8), "change": Result(0.1, 0.05, 0.15)}
    expected = "Better than on clean input under modality_drop:drop=audio (0.800, +0.100 [0.050, 0.150])."
    assert said(curveless, rows).endswith(expected)
    assert "Better" not in said(curveless, rows, reference=True)
    rows[OTHER] = rows[removed] = {"weighted_f1": f1(0.8), "change": Result(0.1, math.nan, math.nan)}
    assert "Better" not in said(curveless, rows)


def test_why_a_curve_has_no_figures_is_told(data: DataView) -> None:
    problem = Problem("m", "d", "x", (0,), "not applicable", "it has no gradients")
    first, second = rung(0.1), rung(0.2).model_copy(update={"unknown": "nobody can know"})
    rows = (Row(CLEAN, {"weighted_f1": f1(0.7)}, ()), Row(first, {}, (problem,)), Row(second, {}, (problem,)))
    model = replace(data.models[0], rows=rows)
    assert "modality_drop:rate=*: no figures (it has no gradients)." in text_of(summary(model, data))
    reference = text_of(summary(replace(model, reference=True), data))
    assert "modality_drop:rate=*: no figures (it has no gradients; nobody can know)." in reference


def test_what_is_above_its_floor_by_little_is_shown_with_more_digits(data: DataView) -> None:
    near = {"clean": {"weighted_f1": f1(0.7), "ece": Result(0.0344, floor=0.02, floor_high=0.0341)}}
    expected = "Miscalibrated: ECE 0.0344, above its noise floor (≤ 0.0341)."
    assert said(replace(data, stresses=()), near).endswith(expected)

"""Which model to trust when, and each at its worst."""

from made_views import NAN, data, ece, model

from emobench.reports.glance import Leader, at_a_glance, leaders
from emobench.reports.results import Result

STEADY = model(
    "steady",
    {
        "clean": {"weighted_f1": 0.6, "nll": 1.0, "ece": ece(0.01)},
        "noise:snr_db=5": {"weighted_f1": 0.59, "nll": 1.1, "ece": ece(0.02)},
        "noise:snr_db=0": {"weighted_f1": 0.58, "nll": 1.2, "ece": ece(0.04)},
        "drop:drop=text": {"weighted_f1": 0.1, "nll": 1.3},
    },
)
GOOD = model(
    "good",
    {
        "clean": {"weighted_f1": 0.8, "nll": 0.5, "ece": ece(0.03)},
        "noise:snr_db=5": {"weighted_f1": 0.3, "nll": 2.0, "ece": ece(0.2)},
        "noise:snr_db=0": {"weighted_f1": 0.4, "nll": 1.9, "ece": ece(0.1)},
    },
    failed={"drop:drop=text": "no room"},
)
CEILING = model(
    "ceiling", {"clean": {"weighted_f1": 0.95, "nll": 0.1}, "noise:snr_db=0": {"weighted_f1": 0.9}}, reference=True
)


def told(found: tuple[Leader, ...]) -> list[tuple[str, tuple[str, ...], float, str, str]]:
    return [(one.when, one.models, one.figure.value, one.condition, one.second) for one in found]


def test_the_best_is_named_on_clean_input_and_at_the_worst_of_each_protocol() -> None:
    found = leaders(data(STEADY, GOOD, CEILING))
    assert told(found) == [
        ("Clean input", ("good",), 0.8, "", "steady"),
        ("noise", ("steady",), 0.58, "noise:snr_db=0", "good"),
        ("Probabilities, clean input", ("good",), 0.5, "", "steady"),
        ("Probabilities, any stress", ("steady",), 1.2, "noise:snr_db=0", "good"),
    ], "nothing of drop, under which only one has figures; the ceiling competes with nobody"
    assert [one.protocol for one in found] == [False, True, False, False]
    assert [one.open for one in found] == [False, False, False, False]
    assert found[1].second_figure is not None
    assert found[1].second_figure.value == 0.3


def test_models_that_are_the_same_are_named_together() -> None:
    twin = model("twin", {"clean": {"weighted_f1": 0.8}})
    third = model("third", {"clean": {"weighted_f1": 0.7}})
    (clean,) = leaders(data(model("one", {"clean": {"weighted_f1": 0.8}}), twin, third))
    assert (clean.models, clean.second) == (("one", "twin"), "third")
    close = model("close", {"clean": {"weighted_f1": 0.75}})
    assert [one.open for one in leaders(data(twin, close))] == [True], "0.77 to 0.83 and 0.72 to 0.78"
    (alike,) = leaders(data(twin, model("one", {"clean": {"weighted_f1": 0.8}})))
    assert (alike.models, alike.second, alike.second_figure) == (("twin", "one"), "", None)


def test_one_model_alone_or_no_quality_has_no_leader() -> None:
    assert leaders(data(STEADY, CEILING)) == ()
    assert leaders(data(STEADY, model("broken", {"clean": {"weighted_f1": NAN}}))) == ()
    assert leaders(data(model("a", {"clean": {"nll": 1.0}}), model("b", {"clean": {"nll": 1.0}}))) == ()


def test_each_model_is_shown_at_its_worst() -> None:
    flat = model("flat", {"clean": {"weighted_f1": 0.2}, "x:a=b": {"weighted_f1": 0.2}, "x:a=c": {"weighted_f1": 0.2}})
    good, steady, still = at_a_glance(data(STEADY, GOOD, flat, model("broken", {}, failed={"clean": "no"})))
    assert [one.model.name for one in (good, steady, still)] == ["good", "steady", "flat"]
    assert good.worst is not None
    assert good.worst.condition.text == good.where(good.worst, "weighted_f1") == "noise:snr_db=5"
    assert good.worst_ece is not None
    assert good.worst_ece.condition.text == "noise:snr_db=5"
    assert still.worst is not None
    assert still.where(still.worst, "weighted_f1") == "", "the same under all"
    assert still.worst_ece is None
    assert steady.worst is not None
    assert steady.worst.results["weighted_f1"] == Result(0.1, 0.1 - 0.03, 0.1 + 0.03)

"""Every metric against figures computed by hand, edges first."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from emobench.benchmark.metrics.base import ConditionMetric, CurveMetric, Scored
from emobench.benchmark.metrics.removals import KindGaps
from emobench.benchmark.registry import METRICS, make
from emobench.benchmark.scoring_samples import sampled

MakeScored = Callable[..., Scored]


def figures(text: str, scored: Scored) -> Mapping[str, float]:
    """Return the figures of a metric by part."""
    metric = make(METRICS, text)
    assert isinstance(metric, ConditionMetric)
    values = sampled(scored, {"": metric}, np.ones((1, len(np.unique(scored.dialogue)))))[""].whole[0]
    return dict(zip(metric.parts(scored), values.tolist(), strict=True))


# Three of four right; class 2 is never gold, class 1 once predicted in its place.
QUALITY = ([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]], [0, 1, 1, 1])


def test_quality_of_four_utterances(make_scored: MakeScored) -> None:
    scored = make_scored(*QUALITY)
    assert figures("accuracy", scored) == {"": 0.75}
    # Neutral: 1 right of 1 gold and 2 predicted. Joy: 2 right of 3 gold and 2 predicted. Anger: neither.
    assert figures("f1", scored) == pytest.approx({"neutral": 2 / 3, "joy": 4 / 5, "anger": 0})
    assert figures("weighted_f1", scored) == pytest.approx({"": (1 * 2 / 3 + 3 * 4 / 5) / 4})
    assert figures("macro_f1", scored) == pytest.approx({"": (2 / 3 + 4 / 5) / 3})
    cells = figures("confusion", scored)
    assert {cell: count for cell, count in cells.items() if count} == {
        "neutral→neutral": 1,
        "joy→neutral": 1,
        "joy→joy": 2,
    }
    assert list(cells)[:4] == ["neutral→neutral", "neutral→joy", "neutral→anger", "joy→neutral"]


def test_an_absent_class_counts_as_zero_in_macro_f1(make_scored: MakeScored) -> None:
    scored = make_scored([[1, 0, 0], [0, 1, 0]], [0, 1])
    assert figures("macro_f1", scored)[""] == pytest.approx(2 / 3)
    assert figures("weighted_f1", scored) == {"": 1}


def test_the_lowest_class_wins_a_tie(make_scored: MakeScored) -> None:
    assert figures("accuracy", make_scored([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4]], [0, 2])) == {"": 0.5}


def test_one_utterance_of_one_class(make_scored: MakeScored) -> None:
    scored = make_scored([[0.75, 0.25]], [0])
    assert figures("accuracy", scored) == figures("weighted_f1", scored) == {"": 1}
    assert figures("macro_f1", scored) == {"": 0.5}
    for metric in ("ece", "mce", "rmsce"):
        assert figures(metric, scored)[""] == pytest.approx(0.25)
    assert figures("signed_gap", scored) == {"": -0.25}
    assert math.isnan(figures("flip_rate", scored)[""])


@pytest.mark.parametrize(
    ("bins", "confidence", "place"),
    [
        (4, 0.5, 2),  # an inner edge belongs to the bin below it
        (4, np.nextafter(0.5, 1), 3),
        (4, 0.75, 3),
        (4, 1.0, 4),  # the upper end belongs to the last bin
        (3, 2 / 3, 2),  # an edge that is no binary fraction
        (15, 0.6, 9),  # 9/15
        (15, 1.0, 15),
        (1, 0.5, 1),
        (1, 1.0, 1),
    ],
)
def test_a_confidence_at_an_edge_of_a_bin(make_scored: MakeScored, bins: int, confidence: float, place: int) -> None:
    counts = figures(f"reliability:bins={bins}", make_scored([[confidence, 1 - confidence]], [0]))
    assert [part for part, value in counts.items() if part.startswith("count") and value] == [f"count {place:02}"]


def test_a_confidence_of_zero_is_in_the_first_bin() -> None:
    # No distribution has it, so the statistic is asked directly: the first bin is closed at 0.
    bin_of = make(METRICS, "ece").statistic.bin_of
    assert bin_of(np.array([0.0, np.nextafter(0, 1), 1 / 15, np.nextafter(1 / 15, 1)])).tolist() == [0, 0, 0, 1]


def test_calibration_errors_of_two_bins(make_scored: MakeScored) -> None:
    # Bin (0.5, 0.75]: confidences .6 .7, one of two right; bin (0.75, 1]: .9 .9 1, all right.
    scored = make_scored([[0.6, 0.4], [0.7, 0.3], [0.9, 0.1], [0.1, 0.9], [1.0, 0.0]], [0, 1, 0, 1, 0])
    first, second = abs(0.5 - 0.65), abs(1 - 2.8 / 3)
    assert figures("ece:bins=4", scored)[""] == pytest.approx((2 * first + 3 * second) / 5)
    assert figures("mce:bins=4", scored)[""] == pytest.approx(first)
    assert figures("rmsce:bins=4", scored)[""] == pytest.approx(math.sqrt((2 * first**2 + 3 * second**2) / 5))
    assert figures("signed_gap", scored)[""] == pytest.approx(4.1 / 5 - 4 / 5)
    shown = figures("reliability:bins=4", scored)
    assert shown["count 03"] == 2
    assert shown["confidence 03"] == pytest.approx(0.65)
    assert shown["accuracy 03"] == 0.5
    assert shown["count 02"] == 0
    assert math.isnan(shown["confidence 02"])
    assert math.isnan(shown["accuracy 02"])


def test_certain_and_wrong_is_the_worst_loss(make_scored: MakeScored) -> None:
    scored = make_scored([[1.0, 0.0], [1.0, 0.0]], [1, 0])
    assert figures("brier", scored) == {"": 1.0}
    # The probability of 0 counts as 1e-12.
    assert figures("nll", scored)[""] == pytest.approx(12 * math.log(10) / 2)
    assert figures("brier", make_scored([[1.0, 0.0]], [1])) == {"": 2.0}


def test_losses_of_two_utterances(make_scored: MakeScored) -> None:
    scored = make_scored([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]], [0, 2])
    assert figures("brier", scored)[""] == pytest.approx((0.25 + 0.09 + 0.04 + 0.01 + 0.36 + 0.49) / 2)
    assert figures("nll", scored)[""] == pytest.approx(-(math.log(0.5) + math.log(0.3)) / 2)


def test_flips_are_counted_between_neighbours_of_a_dialogue_only(make_scored: MakeScored) -> None:
    a, b = [0.9, 0.1], [0.1, 0.9]
    # Second dialogue: an utterance without label was left out between turns 0 and 2.
    scored = make_scored(
        [a, b, b, a, b, a],
        [0, 0, 1, 0, 0, 1],
        dialogue=[0, 0, 0, 1, 1, 1],
        turn=[0, 1, 2, 0, 2, 3],
    )
    # Pairs: a→b (gold stays), b→b (gold flips), b→a (gold flips).
    assert figures("flip_rate", scored) == pytest.approx({"": 2 / 3, "missed": 1 / 3, "spurious": 1 / 3})
    assert figures("gold_flip_rate", scored) == pytest.approx({"": 2 / 3})


def test_churn_and_its_two_directions(make_scored: MakeScored) -> None:
    a, b, c = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]
    scored = make_scored([a, b, c, a], [0, 0, 0, 0], clean=[a, a, b, b])
    assert figures("churn", scored) == {"": 0.75, "right→wrong": 0.25, "wrong→right": 0.25}


def test_change_is_stressed_minus_clean(make_scored: MakeScored) -> None:
    a, b = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]
    scored = make_scored([b, b, a, b], [0, 0, 0, 0], clean=[a, a, a, b])
    assert figures("change:metric=accuracy", scored) == pytest.approx({"": 0.25 - 0.75})
    # F1 of the one class that occurs: 2·.25/1.25 = .4 under stress, 2·.75/1.75 on clean input.
    assert figures("change", scored) == pytest.approx({"": 0.4 - 6 / 7})


REMOVED = {
    "text": [[0.6, 0.4], [0.3, 0.7]],  # gold gains .1 and nothing (−.1)
    "audio": [[0.4, 0.6], [0.8, 0.2]],  # nothing and .4
    "intra": [[0.5, 0.5], [0.4, 0.6]],  # neither: exactly as before
}
FULL = ([[0.5, 0.5], [0.4, 0.6]], [0, 0])


def test_confidence_under_removal(make_scored: MakeScored) -> None:
    scored = make_scored(*FULL, removals=REMOVED)
    assert figures("cel", scored) == pytest.approx(
        {"text": 0.05, "audio": 0.2, "intra": 0, "modalities": 0.125, "contexts": 0, "all": 0.25 / 3}
    )
    assert figures("cel:form=sum", scored) == pytest.approx(
        {"text": 0.1, "audio": 0.4, "intra": 0, "modalities": 0.5, "contexts": 0, "all": 0.5}
    )
    in_logs = figures("cel:space=log", scored)
    assert in_logs["text"] == pytest.approx(math.log(0.6 / 0.5) / 2)
    assert in_logs["audio"] == pytest.approx(math.log(0.8 / 0.4) / 2)


def test_confidence_under_removal_of_the_predicted_class(make_scored: MakeScored) -> None:
    # Predicted from the full input: class 0 (a tie), then class 1, whose probability goes .6 → .7 without text.
    shown = figures("cel:target=predicted", make_scored(*FULL, removals=REMOVED))
    assert shown["text"] == pytest.approx((0.1 + 0.1) / 2)
    assert shown["audio"] == 0


def test_uncertain_share_is_a_union(make_scored: MakeScored) -> None:
    scored = make_scored(*FULL, removals=REMOVED)
    expected = {"text": 0.5, "audio": 0.5, "intra": 0, "modalities": 1, "contexts": 0, "all": 1}
    assert figures("uncertain_share", scored) == expected


def test_removals_of_one_kind_have_no_figure_over_all(make_scored: MakeScored) -> None:
    only_text = make_scored(*FULL, removals={"text": REMOVED["text"]})
    assert list(figures("cel", only_text)) == ["text", "modalities"]
    only_context = make_scored(*FULL, removals={"intra": REMOVED["intra"]})
    assert list(figures("uncertain_share", only_context)) == ["intra", "contexts"]


HOW = {
    "text:mean": [[0.9, 0.1], [0.4, 0.6]],  # gold gains .4 and nothing
    "intra:graph": [[0.7, 0.3], [0.3, 0.7]],  # .2 and nothing
    "inter:graph": [[0.5, 0.5], [0.9, 0.1]],  # nothing and .5
}


def test_operator_and_mode_choose_among_the_removals(make_scored: MakeScored) -> None:
    scored = make_scored(*FULL, removals={**REMOVED, **HOW})
    plain = figures("cel", make_scored(*FULL, removals=REMOVED))
    assert figures("cel", scored) == plain, "other operators and modes are no removals of the standard set"
    assert figures("cel:operator=mean", scored) == pytest.approx(
        {"text": 0.2, "intra": 0, "modalities": 0.2, "contexts": 0, "all": 0.1}
    )
    assert figures("cel:mode=graph", scored) == pytest.approx(
        {"text": 0.05, "audio": 0.2, "intra": 0.1, "inter": 0.25, "modalities": 0.125, "contexts": 0.175, "all": 0.15}
    )
    shares = figures("uncertain_share:mode=graph,operator=mean", scored)
    assert shares == {"text": 0.5, "intra": 0.5, "inter": 0.5, "modalities": 0.5, "contexts": 1, "all": 1}


@pytest.mark.parametrize("how", ["operator=mean", "mode=graph", "mode=graph,operator=mean"])
@pytest.mark.parametrize("metric", ["cel", "uncertain_share"])
def test_an_operator_or_mode_that_the_run_lacks_has_no_figures(make_scored: MakeScored, metric: str, how: str) -> None:
    assert figures(f"{metric}:{how}", make_scored(*FULL, removals=REMOVED)) == {}


def test_the_graph_gap_is_graph_minus_strict_where_there_are_both(make_scored: MakeScored) -> None:
    strict = {**REMOVED, "inter": [[0.6, 0.4], [0.6, 0.4]]}  # .1 and .2
    scored = make_scored(*FULL, removals={**strict, **HOW})
    assert figures("graph_gap", scored) == pytest.approx({"intra": 0.1, "inter": 0.1, "contexts": 0.1})
    gaps = {part: figures("cel:mode=graph", scored)[part] - figures("cel", scored)[part] for part in ("intra", "inter")}
    assert {part: figures("graph_gap", scored)[part] for part in gaps} == pytest.approx(gaps)
    in_logs = figures("graph_gap:space=log", scored)["inter"]
    assert in_logs == pytest.approx((math.log(0.9 / 0.4) - math.log(0.6 / 0.5) - math.log(0.6 / 0.4)) / 2)
    # One mode has inter, the other not: no figure of both contexts.
    assert list(figures("graph_gap", make_scored(*FULL, removals={**REMOVED, **HOW}))) == ["intra"]
    assert figures("graph_gap", make_scored(*FULL, removals=REMOVED)) == {}


@pytest.mark.parametrize("metric", ["cel", "cel:form=sum", "cel:space=log", "uncertain_share"])
def test_a_model_that_ignores_its_input_has_none(make_scored: MakeScored, metric: str) -> None:
    constant = [[0.5, 0.3, 0.2]] * 3
    scored = make_scored(constant, [0, 1, 2], removals={"text": constant, "inter": constant})
    assert set(figures(metric, scored).values()) == {0.0}


def test_regret_is_the_difference_of_losses(make_scored: MakeScored) -> None:
    best = make_scored([[0.5, 0.5], [0.2, 0.8]], [0, 1])
    scored = make_scored([[0.25, 0.75], [0.1, 0.9]], [0, 1], posterior=best)
    assert figures("regret", scored)[""] == pytest.approx((math.log(2) - math.log(0.9 / 0.8)) / 2)


def test_mean_modality_weights(make_scored: MakeScored) -> None:
    scored = make_scored(*FULL, weights={"text": [0.5, 0.7], "audio": [0.5, 0.3]})
    assert figures("modality_weight", scored) == pytest.approx({"text": 0.6, "audio": 0.4})


def curve(text: str) -> CurveMetric:
    made = make(METRICS, text)
    assert isinstance(made, CurveMetric)
    return made


STEPS = np.array([0.0, 0.1, 0.4])


def test_area_under_a_degradation_curve() -> None:
    area = curve("degradation_area")
    # .1·(.8 + .6)/2 + .3·(.6 + .2)/2 = .19, of .8·.4 = .32.
    assert float(area.summarise(STEPS, np.array([0.8, 0.6, 0.2]), "higher")) == pytest.approx(0.19 / 0.32)
    assert float(area.summarise(STEPS, np.array([0.8, 0.8, 0.8]), "higher")) == pytest.approx(1)
    of_draws = area.summarise(STEPS, np.array([[0.8, 0.6, 0.2], [0.0, 0.5, 0.5]]), "higher")
    assert of_draws[0] == pytest.approx(0.19 / 0.32)
    assert math.isnan(of_draws[1])


def test_the_worst_rung_is_worst_in_the_sense_of_its_metric() -> None:
    worst = curve("worst_rung")
    # The clean figure, here the lowest, is no rung.
    assert float(worst.summarise(STEPS, np.array([0.1, 0.6, 0.7]), "higher")) == 0.6
    assert float(worst.summarise(STEPS, np.array([0.9, 0.6, 0.7]), "lower")) == 0.7
    assert float(worst.summarise(STEPS, np.array([0.9, -0.6, 0.5]), "zero")) == 0.6
    assert math.isnan(float(worst.summarise(STEPS, np.array([0.9, np.nan, 0.5]), "higher")))


def test_the_area_of_what_no_severity_changes_is_exactly_one() -> None:
    area = curve("degradation_area")
    severities = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7])
    assert area.summarise(severities, np.full((3, 7), 0.2083), "higher").tolist() == [1.0, 1.0, 1.0]


def test_the_removal_gap_is_modalities_minus_contexts_where_there_are_both(make_scored: MakeScored) -> None:
    scored = make_scored(*FULL, removals=REMOVED)
    cel = figures("cel", scored)
    assert cel["modalities"] != cel["contexts"]
    assert figures("removal_gap", scored) == pytest.approx({"modalities": cel["modalities"] - cel["contexts"]})
    in_logs = figures("cel:space=log", scored)
    expected = in_logs["modalities"] - in_logs["contexts"]
    assert figures("removal_gap:space=log", scored) == pytest.approx({"modalities": expected})
    for kind in ({"intra"}, {"text", "audio"}):
        one_kind = make_scored(*FULL, removals={name: REMOVED[name] for name in kind})
        assert figures("removal_gap", one_kind) == {}


def test_the_gap_has_no_column_without_both_kinds(make_scored: MakeScored) -> None:
    scored = make_scored(*FULL, removals={"intra": REMOVED["intra"]})
    assert KindGaps("probability")(scored).tolist() == [[1.0]] * len(scored.label)

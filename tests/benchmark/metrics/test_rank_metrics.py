"""Rank metrics against scikit-learn, with ties and weights, and by hand."""

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.benchmark.metrics.base import RankMetric, Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make
from emobench.benchmark.scoring_samples import sampled

MakeScored = Callable[..., Scored]
NEAR = 1e-9
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Draw probabilities that often tie, labels of which some classes are absent, and weights, one dialogue each."""
    classes, rows = draw(st.integers(2, 5)), draw(st.integers(1, 40))
    rng = Randomness(draw(st.integers(0, 2**32)), ("ranks",)).generator()
    levels = draw(st.sampled_from([2, 5, 10_000]))
    probabilities = rng.integers(0, levels, (rows, classes)) + 1.0
    labels = rng.choice(draw(st.lists(st.integers(0, classes - 1), min_size=1)), rows)
    weights = rng.integers(0, 4, rows).astype(np.float64)
    return probabilities / probabilities.sum(axis=1, keepdims=True), labels.astype(np.int64), weights


def written(make_scored: MakeScored, sample: Sample) -> Scored:
    probabilities, gold, _ = sample
    return make_scored(probabilities.tolist(), gold.tolist(), dialogue=list(range(len(gold))))


def weighted(text: str, scored: Scored, weights: np.ndarray) -> np.ndarray:
    """Return the figures of a metric in one draw."""
    metric = make(METRICS, text)
    assert isinstance(metric, RankMetric)
    return sampled(scored, {"": metric}, weights[None])[""].draws[0]


def value(text: str, scored: Scored) -> float:
    return float(weighted(text, scored, np.ones(len(np.unique(scored.dialogue))))[0])


def theirs(score: Callable[..., float], positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Return scikit-learn's figure; NaN where it says that there is none."""
    there = {*positive[weights > 0].tolist()}
    if True not in there or (score is sklearn.metrics.roc_auc_score and False not in there):
        return math.nan
    return float(score(positive, scores, sample_weight=weights))


@given(samples())
@settings(max_examples=60, deadline=None)
def test_one_versus_rest_is_that_of_scikit_learn(make_scored: MakeScored, sample: Sample) -> None:
    probabilities, gold, weights = sample
    scored = written(make_scored, sample)
    classes = range(probabilities.shape[1])
    support = np.array([weights[gold == k].sum() for k in classes])
    for metric, score in (
        ("auroc", sklearn.metrics.roc_auc_score),
        ("average_precision", sklearn.metrics.average_precision_score),
    ):
        each = np.array([theirs(score, gold == k, probabilities[:, k], weights) for k in classes])
        np.testing.assert_allclose(weighted(f"{metric}:average=none", scored, weights), each, atol=NEAR)
        known = ~np.isnan(each)
        for average, how in (("weighted", support[known]), ("macro", np.ones(known.sum()))):
            expected = np.average(each[known], weights=how) if known.any() else math.nan
            np.testing.assert_allclose(weighted(f"{metric}:average={average}", scored, weights), [expected], atol=NEAR)


@given(samples())
@settings(max_examples=60, deadline=None)
def test_misclassification_detection_is_that_of_scikit_learn(make_scored: MakeScored, sample: Sample) -> None:
    probabilities, gold, weights = sample
    scored = written(make_scored, sample)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == gold
    expected = {
        "misclassification_auroc": theirs(sklearn.metrics.roc_auc_score, right, confidence, weights),
        "aupr_success": theirs(sklearn.metrics.average_precision_score, right, confidence, weights),
        "aupr_error": theirs(sklearn.metrics.average_precision_score, ~right, -confidence, weights),
    }
    for metric, figure in expected.items():
        np.testing.assert_allclose(weighted(metric, scored, weights), [figure], atol=NEAR)
    there = weights > 0
    if len({*right[there].tolist()}) == 2:
        false, true, _ = sklearn.metrics.roc_curve(
            right[there], confidence[there], sample_weight=weights[there], drop_intermediate=False
        )
        for share in (0.5, 0.95, 1.0):
            first = int(np.argmax(true >= share - 1e-12))
            np.testing.assert_allclose(weighted(f"fpr_at_tpr:tpr={share}", scored, weights), [false[first]], atol=NEAR)
    else:
        assert np.isnan(weighted("fpr_at_tpr", scored, weights)).all()


@given(samples(), st.sampled_from([0.1, 0.5, 0.8, 1.0]), st.sampled_from([0.0, 0.1, 0.3, 1.0]))
@settings(max_examples=60, deadline=None)
def test_risk_and_coverage_are_those_of_a_loop(
    make_scored: MakeScored, sample: Sample, coverage: float, risk: float
) -> None:
    probabilities, gold, weights = sample
    scored = written(make_scored, sample)
    confidence, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != gold
    rows = np.repeat(np.arange(len(gold)), weights.astype(int))
    if not len(rows):
        for metric in ("aurc", "e_aurc", "risk_at_coverage", "coverage_at_risk"):
            assert np.isnan(weighted(metric, scored, weights)).all()
        return
    points = [
        (float((confidence[rows] >= c).mean()), float(wrong[rows][confidence[rows] >= c].mean()))
        for c in np.sort(confidence[rows])[::-1]
    ]
    risks = [one for _, one in points]
    error = wrong[rows].mean()
    best = error + ((1 - error) * math.log(1 - error) if error < 1 else 0)
    expected = {
        "aurc": np.mean(risks),
        "e_aurc": np.mean(risks) - best,
        f"risk_at_coverage:coverage={coverage}": next(r for kept, r in points if kept >= coverage - 1e-12),
        f"coverage_at_risk:risk={risk}": max([kept for kept, r in points if r <= risk + 1e-12], default=0.0),
    }
    for metric, figure in expected.items():
        np.testing.assert_allclose(weighted(metric, scored, weights), [figure], atol=NEAR)
    assert weighted("e_aurc", scored, weights)[0] >= -NEAR


def test_a_run_of_right_and_wrong_by_hand(make_scored: MakeScored) -> None:
    # From the surest down: right, wrong, right, right, wrong.
    scored = make_scored([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.65, 0.35], [0.6, 0.4]], [0, 1, 0, 0, 1])
    assert value("misclassification_auroc", scored) == pytest.approx(4 / 6)
    assert value("aupr_success", scored) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert value("aupr_error", scored) == pytest.approx((1 + 2 / 4) / 2)
    assert value("fpr_at_tpr", scored) == pytest.approx(1 / 2)
    assert value("fpr_at_tpr:tpr=0.3", scored) == 0
    risks = [0, 1 / 2, 1 / 3, 1 / 4, 2 / 5]
    assert value("aurc", scored) == pytest.approx(np.mean(risks))
    assert value("e_aurc", scored) == pytest.approx(np.mean(risks) - (0.4 + 0.6 * math.log(0.6)))
    assert value("risk_at_coverage:coverage=0.6", scored) == pytest.approx(1 / 3)
    assert value("risk_at_coverage:coverage=0.61", scored) == pytest.approx(1 / 4)
    assert value("coverage_at_risk:risk=0.25", scored) == pytest.approx(0.8)
    assert value("coverage_at_risk", scored) == pytest.approx(0.2)


def test_confidences_that_all_tie_tell_nothing(make_scored: MakeScored) -> None:
    scored = make_scored([[0.6, 0.4]] * 4, [0, 0, 0, 1])
    assert value("misclassification_auroc", scored) == 0.5
    assert value("aupr_success", scored) == 0.75
    assert value("aupr_error", scored) == 0.25
    assert value("aurc", scored) == value("risk_at_coverage", scored) == 0.25
    assert value("fpr_at_tpr", scored) == value("coverage_at_risk:risk=0.25", scored) == 1
    assert value("coverage_at_risk", scored) == 0
    assert value("auroc", scored) == value("auroc:average=macro", scored) == 0.5


def test_all_right_and_all_wrong(make_scored: MakeScored) -> None:
    right, wrong = (make_scored([[1.0, 0.0], [0.6, 0.4]], labels) for labels in ([0, 0], [1, 1]))
    for metric in ("misclassification_auroc", "fpr_at_tpr"):
        assert math.isnan(value(metric, right))
        assert math.isnan(value(metric, wrong))
    assert value("aurc", right) == value("e_aurc", right) == value("risk_at_coverage", right) == 0
    assert value("aurc", wrong) == value("risk_at_coverage", wrong) == 1
    assert value("e_aurc", wrong) == 0
    assert value("aupr_success", right) == value("aupr_error", wrong) == 1
    assert math.isnan(value("aupr_success", wrong))
    assert math.isnan(value("aupr_error", right))
    assert value("coverage_at_risk", right) == 1
    assert value("coverage_at_risk", wrong) == 0


def test_an_absent_class_is_named_by_its_own_figure_and_left_out_of_the_averages(make_scored: MakeScored) -> None:
    scored = make_scored([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1]], [0, 1, 1])
    each = weighted("auroc:average=none", scored, np.ones(1))
    assert make(METRICS, "auroc:average=none").parts(scored) == ("neutral", "joy", "anger")
    np.testing.assert_allclose(each, [1, 1, np.nan])
    assert value("auroc", scored) == value("auroc:average=macro", scored) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # scikit-learn has no mean over the classes that are there: it has no figure, or refuses.
        assert math.isnan(sklearn.metrics.roc_auc_score(np.eye(3)[scored.label], scored.probabilities, average="macro"))


def test_one_class_alone_has_no_roc_curve(make_scored: MakeScored) -> None:
    scored = make_scored([[0.6, 0.4], [0.3, 0.7]], [0, 0])
    assert math.isnan(value("auroc", scored))
    assert value("average_precision", scored) == 1


def test_a_certain_prediction_counts_like_any_other(make_scored: MakeScored) -> None:
    scored = make_scored([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], [0, 0, 0])
    # The two certain ones tie: one right, one wrong; the unsure one is right (a tie goes to the first class).
    assert value("misclassification_auroc", scored) == pytest.approx((0.5 + 0) / 2)
    assert value("aurc", scored) == pytest.approx((0.5 + 0.5 + 1 / 3) / 3)

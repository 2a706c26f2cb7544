"""Metrics against independent libraries, on arbitrary predictions."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import sklearn.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from netcal.metrics import ECE, MCE
from torchmetrics.functional.classification import multiclass_calibration_error

from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make

MakeScored = Callable[..., Scored]
NEAR = 1e-9


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw probabilities and labels, of which some classes may be absent.

    Confidences are continuous: at the edges of bins the libraries differ, and hand-computed tests say what holds here.
    """
    classes, rows = draw(st.integers(2, 7)), draw(st.integers(1, 60))
    rng = Randomness(draw(st.integers(0, 2**32)), ("independent",)).generator()
    probabilities = rng.dirichlet(np.full(classes, draw(st.sampled_from([0.05, 0.5, 3.0]))), rows)
    labels = rng.choice(draw(st.lists(st.integers(0, classes - 1), min_size=1)), rows)
    # A hundredth of a thousandth on every class keeps log losses away from the clip.
    return (probabilities + 1e-5) / (1 + classes * 1e-5), labels.astype(np.int64)


def value(text: str, scored: Scored) -> float:
    metric = make(METRICS, text)
    return float(metric.value(metric.statistic(scored).sum(axis=0))[0])


@given(predictions())
@settings(max_examples=60, deadline=None)
def test_scikit_learn(make_scored: MakeScored, sample: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, gold = sample
    scored = make_scored(probabilities.tolist(), gold.tolist())
    predicted, classes = probabilities.argmax(axis=1), list(range(probabilities.shape[1]))

    def f1(average: str | None) -> np.ndarray:
        return sklearn.metrics.f1_score(gold, predicted, average=average, labels=classes, zero_division=0.0)

    assert value("accuracy", scored) == pytest.approx(sklearn.metrics.accuracy_score(gold, predicted), abs=NEAR)
    assert value("weighted_f1", scored) == pytest.approx(f1("weighted"), abs=NEAR)
    assert value("macro_f1", scored) == pytest.approx(f1("macro"), abs=NEAR)
    for metric, score in (("precision", sklearn.metrics.precision_score), ("recall", sklearn.metrics.recall_score)):
        made = make(METRICS, metric)
        theirs = score(gold, predicted, average=None, labels=classes, zero_division=np.nan)
        np.testing.assert_allclose(made.value(made.statistic(scored).sum(axis=0)), theirs, atol=NEAR)
    recall = sklearn.metrics.recall_score(gold, predicted, average="macro", labels=sorted({*gold.tolist()}))
    assert value("unweighted_average_recall", scored) == pytest.approx(recall, abs=NEAR)
    each = make(METRICS, "f1")
    np.testing.assert_allclose(each.value(each.statistic(scored).sum(axis=0)), f1(None), atol=NEAR)
    counts = make(METRICS, "confusion").statistic(scored).sum(axis=0).reshape(len(classes), -1)
    np.testing.assert_array_equal(counts, sklearn.metrics.confusion_matrix(gold, predicted, labels=classes))
    log_loss = sklearn.metrics.log_loss(gold, probabilities, labels=classes)
    assert value("nll", scored) == pytest.approx(log_loss, abs=NEAR)
    brier = sklearn.metrics.brier_score_loss(gold, probabilities, labels=classes, scale_by_half=False)
    assert value("brier", scored) == pytest.approx(brier, abs=NEAR)


@given(predictions(), st.sampled_from([1, 5, 15]))
@settings(max_examples=40, deadline=None)
def test_netcal_top_label(make_scored: MakeScored, sample: tuple[np.ndarray, np.ndarray], bins: int) -> None:
    probabilities, gold = sample
    scored = make_scored(probabilities.tolist(), gold.tolist())
    right = (probabilities.argmax(axis=1) == gold).astype(int)
    confidence = probabilities.max(axis=1)
    assert value(f"ece:bins={bins}", scored) == pytest.approx(ECE(bins).measure(confidence, right), abs=NEAR)
    assert value(f"mce:bins={bins}", scored) == pytest.approx(MCE(bins).measure(confidence, right), abs=NEAR)


@given(predictions())
@settings(max_examples=40, deadline=None)
def test_torchmetrics_below_a_confidence_of_one(make_scored: MakeScored, sample: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, gold = sample
    scored = make_scored(probabilities.tolist(), gold.tolist())
    for metric, norm in (("ece", "l1"), ("rmsce", "l2"), ("mce", "max")):
        theirs = torchmetrics_error(probabilities, gold, norm)
        # Their bins and counts are in single precision, whatever goes in.
        assert value(metric, scored) == pytest.approx(theirs, abs=2e-6)


def test_torchmetrics_puts_a_confidence_of_one_into_a_bin_of_its_own(make_scored: MakeScored) -> None:
    # Both confidences belong to the last of 15 bins: (.96 + 1)/2 against one of two right. Torchmetrics (#3510) has a
    # sixteenth bin for exactly 1, so the two errors do not meet there and cannot cancel: the one place to differ.
    probabilities, gold = np.array([[0.96, 0.04], [1.0, 0.0]]), np.array([1, 0])
    scored = make_scored(probabilities.tolist(), gold.tolist())
    assert value("ece", scored) == pytest.approx(0.98 - 0.5)
    assert torchmetrics_error(probabilities, gold, "l1") == pytest.approx((0.96 + 0) / 2)
    below = np.array([[0.96, 0.04], [0.999, 0.001]])
    assert value("ece", make_scored(below.tolist(), gold.tolist())) == pytest.approx(
        torchmetrics_error(below, gold, "l1")
    )


@given(predictions(), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_ece_rmsce_and_mce_are_in_order(
    make_scored: MakeScored, sample: tuple[np.ndarray, np.ndarray], bins: int
) -> None:
    scored = make_scored(sample[0].tolist(), sample[1].tolist())
    ece, rmsce, mce = (value(f"{metric}:bins={bins}", scored) for metric in ("ece", "rmsce", "mce"))
    assert ece <= rmsce + NEAR
    assert rmsce <= mce + NEAR
    assert abs(value("signed_gap", scored)) <= ece + NEAR


@given(predictions(), st.sampled_from([1, 5, 15]))
@settings(max_examples=40, deadline=None)
def test_netcal_by_class(make_scored: MakeScored, sample: tuple[np.ndarray, np.ndarray], bins: int) -> None:
    probabilities, gold = sample
    scored = make_scored(probabilities.tolist(), gold.tolist())
    made = make(METRICS, f"classwise_ece:bins={bins}")
    mean, *each = made.value(made.statistic(scored).sum(axis=0)).tolist()
    # Each class as a question of its own: its probability, and whether it is the gold class.
    theirs = [
        sum(
            abs((gold[inside] == k).sum() - probabilities[inside, k].sum())
            for b in range(bins)
            for inside in [np.ceil(probabilities[:, k] * bins) == b + 1]
        )
        / len(gold)
        for k in range(probabilities.shape[1])
    ]
    assert each == pytest.approx(theirs, abs=NEAR)
    assert mean == pytest.approx(np.mean(theirs), abs=NEAR)
    if len(theirs) == 2:
        assert each[1] == pytest.approx(ECE(bins, detection=False).measure(probabilities[:, 1], gold), abs=NEAR)


@given(predictions(), st.sampled_from([1, 2, 5, 15]))
@settings(max_examples=60, deadline=None)
def test_bins_of_equal_mass_are_a_split_of_the_sorted_confidences(
    make_scored: MakeScored, sample: tuple[np.ndarray, np.ndarray], bins: int
) -> None:
    probabilities, gold = sample
    scored = make_scored(probabilities.tolist(), gold.tolist())
    order = np.argsort(probabilities.max(axis=1))
    confidence = probabilities.max(axis=1)[order]
    if len(np.unique(confidence)) < len(confidence):
        return
    right = (probabilities.argmax(axis=1) == gold)[order]
    place = np.arange(len(gold)) * bins // len(gold)
    gaps = [abs(right[place == b].sum() - confidence[place == b].sum()) for b in range(bins)]
    assert value(f"adaptive_ece:bins={bins}", scored) == pytest.approx(sum(gaps) / len(gold), abs=NEAR)
    sizes = np.bincount(place, minlength=bins)
    assert sizes.max() - sizes.min() <= 1


@given(predictions(), st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_the_parts_of_brier_add_up(make_scored: MakeScored, sample: tuple[np.ndarray, np.ndarray], bins: int) -> None:
    probabilities, gold = sample
    scored = make_scored(probabilities.tolist(), gold.tolist())
    made = make(METRICS, f"brier_parts:bins={bins}")
    reliability, resolution, uncertainty, within = made.value(made.statistic(scored).sum(axis=0)).tolist()
    assert min(reliability, resolution, uncertainty) >= -NEAR
    whole = reliability - resolution + uncertainty
    assert whole + within == pytest.approx(value("brier", scored), abs=NEAR)
    # The first three are the Brier score of forecasts replaced by the mean of their bin.
    binned = probabilities.copy()
    for k in range(probabilities.shape[1]):
        place = np.ceil(probabilities[:, k] * bins)
        for b in np.unique(place):
            binned[place == b, k] = probabilities[place == b, k].mean()
    truth = np.eye(probabilities.shape[1])[gold]
    assert whole == pytest.approx(np.square(binned - truth).sum(axis=1).mean(), abs=NEAR)


@given(predictions(), st.sampled_from([1, 5, 15]))
@settings(max_examples=60, deadline=None)
def test_the_debiased_error_is_that_of_a_loop(
    make_scored: MakeScored, sample: tuple[np.ndarray, np.ndarray], bins: int
) -> None:
    probabilities, gold = sample
    scored = make_scored(probabilities.tolist(), gold.tolist())
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == gold
    square = 0.0
    for b in range(1, bins + 1):
        inside = np.ceil(confidence * bins) == b
        if inside.sum() > 1:
            # The sample variance (n − 1) of the outcomes over n is that of their mean.
            variance = np.var(right[inside], ddof=1) / inside.sum()
            square += inside.mean() * ((confidence[inside].mean() - right[inside].mean()) ** 2 - variance)
    assert value(f"debiased_ece:bins={bins}", scored) == pytest.approx(math.sqrt(max(0.0, square)), abs=1e-7)
    assert value(f"debiased_ece:bins={bins}", scored) <= value(f"rmsce:bins={bins}", scored) + NEAR


def test_the_debiased_square_is_unbiased_and_the_plain_one_is_not(make_scored: MakeScored) -> None:
    rng = Randomness(0, ("debiased",)).generator()
    confidence = np.full(20, 0.8)
    squares = []
    for right in rng.random((4000, 20)) < 0.7:
        variance = np.var(right, ddof=1) / 20
        squares.append(((right.mean() - 0.8) ** 2 - variance, (right.mean() - 0.8) ** 2))
    debiased, plain = np.mean(squares, axis=0)
    assert debiased == pytest.approx(0.1**2, abs=0.001)
    assert plain > 0.1**2 + 0.008
    # The same formula as the metric's.
    gold = (~right).astype(int)
    scored = make_scored(np.stack([confidence, 1 - confidence], axis=1).tolist(), gold.tolist())
    assert value("debiased_ece:bins=1", scored) == pytest.approx(math.sqrt(max(0.0, squares[-1][0])))


def torchmetrics_error(probabilities: np.ndarray, gold: np.ndarray, norm: str) -> float:
    return float(
        multiclass_calibration_error(
            torch.from_numpy(probabilities),
            torch.from_numpy(gold),
            num_classes=probabilities.shape[1],
            n_bins=15,
            norm=norm,
        )
    )

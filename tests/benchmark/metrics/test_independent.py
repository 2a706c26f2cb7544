"""Metrics against independent libraries, on arbitrary predictions."""

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
    each = make(METRICS, "f1")
    np.testing.assert_allclose(each.value(each.statistic(scored).sum(axis=0)), f1(None), atol=NEAR)
    counts = each.statistic(scored).sum(axis=0).reshape(len(classes), -1)
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

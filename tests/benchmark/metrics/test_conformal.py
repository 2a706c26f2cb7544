"""Conformal prediction sets: small cases by hand, MAPIE, and what is promised of them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.classification import SplitConformalClassifier
from sklearn.base import BaseEstimator, ClassifierMixin

from emobench.baselines.bayes_optimal import FittedBayesOptimal
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.errors import SpecError
from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.metrics.conformal import Method, order_statistic, set_membership, thresholds
from emobench.benchmark.metrics.views import taken
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make

MakeScored = Callable[..., Scored]
METHODS: tuple[Method, ...] = ("lac", "aps", "aps_whole")
# Three classes; the gold class has .9, .8, … on validation, in an order that is none.
OWN = (0.5, 0.9, 0.7, 0.6, 0.8)


def values(text: str, scored: Scored) -> dict[str, float]:
    metric = make(METRICS, text)
    found = metric.value(metric.statistic(scored).sum(axis=0))
    return dict(zip(metric.parts(scored), found.tolist(), strict=True))


def sets(text: str, scored: Scored) -> np.ndarray:
    metric = make(METRICS, text)
    assert scored.validation is not None
    largest = thresholds(scored.validation, metric.method, metric.level, per_class=metric.per_class)
    return set_membership(scored.probabilities, largest, metric.method)


@pytest.fixture
def scored(make_scored: MakeScored) -> Scored:
    """Four test utterances, and five on validation whose gold class is the most probable one."""
    validation = make_scored([[p, 1 - p, 0.0] for p in OWN[:4]] + [[0.1, 0.1, 0.8]], [0, 0, 0, 0, 2])
    test = [[0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.6, 0.0, 0.4], [0.4, 0.3, 0.3]]
    return make_scored(test, [0, 2, 2, 1], dialogue=[0, 0, 1, 1], validation=validation)


def test_lac_by_hand(scored: Scored) -> None:
    # ⌈6 · 0.6⌉ = 4: the fourth smallest of 1 − p is .4, so a class with .6 or more is in the set.
    assert sets("conformal_coverage:level=0.6", scored).tolist() == [[0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert values("conformal_coverage:level=0.6", scored) == pytest.approx(
        {"": 0.0, "neutral": 0.0, "joy": 0.0, "anger": 0.0}
    )
    assert values("conformal_empty:level=0.6", scored) == {"": 0.5}
    # ⌈6 · 0.8⌉ = 5: .5 is enough, and a tie with the threshold is in.
    assert sets("conformal_coverage:level=0.8", scored).tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert values("conformal_coverage:level=0.8", scored) == {"": 0.25, "neutral": 1.0, "joy": 0.0, "anger": 0.0}
    assert values("conformal_gap:level=0.8", scored)[""] == pytest.approx(0.25 - 0.8)
    assert values("conformal_set_size:level=0.8", scored) == {"": 0.75, "neutral": 1.0, "joy": 0.0, "anger": 1.0}


def test_whole_adaptive_sets_by_hand(scored: Scored) -> None:
    # Scores are the probabilities of all classes up to the gold one, the fourth smallest .8.
    assert thresholds(scored.validation, "aps_whole", 0.6).tolist() == [0.8] * 3
    # .5 + .3 reaches .8; .7 + .2; .6 + .4; of the tie the lower class first: .4 + .3 does not, so all three.
    expected = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]]
    assert sets("conformal_coverage:level=0.6,method=aps_whole", scored).tolist() == expected
    assert values("conformal_coverage:level=0.6,method=aps_whole", scored) == {
        "": 0.75, "neutral": 1.0, "joy": 1.0, "anger": 0.5,
    }  # fmt: skip
    assert values("conformal_set_size:level=0.6,method=aps_whole", scored)[""] == 9 / 4
    assert values("conformal_empty:level=0.6,method=aps_whole", scored) == {"": 0.0}


def test_adaptive_sets_by_hand(scored: Scored) -> None:
    # The gold class comes first on validation, so its score is a random share of its own probability.
    share = Randomness(0, ("conformal", "aps")).generator().random(5)
    threshold = sorted(share * np.array([*OWN[:4], 0.8]))[3]
    assert thresholds(scored.validation, "aps", 0.6).tolist() == [threshold] * 3
    assert 0.4 < threshold < 0.5, "the numbers below are for such a one"
    # P(before + U·p ≤ threshold).
    held = [[threshold / 0.5, 0, 0], [0, threshold / 0.7, 0], [threshold / 0.6, 0, 0], [1, (threshold - 0.4) / 0.3, 0]]
    text = "level=0.6,method=aps"
    np.testing.assert_allclose(sets(f"conformal_coverage:{text}", scored), held)
    covered = [held[0][0], 0, 0, held[3][1]]
    assert values(f"conformal_coverage:{text}", scored)[""] == pytest.approx(np.mean(covered))
    assert values(f"conformal_set_size:{text}", scored)[""] == pytest.approx(np.sum(held) / 4)
    empty = [1 - held[0][0], 1 - held[1][1], 1 - held[2][0], 0]
    assert values(f"conformal_empty:{text}", scored)[""] == pytest.approx(np.mean(empty))


def test_the_threshold_is_an_order_statistic() -> None:
    scores = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 7.0, 8.0, 6.0])
    assert [order_statistic(scores, level) for level in (0.05, 0.1, 0.11, 0.5, 0.9)] == [1, 1, 2, 5, 9]
    assert order_statistic(scores, 0.901) == math.inf
    assert order_statistic(scores[:0], 0.5) == math.inf
    # In floating point 0.07 · 100 is a little more than 7.
    assert order_statistic(np.arange(1.0, 100.0), 0.07) == 7


@pytest.mark.parametrize("method", METHODS)
def test_too_small_a_validation_split_gives_all_classes(scored: Scored, method: Method) -> None:
    # ⌈6 · 0.9⌉ = 6 > 5.
    assert np.isinf(thresholds(scored.validation, method, 0.9)).all()
    assert sets(f"conformal_coverage:method={method}", scored).tolist() == [[1, 1, 1]] * 4
    assert values(f"conformal_coverage:method={method}", scored)[""] == 1.0
    assert values(f"conformal_set_size:method={method}", scored)[""] == 3.0


@pytest.mark.parametrize("method", METHODS)
def test_thresholds_by_class_and_a_class_that_validation_lacks(scored: Scored, method: Method) -> None:
    validation = scored.validation
    both = thresholds(validation, method, 0.5, per_class=True)
    assert np.isinf(both[1]), "no utterance of it"
    for one, rows in ((0, [0, 1, 2, 3]), (2, [4])):
        alone = taken(validation, np.isin(np.arange(5), rows))
        # Random shares go by row, so that of `aps` for the last row is not that of a first one.
        if method != "aps" or one == 0:
            assert both[one] == thresholds(alone, method, 0.5)[0]
    assert sets(f"conformal_coverage:level=0.5,method={method},per_class=true", scored)[:, 1].tolist() == [1] * 4


def test_a_class_that_cannot_be_and_all_that_can(make_scored: MakeScored) -> None:
    sure = make_scored([[1.0, 0.0, 0.0]] * 20, [0] * 20)
    for method in METHODS:
        member = set_membership(sure.probabilities, thresholds(sure, method, 0.9), method)
        assert (member[:, 0] > 0.5).all()
        assert (member[:, 1:] == 0).all()
    # Its probability is too small for a quotient of floating-point numbers.
    tiny = set_membership(np.array([[1.0, 5e-324]]), np.array([2.0, 2.0]), "aps")
    assert tiny.tolist() == [[1.0, 1.0]]


def test_equal_predictions_everywhere_give_equal_sets(make_scored: MakeScored) -> None:
    row = [0.3, 0.1, 0.1, 0.3, 0.1, 0.1]
    validation = make_scored([row] * 30, [0, 3, 1, 2, 4, 5] * 5)
    for method in METHODS:
        member = set_membership(np.array([row] * 4), thresholds(validation, method, 0.8), method)
        assert (member == member[0]).all()
    # The scores are .3, .6, .7, … and k = 25 of 5 each: the fifth class in order is the last to be needed.
    whole = set_membership(np.array([row]), thresholds(validation, "aps_whole", 0.8), "aps_whole")
    assert whole.tolist() == [[1, 1, 1, 1, 1, 0]]
    assert set_membership(np.array([row]), thresholds(validation, "lac", 0.5), "lac").tolist() == [[1] * 6]


def test_parts_of_classes_add_up(draw_scored: MakeScored) -> None:
    scored = draw_scored()
    counts = np.bincount(scored.label, minlength=4)
    for method in METHODS:
        for metric in ("conformal_coverage", "conformal_set_size"):
            found = values(f"{metric}:method={method}", scored)
            assert tuple(found) == ("", *scored.classes)
            by_class = np.array([found[name] for name in scored.classes])
            assert found[""] == pytest.approx((by_class * counts).sum() / counts.sum())
        gap = values(f"conformal_gap:level=0.7,method={method}", scored)
        assert gap[""] == pytest.approx(values(f"conformal_coverage:level=0.7,method={method}", scored)[""] - 0.7)


def test_the_figures_of_a_method_share_their_sums() -> None:
    names = ("coverage", "empty", "gap", "set_size")
    for method in METHODS:
        assert len({make(METRICS, f"conformal_{name}:method={method}").statistic for name in names}) == 1


def test_without_validation_there_is_no_such_figure() -> None:
    for name in ("coverage", "empty", "gap", "set_size"):
        assert make(METRICS, f"conformal_{name}").needs == {"validation"}


@pytest.mark.parametrize("level", ["0", "1", "1.5"])
def test_a_level_that_is_none_is_refused(level: str) -> None:
    with pytest.raises(SpecError, match="level"):
        make(METRICS, f"conformal_coverage:level={level}")


class AsGiven(ClassifierMixin, BaseEstimator):
    """A classifier whose features are its probabilities."""

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.classes_ = np.arange(classes)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, probabilities: np.ndarray) -> np.ndarray:
        return probabilities

    def predict(self, probabilities: np.ndarray) -> np.ndarray:
        return probabilities.argmax(axis=1)


class Given(np.random.RandomState):
    """Gives the numbers it was given: first those for validation, then one for all test utterances."""

    def __init__(self, shares: np.ndarray, one: float) -> None:
        super().__init__(0)
        self.answers = iter((shares, one))

    def uniform(self, size: object) -> np.ndarray:  # type: ignore[override]  # only what MAPIE asks
        return np.broadcast_to(next(self.answers), size).copy()  # type: ignore[call-overload]  # a shape


@st.composite
def splits(draw: st.DrawFn) -> tuple[Scored, np.ndarray, float]:
    """Draw validation predictions, test probabilities and a level that validation is large enough for."""
    # MAPIE declines adaptive sets of two classes.
    classes, rows, level = draw(st.integers(3, 7)), draw(st.integers(20, 80)), draw(st.sampled_from([0.5, 0.8, 0.9]))
    rng = Randomness(draw(st.integers(0, 2**32)), ("mapie",)).generator()
    sharpness = np.full(classes, draw(st.sampled_from([0.2, 0.5, 3.0])))
    probabilities, test = (rng.dirichlet(sharpness, count) + 1e-4 for count in (rows, 30))
    label = rng.integers(0, classes, rows)
    # MAPIE declines labels that skip a class.
    label[:classes] = np.arange(classes)
    own = Scored(
        probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
        label=label,
        dialogue=np.zeros(rows, np.int64),
        turn=np.arange(rows),
        speaker=np.zeros(rows, np.int64),
        classes=tuple(map(str, range(classes))),
    )
    return own, test / test.sum(axis=1, keepdims=True), level


def by_mapie(split: tuple[Scored, np.ndarray, float], method: str, one: float = 0.0) -> np.ndarray:
    validation, test, level = split
    shares = Randomness(0, ("conformal", "aps")).generator().random(len(validation.label))
    # MAPIE takes off a share of a class's own probability; here one is put on.
    classifier = SplitConformalClassifier(
        AsGiven(test.shape[1]), confidence_level=level, conformity_score=method, prefit=True,
        random_state=Given(1 - shares, 1 - one),
    )  # fmt: skip
    classifier.conformalize(validation.probabilities, validation.label)
    how = {"conformity_score_params": {"include_last_label": "randomized"}} if method == "aps" else {}
    return np.asarray(classifier.predict_set(test, **how)[1][:, :, 0])


@settings(max_examples=60, deadline=None)
@given(splits())
def test_lac_is_that_of_mapie(split: tuple[Scored, np.ndarray, float]) -> None:
    validation, test, level = split
    largest = thresholds(validation, "lac", level)
    # MAPIE lets in what misses its threshold by less than 1e-8.
    near = np.abs(-test - largest) < 1e-7
    assert np.array_equal((set_membership(test, largest, "lac") == 1) | near, by_mapie(split, "lac") | near)


@settings(max_examples=60, deadline=None)
@given(splits(), st.floats(0.001, 0.999))
def test_adaptive_sets_are_those_of_mapie_for_any_random_number(
    split: tuple[Scored, np.ndarray, float], one: float
) -> None:
    validation, test, level = split
    member = set_membership(test, thresholds(validation, "aps", level), "aps")
    # MAPIE takes numbers for equal that differ by less than 1e-8.
    near = (np.abs(member - one) < 1e-6) | (np.diff(np.sort(test)).min(axis=1, keepdims=True) < 1e-7)
    assert np.array_equal((member >= one) | near, by_mapie(split, "aps", one) | near)


def test_mapie_raises_where_validation_is_too_small(make_scored: MakeScored) -> None:
    validation = make_scored([[0.5, 0.5], [0.7, 0.3], [0.2, 0.8]], [0, 1, 1])
    with pytest.raises(ValueError, match="Number of samples of the score is too low"):
        by_mapie((validation, np.array([[0.5, 0.5]]), 0.9), "lac")
    assert np.isinf(thresholds(validation, "lac", 0.9)).all()


@pytest.mark.parametrize(("method", "most"), [("lac", 0.9 + 1 / 40), ("aps", 0.9 + 1 / 40), ("aps_whole", 1.0)])
def test_exchangeable_data_are_covered_as_promised(make_scored: MakeScored, method: str, most: float) -> None:
    """Coverage over many splits lies between the level and level + 1/(n+1), whatever the model is worth."""
    rng = Randomness(0, ("coverage", method)).generator()
    repeats, n, m, classes = 300, 39, 40, 4
    found = []
    for _ in range(repeats):
        truth = rng.dirichlet(np.full(classes, 0.4), n + m)
        label = (rng.random((n + m, 1)) > truth.cumsum(axis=1)[:, :-1]).sum(axis=1)
        # Over-confident, and blind to one class.
        wrong = truth**2 * [1.0, 1.0, 1.0, 0.2] + 1e-9
        wrong /= wrong.sum(axis=1, keepdims=True)
        validation = make_scored(wrong[:n].tolist(), label[:n].tolist())
        scored = make_scored(wrong[n:].tolist(), label[n:].tolist(), validation=validation)
        found.append(values(f"conformal_coverage:method={method}", scored)[""])
    error = 4 * np.std(found) / math.sqrt(repeats)
    assert 0.9 - error <= np.mean(found) <= most + error
    if method == "aps_whole":
        assert np.mean(found) >= 0.9


def scored_by_posterior(conversations: Conversations, validation: Scored | None) -> Scored:
    return Scored(
        probabilities=FittedBayesOptimal().predict(conversations).probabilities,
        label=conversations.label,
        dialogue=conversations.dialogue,
        turn=np.zeros(len(conversations), np.int64),
        speaker=conversations.speaker,
        classes=conversations.classes,
        validation=validation,
    )


@pytest.fixture(scope="module")
def posterior() -> Scored:
    """The exact posterior on simulated data."""
    splits = Simulated(train=1).load()
    return scored_by_posterior(splits.test, scored_by_posterior(splits.validation, None))


@pytest.mark.parametrize("method", METHODS)
def test_the_exact_posterior_covers_what_was_asked(posterior: Scored, method: str) -> None:
    found = values(f"conformal_coverage:method={method}", posterior)[""]
    assert posterior.validation is not None
    # Three standard deviations: of the threshold, and of the test split (half as much again, for turns are alike).
    n, m = len(posterior.validation.label), len(posterior.label)
    allowed = 3 * 1.5 * math.sqrt(0.09 / n + 0.09 / m)
    assert 0.9 - allowed <= found <= (1.0 if method == "aps_whole" else 0.9 + allowed)


def test_each_class_is_covered_where_each_has_its_threshold(posterior: Scored) -> None:
    classes = posterior.classes
    alike, each = (
        values(f"conformal_coverage:level=0.8,per_class={per_class}", posterior) for per_class in ("false", "true")
    )
    worst = {"alike": min(alike[name] for name in classes), "each": min(each[name] for name in classes)}
    assert worst["each"] > worst["alike"] + 0.1
    assert values("conformal_set_size:level=0.8,per_class=true", posterior)[""] <= len(classes)

"""The silhouette coefficient against hand-computed values and scikit-learn's mean."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.metrics.silhouette import Silhouette, Silhouettes, groups_of

MakeScored = Callable[..., Scored]


def figures(scored: Scored) -> dict[str, float]:
    metric = Silhouette()
    values = metric.value(metric.statistic(scored).sum(axis=0))
    return dict(zip(metric.parts(scored), values.tolist(), strict=True))


def test_two_pairs_on_a_line(make_scored: MakeScored) -> None:
    scored = make_scored([[0.5, 0.5]] * 4, [0, 0, 1, 1])
    scored = replace(scored, hidden=np.array([[0.0], [1.0], [4.0], [5.0]]))
    # a = 1 each; b = 4.5, 3.5, 3.5, 4.5: s = 1 − 1/b.
    assert figures(scored) == {"": pytest.approx((2 * (1 - 1 / 4.5) + 2 * (1 - 1 / 3.5)) / 4)}


def test_each_group_is_measured_within_itself(draw_scored: MakeScored) -> None:
    scored = draw_scored((20, 20))
    groups = groups_of(scored)
    assert [*groups] == ["", "uncertain", "other"]
    gold = np.arange(40), scored.label
    full = scored.probabilities[gold]
    standard = ("text", "audio", "intra", "inter")
    uncertain = np.any([scored.removals[name][gold] > full for name in standard], axis=0)
    assert np.array_equal(groups["uncertain"], uncertain)
    # Random predictions leave few that are certain; some more, so that the group has classes and pairs.
    scored = replace(scored, removals={"text": scored.removals["text"]})
    assert scored.hidden is not None
    groups, found = groups_of(scored), figures(scored)
    for name, rows in groups.items():
        assert found[name] == pytest.approx(silhouette_score(scored.hidden[rows], scored.label[rows]))


def test_a_group_of_one_class_or_of_single_utterances_has_none(make_scored: MakeScored) -> None:
    for label in ([0, 0, 0], [0, 1, 2]):
        scored = make_scored([[0.4, 0.3, 0.3]] * 3, label)
        scored = replace(scored, hidden=np.eye(3))
        assert np.isnan(figures(scored)[""])
        assert (Silhouettes()(scored) == 0).all()

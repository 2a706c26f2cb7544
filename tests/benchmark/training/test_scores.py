"""Scores of an epoch, the choice of one, and selection optimism."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from emobench.baselines.base import Epoch
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.training.scores import chosen_epoch, epoch_scores, selection_optimism


def epochs(validation: list[float], test: list[float] | None = None) -> list[Epoch]:
    return [
        Epoch(
            number=number,
            train_loss=0.0,
            validation={"macro_f1": score, "weighted_f1": -score},
            test={"weighted_f1": test[number - 1]} if test else {},
        )
        for number, score in enumerate(validation, 1)
    ]


class TestEpochScores:
    def test_agrees_with_scikit_learn(self) -> None:
        rng = Randomness(0).generator()
        p, labels = rng.dirichlet(np.ones(4), 60), rng.integers(0, 4, 60)
        scores = epoch_scores(p, labels)
        predicted = p.argmax(axis=1)
        assert scores["accuracy"] == pytest.approx((predicted == labels).mean())
        assert scores["weighted_f1"] == pytest.approx(f1_score(labels, predicted, average="weighted"))
        assert scores["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
        assert scores["nll"] == pytest.approx(log_loss(labels, p))

    def test_an_absent_class_counts_zero_in_macro_f1(self) -> None:
        scores = epoch_scores(np.array([[1.0, 0, 0], [0, 1.0, 0]]), np.array([0, 1]))
        assert scores == {"accuracy": 1.0, "weighted_f1": 1.0, "macro_f1": pytest.approx(2 / 3), "nll": 0.0}

    def test_unknown_labels_are_left_out(self) -> None:
        p = np.array([[0.9, 0.1], [0.2, 0.8]])
        assert epoch_scores(p, np.array([0, -1])) == epoch_scores(p[:1], np.array([0]))

    def test_without_labels_all_are_nan(self) -> None:
        assert np.isnan(list(epoch_scores(np.array([[0.5, 0.5]]), np.array([-1])).values())).all()

    def test_probability_zero_is_clipped(self) -> None:
        assert epoch_scores(np.array([[0.0, 1.0]]), np.array([0]))["nll"] == pytest.approx(-np.log(1e-12))


class TestChosenEpoch:
    def test_the_first_of_the_best_on_validation(self) -> None:
        script = epochs([0.1, 0.5, 0.3, 0.5])
        assert chosen_epoch(script, selection="validation", select_by="macro_f1").number == 2

    def test_the_score_asked_for_decides(self) -> None:
        script = epochs([0.1, 0.5, 0.3, 0.5])
        assert chosen_epoch(script, selection="validation", select_by="weighted_f1").number == 1

    def test_on_test_it_is_weighted_f1_whatever_is_asked_for(self) -> None:
        script = epochs([0.1, 0.5, 0.3], [0.2, 0.1, 0.4])
        assert chosen_epoch(script, selection="test", select_by="macro_f1").number == 3

    def test_the_last_where_none_is_to_be_chosen(self) -> None:
        script = epochs([0.1, 0.5, 0.3], [0.2, 0.4, 0.1])
        for selection in ("validation", "test"):
            kept = chosen_epoch(script, selection=selection, select_by="macro_f1", keeps_last=True)  # type: ignore[arg-type]
            assert kept.number == 3


class TestSelectionOptimism:
    def test_is_the_best_on_test_minus_that_of_the_honest_epoch(self) -> None:
        # Validation chooses epoch 2, whose test score is .61; the best on test is .70, in epoch 3.
        script = epochs([0.1, 0.5, 0.4], [0.55, 0.61, 0.70])
        assert selection_optimism(script, select_by="macro_f1") == pytest.approx(0.09)

    def test_of_the_last_epoch_where_none_is_chosen(self) -> None:
        script = epochs([0.1, 0.5, 0.4], [0.55, 0.70, 0.58])
        assert selection_optimism(script, select_by="macro_f1", keeps_last=True) == pytest.approx(0.12)
        assert selection_optimism(epochs([0.1]), select_by="macro_f1", keeps_last=True) is None

    def test_is_zero_where_both_choose_the_same(self) -> None:
        assert selection_optimism(epochs([0.1, 0.5], [0.5, 0.6]), select_by="macro_f1") == 0

    def test_is_unknown_without_test_scores(self) -> None:
        assert selection_optimism(epochs([0.1, 0.5]), select_by="macro_f1") is None

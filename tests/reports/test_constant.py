"""What a constant answer has, against scikit-learn, and what it says of the best model."""

from dataclasses import replace

import numpy as np
import pytest
from made_views import data as made_up
from made_views import model
from page_reader import parsed, words
from sklearn.metrics import accuracy_score, f1_score, log_loss

from emobench.benchmark.run_folder import RunFolder
from emobench.reports.constant import constant_figures, constant_sentence
from emobench.reports.contents import DataView
from emobench.reports.gathering import read
from emobench.reports.glance import leaders

COUNTS = (5, 12, 3)


@pytest.fixture(scope="module")
def data(plain: RunFolder) -> DataView:
    return labelled(read(plain).data[0], COUNTS)


def labelled(data: DataView, counts: tuple[int, ...]) -> DataView:
    record = data.record.model_copy(update={"classes": ("a", "b", "c"), "label_counts": {"test": counts}})
    return replace(data, record=record)


def test_its_figures_are_those_of_the_most_frequent_class_and_of_the_shares(data: DataView) -> None:
    gold = np.repeat(np.arange(3), COUNTS)
    answer = np.ones_like(gold)
    found = constant_figures(data)
    assert found["accuracy"] == pytest.approx(accuracy_score(gold, answer))
    for kind in ("weighted", "macro"):
        assert found[f"{kind}_f1"] == pytest.approx(f1_score(gold, answer, average=kind, labels=[0, 1, 2]))
    shares = np.tile(np.array(COUNTS) / sum(COUNTS), (len(gold), 1))
    assert found["nll"] == pytest.approx(log_loss(gold, shares))


def test_a_class_without_utterances_counts_in_macro_f1_and_nowhere_else(data: DataView) -> None:
    found = constant_figures(labelled(data, (0, 12, 4)))
    assert found["macro_f1"] == pytest.approx(2 * 0.75 / 1.75 / 3)
    assert found["nll"] == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))


def test_without_counted_labels_there_is_nothing(data: DataView) -> None:
    for counts in ((), (0, 0, 0)):
        assert constant_figures(labelled(data, counts)) == {}
        assert constant_sentence(labelled(data, counts)) == ""
        assert not any(one.idle for one in leaders(labelled(data, counts)))


def test_the_sentence_names_the_class_and_is_told_on_page_and_paper(data: DataView, plain: RunFolder) -> None:
    assert constant_sentence(data) == (
        "What figures are to be held against: the answer “b” to every utterance, the most frequent class of the test "
        "split, has accuracy 0.600, weighted F1 0.450 and macro F1 0.250; the shares of the classes in the test split, "
        "given as probabilities of every utterance, have NLL 0.938."
    )
    said = constant_sentence(read(plain).data[0])
    assert said in words("".join(parsed(plain).text))
    assert "to every utterance, the most frequent class" in (plain.path / "report.tex").read_text(encoding="utf-8")


def test_a_best_model_that_is_no_better_is_told_so() -> None:
    models = [
        model(name, {"clean": {"weighted_f1": f1, "nll": nll}}) for name, f1, nll in (("x", 0.5, 0.9), ("y", 0.4, 1.0))
    ]

    def idle(*counts: int) -> list[bool]:
        return [one.idle for one in leaders(labelled(made_up(*models), counts))]

    # Shares 0.6 and 0.25, 0.15: weighted F1 0.45, NLL 0.938; the figures are 0.5 and 0.9, give or take 0.03.
    assert idle(*COUNTS) == [False, False]
    # 0.65: weighted F1 0.512, NLL 0.886.
    assert idle(5, 13, 2) == [True, True]

"""The class whose probability decides the loss."""

from collections.abc import Callable

import numpy as np

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.gold import gold_classes, loss_slopes
from emobench.benchmark.predictions import Predictions

Make = Callable[..., Conversations]


def second_then_third(conversations: Conversations) -> Predictions:
    """Find the second class most probable in the first row, and the third elsewhere, as probable as none other."""
    p = np.tile([0.2, 0.3, 0.5], (len(conversations), 1))
    p[0] = [0.2, 0.4, 0.4]
    return Predictions(p)


def test_labels_are_gold_and_nothing_is_predicted_where_all_are_known(small: Make) -> None:
    clean = small(lengths=(3,))
    hidden = clean.change(label=np.array([0, -1, 2]), target=np.array([0, -1, 1]))
    calls: list[Conversations] = []

    def never(conversations: Conversations) -> Predictions:
        calls.append(conversations)
        return second_then_third(conversations)

    assert gold_classes(hidden, never).tolist() == [0, -1, 2], "a row that is not read needs no class"
    assert not calls


def test_the_most_probable_class_stands_in_for_an_unknown_label(small: Make) -> None:
    clean = small(lengths=(3,)).change(label=np.array([-1, -1, 0]))
    assert gold_classes(clean, second_then_third).tolist() == [1, 2, 0]


def test_only_rows_that_are_read_have_a_slope(small: Make) -> None:
    clean = small(lengths=(3,)).change(target=np.array([0, -1, 1]))
    assert loss_slopes(clean, np.array([1, 0, 2])).tolist() == [[0, -1, 0], [0, 0, 0], [0, 0, -1]]

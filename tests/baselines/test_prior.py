"""The class shares."""

from collections.abc import Callable

import numpy as np
import pytest

from emobench.baselines.base import FitContext
from emobench.baselines.prior import Prior
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import DataError

Make = Callable[..., Conversations]


def test_every_row_gets_the_shares_of_the_labelled_training_utterances(small: Make) -> None:
    train = small(lengths=(5,)).change(label=np.array([0, 0, 0, 1, -1]))
    fitted = Prior().fit(train, small(), context=FitContext(seed=0))
    assert fitted.predict(small(lengths=(2,))).probabilities.tolist() == [[0.75, 0.25, 0]] * 2
    assert fitted.record.parameters == 3


def test_training_data_without_labels_are_refused(small: Make) -> None:
    train = small(lengths=(1,), split="train").change(label=np.array([-1]))
    with pytest.raises(DataError, match=r"^small, train: expected labels to learn from, got none$"):
        Prior().fit(train, small(), context=FitContext(seed=0))

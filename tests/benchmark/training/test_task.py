"""What a network is told of the data."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import DataError
from emobench.benchmark.training.task import Task, class_counts

Make = Callable[..., Conversations]


def test_counts_leave_out_what_has_no_label(small: Make) -> None:
    train = small(lengths=(4,)).change(label=np.array([0, 2, -1, 2]))
    assert class_counts(train) == (1, 0, 2)
    assert Task.of(train).shares == (1 / 3, 0, 2 / 3)


def test_training_data_without_labels_are_refused(small: Make) -> None:
    train = small(lengths=(2,), split="train").change(label=np.array([-1, -1]))
    with pytest.raises(DataError, match=r"^small, train: expected labels to learn from, got none$"):
        Task.of(train)


def test_comes_back_from_json_with_the_order_of_modalities(small: Make) -> None:
    task = Task.of(small(modalities=("video", "text")))
    again = Task.from_settings(json.loads(json.dumps(task.settings(), sort_keys=True)))
    assert again == task
    assert list(again.widths) == ["video", "text"]


def test_stored_nonsense_is_refused() -> None:
    with pytest.raises(DataError, match=r"^expected a stored task, got {'widths': 1}; train the model again$"):
        Task.from_settings({"widths": 1})


def test_other_modalities_are_refused(small: Make) -> None:
    with pytest.raises(DataError) as caught:
        Task.of(small()).require(small(modalities=("text",)))
    assert str(caught.value) == (
        "the model was trained on {'text': 4, 'audio': 5, 'video': 6} and 3 classes, got small with {'text': 4} and "
        "3 classes; train it on these data"
    )

"""Probabilities are probabilities."""

import numpy as np
import pytest

from emobench.benchmark.errors import PredictionError
from emobench.benchmark.predictions import Predictions


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ([0.5, np.nan], "[0.5, nan] in row 1"),
        ([1.5, -0.5], "[1.5, -0.5] in row 1"),
        ([0.5, 0.4], "[0.5, 0.4] in row 1"),
        ([0.5, 0.50011], "in row 1"),
    ],
)
def test_the_first_bad_row_is_named(row: list[float], shown: str) -> None:
    with pytest.raises(PredictionError) as caught:
        Predictions(np.array([[0.5, 0.5], row, row]))
    assert shown in str(caught.value)
    assert "(2 of 3 rows are bad)" in str(caught.value)


def test_rounding_within_the_tolerance_passes() -> None:
    assert Predictions(np.array([[0.5, 0.49991], [0.0, 1.0]])).probabilities[0, 1] == 0.49991

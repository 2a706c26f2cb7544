"""The learning rate over the steps, and options taken from a plug-in's arguments."""

from dataclasses import dataclass

import pytest

from emobench.benchmark.training.options import TrainingOptions, learning_rate_share


def test_the_rate_rises_and_falls_linearly() -> None:
    shares = [learning_rate_share(step, steps=10, warm_up=0.2) for step in range(10)]
    assert shares == pytest.approx([0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])


def test_without_warm_up_it_starts_at_the_top() -> None:
    assert [learning_rate_share(step, steps=4, warm_up=0) for step in range(4)] == [1, 0.75, 0.5, 0.25]


def test_a_rate_that_does_not_fall_stays_at_the_top() -> None:
    shares = [learning_rate_share(step, steps=5, warm_up=0.4, falls=False) for step in range(5)]
    assert shares == [0.5, 1, 1, 1, 1]


def test_one_step_is_at_the_top() -> None:
    assert learning_rate_share(0, steps=1, warm_up=0.1) == 1


def test_options_are_taken_by_name_and_the_rest_is_default() -> None:
    @dataclass
    class Arguments:
        epochs: int = 3
        patience: int = 2
        other: str = "x"

    assert TrainingOptions.of(Arguments()) == TrainingOptions(epochs=3, patience=2)

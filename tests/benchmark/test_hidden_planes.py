"""Vectors in the plane: what is near stays near, and the same vectors lie at the same places."""

import itertools

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from emobench.benchmark import hidden_planes as planes
from emobench.benchmark.hidden_planes import LEAST, MOST, drawn, plane
from emobench.benchmark.randomness import Randomness


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "STEPS", 250)


def test_clusters_stay_together() -> None:
    rng = Randomness(0, ("plane",)).generator()
    vectors = np.concatenate([rng.normal(size=(20, 5)) + 30 * cluster for cluster in range(2)])
    places = plane(vectors)
    within = [np.linalg.norm(a - b) for part in (places[:20], places[20:]) for a, b in itertools.combinations(part, 2)]
    assert np.mean(within) < np.linalg.norm(places[:20].mean(0) - places[20:].mean(0))


def test_neither_the_time_nor_the_number_of_threads_moves_anything() -> None:
    vectors = Randomness(0, ("threads",)).generator().normal(size=(200, 40)).astype(np.float32)
    first = plane(vectors)
    assert first.dtype == np.float64
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            assert np.array_equal(plane(vectors.copy()), first)


def test_vectors_of_one_number_and_vectors_that_are_all_the_same_have_places() -> None:
    assert plane(Randomness(0, ("line",)).generator().normal(size=(12, 1))).shape == (12, 2)
    assert np.array_equal(plane(np.full((LEAST, 3), 0.1, np.float32)), np.zeros((LEAST, 2)))


@pytest.mark.parametrize("vectors", [LEAST, MOST - 1, MOST, MOST + 1, 2 * MOST, 13_708])
def test_of_many_vectors_so_many_are_drawn_at_even_distances(vectors: int) -> None:
    rows = drawn(vectors)
    assert len(rows) == min(vectors, MOST)
    assert (rows[0], rows[-1]) == (0, vectors - 1)
    steps = np.diff(rows)
    assert steps.min() >= 1
    assert steps.max() - steps.min() <= 1

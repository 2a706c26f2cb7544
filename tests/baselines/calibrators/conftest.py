"""What tests of calibrators share."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import softmax

from emobench.benchmark.randomness import Randomness

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="session")
def drawn() -> Draw:
    """Draw probabilities whose logits are `sharpness` times those the labels come from, plus `tilt` times −1 … 1."""

    def draw(
        rows: int = 400, classes: int = 4, sharpness: float = 2.0, tilt: float = 0.0, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        rng = Randomness(seed, ("drawn",)).generator()
        logits = 2 * rng.normal(size=(rows, classes))
        labels = np.array([rng.choice(classes, p=p) for p in softmax(logits, axis=1)])
        return softmax(sharpness * logits + tilt * np.linspace(-1, 1, classes), axis=1), labels

    return draw

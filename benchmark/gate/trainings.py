"""What another training would have changed, from the training seeds of both sides.

With seeds s on either side and e_s the distance of a seed's figure from the mean of its side, the variance over
trainings is σ² = Σ e_s² / ν, ν the seeds of both sides less one for each side. So a baseline of five seeds also tells a
run of one how much seeds matter. The difference of the means has the standard error σ·√(1/n + 1/m).

For the joint lower ends the error is drawn together for all conditions of a model: √(1/n + 1/m)·Σ_s g_s e_s / √ν with
g_s standard normal, times √(ν/χ²_ν); so conditions in which a seed was lucky together are wrong together, and each
cell's error has Student's t distribution with ν degrees of freedom.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..randomness import Randomness


@dataclass(frozen=True)
class Errors:
    """Of a difference over trainings."""

    draws: Float[np.ndarray, " draws"]
    """One error per draw; empty: not known."""
    standard_error: float
    """0: not known."""


UNKNOWN = Errors(np.zeros(0), 0.0)
"""With one seed on either side there is nothing to tell."""


def training_errors(
    run: Mapping[int, float], baseline: Mapping[int, float], *, draws: int, about: tuple[str, ...]
) -> Errors:
    """Return the errors of the difference between the means of two sides.

    Parameters
    ----------
    run, baseline
        The figure by training seed; `baseline` is empty where the run is held against a limit.
    about
        Data set and models: what shares its errors.
    """
    sides = [{seed: value for seed, value in side.items() if np.isfinite(value)} for side in (run, baseline)]
    freedom = sum(len(side) - 1 for side in sides if side)
    if freedom < 1:
        return UNKNOWN
    total, squares = np.zeros(draws), 0.0
    for name, side in zip(("run", "baseline"), sides, strict=True):
        mean = float(np.mean([*side.values()])) if side else 0.0
        for seed, value in side.items():
            total += (value - mean) * _normal((*about, name, str(seed)), draws)
            squares += (value - mean) ** 2
    size = np.sqrt(sum(1 / len(side) for side in sides if side))
    spread = np.sqrt(freedom / Randomness(0, ("gate", "trainings", *about)).generator().chisquare(freedom, draws))
    return Errors(size * total / np.sqrt(freedom) * spread, float(size * np.sqrt(squares / freedom)))


def _normal(purpose: tuple[str, ...], draws: int) -> Float[np.ndarray, " draws"]:
    return Randomness(0, ("gate", "training", *purpose)).generator().standard_normal(draws)

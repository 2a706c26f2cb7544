"""The process behind simulated conversations, stated in full.

Speakers. The first turn is spoken by somebody; the next speaker is another one with probability `SWITCH` (each of the
others alike), else the same again. Who speaks does not depend on what is felt.

Emotions. With o the last emotion of the speaker of turn t and p the emotion of turn t − 1,

    P(y_t = k | o, p) = inertia · 1[k = o] + contagion · 1[k = p] + (1 − inertia − contagion) · share_k

and where o or p does not exist yet its weight goes to the shares. So every turn has the shares as its marginal.

Features. Modality m of turn t is  x = mean_{m, y_t} + level · ε,  ε standard normal. The level is drawn anew for each
turn and modality: `good` or `poor`. The class means of a modality are vectors of one length (the separation) in
directions drawn uniformly. All three modalities are independent given the emotion.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..randomness import Randomness

CLASSES = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
"""Names of the seven emotions, in MELD's order."""
SHARES = (0.4668, 0.1221, 0.0278, 0.0715, 0.1717, 0.0264, 0.1137)
"""How often each occurs: MELD's training split (Poria et al., 2019), to four digits; they sum to one."""
INERTIA = 0.35
"""Weight of the speaker's own last emotion."""
CONTAGION = 0.2
"""Weight of the emotion of the turn before."""
SWITCH = 0.85
"""Probability that the next speaker is another one."""
LEVELS = (1.0, 2.5)
"""Standard deviation of the noise per feature: good, poor."""
LEVEL_SHARES = (0.7, 0.3)
"""Probability of each level."""
SEPARATIONS = {"text": 1.75, "audio": 0.8, "video": 0.5}
"""Length of the class means in standard deviations of the good noise, per modality; this is scale 1."""
MOST_SPEAKERS = 4
"""Largest number of speakers in a dialogue for which the posterior is quick (7⁴ cells)."""


@dataclass(frozen=True)
class Noise:
    """Isotropic Gaussian noise whose level is drawn from a small mixture."""

    levels: Float[np.ndarray, " levels"]
    """Standard deviation per feature, > 0."""
    shares: Float[np.ndarray, " levels"]
    """Probability of each level; they sum to one."""


@dataclass(frozen=True, eq=False)
class World:
    """All parameters of the process."""

    shares: Float[np.ndarray, " classes"]
    """Marginal probability of each class; they sum to one, none is zero."""
    inertia: float
    """Weight of the speaker's own last emotion, ≥ 0; with `contagion` below one."""
    contagion: float
    """Weight of the emotion of the turn before, ≥ 0."""
    noise: Noise
    """Noise of the features; the same mixture in all modalities."""
    means: Mapping[str, Float[np.ndarray, "classes width"]]
    """Mean feature vector of each class, per modality."""

    @property
    def widths(self) -> dict[str, int]:
        """Width of the feature vectors per modality."""
        return {modality: means.shape[1] for modality, means in self.means.items()}


def make_world(seed: int, *, widths: Mapping[str, int], scales: Mapping[str, float]) -> World:
    """Return the world of a seed; nothing else in it is random but the directions of the class means.

    Parameters
    ----------
    seed
        The directions of a modality depend on this and on its own width only.
    widths
        Number of features per modality, ≥ 1.
    scales
        Per modality a factor on `SEPARATIONS`, ≥ 0; at 0 the modality says nothing.
    """
    means = {
        modality: scales[modality] * SEPARATIONS[modality] * _directions(seed, modality, width)
        for modality, width in widths.items()
    }
    noise = Noise(np.array(LEVELS), np.array(LEVEL_SHARES))
    return World(np.array(SHARES), INERTIA, CONTAGION, noise, means)


def _directions(seed: int, modality: str, width: int) -> Float[np.ndarray, "classes width"]:
    generator = Randomness(seed, ("simulated", "world", modality)).generator()
    vectors = generator.standard_normal((len(CLASSES), width))
    unit: Float[np.ndarray, "classes width"] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit

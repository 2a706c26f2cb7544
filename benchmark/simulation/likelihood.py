"""How likely the features of an utterance are under each class."""

import numpy as np
from jaxtyping import Bool, Float, Float32

from .world import Noise


def log_likelihood(
    features: Float32[np.ndarray, "utterances width"],
    present: Bool[np.ndarray, " utterances"],
    *,
    means: Float[np.ndarray, "classes width"],
    noise: Noise,
) -> Float[np.ndarray, "utterances classes"]:
    """Return log p(features | class) of one modality, up to a constant that is the same for all classes of a row.

    log Σ_l share_l · level_l^(−width) · exp(−‖x − mean_k‖² / 2 level_l²) with l over the noise levels. Rows
    that are not present get 0 for every class: they say nothing.

    Examples
    --------
    >>> quiet = Noise(np.array([1.0]), np.array([1.0]))
    >>> rows = np.array([[3.0], [0.0]], np.float32)
    >>> log_likelihood(rows, np.array([True, False]), means=np.array([[0.0], [2.0]]), noise=quiet).tolist()
    [[-4.5, -0.5], [0.0, 0.0]]
    """
    # Class by class, not by a matrix product: a row's figure is then the same to the bit whatever stands beside it.
    x = features.astype(np.float64)
    distances = np.stack([np.square(x - mean).sum(axis=1) for mean in means], axis=1)
    terms = [
        np.log(share) - features.shape[1] * np.log(level) - distances / (2 * level**2)
        for level, share in zip(noise.levels, noise.shares, strict=True)
    ]
    return np.where(present[:, None], np.logaddexp.reduce(terms, axis=0), 0.0)

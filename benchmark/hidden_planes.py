"""Vectors of many numbers in the plane, by t-SNE (van der Maaten and Hinton, Visualizing data, JMLR 2008)."""

import numpy as np
from jaxtyping import Float, Int64

PERPLEXITY = 30.0
"""Of t-SNE; less where there are fewer than 91 vectors."""
STEPS = 500
"""Of its descent. Twice as many take twice the time and lower the divergence by one or two per cent; as many neighbours
stay beside each other."""
LEAST = 10
"""Vectors below which there is nothing to see."""
MOST = 800
"""Vectors that are put into the plane; of more, so many at even distances."""
RECIPE = f"t-SNE, perplexity {PERPLEXITY:g}, {STEPS} steps, seed 0"
"""What decides where the same vectors lie; places by another one are made anew."""


def plane(vectors: Float[np.ndarray, "vectors width"]) -> Float[np.ndarray, "vectors 2"]:
    """Return where t-SNE puts vectors; seed 0, so the same vectors lie at the same places. At least 4 of them.

    It takes seconds. Vectors that are all the same lie at the origin.
    """
    # Half a second, and only vectors that nobody placed before need it.
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if (vectors == vectors[0]).all():
        return np.zeros((len(vectors), 2))
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    start = "pca" if min(vectors.shape) > 1 else "random"
    descent = TSNE(perplexity=perplexity, init=start, max_iter=STEPS, random_state=0, n_jobs=1)
    # The sums of several threads differ in their last bits, and a descent makes much of that.
    with threadpool_limits(limits=1):
        return np.asarray(descent.fit_transform(vectors), np.float64)


def drawn(vectors: int) -> Int64[np.ndarray, " drawn"]:
    """Return which of so many vectors are put into the plane, in order.

    Examples
    --------
    >>> drawn(3), len(drawn(2610)), drawn(1601)[:3]
    (array([0, 1, 2]), 800, array([0, 2, 4]))
    """
    return np.unique(np.linspace(0, vectors - 1, MOST).round().astype(np.int64))

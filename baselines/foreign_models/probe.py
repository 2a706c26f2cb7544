"""What a foreign model's predictions depend on beside the dialogue itself, found out at first use."""

import numpy as np

from ...benchmark.conversations import Conversations
from .contract import Contract
from .fitted import FittedForeign

DIALOGUES = 4
"""Dialogues of different lengths that are tried."""
TOLERANCE = 1e-4
"""By how much a probability may differ between batches, in single precision."""
FILLING = 3.0
"""What padding holds when it is tried whether the mask hides it."""


def probe(fitted: FittedForeign, conversations: Conversations) -> dict[str, float | str]:
    """Predict some dialogues, alone and together, and return notes on what should make no difference and does.

    Raises
    ------
    DataError
        As `FittedForeign.predict`: whatever breaks the contract breaks it here, before anything is computed with it.
    """
    few = dialogues_of_different_lengths(conversations)
    alone = np.concatenate([fitted.probabilities(conversations, few[[place]]) for place in range(len(few))])
    if fitted.contract.batch == 1:
        return {}
    if len(few) == 1:
        return {"not checked": "whether predictions depend on padding: validation has dialogues of one length only"}
    together = fitted.probabilities(conversations, few)
    lengths = np.diff(conversations.starts)[few]
    backwards = fitted.probabilities(conversations, few[::-1])
    turned = np.concatenate(np.split(backwards, np.cumsum(lengths[::-1]))[-2::-1])
    found = {"padding or company": together - alone, "the order of the dialogues in a batch": turned - together}
    if _is_told(fitted.contract):
        found["what the mask hides"] = fitted.probabilities(conversations, few, padding=FILLING) - together
    shown = [
        f"{what} (by up to {largest:.2g})"
        for what, largest in ((what, float(np.abs(change).max())) for what, change in found.items())
        if largest > TOLERANCE
    ]
    if not shown:
        return {}
    return {"warning": f"predictions depend on {', on '.join(shown)}; with batch=1 each dialogue is predicted alone"}


def dialogues_of_different_lengths(conversations: Conversations) -> np.ndarray:
    """Return the first dialogues of up to four lengths, the shortest and the longest among them."""
    lengths, first = np.unique(np.diff(conversations.starts), return_index=True)
    chosen = np.unique(np.linspace(0, len(lengths) - 1, DIALOGUES).round().astype(np.int64))
    return np.sort(first[chosen])


def _is_told(contract: Contract) -> bool:
    """Return whether the model is told which turns are padding."""
    return bool({"mask", "lengths"} & {*contract.inputs})

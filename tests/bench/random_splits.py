"""Random conversations of the size of MELD's test split."""

from collections.abc import Mapping

import numpy as np

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.randomness import Randomness

DIALOGUES, UTTERANCES, CLASSES = 280, 2610, 7
WIDTHS = {"text": 1024, "audio": 300, "video": 342}
"""Of MELD's features, as the community passes them on."""


def random_split(purpose: str, widths: Mapping[str, int]) -> Conversations:
    """Return conversations whose features, speakers and labels say nothing."""
    rng = Randomness(0, ("bench", purpose)).generator()
    extra = rng.integers(0, DIALOGUES, UTTERANCES - DIALOGUES)
    there = {modality: np.ones(UTTERANCES, bool) for modality in widths}
    return Conversations(
        data="random",
        split="test",
        classes=tuple("abcdefg"),
        features={m: rng.standard_normal((UTTERANCES, width), np.float32) for m, width in widths.items()},
        observed=there,
        present=there,
        dialogue=np.sort(np.concatenate([np.arange(DIALOGUES), extra])),
        speaker=rng.integers(0, 3, UTTERANCES),
        label=rng.integers(0, CLASSES, UTTERANCES),
        target=np.arange(UTTERANCES),
        utterance_ids=tuple(f"utterance_{row}" for row in range(UTTERANCES)),
        dialogue_ids=tuple(f"dialogue_{number}" for number in range(DIALOGUES)),
    )

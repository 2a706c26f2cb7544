"""Conversations for sessions, and what they have to say at every turn."""

from dataclasses import dataclass

import numpy as np

from emobench.benchmark.conversations import Conversations
from emobench.benchmark.randomness import Randomness
from tests.conftest import conversations


@dataclass(frozen=True)
class Drawn:
    """What a dialogue is like."""

    turns: int
    """One or more."""
    speakers: int = 2
    """At most so many, in no particular order; the networks below were made for two."""
    observed: float = 1.0
    """Share of the modalities of turns that are observed."""
    silent: float = 0.0
    """Share of the turns of which nothing is observed."""
    concealed: float = 0.0
    """Share of the features that are hidden."""
    seed: int = 0
    """Of everything drawn."""


def dialogue(drawn: Drawn, modalities: tuple[str, ...] = ("text", "audio", "video")) -> Conversations:
    """Return one dialogue."""
    made = conversations(lengths=(drawn.turns,), modalities=modalities, seed=drawn.seed)
    rng = Randomness(drawn.seed, ("streamed",)).generator()
    heard = rng.random(drawn.turns) >= drawn.silent
    observed = {name: heard & (rng.random(drawn.turns) < drawn.observed) for name in modalities}
    # What is not observed, or concealed, holds what it held: a model that reads it gives itself away.
    return made.change(
        observed=observed,
        concealed={name: rng.random(rows.shape) < drawn.concealed for name, rows in made.features.items()},
        speaker=rng.integers(0, drawn.speakers, drawn.turns),
    )


def first_turns(one: Conversations, count: int) -> Conversations:
    """Return a dialogue as it was after so many turns."""
    rows = np.arange(count)
    return one.take_rows(rows, dialogue=np.zeros(count, np.int64), origin=np.zeros(1, np.int64), target=rows)

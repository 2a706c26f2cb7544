"""The exact posterior of simulated conversations, whatever stresses did to them, as their trace tells it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from ..conversations import Conversations
from .likelihood import log_likelihood
from .posterior import posterior
from .world import World


def exact_posterior(world: World, conversations: Conversations) -> Float64[np.ndarray, "utterances classes"]:
    """Return P(emotion of a row's turn | all features that are left of its dialogue) for each row.

    The trace is believed: who calls this has made sure that the conversations come from this world, that the trace is
    complete, and that no two rows of a dialogue hold what was recorded at the same turn. Dialogues in which the same
    people spoke in the same order, such as what is left of one dialogue for each of its turns, go through together.
    """
    speakers = recorded_speakers(conversations)
    together: dict[bytes, list[int]] = {}
    for dialogue, spoke in enumerate(speakers):
        together.setdefault(spoke.tobytes(), []).append(dialogue)
    evidence = _evidence(world, conversations)
    turn = conversations.recorded_turn()
    starts, lengths = conversations.starts, np.diff(conversations.starts)
    found = np.empty((len(conversations), len(world.shares)))
    for dialogues in together.values():
        rows = np.concatenate([np.arange(starts[d], starts[d + 1]) for d in dialogues])
        sets = np.repeat(np.arange(len(dialogues)), lengths[dialogues])
        # One turn more than there are, for what belongs to none.
        summed = np.zeros((len(dialogues), len(speakers[dialogues[0]]) + 1, len(world.shares)))
        for place, part in evidence:
            summed[sets, place[rows]] += part[rows]
        wanted = np.zeros((len(dialogues), len(speakers[dialogues[0]])), bool)
        wanted[sets, turn[rows]] = True
        found[rows] = posterior(world, speakers[dialogues[0]], summed[:, :-1], wanted)[sets, turn[rows]]
    return found


def recorded_speakers(conversations: Conversations) -> tuple[Int64[np.ndarray, " _"], ...]:
    """Return per dialogue who spoke at each turn as recorded, the turns that are gone included."""
    if conversations.trace.speakers is not None:
        return conversations.trace.speakers
    return tuple(np.split(conversations.speaker, conversations.starts[1:-1]))


class _Evidence(NamedTuple):
    """What rows say about turns."""

    place: Int64[np.ndarray, " utterances"]
    """Turn, as recorded, that the row speaks for; −1: none."""
    log_likelihood: Float64[np.ndarray, "utterances classes"]
    """Of each class."""


def _evidence(world: World, conversations: Conversations) -> list[_Evidence]:
    """Return what modalities that are in their place say together, and what each of the others says."""
    trace, turn = conversations.trace, conversations.recorded_turn()
    in_place = _Evidence(turn, np.zeros((len(conversations), len(world.shares))))
    moved = []
    for modality, rows in conversations.features.items():
        present = conversations.present[modality]
        part = log_likelihood(
            rows,
            present,
            means=world.means[modality],
            noise=world.noise,
            hidden=trace.hidden.get(modality),
            added=trace.noise.get(modality, ()),
        )
        if modality in trace.source:
            moved.append(_Evidence(np.where(present, trace.source[modality], -1), part))
        else:
            in_place.log_likelihood[...] += part
    return [in_place, *moved]

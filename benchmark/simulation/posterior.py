"""The exact posterior of the emotions of a dialogue, by forward–backward over the last emotion of each speaker.

A turn depends on the last emotion of its speaker and on that of the turn before, which is the last emotion of whoever
spoke it. So "the last emotion of each speaker" is a state that is Markov, and a turn moves only one component of it:
messages are arrays with one axis per speaker, of length 1 until they have spoken and of length 7 afterwards (7⁴ = 2,401
cells for four). In the mixture form of the process a move is two terms, no matrix product:

    P(y | state) = stay · 1[y = own last] + jump(y, last of the speaker before)

Rabiner (1989), A tutorial on hidden Markov models, eqs. 18–27, with messages normalised at each turn.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from .world import World


@dataclass(frozen=True, eq=False)
class _Step:
    """What one turn does to the state."""

    axis: int
    """Axis of who speaks."""
    stay: float
    """Weight of that axis keeping its value; 0 where it has none yet."""
    jump: np.ndarray
    """Weight of each value otherwise; an axis of length 1 does not matter."""
    evidence: np.ndarray
    """Likelihood of each value, along `axis`; the largest is 1."""


def posterior(
    world: World,
    speaker: Int64[np.ndarray, " turns"],
    log_evidence: Float[np.ndarray, "turns classes"],
) -> Float[np.ndarray, "turns classes"]:
    """Return P(y_t | everything observed in the dialogue) for each turn of one dialogue.

    Parameters
    ----------
    world
        Only shares, inertia and contagion are read.
    speaker
        Who speaks; arrays grow as 7 to the power of the number of speakers.
    log_evidence
        Log-likelihood of what was observed at each turn under each class, finite, up to a constant per turn; a row of
        zeros stands for a turn of which nothing was observed.
    """
    axes = int(speaker.max()) + 1
    steps = list(_steps(world, speaker, np.exp(log_evidence - log_evidence.max(axis=1, keepdims=True)), axes))
    forward = list(_forward(steps, axes))
    result = np.empty_like(log_evidence)
    backward = np.ones((1,) * axes)
    for turn in reversed(range(len(steps))):
        step = steps[turn]
        others = tuple(axis for axis in range(axes) if axis != step.axis)
        belief = (forward[turn] * backward).sum(axis=others)
        result[turn] = belief / belief.sum()
        backward = _back(step, backward)
    return result


def _forward(steps: list[_Step], axes: int) -> Iterator[np.ndarray]:
    """Yield P(state after turn t | what was observed up to turn t)."""
    message = np.ones((1,) * axes)
    for step in steps:
        moved = step.jump * message.sum(axis=step.axis, keepdims=True)
        message = (moved + step.stay * message if step.stay else moved) * step.evidence
        message /= message.sum()
        yield message


def _back(step: _Step, message: np.ndarray) -> np.ndarray:
    """Return P(what was observed from turn t | state before turn t), up to a factor, from that after turn t."""
    weighed = message * step.evidence
    moved = (step.jump * weighed).sum(axis=step.axis, keepdims=True)
    before: np.ndarray = moved + step.stay * weighed if step.stay else moved
    before /= before.max()
    return before


def _steps(world: World, speaker: np.ndarray, evidence: np.ndarray, axes: int) -> Iterator[_Step]:
    classes = len(world.shares)
    spoken: set[int] = set()
    before = -1
    for now, row in zip(speaker.tolist(), evidence, strict=True):
        inertia = world.inertia if now in spoken else 0.0
        shape = [classes if axis == now else 1 for axis in range(axes)]
        if before in (-1, now):
            # Nobody spoke before, or the same person: then the turn before is their own last emotion.
            stay = inertia + world.contagion if spoken else 0.0
            jump = ((1 - stay) * world.shares).reshape(shape)
        else:
            stay = inertia
            both = [classes if axis in (before, now) else 1 for axis in range(axes)]
            matrix = world.contagion * np.eye(classes) + (1 - stay - world.contagion) * world.shares
            jump = (matrix if before < now else matrix.T).reshape(both)
        yield _Step(now, stay, jump, row.reshape(shape))
        spoken.add(now)
        before = now

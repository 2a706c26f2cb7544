"""The exact posterior of the emotions of a dialogue, by forward–backward over the last emotion of each speaker.

A turn depends on the last emotion of its speaker and on that of the turn before, which is the last emotion of whoever
spoke it. So "the last emotion of each speaker" is a state that is Markov, and a turn moves only one component of it:
messages are arrays with one axis per speaker, of length 7 from their first turn until they no longer matter and of
length 1 otherwise (7⁴ = 2,401 cells for four). In the mixture form of the process a move is two terms, no matrix
product:

    P(y | state) = stay · 1[y = own last] + jump(y, last of the speaker before)

Rabiner (1989), A tutorial on hidden Markov models, eqs. 18–27; messages are normalised often enough.

The same dialogue may be observed in many ways, such as once per turn, with what is left of the turn's context. These
sets of evidence go through together, along a first axis, and share a message as long as they have seen the same.
"""

from collections.abc import Iterator
from math import log, prod
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from .world import World

CELLS = 1 << 22
"""Cells of messages that are kept at a time (32 MiB), where one set of evidence does not need more."""
SMALLEST = 1e-100
"""Messages are normalised before they can get smaller than this."""


def posterior(
    world: World,
    speaker: Int64[np.ndarray, " turns"],
    log_evidence: Float[np.ndarray, "*sets turns classes"],
    wanted: Bool[np.ndarray, "*sets turns"] | None = None,
) -> Float64[np.ndarray, "*sets turns classes"]:
    """Return P(y_t | everything observed in the dialogue) for each turn of one dialogue.

    Parameters
    ----------
    world
        Only shares, inertia and contagion are read.
    speaker
        Who speaks, at every turn as it happened; arrays grow as 7 to the power of the number of speakers.
    log_evidence
        Log-likelihood of what was observed at each turn under each class, finite, up to a constant per turn; a row of
        zeros stands for a turn of which nothing was observed. Axes before the last two: the ways in which the dialogue
        was observed, each by itself; the result for one does not depend on the others.
    wanted
        Turns whose posterior is asked for; the others are 0 in the result. None: all.
    """
    turns, classes = log_evidence.shape[-2:]
    evidence = log_evidence.reshape(-1, turns, classes)
    asked = np.ones(evidence.shape[:2], bool) if wanted is None else wanted.reshape(-1, turns)
    steps = list(_steps(world, speaker.tolist()))
    at_once = max(1, CELLS // sum(step.cells for step in steps))
    parts = [slice(first, first + at_once) for first in range(0, len(evidence), at_once)]
    found = np.concatenate([_posterior(steps, evidence[sets], asked[sets]) for sets in parts])
    return found.reshape(log_evidence.shape)


class _Step(NamedTuple):
    """What one turn does to the state."""

    axis: int
    """Axis of who speaks, from 1; axis 0 is that of the sets."""
    shape: tuple[int, ...]
    """Of what lies along this axis."""
    stay: float
    """Weight of that axis keeping its value; 0 where it has none yet."""
    jump: np.ndarray
    """Weight of each value otherwise; an axis of length 1 does not matter."""
    over: int | None
    """Axis that does not matter from here on: of the speaker before, if that was their last turn."""
    cells: int
    """Of the message after this turn."""
    normalise: bool
    """Whether it is time to."""


Chosen = Int64[np.ndarray, " _"] | slice


class _Shared(NamedTuple):
    """Which sets share a message at one turn."""

    number: Int64[np.ndarray, " sets"]
    """Per set the number of its message; of no meaning for sets that need none."""
    before: Chosen
    """Per message the number of the one that it comes from."""
    example: Chosen
    """Per message a set that it serves."""


def _posterior(steps: list[_Step], log_evidence: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    evidence = np.exp(log_evidence - log_evidence.max(axis=2, keepdims=True))
    ahead = _shared(evidence, np.logical_or.accumulate(wanted[:, ::-1], axis=1)[:, ::-1])
    behind = _shared(evidence[:, ::-1], np.logical_or.accumulate(wanted, axis=1)[:, ::-1])[::-1]
    forward = list(_forward(steps, evidence, ahead))
    result: np.ndarray = np.zeros(evidence.shape)
    number = np.zeros(len(evidence), np.int64)
    backward = np.ones((1,) * len(steps[0].shape))
    for turn in reversed(range(len(steps))):
        if len(evidence) == 1:
            result[:, turn] = _marginal(steps[turn].axis, forward[turn] * backward)
        else:
            sets = np.flatnonzero(wanted[:, turn])
            joint = forward[turn][ahead[turn].number[sets]] * backward[number[sets]]
            result[sets, turn] = _marginal(steps[turn].axis, joint)
        if turn:
            number, before, example = behind[turn]
            backward = _back(steps[turn], backward[before], evidence[example, turn])
    total = result.sum(axis=2, keepdims=True)
    result /= np.where(wanted[:, :, None], total, np.inf)
    return result


def _shared(evidence: np.ndarray, needed: np.ndarray) -> list[_Shared]:
    """Return for each turn which sets have the same evidence up to and with it, among those that need a message."""
    sets, turns, _ = evidence.shape
    if sets == 1:
        return [_Shared(np.zeros(1, np.int64), slice(None), slice(None))] * turns
    number = [0] * sets
    found = []
    for turn in range(turns):
        paths: dict[tuple[int, bytes], int] = {}
        example = []
        for one in np.flatnonzero(needed[:, turn]).tolist():
            path = number[one], evidence[one, turn].tobytes()
            if path not in paths:
                paths[path] = len(paths)
                example.append(one)
            number[one] = paths[path]
        before = np.array([path[0] for path in paths], np.int64)
        found.append(_Shared(np.array(number), before, np.array(example, np.int64)))
    return found


def _forward(steps: list[_Step], evidence: np.ndarray, shared: list[_Shared]) -> Iterator[np.ndarray]:
    """Yield P(state after turn t, what was observed up to turn t), up to a factor, for each set that differs."""
    message = np.ones((1,) * len(steps[0].shape))
    for turn, (step, (_, before, example)) in enumerate(zip(steps, shared, strict=True)):
        message = message[before]
        moved = step.jump * message.sum(axis=step.axis, keepdims=True)
        if step.stay:
            moved = moved + step.stay * message
        if step.over is not None:
            moved = moved.sum(axis=step.over, keepdims=True)
        message = moved * evidence[example, turn].reshape(step.shape)
        message = _normalised(message) if step.normalise else message
        yield message


def _back(step: _Step, message: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """Return P(what was observed from turn t | state before turn t), up to a factor, from that after turn t."""
    weighed = message * evidence.reshape(step.shape)
    before: np.ndarray = (step.jump * weighed).sum(axis=step.axis, keepdims=True)
    if step.stay:
        before = before + step.stay * weighed
    return _normalised(before) if step.normalise else before


def _normalised(message: np.ndarray) -> np.ndarray:
    normalised: np.ndarray = message / message.max(axis=tuple(range(1, message.ndim)), keepdims=True)
    return normalised


def _marginal(axis: int, joint: np.ndarray) -> np.ndarray:
    """Return the sums over all axes but that of the sets and the one given."""
    # One axis after the other, so that the order of the additions does not depend on how many sets there are.
    shape = joint.shape
    outer, inner = prod(shape[1:axis]), prod(shape[axis + 1 :])
    total: np.ndarray = joint.reshape(shape[0], outer, shape[axis], inner).sum(axis=3).sum(axis=1)
    return total


def _steps(world: World, speakers: list[int]) -> Iterator[_Step]:
    classes, axes = len(world.shares), max(speakers) + 1
    last = {now: turn for turn, now in enumerate(speakers)}
    rest = 1 - world.inertia - world.contagion
    every = max(1, int(log(SMALLEST) / log(rest * world.shares.min())))
    # By whether the speaker has spoken before: row, what the turn before felt; column, what this one feels.
    spread = world.contagion * np.eye(classes)
    jumps = {False: spread + (rest + world.inertia) * world.shares, True: spread + rest * world.shares}
    alive: set[int] = set()
    spoken: set[int] = set()
    for turn, now in enumerate(speakers):
        before = speakers[turn - 1] if turn else now
        if before == now:
            # Nobody spoke before, or the same person: then the turn before is their own last emotion.
            stay = world.inertia + world.contagion if turn else 0.0
            jump = (1 - stay) * world.shares
        else:
            stay = world.inertia if now in spoken else 0.0
            jump = jumps[now in spoken] if before < now else jumps[now in spoken].T
        gone = before != now and last[before] < turn
        alive = (alive | {now}) - ({before} if gone else set())
        spoken.add(now)
        along = [classes if axis == now else 1 for axis in range(axes)]
        yield _Step(
            axis=now + 1,
            shape=(-1, *along),
            stay=stay,
            jump=jump.reshape(1, *(classes if axis == before else length for axis, length in enumerate(along))),
            over=before + 1 if gone else None,
            cells=classes ** len(alive),
            normalise=turn % every == every - 1,
        )

"""Draws dialogues from a world, each from random numbers of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from ..conversations import Conversations
from ..randomness import Randomness
from .world import CLASSES, SWITCH, World


@dataclass(frozen=True)
class Size:
    """How large dialogues are; both ranges are closed, and each number in them is as likely as another."""

    speakers: tuple[int, int]
    """Fewest and most people in the room; in a short dialogue not all of them may get to speak."""
    turns: tuple[int, int]
    """Fewest and most turns."""


@dataclass(frozen=True, eq=False)
class Dialogue:
    """One dialogue, before its features are put together."""

    speaker: list[int]
    """Per turn, numbered in the order in which they first speak."""
    label: list[int]
    """Per turn, index of the class."""
    level: Int64[np.ndarray, "turns modalities"]
    """Index of the noise level."""
    noise: Float32[np.ndarray, "turns features"]
    """Standard normal, the modalities side by side."""


def sample(world: World, size: Size, *, data: str, split: str, dialogues: int, seed: int) -> Conversations:
    """Return a split of `dialogues` dialogues named `test_0000`, …, their turns `test_0000_00`, ….

    Dialogue number i depends on world, size, split name and seed, not on how many there are: a larger split begins
    with the smaller one.
    """
    names = [f"{split}_{index:04d}" for index in range(dialogues)]
    return sample_named(world, size, names, data=data, split=split, seed=seed)


def sample_named(world: World, size: Size, names: Sequence[str], *, data: str, split: str, seed: int) -> Conversations:
    """Return the dialogues of these names; each depends on its name, the world, the size and the seed only."""
    drawn = [_dialogue(world, size, Randomness(seed, ("simulated", name)).generator()) for name in names]
    label = np.array([label for dialogue in drawn for label in dialogue.label], np.int64)
    present = np.ones(len(label), bool)
    return Conversations(
        data=data,
        split=split,
        classes=CLASSES,
        features=_features(world, drawn, label),
        observed=dict.fromkeys(world.means, present),
        present=dict.fromkeys(world.means, present),
        dialogue=np.repeat(np.arange(len(names)), [len(dialogue.label) for dialogue in drawn]).astype(np.int64),
        speaker=np.array([speaker for dialogue in drawn for speaker in dialogue.speaker], np.int64),
        label=label,
        target=np.arange(len(label), dtype=np.int64),
        utterance_ids=tuple(
            f"{name}_{turn:02d}"
            for name, dialogue in zip(names, drawn, strict=True)
            for turn in range(len(dialogue.label))
        ),
        dialogue_ids=tuple(names),
    )


def _dialogue(world: World, size: Size, generator: np.random.Generator) -> Dialogue:
    people = int(generator.integers(*size.speakers, endpoint=True))
    turns = int(generator.integers(*size.turns, endpoint=True))
    # Labels come before features, so that they stay the same when the widths change.
    speaker = _speakers(people, generator.random((turns, 2)).tolist())
    label = _labels(world, speaker, generator.random((turns, 2)).tolist())
    level = _pick(world.noise.shares, generator.random((turns, len(world.means))))
    noise = generator.standard_normal((turns, sum(world.widths.values())), dtype=np.float32)
    return Dialogue(speaker, label, level, noise)


def _speakers(people: int, uniforms: list[list[float]]) -> list[int]:
    seat = 0
    number = {seat: 0}
    speakers = [0]
    for switch, choice in uniforms[1:]:
        if people > 1 and switch < SWITCH:
            other = int(choice * (people - 1))
            seat = other + (other >= seat)
        speakers.append(number.setdefault(seat, len(number)))
    return speakers


def _labels(world: World, speakers: Sequence[int], uniforms: list[list[float]]) -> list[int]:
    fresh = _pick(world.shares, np.array([choice for _, choice in uniforms])).tolist()
    last: dict[int, int] = {}
    labels: list[int] = []
    for turn, (speaker, (cause, _)) in enumerate(zip(speakers, uniforms, strict=True)):
        label = fresh[turn]
        if cause < world.inertia:
            label = last.get(speaker, label)
        elif cause < world.inertia + world.contagion and turn:
            label = labels[-1]
        labels.append(label)
        last[speaker] = label
    return labels


def _pick(shares: np.ndarray, uniforms: np.ndarray) -> Int64[np.ndarray, "..."]:
    """Return for each number in [0, 1) the index of the share in which it falls."""
    # Without the last sum, which rounding may leave a little below one.
    return np.searchsorted(np.cumsum(shares)[:-1], uniforms, side="right").astype(np.int64)


def _features(
    world: World, drawn: Sequence[Dialogue], label: Int64[np.ndarray, " utterances"]
) -> dict[str, Float32[np.ndarray, "utterances width"]]:
    noise = np.concatenate([dialogue.noise for dialogue in drawn])
    level = world.noise.levels[np.concatenate([dialogue.level for dialogue in drawn])].astype(np.float32)
    edges = np.cumsum(list(world.widths.values()))[:-1]
    return {
        modality: means.astype(np.float32)[label] + level[:, [column]] * part
        for column, ((modality, means), part) in enumerate(
            zip(world.means.items(), np.split(noise, edges, axis=1), strict=True)
        )
    }

"""From utterances as corpora list them to conversations: order, speakers, published counts, validation."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from ..conversations import Conversations
from ..errors import DataError

SHARE = 0.1
"""Of the training dialogues, for validation where a corpus has none."""


@dataclass(frozen=True)
class Utterance:
    """One utterance as a corpus lists it."""

    place: str
    """File and line it comes from."""
    identifier: str
    """Name in the corpus."""
    dialogue: str
    """Name of its dialogue."""
    position: tuple[int | str, ...]
    """Sorts utterances: the parts of the dialogue's name, then the number in the dialogue."""
    speaker: str
    """Name of the speaker."""
    label: int
    """Index of the class."""
    transcript: str
    """What was said."""


@dataclass(frozen=True)
class Count:
    """Size of a split."""

    dialogues: int
    """Number of dialogues."""
    utterances: int
    """Number of utterances."""


def conversations_of(
    utterances: Sequence[Utterance],
    features: Mapping[str, Float32[np.ndarray, "utterances width"]],
    *,
    data: str,
    split: str,
    classes: tuple[str, ...],
) -> Conversations:
    """Return the split; utterances are ordered by position, wherever in the file they stood.

    Parameters
    ----------
    utterances
        One or more, in any order.
    features
        Per modality one row per utterance, in the order of `utterances`.
    """
    order = sorted(range(len(utterances)), key=lambda row: utterances[row].position)
    ordered = [utterances[row] for row in order]
    dialogues = tuple(dict.fromkeys(utterance.dialogue for utterance in ordered))
    index = {dialogue: place for place, dialogue in enumerate(dialogues)}
    return Conversations(
        data=data,
        split=split,
        classes=classes,
        features={modality: np.ascontiguousarray(rows[order]) for modality, rows in features.items()},
        observed={modality: np.ones(len(ordered), dtype=bool) for modality in features},
        present={modality: np.ones(len(ordered), dtype=bool) for modality in features},
        dialogue=np.array([index[utterance.dialogue] for utterance in ordered], dtype=np.int64),
        speaker=_speakers(ordered),
        label=np.array([utterance.label for utterance in ordered], dtype=np.int64),
        target=np.arange(len(ordered), dtype=np.int64),
        utterance_ids=tuple(utterance.identifier for utterance in ordered),
        dialogue_ids=dialogues,
        transcripts=tuple(utterance.transcript for utterance in ordered),
    )


def require_distinct(splits: Mapping[str, Sequence[Utterance]]) -> None:
    """Raise DataError when an utterance is listed twice, or a dialogue is in two splits."""
    places: dict[str, str] = {}
    homes: dict[str, str] = {}
    for split, utterances in splits.items():
        for utterance in utterances:
            if utterance.identifier in places:
                raise DataError(
                    f"{utterance.place}: utterance {utterance.identifier} is already at {places[utterance.identifier]}"
                )
            places[utterance.identifier] = utterance.place
            if homes.setdefault(utterance.dialogue, split) != split:
                raise DataError(
                    f"{utterance.place}: dialogue {utterance.dialogue} is in {split} "
                    f"and in {homes[utterance.dialogue]}; expected it in one split only"
                )


def require_published(utterances: Sequence[Utterance], published: Count, *, data: str, split: str) -> None:
    """Raise DataError when the size of a split is not the published one."""
    got = Count(len({utterance.dialogue for utterance in utterances}), len(utterances))
    if got != published:
        raise DataError(
            f"{data}, {split}: expected {published.dialogues} dialogues and {published.utterances} utterances as "
            f"published, got {got.dialogues} and {got.utterances}; is a file cut off or another version? "
            "--partial accepts it"
        )


def taken_for_validation(training: Sequence[str], share: float = SHARE) -> frozenset[str]:
    """Return the names that come first when sorted by their SHA-256: this share of all, and at least one."""
    ranked = sorted(training, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return frozenset(ranked[: max(1, round(len(training) * share))])


def _speakers(ordered: Sequence[Utterance]) -> Int64[np.ndarray, " utterances"]:
    """Index of the speaker, in the order in which they first speak in the dialogue."""
    seen: dict[str, dict[str, int]] = {}
    for utterance in ordered:
        names = seen.setdefault(utterance.dialogue, {})
        names.setdefault(utterance.speaker, len(names))
    return np.array([seen[utterance.dialogue][utterance.speaker] for utterance in ordered], dtype=np.int64)

"""Conversations, flat and frozen: what data sets give, stresses change and models read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float32, Int64

from .context import Context
from .errors import DataError
from .feature_checks import check_features
from .repeated_rows import RepeatedRows, shape_of
from .trace import Trace

T = TypeVar("T")

UNKNOWN = -1
"""Label of an utterance whose emotion is not known."""
CONTEXT_ONLY = -1
"""Target of a row that is there for context, and whose prediction nobody reads."""


@dataclass(frozen=True, eq=False)
class Conversations:
    """A data split: one row per utterance, dialogues contiguous, no padding.

    Checked once, when made; arrays are read-only from then on. A stress returns a new one (`change`).

    Raises
    ------
    DataError
        For shapes that disagree, values that are not finite, dialogues that are empty or not contiguous, labels,
        speakers or targets out of range. The message names the first place.
    """

    data: str
    """Canonical spec text of the data set, such as `mosi` or `simulated:seed=3`."""
    split: str
    """`train`, `validation` or `test`."""
    classes: tuple[str, ...]
    """Names of the classes, in the order of their index."""
    features: Mapping[str, Float32[np.ndarray, "utterances width"]]
    """Per modality; the width may differ from one to the next. Order: text, audio, video, then others."""
    observed: Mapping[str, Bool[np.ndarray, " utterances"]]
    """Per modality: what the model is told about whether the row was observed."""
    present: Mapping[str, Bool[np.ndarray, " utterances"]]
    """Per modality: whether the row really holds what was recorded. Differs from `observed` where a stress acts in
    silence. For the record and for `bayes_optimal`; a model must not read it."""
    dialogue: Int64[np.ndarray, " utterances"]
    """Index of the dialogue of each row: 0 0 0 1 1 2 …"""
    speaker: Int64[np.ndarray, " utterances"]
    """Index of the speaker, local to the dialogue, from 0."""
    label: Int64[np.ndarray, " utterances"]
    """Index of the gold class; −1 unknown."""
    target: Int64[np.ndarray, " utterances"]
    """Row of the original split whose prediction is read here; −1: context only. In a data set as loaded: 0, 1, 2, …"""
    utterance_ids: tuple[str, ...]
    """Name of each utterance in its corpus; unique in a data set as loaded."""
    dialogue_ids: tuple[str, ...]
    """Name of each dialogue in its corpus, one per dialogue."""
    transcripts: tuple[str, ...] | None = None
    """What was said, one per row; None where the corpus has none."""
    concealed: Mapping[str, Bool[np.ndarray, "utterances _"]] = field(default_factory=dict)
    """Per modality of which parts are hidden: the features that the model is told to disregard. Modalities that are
    not named have none."""
    links: Context | None = None
    """Which turns each turn may draw on, for a model that takes a pairwise mask; None: on all that is there."""
    trace: Trace = field(default_factory=Trace)
    """What stresses did. For the record and for `bayes_optimal`; a model must not read it."""
    known: InitVar[Mapping[str, np.ndarray] | None] = None
    """Features that were checked before: those that are the same arrays are not checked again."""

    def __post_init__(self, known: Mapping[str, np.ndarray] | None) -> None:
        """Check, then freeze the arrays."""
        _check(self, known or {})
        self._freeze()

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take over what another process checked; arrays come from there unfrozen."""
        self.__dict__.update(state)
        self._freeze()

    def _freeze(self) -> None:
        masks = (*self.observed.values(), *self.present.values(), *self.concealed.values())
        features = () if isinstance(self.features, RepeatedRows) else self.features.values()
        for array in (*features, *masks, self.dialogue, self.speaker, self.label, self.target):
            array.flags.writeable = False

    def __len__(self) -> int:
        """Return the number of utterances (rows)."""
        return len(self.label)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of `features`."""
        return tuple(self.features)

    @property
    def widths(self) -> dict[str, int]:
        """Width of the feature vectors per modality."""
        return {modality: shape_of(self.features, modality)[1] for modality in self.features}

    @property
    def dialogues(self) -> int:
        """Number of dialogues."""
        return len(self.dialogue_ids)

    @cached_property
    def starts(self) -> Int64[np.ndarray, " dialogues_and_one"]:
        """First row of each dialogue, and after the last the number of rows."""
        return np.searchsorted(self.dialogue, np.arange(self.dialogues + 1)).astype(np.int64)

    @cached_property
    def turn(self) -> Int64[np.ndarray, " utterances"]:
        """Position of each row in its dialogue, from 0."""
        turns: Int64[np.ndarray, " utterances"] = np.arange(len(self)) - self.starts[self.dialogue]
        return turns

    def change(self, **changes: object) -> "Conversations":
        """Return a copy with some fields replaced; what is not named is shared, not copied."""
        changed = replace(self, known=self.features, **changes)  # type: ignore[arg-type]  # names and types are those of the fields
        if changed.dialogue is self.dialogue and changed.dialogue_ids is self.dialogue_ids:
            changed.__dict__.update(starts=self.starts, turn=self.turn)
        return changed

    def with_modalities(
        self,
        *,
        features: Mapping[str, Float32[np.ndarray, "utterances width"]] | None = None,
        observed: Mapping[str, Bool[np.ndarray, " utterances"]] | None = None,
        present: Mapping[str, Bool[np.ndarray, " utterances"]] | None = None,
    ) -> "Conversations":
        """Return a copy in which the modalities named are replaced and the others shared."""
        return self.change(
            features={**self.features, **(features or {})},
            observed={**self.observed, **(observed or {})},
            present={**self.present, **(present or {})},
        )

    def recorded_turn(self) -> Int64[np.ndarray, " utterances"]:
        """Return the turn of each row in its dialogue as recorded: `turn` itself unless turns have gone missing."""
        return self.turn if self.trace.turn is None else self.trace.turn

    def take_dialogues(self, dialogues: Sequence[int] | Int64[np.ndarray, " chosen"]) -> "Conversations":
        """Return the named dialogues, in the order named; targets are numbered anew, each row is one.

        A dialogue may be named more than once only if `target` is set by the caller afterwards.
        """
        chosen = np.asarray(dialogues, np.int64)
        rows = np.concatenate([np.arange(self.starts[d], self.starts[d + 1]) for d in chosen] or [chosen])
        dialogue = np.repeat(np.arange(len(chosen)), np.diff(self.starts)[chosen])
        return self.take_rows(rows, dialogue=dialogue, origin=chosen, target=np.arange(len(rows)))

    def take_rows(
        self,
        rows: Int64[np.ndarray, " taken"],
        *,
        dialogue: Int64[np.ndarray, " taken"],
        origin: Int64[np.ndarray, " dialogues"],
        target: Int64[np.ndarray, " taken"] | None = None,
    ) -> "Conversations":
        """Return the named rows as new dialogues; a row may be named more than once.

        Parameters
        ----------
        dialogue
            Index of the new dialogue of each row taken: 0 0 1 1 1 …
        origin
            Per new dialogue, the dialogue here that it is made of; it gives the name, and the new one remembers in its
            trace who spoke at each of its turns.
        target
            New targets; None: those the rows have.
        """
        trace = replace(
            self.trace.take(rows), turn=self.recorded_turn()[rows], speakers=self._recorded_speakers(origin)
        )
        features: Mapping[str, np.ndarray] = RepeatedRows(self.features, rows)
        if len(rows) <= len(self):
            features = dict(features)
        return replace(
            self,
            known=features,  # rows that are there already need no check
            features=features,
            observed={modality: x[rows] for modality, x in self.observed.items()},
            present={modality: x[rows] for modality, x in self.present.items()},
            concealed={modality: x.take(rows, axis=0) for modality, x in self.concealed.items()},
            dialogue=dialogue,
            speaker=self.speaker[rows],
            label=self.label[rows],
            target=self.target[rows] if target is None else target,
            utterance_ids=_taken(self.utterance_ids, rows),
            dialogue_ids=_taken(self.dialogue_ids, origin),
            transcripts=None if self.transcripts is None else _taken(self.transcripts, rows),
            trace=trace,
        )

    def _recorded_speakers(self, dialogues: Int64[np.ndarray, " chosen"]) -> tuple[Int64[np.ndarray, " _"], ...]:
        each = self.trace.speakers
        return _taken(np.split(self.speaker, self.starts[1:-1]) if each is None else each, dialogues)


@dataclass(frozen=True, eq=False)
class DataSplits:
    """A data set: three splits of the same classes and modalities, and what one must know about them."""

    train: Conversations
    """For fitting."""
    validation: Conversations
    """For choosing epochs, thresholds and temperatures."""
    test: Conversations
    """For the figures that are reported."""
    licence: str = ""
    """Under which terms the data may be used; empty: not stated."""
    leaks: tuple[str, ...] = ()
    """Known ways in which these data flatter a model; printed beside every result."""
    posterior: str = ""
    """Spec text of the model that is the exact posterior of these data; empty: the posterior is not known."""

    def __post_init__(self) -> None:
        """Check that the splits belong together."""
        for other in (self.validation, self.test):
            if (other.data, other.classes, other.widths) != (self.train.data, self.train.classes, self.train.widths):
                raise DataError(
                    f"splits of one data set must share name, classes and widths; {self.train.split} has "
                    f"{self.train.data}, {self.train.classes}, {self.train.widths}, {other.split} has "
                    f"{other.data}, {other.classes}, {other.widths}"
                )

    @property
    def data(self) -> str:
        """Canonical spec text of the data set."""
        return self.train.data

    def items(self) -> tuple[tuple[str, Conversations], ...]:
        """Return name and content of the splits: train, validation, test."""
        return (("train", self.train), ("validation", self.validation), ("test", self.test))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex, 64 characters) over the content of all splits; transcripts are part of it."""
        digest = hashlib.sha256()
        for name, split in self.items():
            digest.update(f"{name}|{split.classes}|{split.utterance_ids}|{split.dialogue_ids}|".encode())
            digest.update(repr(split.transcripts).encode())
            for modality in split.modalities:
                digest.update(f"{modality}|{split.features[modality].shape}|".encode())
                digest.update(np.ascontiguousarray(split.features[modality]).tobytes())
                digest.update(split.observed[modality].tobytes())
            for array in (split.dialogue, split.speaker, split.label):
                digest.update(array.tobytes())
        return digest.hexdigest()


def _taken(items: Sequence[T], places: Int64[np.ndarray, " taken"]) -> tuple[T, ...]:
    return tuple(map(items.__getitem__, places.tolist()))


def _check(c: Conversations, known: Mapping[str, np.ndarray]) -> None:
    where = f"{c.data}, {c.split}"
    utterances = len(c.label)
    if not c.features or not utterances:
        raise DataError(
            f"{where}: expected at least one modality and one utterance, got {list(c.features)} and {utterances}"
        )
    if len(c.classes) < 2 or len(set(c.classes)) != len(c.classes):
        raise DataError(f"{where}: expected two or more distinct classes, got {c.classes}")
    _check_lengths(c, where, utterances)
    check_features(c.features, c.concealed, c.utterance_ids, where, known=known)
    steps = np.diff(c.dialogue, prepend=-1)
    if steps.min() < 0 or steps.max() > 1 or c.dialogue[0] != 0 or c.dialogue[-1] != len(c.dialogue_ids) - 1:
        raise DataError(
            f"{where}: expected contiguous dialogues numbered 0 … {len(c.dialogue_ids) - 1}, none of them empty; "
            f"got a step of {steps[np.argmin(np.isin(steps, (0, 1)))]} between rows"
        )
    for name, array, low, high in (
        ("label", c.label, UNKNOWN, len(c.classes) - 1),
        ("speaker", c.speaker, 0, None),
        ("target", c.target, CONTEXT_ONLY, None),
    ):
        wrong = (array < low) | (array > (high if high is not None else array))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"{where}: expected {name} from {low}{f' to {high}' if high else ''}, got {array[row]} at row {row}"
            )


def _check_lengths(c: Conversations, where: str, utterances: int) -> None:
    if not c.features.keys() == c.observed.keys() == c.present.keys():
        raise DataError(
            f"{where}: features, observed and present must name the same modalities, got {sorted(c.features)}, "
            f"{sorted(c.observed)}, {sorted(c.present)}"
        )
    lengths = {
        "dialogue": len(c.dialogue), "speaker": len(c.speaker), "target": len(c.target),
        "utterance_ids": len(c.utterance_ids),
        **{f"features of {m}": shape_of(c.features, m)[0] for m in c.features},
        **{f"observed of {m}": len(x) for m, x in c.observed.items()},
        **{f"present of {m}": len(x) for m, x in c.present.items()},
    }  # fmt: skip
    if c.transcripts is not None:
        lengths["transcripts"] = len(c.transcripts)
    for name, length in lengths.items():
        if length != utterances:
            raise DataError(f"{where}: expected {utterances} rows (one per label), got {length} in {name}")

"""Your own corpus: a folder with a table of utterances and one file of features per modality.

`utterances.csv` (or `.parquet`) has a row per utterance with the columns dialogue, turn, speaker, label and split, and
if you like utterance (its name) and transcript. Every other CSV, Parquet or NPY file of the folder is a modality of its
name: rows found by the column utterance, or by dialogue and turn, or for NPY in the order of the table. Utterances
without a row were not observed in that modality. Where no dialogue is for validation, the tenth of the training
dialogues whose names come first when sorted by their SHA-256 is taken. The whole schema: docs/own_data.md.

Source: your own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from typing_extensions import Doc

from ..arguments import canonical
from ..conversations import UNKNOWN, Conversations, DataSplits
from ..errors import DataError
from ..store import load
from ..text_encoder import TextEncoder
from .csv_files import Record, read_text
from .names import require_word
from .own_features import Features, files_of, none_of, read_features
from .own_tables import read_table
from .text_corpus import encoder_leak
from .utterances import Utterance, conversations_of, require_distinct, taken_for_validation

REQUIRED = ("dialogue", "turn", "speaker", "label", "split")
OPTIONAL = ("utterance", "transcript")
SPLITS = ("train", "validation", "test")
_FIRST = ("text", "audio", "video")


@dataclass(frozen=True)
class Own:
    """The name of the corpus."""

    name: Annotated[str, Doc("what you call it, such as my_corpus; letters, digits and underscores")] = "corpus"

    def __post_init__(self) -> None:
        """Check the name."""
        require_word("own", self.name)

    def load(self) -> DataSplits:
        """Return the splits as they were added."""
        return load(self._text)

    def convert(
        self,
        source: Path,
        *,
        partial: bool,
        text_encoder: str,
        progress: Callable[[str, int, int], None],
    ) -> DataSplits:
        """Read the folder; see `ConvertibleDataSet`. There are no published sizes, so `partial` does not matter."""
        table, files = files_of(source)
        utterances, split_of = _utterances(table)
        classes = _classes(source, utterances)
        ordered, labelled = _labelled(utterances, classes), [record.place for record, _ in utterances]
        features = {}
        for done, (modality, path) in enumerate(files.items()):
            progress(f"reading {self.name}", done, len(files))
            features[modality] = read_features(path, ordered)
        progress(f"reading {self.name}", len(files), len(files))
        leaks: tuple[str, ...] = ()
        if text_encoder:
            features["text"] = _encoded(ordered, labelled, TextEncoder(text_encoder), self.name, progress)
            leaks = (encoder_leak(self.name),)
        if not features:
            raise none_of(source, table)
        return _splits(self._text, ordered, split_of, features, classes, leaks)

    @property
    def _text(self) -> str:
        return str(canonical("own", self))


PLUGIN = Own

Told = tuple[Record, Utterance]
"""A row, and what it says but for the label."""


def _utterances(path: Path) -> tuple[list[Told], dict[str, str]]:
    """Return the utterances in the order of the table, without labels, and the split of each dialogue."""
    table = read_table(path)
    table.require(REQUIRED)
    told: list[Told] = []
    splits: dict[str, list[Utterance]] = {split: [] for split in SPLITS}
    first_seen: dict[str, int] = {}
    turns: dict[tuple[str, int], str] = {}
    for record in table.records((*REQUIRED, *OPTIONAL)):
        dialogue, turn = record.text("dialogue"), record.integer("turn")
        if turns.setdefault((dialogue, turn), record.place) != record.place:
            raise DataError(f"{record.place}: turn {turn} of {dialogue} is already at {turns[dialogue, turn]}")
        utterance = Utterance(
            place=record.place,
            identifier=record.values["utterance"].strip() or f"{dialogue}_{turn}",
            dialogue=dialogue,
            position=(first_seen.setdefault(dialogue, len(first_seen)), turn),
            speaker=record.text("speaker"),
            label=UNKNOWN,
            transcript=record.values["transcript"].strip(),
        )
        splits[SPLITS[record.index("split", SPLITS)]].append(utterance)
        told.append((record, utterance))
    require_distinct(splits)
    return told, {utterance.dialogue: split for split, those in splits.items() for utterance in those}


def _classes(source: Path, utterances: Sequence[Told]) -> tuple[str, ...]:
    """Return the names of the classes: those of classes.txt, one a line, or else those of the table, sorted."""
    path = source / "classes.txt"
    if path.is_file():
        classes = tuple(line.strip() for line in read_text(path).splitlines() if line.strip())
        if len(classes) < 2 or len({*classes}) < len(classes):
            got = ", ".join(map(repr, classes)) or "none"
            raise DataError(f"{path}: expected two or more different classes, one a line, got {got}")
        return classes
    return tuple(sorted({record.values["label"].strip() for record, _ in utterances} - {""}))


def _labelled(utterances: Sequence[Told], classes: Sequence[str]) -> list[Utterance]:
    return [
        replace(utterance, label=record.index("label", classes)) if record.values["label"].strip() else utterance
        for record, utterance in utterances
    ]


def _encoded(
    utterances: Sequence[Utterance],
    places: Sequence[str],
    encoder: TextEncoder,
    name: str,
    progress: Callable[[str, int, int], None],
) -> Features:
    """Return text features of transcripts; where there is none, nothing was observed."""
    there = np.array([bool(utterance.transcript) for utterance in utterances])
    if not there.any():
        raise DataError(f"{places[0]}: expected a transcript for the text encoder, got none in the whole table")
    sentences = [utterance.transcript for utterance in utterances if utterance.transcript]
    vectors = encoder.encode(sentences, what=f"encoding {name}", progress=progress)
    rows = np.zeros((len(utterances), vectors.shape[1]), np.float32)
    rows[there] = vectors
    return Features(rows, there)


def _splits(
    data: str,
    utterances: Sequence[Utterance],
    split_of: Mapping[str, str],
    features: Mapping[str, Features],
    classes: tuple[str, ...],
    leaks: tuple[str, ...],
) -> DataSplits:
    homes, notes = _with_validation(split_of)
    modalities = [*(m for m in _FIRST if m in features), *sorted(m for m in features if m not in _FIRST)]
    order = sorted(range(len(utterances)), key=lambda row: utterances[row].position)

    def conversations(split: str) -> Conversations:
        rows = [row for row in order if homes[utterances[row].dialogue] == split]
        if not rows:
            raise DataError(f"{data}: expected dialogues for {split}, got none; write it in the column split")
        made = conversations_of(
            [utterances[row] for row in rows],
            {modality: features[modality].rows[rows] for modality in modalities},
            data=data,
            split=split,
            classes=classes,
        )
        there = {modality: features[modality].there[rows] for modality in modalities}
        present = {modality: mask.copy() for modality, mask in there.items()}
        return made.with_modalities(observed=there, present=present).change(
            transcripts=made.transcripts if any(utterance.transcript for utterance in utterances) else None
        )

    return DataSplits(
        train=conversations("train"),
        validation=conversations("validation"),
        test=conversations("test"),
        leaks=(*leaks, *notes),
    )


def _with_validation(split_of: Mapping[str, str]) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the split of each dialogue, with some for validation, and what must be said of it."""
    training = [dialogue for dialogue, split in split_of.items() if split == "train"]
    if "validation" in split_of.values() or len(training) < 2:
        return split_of, ()
    chosen = taken_for_validation(training)
    note = f"no dialogue was given for validation: {len(chosen)} of the {len(training)} for training are taken for it"
    return {**split_of, **dict.fromkeys(chosen, "validation")}, (note,)

"""The files of CMU-MOSI, checked against each other row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from ..errors import DataError
from .csv_files import Numbers, read_lines, read_numbers, whole_number
from .utterances import Utterance

WIDTHS = {"text": 100, "audio": 73, "video": 100}
"""Published number of features per modality."""
FILES = (
    "transcripts.csv",
    *(f"text_{split}.csv" for split in ("train", "test")),
    *(f"{modality}/{modality}_{split}0.csv" for modality in WIDTHS for split in ("train", "test")),
)
"""Files of the folder, by their path in it."""
_LABELS = ("0", "1")


@dataclass(frozen=True, eq=False)
class Part:
    """The training or the test part of the public split."""

    utterances: tuple[Utterance, ...]
    """In the order of the files."""
    features: Mapping[str, Float32[np.ndarray, "utterances width"]]
    """Per modality: text, audio, video."""


def read_transcripts(path: Path) -> tuple[Utterance, ...]:
    """Return the utterances of `transcripts.csv` in the order of its lines."""
    utterances = []
    for line in read_lines(path):
        if len(line.cells) != 4:
            raise DataError(f"{line.place}: expected 4 columns (name, text, number, label), got {len(line.cells)}")
        name, text, _, label = (cell.strip() for cell in line.cells)
        video, _, number = name.rpartition("_")
        if not video:
            raise DataError(f"{line.place}: expected a name of the form VIDEO_NUMBER, got {name!r}")
        if not text:
            raise DataError(f"{line.place}: expected what was said in {name}, got an empty cell")
        if label not in _LABELS:
            raise DataError(f"{line.place}: expected the label 0 or 1, got {label!r}")
        utterances.append(
            Utterance(
                place=line.place,
                identifier=name,
                dialogue=video,
                position=(video, whole_number(number, line.place, "the number of the utterance")),
                speaker=video,
                label=int(label),
                transcript=text,
            )
        )
    return tuple(utterances)


def read_part(source: Path, split: str, transcripts: Sequence[Utterance]) -> Part:
    """Return the part `train` or `test`.

    Raises
    ------
    DataError
        When files disagree: other rows, other text features, other labels; names file and line.
    """
    index = read_numbers(
        source / f"text_{split}.csv", 1 + WIDTHS["text"], f"row in transcripts.csv, {WIDTHS['text']} features"
    )
    utterances = tuple(_utterance(index, row, transcripts) for row in range(len(index.lines)))
    features = {}
    for modality, width in WIDTHS.items():
        path = source / modality / f"{modality}_{split}0.csv"
        numbers = read_numbers(path, width + 1, f"{width} features, label")
        _require_aligned(numbers, index, utterances)
        if modality == "text":
            _require_same_text(numbers, index)
        features[modality] = numbers.values[:, :width].astype(np.float32)
    return Part(utterances, features)


def _utterance(index: Numbers, row: int, transcripts: Sequence[Utterance]) -> Utterance:
    place = index.values[row, 0]
    if place not in range(len(transcripts)):
        raise DataError(
            f"{index.place(row)}: expected a row of transcripts.csv from 0 to {len(transcripts) - 1} "
            f"in column 1, got {place:g}; is transcripts.csv complete?"
        )
    found = transcripts[int(place)]
    return Utterance(
        place=index.place(row),
        identifier=found.identifier,
        dialogue=found.dialogue,
        position=found.position,
        speaker=found.speaker,
        label=found.label,
        transcript=found.transcript,
    )


def _require_aligned(numbers: Numbers, index: Numbers, utterances: Sequence[Utterance]) -> None:
    if len(numbers.lines) != len(index.lines):
        raise DataError(
            f"{numbers.path}: expected {len(index.lines)} lines as in {index.path}, got {len(numbers.lines)}; "
            "is the file complete?"
        )
    labels = np.array([utterance.label for utterance in utterances])
    wrong = numbers.values[:, -1] != labels
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{numbers.place(row)}: expected the label {labels[row]} that transcripts.csv has for "
            f"{utterances[row].identifier}, got {numbers.values[row, -1]:g}; the file is re-ordered or mislabelled"
        )


def _require_same_text(text: Numbers, index: Numbers) -> None:
    # The files write the same numbers with 6 and with 17 digits.
    wrong = ~np.isclose(text.values[:, :-1], index.values[:, 1:], rtol=1e-4, atol=1e-6).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{text.place(row)}: expected the text features of {index.place(row)}, got others; "
            "one of the two files is re-ordered"
        )

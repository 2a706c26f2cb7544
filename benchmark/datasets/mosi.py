"""CMU-MOSI: one person reviews a film, positive or negative; text, audio and video features of each utterance.

The folder `contextual-utterance-level-multimodal-sentiment-analysis/data` of the repository
declare-lab/multimodal-deep-learning: `transcripts.csv`, `text_{train,test}.csv` and, per modality,
`M/M_{train,test}0.csv`. A dialogue is a video, its utterances are ordered by the number at the end of their name (the
files list the positive utterances first, so their own order would give the label away). The columns `utterances in the
video` of `transcripts.csv` do not agree with the utterances listed and are not read.

The public split has 62 training and 31 test videos (1,447 and 752 utterances) and no validation set. The 13 training
videos whose names come first when sorted by their SHA-256 are taken for validation, which leaves 49 for training.

Rows are aligned: row r of each feature file belongs to row r of `text_SPLIT.csv`, whose first column is the row (from
0) in `transcripts.csv`. That all labels agree, and that `text_SPLIT.csv` repeats the text features, is checked row by
row; audio and video rows swapped within a class show only in the content, which is therefore compared with the
published one.

Source: Zadeh et al., MOSI: multimodal corpus of sentiment intensity, IEEE Intelligent Systems 31(6), 2016; features of
Poria et al., Context-dependent sentiment analysis in user-generated videos, ACL 2017.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..conversations import Conversations, DataSplits
from ..errors import DataError
from ..store import load
from .csv_files import require_files
from .mosi_files import FILES, WIDTHS, Part, read_part, read_transcripts
from .utterances import Count, conversations_of, require_distinct, require_published, taken_for_validation

CLASSES = ("negative", "positive")
VALIDATION_SHARE = 13 / 62
"""Of the public training videos."""
PUBLISHED = {"train": Count(62, 1447), "test": Count(31, 752)}
PUBLISHED_CONTENT = {
    "text": "e80bb64905e5f71da9fde67f7a80e950ef54b51f54e7977167529d2a81a1572e",
    "audio": "8c13a611f46e28497a431219e14c43d9cb4abf6efb59cae36811a0bfb5f24233",
    "video": "3d27730445ad1d3595ba6463e913e43d45f10cbe0699acf84b70a3770c4a3f57",
}
"""SHA-256 over the converted features of each modality: training, validation, test."""
LICENCE = (
    "features and transcripts from declare-lab/multimodal-deep-learning: MIT; "
    "the CMU-MOSI corpus keeps its own terms: research use"
)
LEAKS = (
    "the text features were fitted on the training split, where a linear model on them alone has accuracy .982; "
    "on the test split it has .757",
    "the public split has no validation set: the validation videos are 13 of the 62 training videos, "
    "so the text features were fitted on them too",
)


@dataclass(frozen=True)
class Mosi:
    """No arguments."""

    def load(self) -> DataSplits:
        """Return the splits as they were added."""
        return load("mosi")

    def convert(
        self,
        source: Path,
        *,
        partial: bool,
        text_encoder: str,
        progress: Callable[[str, int, int], None],
    ) -> DataSplits:
        """Read transcripts and features; see `ConvertibleDataSet`."""
        if text_encoder:
            raise DataError("mosi comes with its own text features; leave --text-encoder out")
        require_files(source, FILES, "mosi")
        transcripts = read_transcripts(source / "transcripts.csv")
        parts = {}
        for done, split in enumerate(("train", "test")):
            progress("reading mosi", done, 2)
            parts[split] = read_part(source, split, transcripts)
        progress("reading mosi", 2, 2)
        require_distinct({split: part.utterances for split, part in parts.items()})
        if not partial:
            for split, part in parts.items():
                require_published(part.utterances, PUBLISHED[split], data="mosi", split=split)
        splits = _splits(parts["train"], parts["test"])
        if not partial:
            _require_content(splits)
        return splits


PLUGIN = Mosi


def validation_videos(videos: Sequence[str]) -> frozenset[str]:
    """Return the training videos taken for validation: 13 of 62, of fewer the same share, at least one.

    Raises
    ------
    DataError
        When there are fewer than two.
    """
    if len(videos) < 2:
        raise DataError(f"mosi, train: expected two or more videos, one of them for validation, got {len(videos)}")
    return taken_for_validation(videos, VALIDATION_SHARE)


def _splits(train: Part, test: Part) -> DataSplits:
    fitting = _conversations(train, "train")
    chosen = validation_videos(fitting.dialogue_ids)
    places = range(fitting.dialogues)
    return DataSplits(
        train=fitting.take_dialogues([place for place in places if fitting.dialogue_ids[place] not in chosen]),
        validation=fitting.take_dialogues([place for place in places if fitting.dialogue_ids[place] in chosen]).change(
            split="validation"
        ),
        test=_conversations(test, "test"),
        licence=LICENCE,
        leaks=LEAKS,
    )


def _conversations(part: Part, split: str) -> Conversations:
    return conversations_of(part.utterances, part.features, data="mosi", split=split, classes=CLASSES)


def _require_content(splits: DataSplits) -> None:
    for modality in WIDTHS:
        content = b"".join(np.ascontiguousarray(split.features[modality]).tobytes() for _, split in splits.items())
        if hashlib.sha256(content).hexdigest() != PUBLISHED_CONTENT[modality]:
            raise DataError(
                f"mosi: {modality}/{modality}_train0.csv and {modality}/{modality}_test0.csv do not hold the published "
                f"features in the published order; if you mean to use others, --partial accepts them"
            )

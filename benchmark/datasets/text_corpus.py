"""Corpora that are one table of transcripts per split (MELD, EmoryNLP): text features come from a sentence encoder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..conversations import Conversations, DataSplits
from ..errors import DataError
from ..store import add_line
from ..text_encoder import HUB_EXAMPLE, TextEncoder
from .csv_files import Record, read_records, require_files
from .utterances import Count, Utterance, conversations_of, require_distinct, require_published


@dataclass(frozen=True)
class TextCorpus:
    """Where the tables are and how a line is read."""

    data: str
    """Name of the data set."""
    classes: tuple[str, ...]
    """Names of the classes, as in the tables."""
    files: Mapping[str, str]
    """Per split (train, validation, test) the name of its table."""
    columns: tuple[str, ...]
    """Columns that are read."""
    read: Callable[[Record, str], Utterance]
    """Makes an utterance from a line and the split's name."""
    published: Mapping[str, Count]
    """Published size per split."""
    licence: str
    """Terms of use."""
    leaks: tuple[str, ...]
    """Known leaks."""


def convert(
    corpus: TextCorpus,
    source: Path,
    *,
    partial: bool,
    text_encoder: str,
    progress: Callable[[str, int, int], None],
) -> DataSplits:
    """Read the tables in `source` and encode their text; see `ConvertibleDataSet.convert`."""
    require_files(source, tuple(corpus.files.values()), corpus.data)
    if not text_encoder:
        raise DataError(
            f"{corpus.data} has text only, and a sentence encoder makes its features; type: {add_line(corpus.data)} "
            f"--text-encoder {HUB_EXAMPLE} (a name on the hub) or --text-encoder ENCODER_FOLDER (one you have)"
        )
    splits = {split: _read(corpus, split, source / name) for split, name in corpus.files.items()}
    require_distinct(splits)
    for split, utterances in splits.items():
        if not partial:
            require_published(utterances, corpus.published[split], data=corpus.data, split=split)
    encoder = TextEncoder(text_encoder)

    def encoded(split: str) -> Conversations:
        utterances = splits[split]
        sentences = [utterance.transcript for utterance in utterances]
        vectors = encoder.encode(sentences, what=f"encoding {corpus.data}, {split}", progress=progress)
        return conversations_of(utterances, {"text": vectors}, data=corpus.data, split=split, classes=corpus.classes)

    return DataSplits(
        train=encoded("train"),
        validation=encoded("validation"),
        test=encoded("test"),
        licence=corpus.licence,
        leaks=corpus.leaks,
    )


def encoder_leak(data: str) -> str:
    """Return the warning that goes with features of an encoder of the user's choice."""
    return (
        f"the text features are as clean as the encoder that was named: one fine-tuned on {data}'s training labels "
        "(as the RoBERTa features of the COSMIC family were) makes training look far easier than test, and one that "
        "may have seen the test split (as EmoBERTa's checkpoint, whose author could not rule it out) flatters every "
        "figure"
    )


def _read(corpus: TextCorpus, split: str, path: Path) -> list[Utterance]:
    records = read_records(path, corpus.columns)
    if not records:
        raise DataError(f"{path}, line 2: expected an utterance, got the end of the file")
    return [corpus.read(record, split) for record in records]

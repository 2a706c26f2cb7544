"""Corpora that are one table of transcripts per split (MELD, EmoryNLP), feature files of the community, or both.

Text features of the tables come from a sentence encoder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..conversations import Conversations, DataSplits
from ..errors import DataError
from ..feature_files.convert import Request, joined
from ..feature_files.corpora import Corpus
from ..feature_files.sources import Source, pickles_in, read_sources
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


def join(corpus: TextCorpus, named: Corpus, sources: Sequence[Path], request: Request) -> DataSplits:
    """Read tables, feature files or both; see `JoiningDataSet.join`.

    Parameters
    ----------
    corpus, named
        How the tables are read, and how dialogues are named in feature files.
    """
    folders = [path for path in sources if path.is_dir() and (_has_tables(corpus, path) or not pickles_in(path))]
    filed = [path for path in sources if pickles_in(path)]
    if not filed and len(folders) == 1:
        return _encoded_tables(replace(corpus, data=request.data), folders[0], request)
    read = [_tables(corpus, path, partial=request.partial) for path in folders]
    for done, path in enumerate(filed):
        request.progress(f"reading {corpus.data}", done, len(filed))
        read += read_sources(path, named)
    request.progress(f"reading {corpus.data}", len(filed), len(filed))
    return joined(read, named, request, encoder_leak=corpus.leaks[0])


def _has_tables(corpus: TextCorpus, source: Path) -> bool:
    return any((source / name).exists() for name in corpus.files.values())


def _tables(corpus: TextCorpus, source: Path, *, partial: bool) -> Source:
    """Return what the tables of a folder say."""
    splits = _read_splits(corpus, source, partial=partial)
    dialogues: dict[str, list[Utterance]] = {}
    for utterances in splits.values():
        for utterance in sorted(utterances, key=lambda utterance: utterance.position):
            dialogues.setdefault(utterance.dialogue, []).append(utterance)
    homes = {utterance.dialogue: split for split, utterances in splits.items() for utterance in utterances}
    return Source(str(source), "tables", dialogues, homes, has_names=True, has_groups=True)


def _read_splits(corpus: TextCorpus, source: Path, *, partial: bool) -> dict[str, list[Utterance]]:
    require_files(source, tuple(corpus.files.values()), corpus.data)
    splits = {split: _read(corpus, split, source / name) for split, name in corpus.files.items()}
    require_distinct(splits)
    for split, utterances in splits.items():
        if not partial:
            require_published(utterances, corpus.published[split], data=corpus.data, split=split)
    return splits


def _encoded_tables(corpus: TextCorpus, source: Path, request: Request) -> DataSplits:
    """Return the data set that tables make alone, their text encoded."""
    require_files(source, tuple(corpus.files.values()), corpus.data)
    if not request.text_encoder:
        raise DataError(
            f"{corpus.data} has text only, and a sentence encoder makes its features; type: {add_line(corpus.data)} "
            f"--text-encoder {HUB_EXAMPLE} (a name on the hub) or --text-encoder ENCODER_FOLDER (one you have)"
        )
    splits = _read_splits(corpus, source, partial=request.partial)
    encoder = TextEncoder(request.text_encoder)

    def encoded(split: str) -> Conversations:
        utterances = splits[split]
        sentences = [utterance.transcript for utterance in utterances]
        vectors = encoder.encode(sentences, what=f"encoding {corpus.data}, {split}", progress=request.progress)
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

"""Several sources of one corpus to one data set: text of one file, audio and video of another."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..conversations import Conversations, DataSplits
from ..datasets.utterances import Count, Utterance, conversations_of, taken_for_validation
from ..errors import DataError
from ..text_encoder import TextEncoder
from .agreement import require_agreement
from .corpora import FITTING, Corpus
from .layouts import ROBERTA
from .sources import Source

Roberta = Literal["first", "all"]
"""Which of four layers are the text features: the first, as usual, or all side by side."""
Rule = Literal["auto", "file", "share", "session1"]
"""How validation is chosen where the corpus itself has none: by the file's own list, a share of the dialogues, session
1; `auto`: by the file's own list if it has one, or else a share."""
ROBERTA_LEAK = (
    "the RoBERTa features of the COSMIC family were fine-tuned on the training labels: training features separate far "
    "better than test features"
)
_MODALITIES = ("text", "audio", "video")


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    data: str
    """Canonical text of the data set."""
    partial: bool
    """Whether sizes other than the published ones are accepted."""
    text_encoder: str
    """Folder or name of a sentence encoder, which makes the text features; empty: the files have them."""
    progress: Callable[[str, int, int], None]
    """Called with what is done, how far, of how many."""
    roberta: Roberta = "first"
    """See `Roberta`."""
    validation: Rule = "auto"
    """See `Rule`."""


def joined(sources: Sequence[Source], corpus: Corpus, request: Request, *, encoder_leak: str) -> DataSplits:
    """Return the data set that sources make together; of two that have a modality the first gives it.

    Raises
    ------
    DataError
        When they disagree, none has features, or sizes are not as published.
    """
    base = max(sources, key=lambda source: source.has_names)
    for other in sources:
        if other is not base:
            require_agreement(base, other)
    homes = _homes(sources, corpus, request)
    split_of = {name: homes.chosen[name] for name in base.dialogues}
    if not request.partial:
        _require_published(base, split_of, corpus, request.data)
    features, leaks = _features(sources, base, corpus, request, encoder_leak)

    def conversations(split: str) -> Conversations:
        names = [name for name in base.dialogues if split_of[name] == split]
        if not names:
            raise DataError(f"{request.data}: expected dialogues for {split}, got none")
        utterances = [utterance for name in names for utterance in base.dialogues[name]]
        rows = {modality: np.concatenate([x[name] for name in names]) for modality, x in features.items()}
        return conversations_of(utterances, rows, data=request.data, split=split, classes=corpus.classes)

    return DataSplits(
        train=conversations("train"),
        validation=conversations("validation"),
        test=conversations("test"),
        licence=corpus.licence,
        leaks=(*leaks, *homes.notes),
    )


@dataclass(frozen=True)
class _Homes:
    """Which split each dialogue is for."""

    chosen: Mapping[str, str]
    """By its name."""
    notes: tuple[str, ...]
    """What must be said of it."""


def _homes(sources: Sequence[Source], corpus: Corpus, request: Request) -> _Homes:
    """Return the splits; where two sources know more or less of a dialogue, the one that knows more counts."""
    splits: dict[str, str] = {}
    for source in sources:
        for name, split in source.splits.items():
            if split != FITTING or name not in splits:
                splits[name] = split
    fitting = [name for name, split in splits.items() if split == FITTING]
    own = "validation" in splits.values() and not fitting
    if FITTING not in corpus.published or (own and request.validation in ("auto", "file")):
        return _Homes(splits, ())
    if request.validation == "file":
        raise DataError(f"{sources[0].place}: expected a list of dialogues for validation, and there is none")
    training = [name for name, split in splits.items() if split != "test"]
    chosen = _chosen(training, request.validation)
    note = (
        f"the public split has no validation set: the {len(chosen)} validation dialogues are taken from the "
        f"{len(training)} of the public training split, so features that were fitted on that were fitted on them too"
    )
    return _Homes(
        {
            name: split if split == "test" else "validation" if name in chosen else "train"
            for name, split in splits.items()
        },
        (note,),
    )


def _chosen(training: Sequence[str], rule: Rule) -> frozenset[str]:
    """Return the dialogues for validation."""
    if rule == "session1":
        return frozenset(name for name in training if name.startswith("Ses01"))
    return taken_for_validation(training)


def _require_published(base: Source, split_of: Mapping[str, str], corpus: Corpus, data: str) -> None:
    for split, published in corpus.published.items():
        wanted = ("train", "validation") if split == FITTING else (split,)
        names = [name for name, home in split_of.items() if home in wanted]
        lengths = [len(base.dialogues[name]) for name in names]
        if Count(len(lengths), sum(lengths)) != published:
            raise DataError(
                f"{data}, {' and '.join(wanted)}: expected {published.dialogues} dialogues and {published.utterances} "
                f"utterances as published, got {len(lengths)} and {sum(lengths)}; is a file cut off or another "
                "version? --partial accepts it"
            )
        labels = Counter(utterance.label for name in names for utterance in base.dialogues[name])
        counts = tuple(labels[index] for index in range(len(corpus.classes)))
        if counts != corpus.labels[split]:
            expected, got = _said(corpus, corpus.labels[split]), _said(corpus, counts)
            raise DataError(
                f"{data}, {' and '.join(wanted)}: expected the labels {expected} as published, got {got}; are they in "
                "another order, or is it another version? --partial accepts it"
            )


def _said(corpus: Corpus, counts: Sequence[int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in zip(corpus.classes, counts, strict=True))


def _features(
    sources: Sequence[Source], base: Source, corpus: Corpus, request: Request, encoder_leak: str
) -> tuple[dict[str, Mapping[str, np.ndarray]], tuple[str, ...]]:
    """Return features by modality and dialogue, and known leaks of those used."""
    found: dict[str, Mapping[str, np.ndarray]] = {}
    leaks: list[str] = []
    text = next((source.features for source in sources if {"text", ROBERTA[0]} & source.features.keys()), {})
    if request.text_encoder:
        found["text"] = _encoded(base, request)
        leaks.append(encoder_leak)
    elif "text" in text:
        found["text"] = text["text"]
    elif text:
        layers = ROBERTA if request.roberta == "all" else ROBERTA[:1]
        found["text"] = {
            name: np.concatenate([text[layer][name] for layer in layers], axis=1) for name in base.dialogues
        }
        leaks.append(ROBERTA_LEAK)
    for modality in _MODALITIES[1:]:
        having = next((source for source in sources if modality in source.features), None)
        if having is not None:
            found[modality] = having.features[modality]
    if not found:
        raise DataError(
            f"{base.place}: has annotations only; name a file with features too, as `emobench data add {corpus.data} "
            "--from FILE FILE`, or a sentence encoder with --text-encoder"
        )
    return found, tuple(leaks)


def _encoded(base: Source, request: Request) -> dict[str, np.ndarray]:
    utterances: list[Utterance] = [utterance for each in base.dialogues.values() for utterance in each]
    sentences = [utterance.transcript for utterance in utterances]
    vectors = TextEncoder(request.text_encoder).encode(
        sentences, what=f"encoding {request.data}", progress=request.progress
    )
    ends = np.cumsum([len(each) for each in base.dialogues.values()])
    return dict(zip(base.dialogues, np.split(vectors, ends[:-1]), strict=True))

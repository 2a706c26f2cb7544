"""MELD: scenes of the series Friends with several speakers, seven emotions; text features by a sentence encoder.

The tables `train_sent_emo.csv`, `dev_sent_emo.csv` and `test_sent_emo.csv` of the repository declare-lab/MELD, with the
official split: 1,038 / 114 / 280 dialogues (60 of the training split is missing in the corpus itself, hence the 1,039
one also reads), 9,989 / 1,109 / 2,610 utterances. `Dialogue_ID` begins again in each split, so names carry the split:
`dev_12_3` is utterance 3 of dialogue 12 of the file `dev_sent_emo.csv`. Utterances are ordered by `Utterance_ID`; the
numbers that the corpus leaves out are not filled. Stray Windows-1252 characters in the text are repaired. Each emotion
must go with its sentiment (surprise goes with any), so that a table whose columns slipped is found.

In their place or beside them: feature files of the community, whose dialogues are numbered 0 to 1432 through all splits
(docs/feature_files.md). Joined with the tables they must have the same utterances, labels and speakers.

Source: Poria et al., MELD: a multimodal multi-party dataset for emotion recognition in conversations, ACL 2019.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from ..arguments import canonical
from ..conversations import DataSplits
from ..errors import DataError
from ..feature_files.convert import Request, Roberta
from ..feature_files.corpora import Corpus, read_meld
from ..store import load
from .base import JoiningDataSet
from .csv_files import Record
from .text_corpus import TextCorpus, encoder_leak, join
from .utterances import Count, Utterance

CLASSES = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
"""In the order that published feature files use."""
SENTIMENTS = {
    "neutral": ("neutral",),
    "surprise": ("positive", "neutral", "negative"),
    "fear": ("negative",),
    "sadness": ("negative",),
    "joy": ("positive",),
    "disgust": ("negative",),
    "anger": ("negative",),
}
"""Sentiments that go with each emotion."""
FILES = {"train": "train_sent_emo.csv", "validation": "dev_sent_emo.csv", "test": "test_sent_emo.csv"}
PUBLISHED = {"train": Count(1038, 9989), "validation": Count(114, 1109), "test": Count(280, 2610)}
LICENCE = "annotation tables of declare-lab/MELD: GPL-3.0"


@dataclass(frozen=True)
class Meld(JoiningDataSet):
    """Which text features of a feature file are taken."""

    roberta: Annotated[Roberta, Doc("of four RoBERTa layers, the first or all side by side")] = "first"

    def load(self) -> DataSplits:
        """Return the splits as they were added."""
        return load(self._text)

    def join(
        self,
        sources: Sequence[Path],
        *,
        partial: bool,
        text_encoder: str,
        progress: Callable[[str, int, int], None],
    ) -> DataSplits:
        """Read several files and folders; see `JoiningDataSet`."""
        request = Request(self._text, partial, text_encoder, progress, self.roberta)
        return join(_CORPUS, _NAMED, sources, request)

    @property
    def _text(self) -> str:
        return str(canonical("meld", self))


PLUGIN = Meld


def _read(record: Record, split: str) -> Utterance:
    file = FILES[split].partition("_")[0]
    dialogue, number = record.integer("Dialogue_ID"), record.integer("Utterance_ID")
    label = record.index("Emotion", CLASSES)
    sentiment, expected = record.text("Sentiment"), SENTIMENTS[CLASSES[label]]
    if sentiment not in expected:
        raise DataError(
            f"{record.place}: expected {' or '.join(expected)} as the Sentiment of {CLASSES[label]}, got {sentiment!r}"
        )
    return Utterance(
        place=record.place,
        identifier=f"{file}_{dialogue}_{number}",
        dialogue=f"{file}_{dialogue}",
        position=(dialogue, number),
        speaker=record.text("Speaker"),
        label=label,
        transcript=record.text("Utterance"),
    )


_CORPUS = TextCorpus(
    data="meld",
    classes=CLASSES,
    files=FILES,
    columns=("Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"),
    read=_read,
    published=PUBLISHED,
    licence=LICENCE,
    leaks=(encoder_leak("MELD"),),
)
_NAMED = Corpus(
    data="meld",
    classes=CLASSES,
    read=read_meld,
    example="0 … 1432",
    published=PUBLISHED,
    labels={
        "train": (4710, 1205, 268, 683, 1743, 271, 1109),
        "validation": (470, 150, 40, 111, 163, 22, 153),
        "test": (1256, 281, 50, 208, 402, 68, 345),
    },
    licence=f"{LICENCE}; features as their authors pass them on",
    absent=frozenset({60}),
)

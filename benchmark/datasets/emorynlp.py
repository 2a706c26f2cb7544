"""EmoryNLP: scenes of the series Friends, seven emotions of the feeling wheel; text features by a sentence encoder.

The tables `emorynlp_train_final.csv`, `emorynlp_dev_final.csv` and `emorynlp_test_final.csv` of the repository
declare-lab/MELD, with the official split: 659 / 89 / 79 scenes, 7,551 / 954 / 984 utterances. A dialogue is a scene,
named `SEASON_EPISODE_SCENE`; utterances are ordered by `Utterance_ID`, and the numbers that the corpus leaves out are
not filled. Where several people speak at once (60 utterances) the group counts as one further speaker, whatever the
order of its names: to attribute the emotion to one of its members would invent that one's state.

In their place or beside them: COSMIC's pickle (docs/feature_files.md). Joined with the tables it must have the same
utterances, labels and speakers; where the tables have a group, it names one of its members.

Source: Zahiri and Choi, Emotion detection on TV show transcripts with sequence-based convolutional neural networks,
AAAI workshops 2018.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..conversations import DataSplits
from ..errors import DataError
from ..feature_files.convert import Request
from ..feature_files.corpora import Corpus, read_emorynlp
from ..store import load
from .base import JoiningDataSet
from .csv_files import Record
from .text_corpus import TextCorpus, encoder_leak, join
from .utterances import Count, Utterance

CLASSES = ("Joyful", "Mad", "Peaceful", "Neutral", "Sad", "Powerful", "Scared")
"""In the order that published feature files use."""
FILES = {
    "train": "emorynlp_train_final.csv",
    "validation": "emorynlp_dev_final.csv",
    "test": "emorynlp_test_final.csv",
}
PUBLISHED = {"train": Count(659, 7551), "validation": Count(89, 954), "test": Count(79, 984)}
LICENCE = "annotation tables of declare-lab/MELD: GPL-3.0; the original EmoryNLP corpus: Apache-2.0"


@dataclass(frozen=True)
class EmoryNLP(JoiningDataSet):
    """No arguments."""

    def load(self) -> DataSplits:
        """Return the splits as they were added."""
        return load("emorynlp")

    def join(
        self,
        sources: Sequence[Path],
        *,
        partial: bool,
        text_encoder: str,
        progress: Callable[[str, int, int], None],
    ) -> DataSplits:
        """Read several files and folders; see `JoiningDataSet`."""
        request = Request("emorynlp", partial, text_encoder, progress)
        return join(_CORPUS, _NAMED, sources, request)


PLUGIN = EmoryNLP


def _read(record: Record, split: str) -> Utterance:
    scene = tuple(record.integer(column) for column in ("Season", "Episode", "Scene_ID"))
    number = record.integer("Utterance_ID")
    name = "_".join(map(str, scene))
    return Utterance(
        place=record.place,
        identifier=f"{name}_{number}",
        dialogue=name,
        position=(*scene, number),
        speaker=_speaker(record),
        label=record.index("Emotion", CLASSES),
        transcript=record.text("Utterance"),
    )


def _speaker(record: Record) -> str:
    """Name of the speaker, or of the group; the table holds a list in the form of Python text."""
    text = record.text("Speaker")
    try:
        names = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise DataError(f"{record.place}: expected Speaker as a list of names such as ['Ross Geller'], got {text!r}")
    return " & ".join(sorted(name.strip() for name in names))


_CORPUS = TextCorpus(
    data="emorynlp",
    classes=CLASSES,
    files=FILES,
    columns=("Utterance", "Speaker", "Emotion", "Scene_ID", "Utterance_ID", "Season", "Episode"),
    read=_read,
    published=PUBLISHED,
    licence=LICENCE,
    leaks=(encoder_leak("EmoryNLP"),),
)
_NAMED = Corpus(
    data="emorynlp",
    classes=CLASSES,
    read=read_emorynlp,
    example="4_4_11",
    published=PUBLISHED,
    labels={
        "train": (1677, 785, 638, 2485, 474, 551, 941),
        "validation": (205, 97, 82, 322, 51, 70, 127),
        "test": (217, 86, 111, 288, 70, 96, 116),
    },
    licence=f"{LICENCE}; features as their authors pass them on",
)

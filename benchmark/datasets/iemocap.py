"""IEMOCAP: two actors in twelve hours of scenes and improvisations, six emotions; feature files of the community.

Any file of the layouts in docs/feature_files.md: those of MMGCN and DialogueRNN, of M3Net and SDT, COSMIC's RoBERTa
features, COSMIC's annotations, COGMEN's. Several files are joined, of two that have a modality the first gives it;
their dialogues, labels and speakers must agree. 120 training and validation dialogues with 5,810 utterances; the test
split is session 5, 31 dialogues with 1,623 utterances. The public split has no validation set. By default the file's
own list is taken (COSMIC, COGMEN), or else the tenth of the training dialogues whose names come first when sorted by
their SHA-256; `validation=session1` takes the 28 dialogues of session 1.

Source: Busso et al., IEMOCAP: interactive emotional dyadic motion capture database, Language Resources and Evaluation
42(4), 2008.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from ..arguments import canonical
from ..conversations import DataSplits
from ..feature_files.convert import Request, Roberta, Rule, joined
from ..feature_files.corpora import FITTING, Corpus, read_iemocap
from ..feature_files.sources import read_sources
from ..store import load
from .base import JoiningDataSet
from .text_corpus import encoder_leak
from .utterances import Count

CLASSES = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
"""In the order that published feature files use."""
_CORPUS = Corpus(
    data="iemocap",
    classes=CLASSES,
    read=read_iemocap,
    example="Ses02F_script01_3",
    published={FITTING: Count(120, 5810), "test": Count(31, 1623)},
    labels={FITTING: (504, 839, 1324, 933, 742, 1468), "test": (144, 245, 384, 170, 299, 381)},
    licence="features as their authors pass them on; the IEMOCAP corpus keeps its own terms: research, by agreement",
    has_names=True,
)


@dataclass(frozen=True)
class Iemocap(JoiningDataSet):
    """Which dialogues are for validation, and which text features are taken."""

    validation: Annotated[Rule, Doc("by the file's own list, a tenth of the training dialogues, or session 1")] = "auto"
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
        """Read several files; see `JoiningDataSet`."""
        request = Request(self._text, partial, text_encoder, progress, self.roberta, self.validation)
        read = []
        for done, path in enumerate(sources):
            progress("reading iemocap", done, len(sources))
            read += read_sources(path, _CORPUS)
        progress("reading iemocap", len(sources), len(sources))
        return joined(read, _CORPUS, request, encoder_leak=encoder_leak("IEMOCAP"))

    @property
    def _text(self) -> str:
        return str(canonical("iemocap", self))


PLUGIN = Iemocap

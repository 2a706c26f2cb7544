"""Aligned sentiment files of MMSA (CMU-MOSI, CMU-MOSEI, CH-SIMS and others): negative or positive, three modalities.

A dictionary of train, valid and test, each with text, audio and vision (utterances × steps × width), id, raw_text and
regression_labels. Here an utterance has one vector per modality: the mean of its steps, those left out that hold zeros
only, which are padding; an utterance all of whose steps are padding was not observed in that modality. -inf, which the
released audio features of CMU-MOSEI have where nothing sounds, counts as 0. A dialogue is a video, its utterances are
ordered by the number behind `$_$` in their id, and all are by one speaker. The class is positive from a score of 0 on.
`name` keeps several of them apart. An utterance in two splits is refused; that videos have utterances in several is
told as a leak.

Source: Mao et al., M-SENA: an integrated platform for multimodal sentiment analysis, ACL 2022 (demonstrations).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from ..arguments import canonical
from ..conversations import Conversations, DataSplits
from ..errors import DataError
from ..feature_files.aligned import read_split
from ..feature_files.sources import pickles_in
from ..safe_pickle.reader import read_pickle
from ..store import load
from .names import require_word

SPLITS = {"train": "train", "validation": "valid", "test": "test"}
LICENCE = "features as their authors pass them on; each corpus keeps its own terms"


@dataclass(frozen=True)
class Mmsa:
    """Which of them it is."""

    name: Annotated[str, Doc("what you call it, such as mosei; letters, digits and underscores")] = "aligned"

    def __post_init__(self) -> None:
        """Check the name."""
        require_word("mmsa", self.name)

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
        """Read the file; see `ConvertibleDataSet`. No sizes are checked, as each corpus has its own."""
        files = pickles_in(source)
        if len(files) != 1:
            raise DataError(f"mmsa: expected one file with features, but {source} has {len(files) or 'none'}")
        if text_encoder:
            raise DataError("mmsa comes with its own text features; leave --text-encoder out")
        value = read_pickle(files[0])
        if not isinstance(value, dict) or not set(SPLITS.values()) <= set(value):
            got = ", ".join(map(repr, list(value)[:5])) if isinstance(value, dict) else type(value).__name__
            raise DataError(f"{files[0]}: expected a dictionary of train, valid and test, got {got}")
        progress(f"reading {self.name}", 0, 1)
        train, validation, test = (
            read_split(value[called], f"{files[0]}, {called}", data=self._text, split=split)
            for split, called in SPLITS.items()
        )
        progress(f"reading {self.name}", 1, 1)
        leaks = _shared_videos(train, validation, test, place=str(files[0]))
        return DataSplits(train, validation, test, licence=LICENCE, leaks=leaks)

    @property
    def _text(self) -> str:
        return str(canonical("mmsa", self))


def _shared_videos(*splits: Conversations, place: str) -> tuple[str, ...]:
    """Return the leak of videos that several splits have utterances of; an utterance in two splits is refused."""
    homes: dict[str, str] = {}
    videos: Counter[str] = Counter()
    for split in splits:
        for name in split.utterance_ids:
            if homes.setdefault(name, split.split) != split.split:
                raise DataError(
                    f"{place}: utterance {name} is in {split.split} and in {homes[name]}; expected it in one split only"
                )
        videos.update(split.dialogue_ids)
    shared = sum(count > 1 for count in videos.values())
    if not shared:
        return ()
    return (
        f"mmsa: {shared} of {len(videos)} videos have utterances in more than one split: who speaks there, and "
        "of what, is known from training",
    )


PLUGIN = Mmsa

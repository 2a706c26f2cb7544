"""Simulated conversations in three modalities, drawn from a stated process whose exact posterior is known.

They are made in memory in a moment, so every command runs on a fresh machine, and there is a right answer to compare
with: the model `bayes_optimal`. Labels have MELD's classes and shares; an emotion tends to last (inertia) and to spread
to the next speaker (contagion); each modality is a class mean in a random direction plus noise that is good or poor,
anew at every utterance. The process is stated in `benchmark/simulation/world.py`. With the default arguments the exact
posterior has a weighted F1 of about .77 on the test split, and from text alone, audio alone and video alone the order
that is published for MELD. Simulated data say how a model handles missing evidence, nothing about people.

Source: emobench's own; class shares from MELD (Poria et al., ACL 2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Unit
from typing_extensions import Doc

from ..arguments import canonical, text_of
from ..conversations import Conversations, DataSplits
from ..errors import SpecError
from ..simulation.sampling import Size, sample, sample_named
from ..simulation.world import MOST_SPEAKERS, World, make_world

Count = Annotated[int, Ge(1), Le(100_000), Unit("dialogues")]
Width = Annotated[int, Ge(1), Le(10_000), Unit("features")]
Scale = Annotated[float, Ge(0), Le(100)]

MOST_TURNS = 1000
"""A dialogue longer than this is taken for a slip of the keyboard."""


@dataclass(frozen=True)
class Simulated:
    """Size and make of the simulated data."""

    train: Annotated[Count, Doc("size of the training split")] = 400
    validation: Annotated[Count, Doc("size of the validation split")] = 80
    test: Annotated[Count, Doc("size of the test split")] = 200
    seed: Annotated[int, Ge(0), Doc("another seed is another world with other dialogues")] = 0
    speakers: Annotated[tuple[int, ...], Doc("fewest/most people in a dialogue, from 1 to 4")] = (2, 4)
    turns: Annotated[tuple[int, ...], Doc("fewest/most turns of a dialogue, from 1 to 1000")] = (3, 20)
    text_width: Annotated[Width, Doc("width of the text features")] = 64
    audio_width: Annotated[Width, Doc("width of the audio features")] = 32
    video_width: Annotated[Width, Doc("width of the video features")] = 32
    text_separation: Annotated[Scale, Doc("factor on how far classes are apart in text; 0: text says nothing")] = 1.0
    audio_separation: Annotated[Scale, Doc("the same for audio")] = 1.0
    video_separation: Annotated[Scale, Doc("the same for video")] = 1.0

    def __post_init__(self) -> None:
        """Check the two ranges."""
        _require_range("speakers", self.speakers, MOST_SPEAKERS, Simulated.speakers)
        _require_range("turns", self.turns, MOST_TURNS, Simulated.turns)

    def load(self) -> DataSplits:
        """Return the three splits; dialogue n of a split does not depend on how large any split is."""
        return DataSplits(
            train=self._split("train", self.train),
            validation=self._split("validation", self.validation),
            test=self._split("test", self.test),
            licence="MIT, as emobench itself: drawn by the program, no recordings of people",
            posterior="bayes_optimal",
            leaks=("simulated: drawn from a known random process, so figures say nothing about recorded people",),
        )

    def world(self) -> World:
        """Return the parameters of the process; they depend on seed, widths and separations only."""
        return make_world(
            self.seed,
            widths={"text": self.text_width, "audio": self.audio_width, "video": self.video_width},
            scales={"text": self.text_separation, "audio": self.audio_separation, "video": self.video_separation},
        )

    def dialogues(self, names: Sequence[str], *, split: str) -> Conversations:
        """Return the dialogues of these names once more, as they were drawn."""
        return sample_named(self.world(), self._size, names, data=self._text, split=split, seed=self.seed)

    def _split(self, split: str, dialogues: int) -> Conversations:
        return sample(self.world(), self._size, data=self._text, split=split, dialogues=dialogues, seed=self.seed)

    @property
    def _size(self) -> Size:
        return Size((self.speakers[0], self.speakers[1]), (self.turns[0], self.turns[1]))

    @property
    def _text(self) -> str:
        return str(canonical("simulated", self))


PLUGIN = Simulated


def _require_range(name: str, value: tuple[int, ...], most: int, default: tuple[int, ...]) -> None:
    if len(value) != 2 or not 1 <= value[0] <= value[1] <= most:
        raise SpecError(
            f"simulated: expected {name} as fewest/most with 1 ≤ fewest ≤ most ≤ {most}, got {text_of(value)!r}; "
            f"type for instance {name}={text_of(default)}"
        )

"""Whether sources speak of the same utterances: dialogues, their lengths, names, labels, speakers and words."""

import re
from collections import Counter
from collections.abc import Sequence

from ..datasets.utterances import Utterance
from ..errors import DataError
from .sources import Source

SHARE_OF_WORDS = 0.5
"""Of the longer of two transcripts of one utterance, at least."""


def require_agreement(first: Source, other: Source) -> None:
    """Raise DataError at the first utterance on which two sources disagree.

    Speakers agree if each name or code of the one stands for one of the other within a dialogue; a group of speakers
    may stand for one of its members. Transcripts agree if they share half of their words: they are corrected now and
    then, and what says something else is another utterance.
    """
    for name in (*first.dialogues, *other.dialogues):
        for here, there in ((first, other), (other, first)):
            if name not in here.dialogues:
                raise DataError(f"{here.place}: expected the dialogue {name} that {there.place} has, and it is missing")
    for name, utterances in first.dialogues.items():
        others = other.dialogues[name]
        if len(utterances) != len(others):
            raise DataError(
                f"{other.place}: expected {len(utterances)} utterances in {name} as in {first.place}, got {len(others)}"
            )
        for mine, theirs in zip(utterances, others, strict=True):
            _require_same(mine, theirs, names=first.has_names and other.has_names)
        _require_speakers(utterances, others, groups=first.has_groups)
    for name, split in other.splits.items():
        if {split, first.splits[name]} in ({"test", "train"}, {"test", "validation"}, {"test", "fitting"}):
            raise DataError(f"{other.place}: expected {name} for {first.splits[name]} as in {first.place}, got {split}")


def _require_same(mine: Utterance, theirs: Utterance, *, names: bool) -> None:
    if names and mine.identifier != theirs.identifier:
        raise DataError(f"{theirs.place}: expected {mine.identifier} as in {mine.place}, got {theirs.identifier}")
    if mine.label != theirs.label:
        raise DataError(f"{theirs.place}: expected the label {mine.label} as in {mine.place}, got {theirs.label}")
    if not _say_the_same(mine.transcript, theirs.transcript):
        said, here = (f"{text[:60]}{'…' * (len(text) > 60)}" for text in (theirs.transcript, mine.transcript))
        raise DataError(f"{theirs.place}: expected the words {here!r} as in {mine.place}, got {said!r}")


def _say_the_same(one: str, other: str) -> bool:
    """Return whether two transcripts are of one utterance; where one has no words nothing is known."""
    # Apostrophes, blanks and letters with accents are what is damaged most.
    words, others = (re.findall("[a-z0-9]+", re.sub("[^\x00-\x7f]|'", "", text).lower()) for text in (one, other))
    if not words or not others or "".join(words) == "".join(others):
        return True
    return (Counter(words) & Counter(others)).total() >= SHARE_OF_WORDS * max(len(words), len(others))


def _require_speakers(mine: Sequence[Utterance], theirs: Sequence[Utterance], *, groups: bool) -> None:
    """Raise DataError unless the speakers of two versions of a dialogue are the same but for their names."""
    meant: dict[str, set[str]] = {}
    for one, other in zip(mine, theirs, strict=True):
        possible = {one.speaker, *one.speaker.split(" & ")} if groups else {one.speaker}
        left = meant.setdefault(other.speaker, possible) & possible
        if not left:
            before = " or ".join(sorted(meant[other.speaker]))
            raise DataError(
                f"{other.place}: expected another speaker than {other.speaker}, who is {before} in "
                f"{one.place.rpartition(', ')[0]}, as {one.speaker} speaks there"
            )
        meant[other.speaker] = left
    for code, names in meant.items():
        for again, others in meant.items():
            if code != again and len(names) == 1 and names == others:
                one = next(theirs[place] for place, each in enumerate(theirs) if each.speaker == again)
                raise DataError(
                    f"{one.place}: expected {names.pop()} to be {code} everywhere in the dialogue, got {again}"
                )

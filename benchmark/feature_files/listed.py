"""Which dialogues of a file are for training, validation and test.

Files list them in different orders (COSMIC: training, test, validation). What a list is for is therefore told by what
is in it: by the names, where a corpus has them by split or session, or else by the published sizes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..datasets.utterances import Count
from ..errors import DataError
from .corpora import FITTING, Corpus, Named
from .fields import Key

Listed = Mapping[str, Sequence[Key]]


def splits_of(
    listed: Listed, named: Mapping[Key, Named], labels: Mapping[Key, Sequence[int]], corpus: Corpus, path: Path
) -> dict[str, str]:
    """Return per dialogue what it is for: `train`, `validation`, `test` or `FITTING`.

    Parameters
    ----------
    listed
        Names of dialogues by what they should be for, in the order that the layout has.
    named
        What the name of each dialogue says.
    labels
        One number per utterance, by dialogue.

    Raises
    ------
    DataError
        When a list names a dialogue that is not there, or two lists the same, or one that is in none, or a list holds
        dialogues of several splits.
    """
    lists = {part: [key for key in keys if key not in corpus.absent] for part, keys in listed.items()}
    homes: dict[Key, str] = {}
    for part, keys in lists.items():
        for key in keys:
            if key not in named:
                raise DataError(f"{path}: expected {part} to list dialogues of the file, got {key!r}")
            if homes.setdefault(key, part) != part:
                raise DataError(f"{path}: expected each dialogue in one list, got {key!r} in {homes[key]} and {part}")
    unlisted = next((key for key in named if key not in homes), None)
    if unlisted is not None:
        raise DataError(f"{path}: expected each dialogue in a list, got {unlisted!r} in none")
    meant = _meant(lists, named, labels, corpus, path)
    return {named[key].name: _official(named[key]) or meant[part] for key, part in homes.items()}


def _official(named: Named) -> str:
    return "" if named.split == FITTING else named.split


def _meant(
    lists: Listed, named: Mapping[Key, Named], labels: Mapping[Key, Sequence[int]], corpus: Corpus, path: Path
) -> dict[str, str]:
    """Return what each list is for."""
    told = {part: {named[key].split for key in keys} for part, keys in lists.items() if keys}
    for part, splits in told.items():
        if "test" in splits and len(splits) > 1:
            raise DataError(f"{path}: expected {part} to list the test split or the others, got dialogues of both")
    if any("test" in splits for splits in told.values()):
        return _by_names(lists, told)
    sizes = {part: Count(len(keys), sum(len(labels[key]) for key in keys)) for part, keys in lists.items()}
    published = {count: split for split, count in corpus.published.items()}
    if all(size in published for size in sizes.values()):
        return {part: published[size] for part, size in sizes.items()}
    return {part: part for part in lists}


def _by_names(lists: Listed, told: Mapping[str, set[str]]) -> dict[str, str]:
    """Return what lists are for, one of which is known to be the test split; of two others the longer is training."""
    others = sorted((part for part in lists if told.get(part) != {"test"}), key=lambda part: -len(lists[part]))
    meant = [FITTING] if len(others) == 1 else ["train", "validation"]
    return {**dict.fromkeys(lists, "test"), **dict(zip(others, meant, strict=False))}

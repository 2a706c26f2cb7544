"""What the splits of a data set have in common, and should not: names of utterances and dialogues, rows of features.

What is found is told, and nothing is removed. Three rules keep apart what is common and what looks like it:

- Names that hold no letter are numbers, which many corpora begin again in each split; that both splits have a dialogue
  `0` says nothing. (Names of this package's data sets hold the split, where the corpus begins again.)
- A row counts as repeated if all its modalities are equal, bit by bit. A row of zeros only is one of which nothing was
  recorded, and does not count.
- Where one modality only says anything, it counts as part of three turns in a row that are repeated: “Okay.” has the
  same text features whoever says it, “Hi.” is often answered by “Hey!”, and “Hey.” by “Hey.” and “Hey.”.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Int64

from .conversations import Conversations, DataSplits

PASSAGE = 3
"""Turns in a row that are not said again by chance."""


def overlaps(splits: DataSplits) -> tuple[str, ...]:
    """Return what the splits share, one sentence each; empty: nothing."""
    digests = {name: _row_digests(split) for name, split in splits.items()}
    found: list[str] = []
    for (one, first), (other, second) in combinations(splits.items(), 2):
        found += _shared(first.utterance_ids, second.utterance_ids, f"utterances of {other}", one)
        found += _shared(first.dialogue_ids, second.dialogue_ids, f"dialogues of {other}", one)
        found += _repeated(first, second, digests[one], digests[other])
    return tuple(found)


def _shared(first: Sequence[str], second: Sequence[str], what: str, one: str) -> Iterator[str]:
    there = set(first)
    common = [name for name in second if name in there and any(map(str.isalpha, name))]
    if common:
        yield f"{len(common):,} of {len(second):,} {what} bear a name that {one} has too (the first: {common[0]})"


def _repeated(first: Conversations, second: Conversations, there: list[bytes], here: list[bytes]) -> Iterator[str]:
    source = {digest: row for row, digest in enumerate(there) if digest}
    alone = np.array([digest in source for digest in here]) & (_modalities_that_say(second) > 1)
    known = set(_passages(first, there).values())
    passages = [row for row, passage in _passages(second, here).items() if passage in known]
    rows = sorted({*np.flatnonzero(alone).tolist(), *(row + turn for row in passages for turn in range(PASSAGE))})
    if rows:
        name, as_name = second.utterance_ids[rows[0]], first.utterance_ids[source[here[rows[0]]]]
        yield (
            f"{len(rows):,} of {len(second):,} utterances of {second.split} have exactly the features of one of "
            f"{first.split} (the first: {name}, as {as_name})"
        )


def _passages(split: Conversations, digests: list[bytes]) -> dict[int, tuple[bytes, ...]]:
    """Return by row the digests of it and the next two of its dialogue; not of zeros, nor three times the same."""
    rows, last = range(len(split) - PASSAGE + 1), PASSAGE - 1
    together = [row for row in rows if split.dialogue[row] == split.dialogue[row + last]]
    passages = {row: tuple(digests[row : row + PASSAGE]) for row in together}
    return {row: passage for row, passage in passages.items() if all(passage) and len(set(passage)) > 1}


def _row_digests(split: Conversations) -> list[bytes]:
    """Return a digest of each row over all modalities; empty: the row holds zeros only."""
    # Adding 0 makes -0 the same as 0.
    parts = [np.ascontiguousarray(rows) + np.float32(0) for rows in split.features.values()]
    says = _modalities_that_say(split) > 0
    joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return [
        hashlib.blake2b(row.data, digest_size=16).digest() if anything else b""
        for row, anything in zip(joined, says.tolist(), strict=True)
    ]


def _modalities_that_say(split: Conversations) -> Int64[np.ndarray, " utterances"]:
    """Return per row how many modalities hold anything but zeros."""
    count: Int64[np.ndarray, " utterances"] = np.zeros(len(split), np.int64)
    for rows in split.features.values():
        count += rows.any(axis=1)
    return count

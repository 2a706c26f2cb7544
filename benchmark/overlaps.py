"""What the splits of a data set have in common, and should not: names of utterances and dialogues, rows of features.

What is found is told, and nothing is removed. Three rules keep apart what is common and what looks like it:

- Names that hold no letter are numbers, which many corpora begin again in each split; that both splits have a dialogue
  `0` says nothing. (Names of this package's data sets hold the split, where the corpus begins again.)
- A row counts as repeated if all its modalities are equal, bit by bit. A row of zeros only is one of which nothing was
  recorded, and does not count.
- Where one modality only says anything, it counts if the turn before or after it is repeated as well: “Okay.” has the
  same text features whoever says it, but two such turns in a row are a passage.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Int64

from .conversations import Conversations, DataSplits


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
    where = {digest: row for row, digest in enumerate(there) if digest}
    source = np.array([where.get(digest, -1) if digest else -1 for digest in here], dtype=np.int64)
    known = source >= 0
    counts = known & (_modalities_that_say(second) > 1)
    counts |= known & _beside_another(known, second.dialogue)
    rows = np.flatnonzero(counts)
    if len(rows):
        row = int(rows[0])
        yield (
            f"{len(rows):,} of {len(second):,} utterances of {second.split} have exactly the features of one of "
            f"{first.split} (the first: {second.utterance_ids[row]}, as {first.utterance_ids[source[row]]})"
        )


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


def _beside_another(
    known: Bool[np.ndarray, " utterances"], dialogue: Int64[np.ndarray, " utterances"]
) -> Bool[np.ndarray, " utterances"]:
    """Return whether the turn before or after, in the same dialogue, is known as well."""
    both = known[1:] & known[:-1] & (dialogue[1:] == dialogue[:-1])
    beside: Bool[np.ndarray, " utterances"] = np.append(both, False) | np.insert(both, 0, False)
    return beside

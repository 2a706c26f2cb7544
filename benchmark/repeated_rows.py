"""Features of which rows are there many times, as under a removal of context.

A copy of all of them would be the largest thing in memory, and whoever makes batches never needs it.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float32, Int64


class RepeatedRows(Mapping[str, np.ndarray]):
    """Per modality some rows of other features, as utterances × width; copied when they are asked for by modality.

    What is copied is kept, read-only, and is the same array from then on.
    """

    def __init__(
        self, features: Mapping[str, Float32[np.ndarray, "originals width"]], rows: Int64[np.ndarray, " utterances"]
    ) -> None:
        """Copy nothing yet; `rows`: per row here, the row of `features`, which are read-only."""
        self.origins: Mapping[str, np.ndarray] = features
        """What the rows are taken from."""
        self.rows: Int64[np.ndarray, " utterances"] = rows
        """Which they are."""
        if isinstance(features, RepeatedRows):
            self.origins, self.rows = features.origins, features.rows[rows]
        self._copies: dict[str, np.ndarray] = {}

    def __getitem__(self, modality: str) -> Float32[np.ndarray, "utterances width"]:
        """Return the rows of a modality; KeyError where there is none."""
        if modality not in self._copies:
            copy = self.origins[modality].take(self.rows, axis=0)
            copy.flags.writeable = False
            self._copies[modality] = copy
        return self._copies[modality]

    def __contains__(self, modality: object) -> bool:
        """Return whether there is such a modality."""
        return modality in self.origins

    def __iter__(self) -> Iterator[str]:
        """Yield the modalities."""
        return iter(self.origins)

    def __len__(self) -> int:
        """Return the number of modalities."""
        return len(self.origins)

    def __reduce__(self) -> tuple[type, tuple[dict[str, np.ndarray]]]:
        """Leave this process as what it stands for, without the rest of what it was made of."""
        return dict, (dict(self),)

    def take(self, modality: str, rows: Int64[np.ndarray, "*places"]) -> Float32[np.ndarray, "*places width"]:
        """Return some of the rows of a modality, without copying all of them first."""
        taken: Float32[np.ndarray, "*places width"] = self.origins[modality].take(self.rows[rows], axis=0)
        return taken


def shape_of(features: Mapping[str, np.ndarray], modality: str) -> tuple[int, ...]:
    """Return the shape of a modality's features, without a copy of rows that are repeated."""
    if isinstance(features, RepeatedRows):
        return len(features.rows), *features.origins[modality].shape[1:]
    return features[modality].shape

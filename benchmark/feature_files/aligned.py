"""Files of sentiment corpora in MMSA's aligned layout: per utterance a series of vectors in each modality."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Float64

from ..conversations import Conversations
from ..datasets.utterances import Utterance, conversations_of, require_distinct
from ..errors import DataError

CLASSES = ("negative", "positive")
"""By the sign of the score; 0 is positive."""
MODALITIES = {"text": "text", "audio": "audio", "video": "vision"}
"""What the layout calls them."""
_NEEDED = (*MODALITIES.values(), "id", "raw_text", "regression_labels")
_BETWEEN = "$_$"


def read_split(value: Any, place: str, *, data: str, split: str) -> Conversations:  # whatever a pickle holds
    """Return a split of such a file.

    Raises
    ------
    DataError
        When something is missing, of another length, or no number.
    """
    if not isinstance(value, Mapping):
        raise DataError(f"{place}: expected a dictionary, got {type(value).__name__}")
    missing = next((name for name in _NEEDED if name not in value), None)
    if missing is not None:
        raise DataError(f"{place}: expected {missing!r}, got {', '.join(map(str, value))}")
    lengths = {name: _length(value[name]) for name in _NEEDED}
    wrong = next((name for name, length in lengths.items() if length != lengths["id"] or not length), None)
    if wrong is not None:
        raise DataError(f"{place}: expected {lengths['id'] or 'some'} entries in {wrong!r}, got {lengths[wrong]}")
    utterances = _utterances(value, place)
    require_distinct({split: utterances})
    order = sorted(range(len(utterances)), key=lambda row: utterances[row].position)
    found = {modality: _means(value[name], f"{place}, {name}") for modality, name in MODALITIES.items()}
    rows = {modality: means[order] for modality, (means, _) in found.items()}
    there = {modality: mask[order] for modality, (_, mask) in found.items()}
    made = conversations_of([utterances[row] for row in order], rows, data=data, split=split, classes=CLASSES)
    return made.with_modalities(observed=there, present={modality: mask.copy() for modality, mask in there.items()})


def _length(value: Any) -> int:  # see `read_split`
    return len(value) if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim) else 0


def _utterances(value: Mapping[str, Any], place: str) -> list[Utterance]:
    scores = _scores(value["regression_labels"], place)
    if not np.isfinite(scores).all():
        raise DataError(
            f"{place}, entry {int(np.argmin(np.isfinite(scores)))}: expected a finite score, got {scores.min()}"
        )
    return [
        _utterance(str(name), str(text).strip(), float(score), f"{place}, entry {number}")
        for number, (name, text, score) in enumerate(zip(value["id"], value["raw_text"], scores, strict=True))
    ]


def _scores(value: Any, place: str) -> Float64[np.ndarray, " utterances"]:  # see `read_split`
    try:
        scores = np.asarray(value, np.float64)
    except (ValueError, TypeError):
        scores = np.empty((0, 0))
    if scores.shape not in ((len(value),), (len(value), 1)):
        raise DataError(f"{place}: expected a number per utterance in 'regression_labels', got other values")
    return scores.reshape(-1)


def _utterance(name: str, text: str, score: float, place: str) -> Utterance:
    video, between, number = name.rpartition(_BETWEEN)
    if not between or not number.isdecimal():
        raise DataError(f"{place}: expected an id of the form VIDEO{_BETWEEN}NUMBER, got {name!r}")
    return Utterance(place, f"{video}_{int(number)}", video, (video, int(number)), video, int(score >= 0), text)


def _means(
    value: Sequence[Any] | np.ndarray, place: str
) -> tuple[Float32[np.ndarray, "utterances width"], Bool[np.ndarray, " utterances"]]:
    """Return the mean of the steps that are no padding, and which utterances have any."""
    try:
        with np.errstate(over="ignore"):  # what is too large is not finite then
            series = np.asarray(value, np.float32)
    except (ValueError, TypeError, OverflowError):
        series = np.empty(0, np.float32)
    if series.ndim != 3 or not series.shape[2]:
        raise DataError(f"{place}: expected numbers of the shape utterances × steps × width, got {np.shape(series)}")
    silent = np.isneginf(series)
    if silent.any():  # the logarithm of no energy, in audio features of the released CMU-MOSEI file
        series = np.where(silent, np.float32(0), series)
    bad = ~np.isfinite(series).all(axis=(1, 2))
    if bad.any():
        raise DataError(f"{place}, entry {int(np.argmax(bad))}: expected finite numbers (-inf counts as 0)")
    spoken = series.any(axis=2)
    steps = spoken.sum(axis=1)
    means = series.sum(axis=1, dtype=np.float64) / np.maximum(steps, 1)[:, None]
    return means.astype(np.float32), steps > 0

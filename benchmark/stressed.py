"""Predict under stress, and bring the predictions back onto the rows of the original split."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xxhash
from jaxtyping import Int64

from ..baselines.base import Asked, FittedModel, HonoursLinks, PredictsConditions
from .conversations import CONTEXT_ONLY, Conversations
from .errors import NotApplicable, PredictionError
from .predictions import Predictions
from .repeated_rows import RepeatedRows


def predict_under(fitted: FittedModel, clean: Conversations, stressed: Conversations) -> Predictions:
    """Return one row per row of `clean`, read from the rows of `stressed` whose `target` names it.

    Raises
    ------
    NotApplicable
        When the conversations carry links and the model does not say that it honours them.
    PredictionError
        When the model returns another number of rows or classes, or the stress leaves out or repeats a target, or
        reads one utterance in the place of another.
    """
    require_links_honoured(fitted, stressed)
    predictions = fitted.predict(stressed)
    return Reading.of(clean, stressed).read(predictions)


def require_links_honoured(fitted: FittedModel, stressed: Conversations) -> None:
    """Raise NotApplicable for an input with links and a model that does not say that it honours them."""
    if stressed.links is not None and not (isinstance(fitted, HonoursLinks) and fitted.honours_links):
        raise NotApplicable("this model takes no pairwise mask of the context; type mode=strict")


@dataclass(frozen=True, eq=False)
class Reading:
    """Where the predictions of a stressed input are read."""

    given: int
    """Rows that the model is given."""
    classes: int
    """Classes of the data."""
    rows: Int64[np.ndarray, " utterances"] | None
    """Per row of the original split, the row that is read for it; None: its own."""

    @classmethod
    def of(cls, clean: Conversations, stressed: Conversations) -> "Reading":
        """Return how to read an input; PredictionError when it leaves out, repeats or exchanges a target."""
        if stressed.target is clean.target and stressed.utterance_ids is clean.utterance_ids:
            return cls(len(stressed), len(clean.classes), None)
        read = np.flatnonzero(stressed.target != CONTEXT_ONLY)
        targets = stressed.target[read]
        if not np.array_equal(np.sort(targets), np.arange(len(clean))):
            raise PredictionError(
                f"expected each of {len(clean)} utterances to be read once, got {len(targets)} reads of "
                f"{len(np.unique(targets))} utterances"
            )
        rows = np.empty(len(clean), np.int64)
        rows[targets] = read
        names = tuple(map(stressed.utterance_ids.__getitem__, rows.tolist()))
        if names != clean.utterance_ids:
            name, got = next((a, b) for a, b in zip(clean.utterance_ids, names, strict=True) if a != b)
            raise PredictionError(f"expected {name} to be read at its own row, got {got}")
        return cls(len(stressed), len(clean.classes), rows)

    def read(self, predictions: Predictions) -> Predictions:
        """Return the rows that are read; PredictionError when the model returned others than it was given."""
        _require_shape(predictions, (self.given, self.classes))
        rows = self.rows
        if rows is None:
            return predictions
        return Predictions(
            probabilities=predictions.probabilities[rows],
            modality_weights={name: weights[rows] for name, weights in predictions.modality_weights.items()},
            hidden=None if predictions.hidden is None else predictions.hidden[rows],
        )


def predict_condition(fitted: PredictsConditions, clean: Conversations, asked: Asked) -> Predictions:
    """Return what a model that knows conditions by name says of the rows of `clean`.

    Raises
    ------
    NotApplicable
        When it knows nothing of the condition.
    PredictionError
        When it returns another number of rows or classes.
    """
    predictions = fitted.predict_condition(asked, clean)
    _require_shape(predictions, (len(clean), len(clean.classes)))
    return predictions


class Digests:
    """Digests of what models are given; arrays that a stress shares with the clean split are hashed once.

    They tell inputs of one process apart, 128 bits each, and are kept nowhere. A cryptographic hash would take as long
    as the stress itself, and nobody gains by two inputs that look alike.
    """

    def __init__(self, clean: Conversations) -> None:
        """Hash nothing yet."""
        self._clean = clean
        self.known: dict[tuple[str, int], str] = {}
        """Digests of inputs by condition and draw, the same for all models; filled by whoever makes them."""
        self._of_clean: dict[int, bytes] = {}

    def of(self, stressed: Conversations) -> str:
        """Return the digest of everything that a model may read, and of which predictions are read."""
        if not self._of_clean:
            # The split is kept, so its arrays keep their places in memory.
            self._of_clean = {id(array): _hash(array) for _, array in _given(self._clean)}
        digest = xxhash.xxh3_128(repr((stressed.links, stressed.transcripts is None)).encode())
        for name, array in _given(stressed):
            digest.update(f"|{name}|{array.shape}|".encode())
            digest.update(self._of_clean.get(id(array)) or _hash(array))
        if stressed.transcripts is not None and stressed.transcripts is not self._clean.transcripts:
            digest.update(repr(stressed.transcripts).encode())
        return digest.hexdigest()


def _require_shape(predictions: Predictions, expected: tuple[int, int]) -> None:
    if predictions.probabilities.shape != expected:
        raise PredictionError(
            f"expected probabilities as utterances × classes {expected}, got {predictions.probabilities.shape}"
        )


def _given(conversations: Conversations) -> Iterator[tuple[str, np.ndarray]]:
    features = conversations.features
    if isinstance(features, RepeatedRows):
        yield "rows", features.rows
        features = features.origins
    for name, arrays in (
        ("features", features),
        ("observed", conversations.observed),
        ("concealed", conversations.concealed),
    ):
        for modality, array in arrays.items():
            yield f"{name} {modality}", array
    yield "dialogue", conversations.dialogue
    yield "speaker", conversations.speaker
    yield "target", conversations.target


def _hash(array: np.ndarray) -> bytes:
    return xxhash.xxh3_128_digest(np.ascontiguousarray(array).data)

"""What of a prediction needs no network, and can be made ahead of it on another thread: its batches."""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from .conversations import Conversations
from .predictions import Predictions

MakesPieces = Callable[[Conversations], Iterator[object]]
"""Makes the pieces of one input, in order: batches, or whatever a model predicts from; only it knows their type."""


@runtime_checkable
class Predicts(Protocol):
    """A fitted model."""

    def predict(self, conversations: Conversations) -> Predictions:
        """Return one row per row of `conversations`."""
        ...


@runtime_checkable
class PredictsPieces(Predicts, Protocol):
    """A fitted model whose `predict` is `predict_pieces` of the pieces, to the last bit."""

    def pieces_like(self, clean: Conversations) -> MakesPieces:
        """Return what makes the pieces of inputs that may share arrays with `clean`; those it makes ready once.

        Called on another thread than the model predicts on, but never by two at a time.

        Raises
        ------
        DataError
            By what is returned: when the input does not fit the model.
        """
        ...

    def predict_pieces(self, pieces: Iterator[object], rows: int) -> Predictions:
        """Return one row per row of the input of which these are all pieces, in order; `rows`: how many there are."""
        ...


def pieces_like(fitted: Predicts, clean: Conversations) -> MakesPieces:
    """Return what makes the pieces of an input: the input itself, for a model that knows no pieces."""
    return fitted.pieces_like(clean) if isinstance(fitted, PredictsPieces) else _whole


def predict_pieces(fitted: Predicts, pieces: Iterator[object], rows: int) -> Predictions:
    """Return what the model predicts from the pieces that `pieces_like` made."""
    if isinstance(fitted, PredictsPieces):
        return fitted.predict_pieces(pieces, rows)
    (whole,) = pieces
    assert isinstance(whole, Conversations)
    return fitted.predict(whole)


def _whole(conversations: Conversations) -> Iterator[object]:
    yield conversations

"""Seconds or bytes that are known from below and above."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """From the least to the most; both the same where it is known."""

    low: float
    high: float

    @classmethod
    def over(cls, spans: Iterable["Span"]) -> "Span":
        """Return the span from the lowest to the highest of one or more."""
        known = list(spans)
        return cls(min(span.low for span in known), max(span.high for span in known))

    @classmethod
    def total(cls, spans: Iterable["Span"]) -> "Span":
        """Return the sum; of none: zero."""
        known = list(spans)
        return cls(sum(span.low for span in known), sum(span.high for span in known))

    def times(self, factor: float) -> "Span":
        """Return the span of something so many times as large."""
        return Span(self.low * factor, self.high * factor)

    def scaled(self, ratio: float) -> "Span":
        """Return the span of something on so many times the utterances: from as much as before to in proportion.

        Examples
        --------
        >>> Span(10, 20).scaled(3), Span(10, 20).scaled(0.5)
        (Span(low=10, high=60), Span(low=5.0, high=20))
        """
        return Span(self.low * min(1, ratio), self.high * max(1, ratio))

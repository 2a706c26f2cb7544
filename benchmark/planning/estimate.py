"""How long a fit or a cell will take, by what was recorded of it, or of what is like it; never by anything else.

What is closest counts, the first of these that is recorded:

fits     the same model on the same data in this folder, in others; on other data; with other numbers of epochs
cells    the same model under the same condition on the same data in this folder, in others; on other data; under other
         conditions of the same protocols; each with any number of epochs, and else without its calibrators

A span goes from the least to the most recorded. What is recorded on other data, or for other epochs, widens it: from as
long as there, to in proportion to utterances, or epochs.
"""

from functools import cache

from ..models import before_calibration
from ..registry import MODELS, make_call
from ..specs import join, parse
from .recorded import FitTime, Times
from .span import Span

_LEVELS = ((True, True, True), (False, True, True), (False, False, True), (False, False, False))
"""What has to be the same, closest first: the folder, the data, the text of the model or of the condition."""


class Estimates:
    """What was recorded, by what it is about."""

    def __init__(self, here: Times, elsewhere: Times) -> None:
        """Take in what this folder records and what others do."""
        self._fits: dict[str, list[tuple[bool, FitTime]]] = {}
        self._cells: dict[tuple[str, tuple[str, ...]], dict[tuple[bool, str, str, int], Span]] = {}
        for times in (here, elsewhere):
            for fit in times.fits:
                self._fits.setdefault(_without_epochs(fit.model), []).append((times is here, fit))
            for cell in times.cells:
                alike = self._cells.setdefault((_without_epochs(cell.model), _protocols(cell.condition)), {})
                place = times is here, cell.data, cell.condition, cell.utterances
                span = Span(cell.seconds, cell.seconds)
                alike[place] = Span.over([span, alike.get(place, span)])

    def fit(self, model: str, data: str, utterances: int) -> Span | None:
        """Return how long a model without calibrators trains on so many utterances; None: nothing alike is recorded."""
        most = most_epochs(model)
        alike = [
            (mine, fit)
            for mine, fit in self._fits.get(_without_epochs(model), [])
            if fit.model == model or (most and fit.epochs)
        ]
        for mine, same_data, same_model in _LEVELS:
            spans = [
                _of_fit(fit, model, utterances)
                for is_mine, fit in alike
                if is_mine >= mine and (fit.data == data) >= same_data and (fit.model == model) >= same_model
            ]
            if spans:
                return Span.over(spans)
        return None

    def cell(self, model: str, data: str, condition: str, utterances: int) -> Span | None:
        """Return how long a model takes for a draw of a condition on so many utterances; None: nothing is recorded."""
        for text in dict.fromkeys([model, before_calibration(model)]):
            alike = self._cells.get((_without_epochs(text), _protocols(condition)), {})
            for mine, same_data, same_condition in _LEVELS:
                spans = [
                    span.scaled(utterances / max(1, there))
                    for (is_mine, of, under, there), span in alike.items()
                    if is_mine >= mine and (of == data) >= same_data and (under == condition) >= same_condition
                ]
                if spans:
                    return Span.over(spans)
        return None

    def checkpoint(self, model: str) -> int | None:
        """Return the bytes of the largest checkpoint of a model that is known; None: none is."""
        known = [fit.bytes for _, fit in self._fits.get(_without_epochs(model), []) if fit.bytes]
        return max(known, default=None)


@cache
def most_epochs(model: str) -> int | None:
    """Return the number of epochs that a model trains at most; None: it does not say so."""
    first, *_ = parse(model)
    plugin = make_call(MODELS, first)
    epochs = getattr(plugin, "epochs", None)
    if epochs is None:
        epochs = getattr(plugin, "presets", {}).get(getattr(plugin, "preset", ""), {}).get("epochs")
    return epochs if isinstance(epochs, int) else None


def _of_fit(fit: FitTime, model: str, utterances: int) -> Span:
    span = Span(fit.seconds, fit.seconds).scaled(utterances / max(1, fit.utterances))
    most = most_epochs(model)
    return span if fit.model == model or not most else span.scaled(most / fit.epochs)


@cache
def _protocols(condition: str) -> tuple[str, ...]:
    return tuple(call.name for call in parse(condition))


@cache
def _without_epochs(model: str) -> str:
    first, *rest = parse(model)
    return join((first.without("epochs"), *rest))

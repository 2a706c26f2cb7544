"""What calibration on clean validation does under stress: a model beside itself with calibrators."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from .contents import DataView, ModelView
from .numbers import number
from .results import Result
from .sentences import Phrase, Sentence
from .stress_contents import CLEAN
from .vocabulary import text_of

CALIBRATION = ("ece", "nll", "signed_gap")
"""Metrics that are shown side by side."""
_SAME = 5e-3
"""A temperature that is no further from 1 changes nothing that can be seen."""
_NOTE = "calibrator "
"""What the notes of a training on its calibrators start with."""


@dataclass(frozen=True)
class Transfer:
    """A model and the same with calibrators."""

    raw: ModelView
    calibrated: tuple[ModelView, ...]
    """In the order of the run."""
    metrics: tuple[str, ...]
    """Of `CALIBRATION` those that the raw model has."""

    @property
    def columns(self) -> tuple[tuple[str, str, ModelView], ...]:
        """Metric, what the model is called here, and the model."""
        models = (("raw", self.raw), *((suffix(self.raw, one), one) for one in self.calibrated))
        return tuple((metric, name, model) for metric in self.metrics for name, model in models)

    @property
    def heads(self) -> tuple[tuple[str, str], ...]:
        """Title of the metric and name of the model, by column."""
        return tuple((text_of(metric).title, name) for metric, name, _ in self.columns)

    @property
    def rows(self) -> tuple[tuple[str, tuple[Result | None, ...]], ...]:
        """Condition and figure of each column; None: not in the run."""
        texts = (row.condition.text for row in self.raw.rows if row.results)
        return tuple(
            (text, tuple(model.results(text).get(metric) for metric, _, model in self.columns)) for text in texts
        )


def transfers(data: DataView) -> tuple[Transfer, ...]:
    """Return each model that the run holds both raw and calibrated."""
    found = []
    for raw in data.models:
        metrics = tuple(metric for metric in CALIBRATION if metric in raw.metrics)
        # A model with one calibrator and the same with two stand beside the raw one.
        calibrated = tuple(one for one in data.models if raw.name == one.uncalibrated != one.name and one.metrics)
        if metrics and calibrated:
            found.append(Transfer(raw, calibrated, metrics))
    return tuple(found)


def suffix(raw: ModelView, calibrated: ModelView) -> str:
    """Return the calibrators as typed, with the sign before them."""
    return calibrated.name.removeprefix(raw.name)


def told_of_transfer(transfer: Transfer) -> tuple[Sentence, ...]:
    """Return one sentence per calibrated model, from its numbers."""
    return tuple(tuple(_sentence(transfer.raw, one)) for one in transfer.calibrated)


def settings_of(calibrated: ModelView) -> dict[str, tuple[float, ...]]:
    """Return the fitted settings of the calibrators by name, smallest and largest over the trainings."""
    found: dict[str, list[float]] = {}
    for fit in calibrated.fits:
        for name, value in fit.notes.items():
            if name.startswith(_NOTE) and isinstance(value, float | int):
                found.setdefault(name.partition(": ")[2], []).append(float(value))
    return {name: tuple(dict.fromkeys((min(values), max(values)))) for name, values in found.items()}


def _sentence(raw: ModelView, calibrated: ModelView) -> Iterator[Phrase]:
    name, settings = suffix(raw, calibrated), settings_of(calibrated)
    shown = ", ".join(
        f"{'T' if name == 'temperature' else name} = {'–'.join(number(one) for one in ends)}"
        for name, ends in settings.items()
    )
    lead = f"{name} ({shown})" if shown else name
    temperature = settings.get("temperature", (math.nan,))
    if name == "+temperature" and all(abs(one - 1) < _SAME for one in temperature):
        own = any("temperature" in fit.notes for fit in raw.fits)
        yield Phrase(f"{lead} changes nothing here{f': {raw.name} already fits its own' if own else ''}.")
        return
    metric = next((one for one in ("ece", "nll") if one in raw.clean and one in calibrated.clean), "")
    if not metric:
        yield Phrase(f"{lead}: no figures on clean input.")
        return
    title = text_of(metric).title
    before, after = raw.clean[metric].value, calibrated.clean[metric].value
    yield Phrase(f"{lead}: {title} {_moves(before, after)} on clean input")
    changes = {
        row.condition.text: (row.results[metric].value, there[metric].value)
        for row in raw.rows
        if row.condition.text != CLEAN
        and metric in row.results
        and metric in (there := calibrated.results(row.condition.text))
    }
    worst = max(changes, key=lambda text: changes[text][1] - changes[text][0], default="")
    if worst and changes[worst][1] > changes[worst][0]:
        risen = sum(after > before for before, after in changes.values())
        yield Phrase(
            f"{', but' if after < before else ';'} it rises under {risen} of {len(changes)} conditions, most under "
        )
        yield Phrase(worst, spec=True)
        yield Phrase(f" (from {number(changes[worst][0])} to {number(changes[worst][1])}).")
    else:
        yield Phrase(f"; it rises under none of {len(changes)} conditions." if changes else ".")


def _moves(before: float, after: float) -> str:
    if number(before) == number(after):
        return f"stays {number(before)}"
    return f"{'falls' if after < before else 'rises'} from {number(before)} to {number(after)}"

"""What a report says about stresses: conditions put together by protocol and by degradation curve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..benchmark.run_record import ConditionRecord, SkippedRecord
from .realised import Realised

CLEAN = "clean"
CHAINS = "chains"
"""What stands for the protocol of conditions that are made of several stresses."""


class Rung(NamedTuple):
    """One point of a degradation curve."""

    severity: float
    """Place on the axis; 0: clean."""
    condition: str
    """Canonical text."""
    label: str
    """The severity argument as typed, such as `20`; `clean` for clean input."""


@dataclass(frozen=True)
class Curve:
    """A degradation curve."""

    family: str
    """Canonical text with `*` in the place of the severity."""
    protocol: str
    argument: str
    """Name of the argument that says how severe, such as `rate`."""
    label: str
    """The family without protocol and severity, such as `modality=audio`; empty: nothing else is given."""
    rungs: tuple[Rung, ...]
    """Clean first, then from mild to severe."""


@dataclass(frozen=True)
class Stress:
    """All that is known of the conditions of one protocol on one data set."""

    protocol: str
    """Name; `CHAINS` for conditions made of several stresses."""
    meaning: str
    """What it does to the input; empty: not said."""
    conditions: tuple[ConditionRecord, ...]
    """Those that were run."""
    curves: tuple[Curve, ...]
    unknown: Mapping[str, tuple[str, ...]]
    """By reason, the conditions whose exact posterior is not known, on data where it is on clean input."""
    skipped: Mapping[str, tuple[SkippedRecord, ...]]
    """By reason, what was asked for and is not defined for the data."""
    realised: Realised
    parts: Mapping[str, str]
    """Of chains: by protocol that is part of one, what it does to the input; else empty."""

    @property
    def bundles(self) -> tuple[tuple[Curve, ...], ...]:
        """The curves, those over the same argument together."""
        arguments = dict.fromkeys(curve.argument for curve in self.curves)
        return tuple(tuple(curve for curve in self.curves if curve.argument == argument) for argument in arguments)

    @property
    def off_curves(self) -> tuple[ConditionRecord, ...]:
        """Conditions that are on no curve."""
        on_curves = {rung.condition for curve in self.curves for rung in curve.rungs}
        return tuple(condition for condition in self.conditions if condition.text not in on_curves)

    @property
    def random(self) -> bool:
        """Whether any condition depends on random numbers."""
        return any(condition.random for condition in self.conditions)

    @property
    def wholly_unknown(self) -> str:
        """Why no exact posterior is known under any of the conditions, where that is so for one reason; else empty."""
        reason = next(iter(self.unknown), "")
        return reason if [*self.unknown.values()] == [tuple(one.text for one in self.conditions)] else ""

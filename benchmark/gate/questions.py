"""One figure against one bound: the difference to be judged, and the verdict once its lower end is known."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..metrics.base import Direction
from .joint import Difference
from .rules import Rule
from .sentences import Subject, limit_sentence, loss_sentence
from .sides import Figure
from .trainings import training_errors
from .verdicts import Verdict

MOST_UNDEFINED = 0.05
"""Share of draws in which a figure may be undefined, before nothing is concluded from it."""
_ROUNDING = 1e-12
"""0.04 − 0.03 is a little more than 0.01 for a computer, and no more than 0.01 for a team."""
_POWER = 0.8416
"""Standard normal quantile of 80 %."""


@dataclass(frozen=True)
class Question:
    """A figure against its limit, or its loss against the baseline."""

    number: int
    """Number of the rule."""
    rule: Rule
    """The rule."""
    kind: Literal["limit", "loss"]
    """Which of its bounds."""
    subject: Subject
    """Which figure."""
    part: str
    """Its part."""
    value: float
    """The figure."""
    reference: float
    """The limit, or the figure of the baseline."""
    floor: float = 0.0
    """The noise floor of a figure that is held against a limit; 0: none."""

    @property
    def worse(self) -> float:
        """How much worse the figure is than the reference."""
        return badness(self.subject.direction, self.value) - badness(self.subject.direction, self.reference)

    @property
    def allowed(self) -> float:
        """How much worse it may be, noise or not."""
        return self.rule.min_effect if self.kind == "limit" else max(self.rule.max_loss or 0.0, self.rule.min_effect)

    @property
    def beyond(self) -> bool:
        """Whether it is more than that, noise or not."""
        return self.worse > self.allowed + _ROUNDING

    def answer(self, low: float, *, error: float, quantile: float) -> Verdict:
        """Return the verdict.

        Parameters
        ----------
        low
            Joint lower end of how much worse the figure is.
        error, quantile
            Standard error of that, and how many of them the lower end is below it.
        """
        if self.floor:
            low = _above_floor(self.reference + low, self.floor) - self.reference
        regressed = self.beyond and low > self.rule.min_effect
        seen = max(self.allowed + _POWER * error, self.rule.min_effect + (quantile + _POWER) * error)
        return Verdict(
            rule=self.number,
            about=self.rule,
            kind=self.kind,
            data=self.subject.data,
            model=self.subject.model,
            condition=self.subject.condition,
            part=self.part,
            status="regression" if regressed else "pass",
            message=self._sentence(low, regressed=regressed),
            value=self.value,
            reference=self.reference,
            low=low,
            seen_from=seen,
            allowed=self.allowed,
            doubtful=self.beyond and not regressed,
            breach=self._breach if regressed and self.kind == "limit" else "",
        )

    @property
    def _breach(self) -> str:
        return "below the limit" if self.subject.direction == "higher" else "above the limit"

    def _sentence(self, low: float, *, regressed: bool) -> str:
        if self.kind == "limit":
            return limit_sentence(
                self.subject,
                value=self.value,
                limit=self.reference,
                low=low,
                min_effect=self.rule.min_effect,
                beyond=self.beyond,
                regressed=regressed,
            )
        return loss_sentence(
            self.subject,
            value=self.value,
            reference=self.reference,
            low=low,
            allowed=self.allowed,
            min_effect=self.rule.min_effect,
            beyond=self.beyond,
            regressed=regressed,
        )


def _above_floor(figure: float, floor: float) -> float:
    # What calibration and sample add are, bin by bin, nearly independent, so their squares add up.
    return math.sqrt(max(max(figure, 0.0) ** 2 - floor**2, 0.0))


def badness(direction: Direction, value: float) -> float:
    """Return a number that grows as a figure gets worse."""
    return float(_bad(direction, np.array(value)))


def excess_of(
    figure: Figure, direction: Direction, limit: float, *, dialogues: int, biased: bool, about: tuple[str, ...]
) -> Difference:
    """Return how far a figure is beyond a limit.

    Parameters
    ----------
    biased
        Whether its noise floor is taken off elsewhere, so that the bias in the draws is not to be taken off too.
    about
        What shares its training errors; the first is the data set.
    """
    bad, draws = badness(direction, figure.value), _bad(direction, figure.draws)
    errors = training_errors(_oriented(figure, direction), {}, draws=len(draws), about=about)
    return Difference(
        value=bad - badness(direction, limit),
        deviations=draws - (np.nanmean(draws) if biased else bad),
        dialogues=dialogues,
        group=about[0],
        training=errors,
    )


def loss_of(
    figure: Figure, reference: Figure, direction: Direction, *, dialogues: int, about: tuple[str, ...]
) -> Difference:
    """Return how much worse a figure is than that of the baseline; parameters as in `excess_of`."""
    value = badness(direction, figure.value) - badness(direction, reference.value)
    sides = (_oriented(figure, direction), _oriented(reference, direction))
    draws = min(len(figure.draws), len(reference.draws))
    errors = training_errors(*sides, draws=draws, about=about)
    return Difference(
        value=value,
        deviations=_bad(direction, figure.draws[:draws]) - _bad(direction, reference.draws[:draws]) - value,
        dialogues=dialogues,
        group=about[0],
        training=errors,
    )


def is_defined(figure: Figure) -> bool:
    """Return whether a figure has a value, in nearly all of the draws too."""
    return bool(np.isfinite(figure.value)) and float(np.isnan(figure.draws).mean()) <= MOST_UNDEFINED


def _bad(direction: Direction, values: np.ndarray) -> np.ndarray:
    # `asarray`: of a single number numpy makes a scalar.
    return np.asarray(np.abs(values) if direction == "zero" else -values if direction == "higher" else values)


def _oriented(figure: Figure, direction: Direction) -> Mapping[int, float]:
    """Return the figures by seed such that more is worse near their mean."""
    sign = -1.0 if direction == "higher" or (direction == "zero" and figure.value < 0) else 1.0
    return {seed: sign * value for seed, value in figure.of_seeds.items()}

"""What a verdict says, in words a colleague understands."""

from typing import NamedTuple

from ...reports.numbers import number, signed
from ..metrics.base import ConditionMetric, CurveMetric, Direction


class Subject(NamedTuple):
    """Which figure a sentence is about."""

    model: str
    """Canonical text."""
    data: str
    """Canonical text."""
    condition: str
    """Condition or family."""
    title: str
    """Figure in words, such as `ECE` or `F1 of joy`."""
    direction: Direction
    """What is better; never `none`."""

    @property
    def text(self) -> str:
        """Model, data set, figure and condition."""
        where = "on clean input" if self.condition == "clean" else f"under {self.condition}"
        return f"{self.model} on {self.data}: {self.title} {where}"


def title_of(metric: ConditionMetric | CurveMetric, text: str, part: str) -> str:
    """Return what a figure is called; arguments tell apart what has one title."""
    title = f"{metric.title} ({text})" if ":" in text else metric.title
    return f"{title} of {part}" if part else title


def loss_sentence(
    subject: Subject,
    *,
    value: float,
    reference: float,
    low: float,
    allowed: float,
    min_effect: float,
    beyond: bool,
    regressed: bool,
) -> str:
    """Return how a figure compares with the baseline's.

    Parameters
    ----------
    low
        Lower end of the loss: above 0 is worse.
    allowed
        The largest loss allowed.
    beyond
        Whether the loss is more than that, noise or not.
    regressed
        Whether noise does not explain it.
    """
    # A figure that is better when it is higher is worse by a negative change.
    sign = -1 if subject.direction == "higher" else 1
    change = abs(value) - abs(reference) if subject.direction == "zero" else value - reference
    if subject.direction == "zero":
        figures = f"{number(reference)} to {number(value)} ({signed(change)} in distance from 0"
    else:
        figures = f"{number(reference)} to {number(value)} ({signed(change)}"
    bound = f"95 % at {'most' if sign < 0 else 'least'} {signed(sign * low)}"
    allowance = f"allowed {signed(sign * allowed)}"
    if regressed:
        verb = "went" if subject.direction == "zero" else "rose" if change > 0 else "fell"
        return f"{subject.text} {verb} from {figures}, {bound}); {allowance}"
    if change == 0:
        return f"{subject.text} is unchanged at {number(value)}; {allowance}"
    if not beyond:
        return f"{subject.text} went from {figures}); {allowance}"
    shown = f"is not shown to be more than {number(min_effect)}" if min_effect else "may be chance"
    return f"{subject.text} went from {figures}), beyond the {allowance}, but this {shown} ({bound})"


def limit_sentence(
    subject: Subject, *, value: float, limit: float, low: float, min_effect: float, beyond: bool, regressed: bool
) -> str:
    """Return how a figure compares with the limit; parameters as in `loss_sentence`, for what is beyond the limit."""
    higher = subject.direction == "higher"
    away = " from 0" if subject.direction == "zero" else ""
    allowance = f"{'required at least' if higher else 'allowed at most'} {number(limit)}{away}"
    end = limit - low if higher else limit + low
    bound = f"95 % at {'most' if higher else 'least'} {number(end)}{away}"
    if regressed:
        return f"{subject.text} is {number(value)} ({bound}); {allowance}"
    if not beyond:
        return f"{subject.text} is {number(value)}; {allowance}"
    shown = f"is not shown to be by more than {number(min_effect)}" if min_effect else "may be chance"
    return f"{subject.text} is {number(value)}, beyond the limit ({allowance}), but this {shown} ({bound})"

"""What a verdict says, in words a colleague understands."""

from typing import NamedTuple

from ...reports.numbers import apart, number, signed
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
    change = abs(value) - abs(reference) if subject.direction == "zero" else value - reference
    figures = f"{number(reference)} to {number(value)}"
    if regressed:
        return f"{subject.text} {_moved(subject, figures, change, allowed)}; {_sure(low, min_effect)}"
    # A figure that is better when it is higher is worse by a negative change.
    sign = -1 if subject.direction == "higher" else 1
    allowance = f"allowed {signed(sign * allowed)}"
    if change == 0:
        return f"{subject.text} is unchanged at {number(value)}; {allowance}"
    figures += f" ({signed(change)}{' in distance from 0' if subject.direction == 'zero' else ''}"
    if not beyond:
        return f"{subject.text} went from {figures}); {allowance}"
    shown = f"is not shown to be more than {number(min_effect)}" if min_effect else "may be chance"
    bound = f"95 % at {'most' if sign < 0 else 'least'} {_near(signed(sign * low))}"
    return f"{subject.text} went from {figures}), beyond the {allowance}, but this {shown} ({bound})"


def limit_sentence(
    subject: Subject, *, value: float, limit: float, low: float, min_effect: float, beyond: bool, regressed: bool
) -> str:
    """Return how a figure compares with the limit; parameters as in `loss_sentence`, for what is beyond the limit."""
    higher = subject.direction == "higher"
    away = " from 0" if subject.direction == "zero" else ""
    end = limit - low if higher else limit + low
    bound = f"95 % at {'most' if higher else 'least'} {_near(number(end))}{away}"
    if regressed:
        return f"{subject.text} is {_breached(subject, value, limit)} ({bound})"
    allowance = f"{'required at least' if higher else 'allowed at most'} {number(limit)}{away}"
    if not beyond:
        return f"{subject.text} is {number(value)}; {allowance}"
    shown = f"is not shown to be by more than {number(min_effect)}" if min_effect else "may be chance"
    return f"{subject.text} is {number(value)}, beyond the limit ({allowance}), but this {shown} ({bound})"


def _moved(subject: Subject, figures: str, change: float, allowed: float) -> str:
    """Return by how much a figure got worse, and that it is more than allowed."""
    by, most = apart(abs(change), allowed)
    if subject.direction == "zero":
        return f"went from {figures}, {by} further from 0, more than the {most} allowed"
    return f"{'rose' if change > 0 else 'fell'} from {figures}, by {by}, more than the {most} allowed"


def _sure(low: float, min_effect: float) -> str:
    """Return what of a loss is beyond chance."""
    least = number(low)
    bound = f"at least {least}" if least[0].isdigit() else "more than 0"
    what = f"worse by more than {number(min_effect)}" if min_effect else "worse at all"
    return f"that it got {what} is beyond chance: with 95 %, by {bound}"


def _breached(subject: Subject, value: float, limit: float) -> str:
    if subject.direction == "higher":
        most, shown = apart(limit, value)
        return f"{shown}, below the limit of {most}"
    if subject.direction == "zero":
        return f"{number(value)}, above the limit of {number(limit)} from 0"
    shown, most = apart(value, limit)
    return f"{shown}, above the limit of {most}"


def _near(end: str) -> str:
    """Return the end of an interval: what rounding carries to 0 would be shown as a bound of a bound."""
    return end if end[0] not in "<>" else "about 0" if end.endswith("0.001") else end[1:]

"""One latency against its limit or against the baseline's: what is worse by how much, how sure that is, in words.

Timings differ between two runs for reasons that no iteration of one run knows, such as where memory lies. So, unlike
other figures, a latency fails only where the bounds exclude what is allowed: the lower bound is beyond the limit, or
the run's lower bound over the baseline's upper bound is a loss of more than `max_loss`. Each bound holds with 95 %.

On another machine figures are held against each other as ratios to the reference operation, timed in the same process.
"""

import math
from dataclasses import dataclass
from typing import Literal

from ...reports.numbers import number, percent, short
from ..paired_sources import Place
from .rules import Rule
from .timings import LATENCY_METRICS, AcceptedLatency, AcceptedTime
from .verdicts import Verdict

_SURE, _POWER = 1.6449, 0.8416
"""Standard normal quantiles of 95 % and 80 %."""


@dataclass(frozen=True)
class TimingQuestion:
    """A figure and what it is held against."""

    number: int
    """Number of the rule."""
    rule: Rule
    """The rule."""
    kind: Literal["limit", "loss"]
    """Which of its bounds."""
    place: Place
    """Model, data set and setting."""
    figure: AcceptedTime
    """That of the run."""
    other: AcceptedTime
    """That of the baseline; or the limit, which is its own bounds."""
    scaled: bool = False
    """Whether both are ratios to the reference operation because the machines differ."""

    @property
    def loss(self) -> float:
        """How much worse the figure is: in its unit, or as a share of the baseline's."""
        return self._loss(self.figure.value, self.other.value)

    @property
    def least(self) -> float:
        """How much worse it is at least."""
        if LATENCY_METRICS[self.rule.metric].direction == "higher":
            return self._loss(self.figure.high, self.other.low)
        return self._loss(self.figure.low, self.other.high)

    @property
    def allowed(self) -> float:
        """How much worse it may be."""
        return self.rule.min_effect if self.kind == "limit" else max(self.rule.max_loss or 0.0, self.rule.min_effect)

    @property
    def within(self) -> bool:
        """Whether even the worse bound is not beyond what is allowed."""
        higher = LATENCY_METRICS[self.rule.metric].direction == "higher"
        worse = self.figure.low if higher else self.figure.high
        return self._loss(worse, self.other.value) <= self.allowed

    def answer(self) -> Verdict:
        """Return the verdict."""
        beyond, regressed = self.loss > self.allowed, self.least > self.allowed
        higher = LATENCY_METRICS[self.rule.metric].direction == "higher"
        breach = "below the limit" if higher else "above the limit"
        return Verdict(
            rule=self.number,
            about=self.rule,
            kind=self.kind,
            data=self.place.data,
            model=self.place.model,
            condition=self.place.condition,
            part="",
            status="regression" if regressed else "pass",
            message=self._sentence(beyond=beyond, regressed=regressed),
            value=self.figure.value,
            reference=self.other.value,
            low=self.least,
            seen_from=self._seen_from,
            allowed=self.allowed,
            doubtful=beyond and not regressed,
            breach=breach if regressed and self.kind == "limit" else "",
        )

    def _loss(self, value: float, other: float) -> float:
        metric = LATENCY_METRICS[self.rule.metric]
        worse = other - value if metric.direction == "higher" else value - other
        if self.kind == "limit" or not metric.relative:
            return worse
        return worse / other if other > 0 else math.inf

    @property
    def _seen_from(self) -> float:
        """Return the loss that this check would see 4 times in 5: both bounds have to leave what is allowed behind."""
        gap = max(0.0, self.loss - self.least)
        return self.allowed + gap * (1 + _POWER / _SURE)

    def _sentence(self, *, beyond: bool, regressed: bool) -> str:
        text = subject(self.rule, self.place)
        text += ", relative to the reference operation as the machines differ," if self.scaled else ""
        said = self._of_limit if self.kind == "limit" else self._of_loss
        return f"{text} {said(beyond=beyond, regressed=regressed)}"

    def _of_limit(self, *, beyond: bool, regressed: bool) -> str:
        higher = LATENCY_METRICS[self.rule.metric].direction == "higher"
        value, limit = self._shown(self.figure.value), self._shown(self.other.value)
        low, high = f"at least {self._shown(self.figure.low)}", f"at most {self._shown(self.figure.high)}"
        better, worse = (high, low) if higher else (low, high)
        if regressed:
            return f"is {value}, {'below' if higher else 'above'} the limit of {limit} (95 % {better})"
        allowance = f"{'required at least' if higher else 'allowed at most'} {limit}"
        if beyond:
            return f"is {value}, beyond the limit ({allowance}), but this may be chance (95 % {better})"
        return f"is {value} (95 % {worse}); {allowance}"

    def _of_loss(self, *, beyond: bool, regressed: bool) -> str:
        before, after = self._shown(self.other.value), self._shown(self.figure.value)
        moved = "rose" if self.figure.value > self.other.value else "fell"
        allowed = percent(self.allowed)
        if regressed:
            return (
                f"{moved} from {before} to {after}, {percent(self.loss)} worse, more than the {allowed} allowed; by "
                f"the bounds of both, each with 95 %, at least {percent(self.least)}"
            )
        change = f"{percent(abs(self.loss))} {'worse' if self.loss > 0 else 'better'}" if self.loss else "unchanged"
        if beyond:
            return f"went from {before} to {after} ({change}), beyond the {allowed} allowed, but this may be chance"
        return f"went from {before} to {after} ({change}); allowed: {allowed} worse"

    def _shown(self, value: float) -> str:
        if self.rule.metric == "over_budget":
            return percent(value)
        if self.rule.metric == "throughput":
            return f"{number(value)} answers" if self.scaled else f"{number(value, decimals=1)} answers per second"
        if self.scaled or self.rule.metric == "latency_ratio":
            return f"{number(value, decimals=2)} times"
        return f"{number(value)} ms"


def subject(rule: Rule, place: Place) -> str:
    """Return which figure of what a sentence is about."""
    return f"{place.model} on {place.data}: {LATENCY_METRICS[rule.metric].title} under {place.condition}"


def limit_question(number_: int, rule: Rule, place: Place, figure: AcceptedTime) -> TimingQuestion:
    """Return the question whether a figure is beyond its limit; the rule has one."""
    assert rule.limit is not None, "asked of rules with a limit"
    at = AcceptedTime(value=rule.limit, low=rule.limit, high=rule.limit)
    return TimingQuestion(number_, rule, "limit", place, figure, at)


def loss_question(
    number_: int, rule: Rule, place: Place, mine: AcceptedLatency, theirs: AcceptedLatency
) -> TimingQuestion | str:
    """Return the question whether a figure, which both sides have, is worse than the baseline's; or why not."""
    figure, other = mine.figures[rule.metric], theirs.figures[rule.metric]
    if rule.metric == "over_budget" and mine.budget != theirs.budget:
        return f"the budgets differ ({short(theirs.budget)} ms in the baseline, {short(mine.budget)} ms here)"
    by_reference = mine.machine != theirs.machine
    if (by_reference or rule.metric == "latency_ratio") and mine.operation != theirs.operation:
        return "the reference operations differ, so the machines cannot be compared"
    if not by_reference or rule.metric == "latency_ratio":
        return TimingQuestion(number_, rule, "loss", place, figure, other)
    if rule.metric == "over_budget":
        return "the machines differ, and shares over a budget say nothing of one from the other; take latency_p95"
    if not mine.reference or not theirs.reference:
        return "the machines differ, and no reference operation was timed"
    figure, other = _scaled(figure, rule.metric, mine.reference), _scaled(other, rule.metric, theirs.reference)
    return TimingQuestion(number_, rule, "loss", place, figure, other, scaled=True)


def _scaled(figure: AcceptedTime, metric: str, reference: float) -> AcceptedTime:
    """Return milliseconds as multiples of the reference operation, answers per second as answers in its time."""
    by = reference / 1000 if metric == "throughput" else 1 / reference
    return AcceptedTime(value=figure.value * by, low=figure.low * by, high=figure.high * by)

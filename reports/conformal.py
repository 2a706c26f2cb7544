"""Prediction sets: what a report says of their coverage and size, on the page and in the paper alike."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..benchmark.run_record import FitRecord, RunRecord
from .contents import DataView, ModelView, Row
from .numbers import number, percent, percent_interval
from .results import Result
from .sentences import Phrase, Sentence, joined
from .stress_contents import CLEAN
from .vocabulary import CONFORMAL, LEVEL


class Method(NamedTuple):
    """A way to make prediction sets."""

    name: str
    """As shown."""
    arguments: str
    """Of the metrics."""

    @property
    def coverage(self) -> str:
        """Text of the metric."""
        return f"{CONFORMAL}coverage{self.arguments}"

    @property
    def size(self) -> str:
        """Text of the metric."""
        return f"{CONFORMAL}set_size{self.arguments}"

    @property
    def empty(self) -> str:
        """Text of the metric."""
        return f"{CONFORMAL}empty{self.arguments}"


METHODS = (Method("LAC", ""), Method("APS", ":method=aps"))


@dataclass(frozen=True)
class Sets:
    """The prediction sets of a model under a condition."""

    row: Row
    coverage: Result
    size: Result | None
    empty: Result | None
    """Share of sets that hold no class; None: not in the run."""
    least: tuple[str, Result] | None
    """The gold class that is held least often; None: not in the run."""


def methods_of(data: DataView) -> tuple[Method, ...]:
    """Return the methods that a run has figures of."""
    return tuple(method for method in METHODS if method.coverage in data.metrics)


def sets_of(model: ModelView, method: Method) -> tuple[Sets, ...]:
    """Return the sets of a model, by condition."""
    return tuple(_sets(model, row, method) for row in model.rows if method.coverage in row.results)


def rows_of(model: ModelView, methods: Sequence[Method]) -> tuple[tuple[str, tuple[Sets | None, ...]], ...]:
    """Return the conditions of a model with the sets of each method; None: that method has none there."""
    by_method = [{one.row.condition.text: one for one in sets_of(model, method)} for method in methods]
    texts = (row.condition.text for row in model.rows)
    return tuple(
        (text, tuple(sets.get(text) for sets in by_method)) for text in texts if any(text in sets for sets in by_method)
    )


def promise(data: DataView) -> str:
    """Say what prediction sets are, what is promised of them, and on which assumptions."""
    utterances = sum(data.record.label_counts.get("validation", ()))
    chance = 1.96 * math.sqrt(LEVEL * (1 - LEVEL) / (utterances + 2))
    moved = (
        f" A validation split of {utterances:,} utterances leaves ±{number(100 * chance, decimals=1)} points to "
        "chance even then; the "
        "intervals are over test dialogues, the threshold held fixed."
        if utterances
        else ""
    )
    return (
        "Instead of one class a model can give a set of classes. Its threshold was chosen on clean validation so that "
        f"a set holds the gold class {percent(LEVEL, decimals=0)} of the time (LAC: smallest sets; APS: sets that grow "
        "with doubt). That is promised for utterances exchangeable with those of validation, whatever the model. They "
        "are not quite: turns of a dialogue resemble each other, and validation may also have chosen the epoch and "
        f"fitted a calibrator. Under stress nothing is promised: what is left of it is what is measured here.{moved}"
    )


def told(data: DataView) -> tuple[tuple[ModelView, Sentence], ...]:
    """Return of each model with prediction sets what is to be said about them."""
    methods = methods_of(data)
    found = ((model, sets_of(model, methods[0])) for model in data.models) if methods else ()
    return tuple((model, tuple(_sentence(sets, methods[0], data))) for model, sets in found if sets)


def shortfall(data: DataView, method: Method) -> str:
    """Say of which models sets hold the gold class less often than asked for, on clean input already; empty: of none.

    Less is what is below the level with the whole interval.
    """
    clean = [
        (model.name, one.coverage)
        for model in data.models
        for one in sets_of(model, method)
        if one.row.condition.text == CLEAN
    ]
    short = [(name, coverage) for name, coverage in clean if coverage.high < LEVEL]
    if not short:
        return ""
    name, least = min(short, key=lambda one: one[1].value)
    asked = percent(LEVEL, decimals=0)
    whose = f"the sets of {name}" if len(clean) == 1 else f"the sets of {len(short)} of {len(clean)} models"
    which = "" if len(clean) == 1 else f", least often those of {name}"
    return (
        f"On clean input already {whose} hold the gold class less often than the {asked} asked for{which}: "
        f"{_share(least)} of the time. What held on validation does not hold on test; the level promises nothing here."
    )


def absent(data: DataView, record: RunRecord) -> tuple[str, ...]:
    """Say which models have no prediction sets, and why; empty: all that could, or the run was not asked for any.

    A model that has figures of other sets than those of the section, such as for another level, has some.
    """
    if record.metrics and not any(metric.startswith(CONFORMAL) for metric in record.metrics):
        return ()
    reasons: dict[str, list[str]] = {}
    for model in data.models:
        fits = [fit for fit in model.fits if fit.state == "done"]
        if fits and not any(metric.startswith(CONFORMAL) for metric in model.metrics):
            why = "; ".join(dict.fromkeys(_why(fit, data) for fit in fits))
            reasons.setdefault(why, []).append(model.name)
    return tuple(f"No prediction sets of {joined(names)}: {why}." for why, names in reasons.items())


def _sets(model: ModelView, row: Row, method: Method) -> Sets:
    by_class = model.class_coverage.get((method.coverage, row.condition.text), {})
    known = {name: figure for name, figure in by_class.items() if not math.isnan(figure.value)}
    least = min(known, key=lambda name: known[name].value, default="")
    return Sets(
        row=row,
        coverage=row.results[method.coverage],
        size=row.results.get(method.size),
        empty=row.results.get(method.empty),
        least=(least, known[least]) if least else None,
    )


def _sentence(sets: tuple[Sets, ...], method: Method, data: DataView) -> Iterator[Phrase]:
    classes = len(data.record.classes)
    clean = next((one for one in sets if one.row.condition.text == CLEAN), None)
    stressed = [one for one in sets if one is not clean and not one.row.nothing_left]
    asked = percent(LEVEL, decimals=0)
    if clean:
        yield Phrase(
            f"Asked for {asked}, its sets ({method.name}) hold the gold class {_share(clean.coverage)} of the time on "
            f"clean input, {_against_level(clean.coverage)}{_with(clean, f'of {classes} classes')}."
        )
        if clean.least:
            name, figure = clean.least
            yield Phrase(f" Least often of the class {name}: {percent(figure.value)}.")
    if not stressed:
        return
    worst = min(stressed, key=lambda one: one.coverage.value)
    if worst.coverage.high < LEVEL:
        short = sum(one.coverage.high < LEVEL for one in stressed)
        yield Phrase(f" Less than asked for under {short} of {len(stressed)} conditions, least under ")
    else:
        yield Phrase(f" No condition of {len(stressed)} takes it below {asked} beyond chance; least under ")
    yield Phrase(worst.row.condition.text, spec=True)
    yield Phrase(f": {_share(worst.coverage)}{_with(worst, 'classes')}.")


def _against_level(coverage: Result) -> str:
    if coverage.high < LEVEL:
        return "less than asked for"
    return "more than asked for" if coverage.low > LEVEL else "as asked for"


def _share(coverage: Result) -> str:
    return f"{percent(coverage.value)} {percent_interval(coverage.low, coverage.high)}".strip()


def _with(sets: Sets, what: str) -> str:
    return "" if sets.size is None else f", with {number(sets.size.value, decimals=2)} {what} on average"


def _why(fit: FitRecord, data: DataView) -> str:
    if fit.validation_state == "done" and data.validated:
        return "the results were written without them; type `emobench score` for this folder"
    if fit.validation_state == "done":
        return "the validation split has no labels"
    return fit.validation_why or "the run folder keeps no predictions on validation"

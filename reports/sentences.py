"""One summary per model, written from its numbers: how good, what holds, what breaks, whether confidence is honest."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .contents import DataView, ModelView, Row
from .context_use import OF_CONTEXT, context_protocols, uses_no_context
from .numbers import apart, signed
from .results import Result
from .stress_contents import Curve, Rung
from .vocabulary import text_of


class Phrase(NamedTuple):
    """A piece of a sentence."""

    text: str
    spec: bool = False
    """True: a condition, to be set as it is typed."""


Sentence = tuple[Phrase, ...]

CURVES_TOLD = 2
"""Curves that are told one by one; of more it is told what breaks first."""


class Walk(NamedTuple):
    """What became of a model along a curve."""

    curve: Curve
    rungs: tuple[tuple[Rung, Mapping[str, Result]], ...]
    """Those with figures, from mild to severe, clean left out."""
    broken: int | None
    """Index of the first that does not hold; None: all hold."""


def summary(model: ModelView, data: DataView) -> Sentence:
    """Return what is to be said about a model on a data set, in one to four short sentences.

    A condition *holds* if its quality is not below the lower end of the interval on clean input; the first rung of a
    curve that does not hold is where the model *breaks*. Calibration is spoken of only beyond the noise floor.
    """
    metric = data.quality
    clean = model.clean.get(metric)
    if clean is None or math.isnan(clean.value):
        return (Phrase(nothing_told(model)),)
    parts = [_quality(model, data, clean), *_stress(model, data, clean)]
    parts += [part for part in (_confidence(model, clean=model.clean), _by_chance(model)) if part]
    return tuple(phrase for part in parts for phrase in (*part, Phrase(" ")))[:-1]


def in_short(data: DataView) -> tuple[tuple[ModelView, Sentence], ...]:
    """Return each model with its summary; in a run without a metric of quality those alone that something failed of."""
    return tuple((model, summary(model, data)) for model in data.models if data.quality or _reasons(model))


def plain(sentence: Sentence) -> str:
    """Return a sentence as text."""
    return "".join(phrase.text for phrase in sentence)


def joined(names: Sequence[str]) -> str:
    """Return names as they are told.

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def lowered(sentence: str) -> str:
    """Return a sentence that goes on after a colon; capitals of names stay."""
    name = sentence[1:2].isupper() or sentence[1:2].isdigit()
    return sentence if name else sentence[:1].lower() + sentence[1:]


def holds(rung: Result, clean: Result) -> bool:
    """Whether a figure where higher is better is not below the lower end of the clean one's interval."""
    return rung.value >= (clean.value if math.isnan(clean.low) else clean.low)


def _reasons(model: ModelView) -> tuple[str, ...]:
    whys = (*(fit.why for fit in model.fits), *(problem.why for row in model.rows for problem in row.problems))
    return tuple(dict.fromkeys(filter(None, whys)))


def nothing_told(model: ModelView) -> str:
    """Return what is said of a model without figures on clean input."""
    reasons = _reasons(model)
    return f"No figures on clean input: {'; '.join(reasons)}." if reasons else "No figures on clean input."


def _quality(model: ModelView, data: DataView, clean: Result) -> Sentence:
    title = text_of(data.quality).title
    figure = str(clean.shown)
    if model.reference:
        return (Phrase(f"The exact posterior, the ceiling: {title} {figure} on clean input."),)
    ceiling = data.reference.clean.get(data.quality) if data.reference else None
    if ceiling is None:
        return (Phrase(f"{title} {figure} on clean input."),)
    distance = ceiling.value - clean.value
    side = "below" if distance >= 0 else "above"
    return (Phrase(f"{title} {figure} on clean input, {clean.beside(abs(distance))} {side} the exact posterior."),)


def _stress(model: ModelView, data: DataView, clean: Result) -> Iterator[Sentence]:
    metric = data.quality
    stressed = model.stressed
    churn = [row.results["churn"].value for row in stressed if "churn" in row.results]
    if churn and max(churn) == 0:
        yield (Phrase("No stress changes any of its predictions."),)
        return
    free = OF_CONTEXT if uses_no_context(model, data) else ()
    if free:
        same = f"its predictions are the same under {joined(context_protocols(data))}"
        yield (Phrase(f"Does not use context: {same}."),)
    # What a model does not use it cannot hold along.
    stresses = [stress for stress in data.stresses if stress.protocol not in free]
    unused = {one.text for stress in data.stresses if stress.protocol in free for one in stress.conditions}
    walks = [walk_along(model, curve, metric, clean) for stress in stresses for curve in stress.curves]
    told = walks if len(walks) <= CURVES_TOLD else [walk for walk in walks if walk.rungs]
    if len(told) <= CURVES_TOLD:
        yield from (_along(walk, model, metric, clean) for walk in told)
    else:
        yield _over_all(told, metric, clean)
    rows = [row for row in stressed if metric in row.results and row.condition.text not in unused]
    rungs = {rung.condition for walk in walks for rung in walk.curve.rungs}
    if any(row.condition.text not in rungs or len(walks) > CURVES_TOLD for row in rows):
        yield _worst(rows, metric, clean)
    yield from _better(model, rows, metric, clean)


def walk_along(model: ModelView, curve: Curve, metric: str, clean: Result) -> Walk:
    """Return what becomes of a model along a curve."""
    rungs = tuple((rung, results) for rung in curve.rungs[1:] if metric in (results := model.results(rung.condition)))
    broken = next((place for place, (_, results) in enumerate(rungs) if not holds(results[metric], clean)), None)
    return Walk(curve, rungs, broken)


def _along(walk: Walk, model: ModelView, metric: str, clean: Result) -> Sentence:
    """Say up to where a model holds on a curve and where it breaks first."""
    family = Phrase(walk.curve.family, spec=True)
    if not walk.rungs:
        reasons = _why_nothing(walk.curve, model)
        return (family, Phrase(f": no figures ({reasons})." if reasons else ": no figures."))
    if walk.broken is None:
        rung, results = walk.rungs[-1]
        last = f" to the last rung, {rung.label} ({results[metric].shown.value})."
        return (Phrase("Holds along "), family, Phrase(last))
    rung, results = walk.rungs[walk.broken]
    before = f"holds to {walk.rungs[walk.broken - 1][0].label} and breaks first" if walk.broken else "breaks at once,"
    return (
        Phrase("Along "),
        family,
        Phrase(f" it {before} at {rung.label} ({_value_and_change(results, metric, clean)})."),
    )


def _over_all(walks: Sequence[Walk], metric: str, clean: Result) -> Sentence:
    """Say along how many curves a model holds, and where over all protocols it breaks first.

    First is what breaks at the mildest rung, counted from clean; of several the one that loses most there.
    """
    # Rung by rung, not by severity: the severities of different arguments cannot be compared.
    broken = [(walk.broken, walk) for walk in walks if walk.broken is not None]
    if not broken:
        return (Phrase(f"Holds along all {len(walks)} curves to the last rung."),)
    place, first = min(broken, key=lambda one: (one[0], one[1].rungs[one[0]][1][metric].value))
    rung, results = first.rungs[place]
    alike = sum(other == place for other, _ in broken)
    others = f", the lowest of {alike} that break at that rung" if alike > 1 else ""
    held = len(walks) - len(broken)
    return (
        Phrase(f"Holds along {held or 'none'} of {len(walks)} curves to the last rung; breaks first along "),
        Phrase(first.curve.family, spec=True),
        Phrase(
            f" at {rung.label}, rung {place + 1} of {len(first.rungs)} "
            f"({_value_and_change(results, metric, clean)}){others}."
        ),
    )


def _worst(rows: list[Row], metric: str, clean: Result) -> Sentence:
    """Name the condition that costs most, or say that all hold."""
    worst = min(rows, key=lambda row: row.results[metric].value)
    figure = worst.results[metric]
    if holds(figure, clean):
        lead = f"All {len(rows)} conditions hold; the lowest is " if len(rows) > 1 else "Holds under "
    else:
        lead = "Hurt most by " if len(rows) > 1 else "Hurt by "
    return (
        Phrase(lead),
        Phrase(worst.condition.text, spec=True),
        Phrase(f" ({_value_and_change(worst.results, metric, clean)})."),
    )


def _better(model: ModelView, rows: list[Row], metric: str, clean: Result) -> Iterator[Sentence]:
    """Name the condition that helps most, where one does beyond chance; the exact posterior cannot but by chance."""
    helped = [row for row in rows if metric == "weighted_f1" and _gain(row) > 0]
    if model.reference or not helped:
        return
    most = max(helped, key=lambda row: row.results["change"].value)
    removed = most.condition.removal.partition(":")[0].replace("/", " and ")
    yield (
        Phrase(f"Better without {removed}: " if removed else "Better than on clean input under "),
        Phrase(most.condition.text, spec=True),
        Phrase(f" ({_value_and_change(most.results, metric, clean)})."),
    )


def _gain(row: Row) -> float:
    """Return the lower end of the interval of the change from clean; 0: not known."""
    change = row.results.get("change")
    return change.low if change and change.low == change.low else 0.0


def _why_nothing(curve: Curve, model: ModelView) -> str:
    texts = {rung.condition for rung in curve.rungs[1:]}
    reasons = [
        why
        for row in model.rows
        if row.condition.text in texts
        for why in (*(problem.why for problem in row.problems), row.condition.unknown * model.reference)
    ]
    return "; ".join(dict.fromkeys(filter(None, reasons)))


def _value_and_change(results: Mapping[str, Result], metric: str, clean: Result) -> str:
    """Return a figure and how far it is from clean, with the paired interval where the run has it."""
    there, change = results[metric], results.get("change")
    if change is None or metric != "weighted_f1":
        return f"{there.shown.value}, {signed(there.value - clean.value)}"
    return f"{there.shown.value}, {change.signed}"


def _confidence(model: ModelView, clean: Mapping[str, Result]) -> Sentence:
    """Say whether confidence can be believed, on clean input and under the stress that spoils it most."""
    ece, gap = clean.get("ece"), clean.get("signed_gap")
    if ece is None:
        return ()
    value, bound = apart(ece.value, ece.floor_high, decimals=ece.shown.decimals)
    figure, floor = f"ECE {value}", f"its noise floor (≤ {bound})"
    if math.isnan(ece.floor_high):
        lead = f"{figure}{_direction(gap)}"
    elif ece.within_floor:
        lead = f"Calibrated as far as can be seen: {figure}, within {floor}"
    else:
        lead = f"Miscalibrated: {figure}, above {floor}{_direction(gap)}"
    worst = max(
        (row for row in model.stressed if "ece" in row.results),
        key=lambda row: row.results["ece"].value,
        default=None,
    )
    if worst is None or not worst.results["ece"].value > max(ece.value, worst.results["ece"].floor_high):
        return (Phrase(f"{lead}."),)
    there = worst.results
    return (
        Phrase(f"{lead}; worst under "),
        Phrase(worst.condition.text, spec=True),
        Phrase(f", ECE {there['ece'].shown.value}{_direction(there.get('signed_gap'))}."),
    )


def _by_chance(model: ModelView) -> Sentence:
    """Say of the exact posterior why its calibration error may be above the floor all the same."""
    found = [row.results["ece"] for row in model.rows if "ece" in row.results]
    if not (model.reference and any(ece.value > ece.floor_high for ece in found)):
        return ()
    return (
        Phrase(
            "Being exact, it is off by chance only: utterances of a dialogue resemble each other, "
            "which the noise floor does not take into account."
        ),
    )


def _direction(gap: Result | None) -> str:
    """Return `, over-confident by 0.041`; empty where the gap is not known or its interval holds 0."""
    if gap is None or gap.low <= 0 <= gap.high or not gap.value:
        return ""
    return f", {'over' if gap.value > 0 else 'under'}-confident by {gap.beside(abs(gap.value))}"

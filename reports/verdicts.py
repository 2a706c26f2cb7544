"""One sentence per model: what holds, what breaks first, whether it is over- or under-confident."""

import math
from collections.abc import Iterator, Mapping, Sequence

from .contents import DataView, ModelView, Row
from .results import Result
from .sentences import Phrase, Sentence, Walk, holds, nothing_told, walk_along
from .vocabulary import text_of


def verdicts(data: DataView) -> tuple[tuple[ModelView, Sentence], ...]:
    """Return each model with its sentence, best on clean input first, the exact posterior last.

    Empty where the run has no metric of quality.
    """
    return tuple((model, verdict(model, data)) for model in by_quality(data)) if data.quality else ()


def by_quality(data: DataView) -> tuple[ModelView, ...]:
    """Return the models, best on clean input first, those without figures behind them, the exact posterior last."""

    def place(model: ModelView) -> tuple[bool, bool, float]:
        clean = model.clean.get(data.quality)
        known = clean is not None and not math.isnan(clean.value)
        better = -1.0 if text_of(data.quality).better == "higher" else 1.0
        return (model.reference, not known, better * clean.value if clean is not None and known else 0.0)

    return tuple(sorted(data.models, key=place))


def verdict(model: ModelView, data: DataView) -> Sentence:
    """Return what is to be said about a model on a data set, in one sentence.

    What *holds* and *breaks* is said in `sentences.summary`. Only conditions with figures are counted.
    """
    clean = model.clean.get(data.quality)
    if clean is None or math.isnan(clean.value):
        return (Phrase(nothing_told(model)),)
    clauses = [clause for clause in (*_stress(model, data, clean), _confidence(model)) if clause]
    said = [phrase for clause in clauses for phrase in (Phrase("; "), *clause)][1:]
    first = said[0].text
    return (Phrase(first[:1].upper() + first[1:], said[0].spec), *said[1:], Phrase("."))


def nothing_left(data: DataView) -> Sentence:
    """Say which conditions take everything away and are no worst of anything; empty: none does."""
    texts = [one.text for one in data.conditions if one.text in data.nothing_left]
    if not texts:
        return ()
    listed = tuple(phrase for text in texts for phrase in (Phrase(", "), Phrase(text, spec=True)))[1:]
    return (Phrase("Not counted, and no worst of anything: "), *listed, Phrase(", where no modality is left."))


def stressed_rows(model: ModelView, metric: str) -> list[Row]:
    """Return the conditions but clean input and those that leave no input under which a model has a figure."""
    return [row for row in model.stressed if metric in row.results and not math.isnan(row.results[metric].value)]


def _stress(model: ModelView, data: DataView, clean: Result) -> Iterator[Sentence]:
    metric = data.quality
    rows = stressed_rows(model, metric)
    if not rows:
        yield (Phrase(f"{text_of(metric).title} {clean.shown.value}"),)
        return
    churn = [row.results["churn"].value for row in rows if "churn" in row.results]
    if len(churn) == len(rows) and max(churn) == 0:
        yield (Phrase("no stress changes any class that it predicts"),)
        return
    held = sum(holds(row.results[metric], clean) for row in rows)
    worst = min(rows, key=lambda row: row.results[metric].value)
    figure = f" ({worst.results[metric].shown.value})"
    where = Phrase(worst.condition.text, spec=True)
    if len(rows) == 1:
        yield (Phrase("holds under " if held else "does not hold under "), where, Phrase(figure))
        return
    lacking = len(model.stressed) - len(rows)
    yield (Phrase(f"holds under {_how_many(held, len(rows))}{' that have figures' * bool(lacking)}"),)
    yield from _break(model, data, clean)
    yield (Phrase("lowest under "), where, Phrase(figure))


def _how_many(held: int, of: int) -> str:
    if held == of:
        return f"both of {of} conditions" if of == 2 else f"all {of} conditions"
    return f"{held or 'none'} of {of} conditions"


def _break(model: ModelView, data: DataView, clean: Result) -> Iterator[Sentence]:
    """Say along which curve a model breaks first; nothing where it holds along all."""
    curves = [curve for stress in data.stresses for curve in stress.curves]
    walks = [walk_along(model, curve, data.quality, clean) for curve in curves]
    broken = [(walk.broken, _broken_figure(walk, data.quality), walk) for walk in walks if walk.broken is not None]
    if not broken:
        return
    place, _, first = min(broken, key=lambda one: one[:2])
    alike = sum(other == place for other, *_ in broken) - 1
    others = f", {alike} other{'s' if alike > 1 else ''} as early" if alike else ""
    rung, results = first.rungs[place]
    yield (
        Phrase("breaks first along "),
        Phrase(first.curve.family, spec=True),
        Phrase(f" at {rung.label} ({results[data.quality].shown.value}{others})"),
    )


def _broken_figure(walk: Walk, metric: str) -> float:
    assert walk.broken is not None
    return walk.rungs[walk.broken][1][metric].value


def _confidence(model: ModelView) -> Sentence:
    """Say in which direction confidence is off, on clean input and where it is farthest off."""
    if model.reference:
        # Exact: what its confidence is off by is chance.
        return ()
    clean = _clean_confidence(model)
    off = [(row, gap) for row in model.stressed if (gap := _known_gap(row.results)) and not _within_floor(row.results)]
    told = [phrase for row, gap in _farthest(off) for phrase in (Phrase(" and "), *_up_to(row, gap))][1:]
    if not told:
        return (Phrase(clean),) if clean else ()
    return (Phrase(f"{clean}{', ' if clean else ''}under stress {told[0].text}"), *told[1:])


def _clean_confidence(model: ModelView) -> str:
    ece, gap = model.clean.get("ece"), _known_gap(model.clean)
    if _within_floor(model.clean):
        return "calibrated on clean input as far as can be seen"
    if gap is not None:
        return f"{_side(gap.value)} by {gap.beside(abs(gap.value))} on clean input"
    if ece is not None and ece.value > ece.floor_high:
        return f"miscalibrated on clean input (ECE {ece.shown.value})"
    return ""


def _within_floor(results: Mapping[str, Result]) -> bool:
    return "ece" in results and results["ece"].within_floor


def _known_gap(results: Mapping[str, Result]) -> Result | None:
    """Return mean confidence minus accuracy where its interval does not hold 0; None: no direction is known."""
    gap = results.get("signed_gap")
    return gap if gap is not None and (gap.low > 0 or gap.high < 0) else None


def _farthest(off: Sequence[tuple[Row, Result]]) -> list[tuple[Row, Result]]:
    """Return the condition of most over-confidence and that of most under-confidence, the larger first."""
    over, under = ([one for one in off if sign * one[1].value > 0] for sign in (1, -1))
    ends = [max(side, key=lambda one: abs(one[1].value)) for side in (over, under) if side]
    return sorted(ends, key=lambda one: -abs(one[1].value))


def _up_to(row: Row, gap: Result) -> Sentence:
    lead = f"{_side(gap.value)} by up to {gap.beside(abs(gap.value))} ("
    return (Phrase(lead), Phrase(row.condition.text, spec=True), Phrase(")"))


def _side(gap: float) -> str:
    return "over-confident" if gap > 0 else "under-confident"

"""Which cells of a run the rules are about, and what to say where they are about none."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from ..errors import suggestion
from ..metrics.base import CurveMetric
from ..paired_sources import Place, Source
from ..registry import METRICS, make
from .rules import Rule


def is_of_curves(rule: Rule) -> bool:
    """Return whether a rule's metric is a figure of whole degradation curves."""
    return isinstance(make(METRICS, rule.metric), CurveMetric)


def conditions_of(source: Source, data: str, *, curves: bool) -> dict[str, tuple[str, ...]]:
    """Return by condition, or by family of a curve, the conditions it is made of."""
    conditions = source.inputs[data].conditions
    if not curves:
        return {condition.text: (condition.text,) for condition in conditions}
    families: dict[str, tuple[str, ...]] = {}
    for condition in conditions:
        if condition.family and condition.severity:
            families[condition.family] = (*families.get(condition.family, ("clean",)), condition.text)
    return families


def models_of(source: Source, rule: Rule) -> tuple[str, ...]:
    """Return the models a rule is about: those added for comparison only where it names them in full."""
    return tuple(
        model.name
        for model in source.record.models
        if model.name == rule.model or (not model.reference and fnmatchcase(model.name, rule.model))
    )


def places_of(source: Source, rule: Rule) -> Iterator[Place]:
    """Yield the cells of a run that a rule is about, whether they are done or not."""
    for data in source.inputs:
        for model in models_of(source, rule):
            for condition in conditions_of(source, data, curves=is_of_curves(rule)):
                if rule.wants(model=model, data=data, condition=condition):
                    yield Place(model, data, condition)


def failure_of(source: Source, place: Place, *, curves: bool) -> str:
    """Return why a cell failed for a seed, or one of those a curve is made of; empty: none did."""
    needed = conditions_of(source, place.data, curves=curves)[place.condition]
    for cell in source.record.cells:
        if (cell.model, cell.data, cell.state) == (place.model, place.data, "failed") and cell.condition in needed:
            return cell.why or "no reason was recorded"
    return ""


def why_nothing(source: Source, rule: Rule, parts: Sequence[str]) -> str:
    """Return why a rule matches no figure, with what is near to what it names.

    Parameters
    ----------
    parts
        The parts that its metric has in the cells it is about.
    """
    models = [model.name for model in source.record.models]
    if not models_of(source, rule):
        return f"no model matches {rule.model!r}; {suggestion(rule.model, models)}"
    if not any(fnmatchcase(data, rule.data) for data in source.inputs):
        return f"no data set matches {rule.data!r}; {suggestion(rule.data, source.inputs)}"
    curves = is_of_curves(rule)
    texts = {text for data in source.inputs for text in conditions_of(source, data, curves=curves)}
    if not any(fnmatchcase(text, rule.condition) for text in texts):
        kind = "curve" if curves else "condition"
        return f"no {kind} matches {rule.condition!r}; {suggestion(rule.condition, texts)}"
    if parts:
        return f"no part of {rule.metric} matches {rule.part!r}; {suggestion(rule.part, parts)}"
    return f"the run has no {rule.metric} there"

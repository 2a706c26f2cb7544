"""What the figures of removals say, in words: modalities against contexts, model by model."""

import math
from collections.abc import Iterator

from .contents import DataView, ModelView, Removal
from .numbers import percent
from .removal_figures import CONTEXTS
from .sentences import Phrase, Sentence

_WHOLE = ("modalities", "contexts", "all")


def told_of_removals(data: DataView) -> tuple[tuple[ModelView, Sentence], ...]:
    """Return one summary per model that was asked under removals; the exact posterior is the floor and has none."""
    return tuple((model, (Phrase(" ".join(said)),)) for model in data.competitors if (said := tuple(_said(model))))


def _said(model: ModelView) -> Iterator[str]:
    modalities, contexts = (_first(model, part) for part in ("modalities", "contexts"))
    parts = [_mean(model, one) for one in (modalities, contexts) if one]
    if not parts:
        return
    yield f"CEL {'; '.join(parts)}."
    yield from filter(None, (_verdict(modalities, contexts), _uncertain(modalities, contexts)))


def _first(model: ModelView, part: str) -> Removal | None:
    """Return the figures of a kind of removal, the standard way first; None: not in the run."""
    return next((one for one in model.removals if one.part == part and one.cel and not math.isnan(one.cel.value)), None)


def _mean(model: ModelView, kind: Removal) -> str:
    """Return CEL of a kind of removal with its excess over the floor, and where most of it comes from."""
    assert kind.cel is not None, "chosen because it has one"
    of_context = kind.part == "contexts"
    each = {
        one.part: one.cel
        for one in model.removals
        if one.how == kind.how and one.cel and one.part not in _WHOLE and (one.part in CONTEXTS) == of_context
    }
    most = max(each, key=lambda part: each[part].value, default="")
    told = f"of {kind.part} {kind.cel.shown}"
    if not math.isnan(kind.cel.floor):
        told += f", {kind.cel.beside(kind.cel.value - kind.cel.floor, plus=True)} against the exact posterior"
    if len(each) > 1 and each[most].value > 0:
        told += f", most without {most} ({each[most].shown.value})"
    return told


def _verdict(modalities: Removal | None, contexts: Removal | None) -> str:
    """Say which of the two kinds helps more when removed, where their intervals are apart."""
    if not (modalities and contexts and modalities.cel and contexts.cel):
        return ""
    one, other = modalities.cel, contexts.cel
    if one.low > other.high:
        return "It gains more from losing a modality than from losing context: the two intervals are apart."
    if other.low > one.high:
        return "It gains more from losing context than from losing a modality: the two intervals are apart."
    if math.isnan(one.low) or math.isnan(other.low):
        return ""
    return (
        "The intervals of the two overlap; they do not say from which it gains more, and the difference itself, paired "
        "by dialogue, is not computed."
    )


def _uncertain(modalities: Removal | None, contexts: Removal | None) -> str:
    """Say how many utterances gain by any removal of a kind."""
    shares = [
        (percent(one.uncertain.value), "modality" if one.part == "modalities" else "context")
        for one in (modalities, contexts)
        if one and one.uncertain
    ]
    told = [
        f"{share}{' of the utterances' * (not place)} without some {what}" for place, (share, what) in enumerate(shares)
    ]
    return f"The right class gains on {', on '.join(told)}." if told else ""

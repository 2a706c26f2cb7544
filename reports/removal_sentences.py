"""What the figures of removals say, in words: modalities against contexts, model by model."""

import math
from collections.abc import Iterator

from .contents import DataView, ModelView, Removal
from .context_use import uses_no_context
from .numbers import percent
from .results import Result
from .sentences import Phrase, Sentence
from .vocabulary import CONTEXTS, MODES, OPERATORS

_WHOLE = ("modalities", "contexts", "all")


def told_of_removals(data: DataView) -> tuple[tuple[ModelView, Sentence], ...]:
    """Return one summary per model that was asked under removals; the exact posterior is the floor and has none."""
    return tuple(
        (model, (Phrase(" ".join(said)),)) for model in data.competitors if (said := tuple(_said(model, data)))
    )


def _said(model: ModelView, data: DataView) -> Iterator[str]:
    modalities, contexts = (_first(model, part) for part in ("modalities", "contexts"))
    parts = [_mean(model, one) for one in (modalities, contexts) if one]
    if not parts:
        return
    yield f"CEL {'; '.join(parts)}."
    if not uses_no_context(model, data):
        yield from filter(None, [_verdict(_gap(model, modalities, contexts))])
    yield from filter(None, [_uncertain(modalities, contexts)])


def _first(model: ModelView, part: str) -> Removal | None:
    """Return the figures of a kind of removal, the standard way first; None: not in the run."""
    return next((one for one in model.removals if one.part == part and one.cel and not math.isnan(one.cel.value)), None)


def _gap(model: ModelView, modalities: Removal | None, contexts: Removal | None) -> Result | None:
    """Return the difference of the two, where it is that of the figures that are shown: removed the standard way."""
    standard = modalities and contexts and (modalities.how, contexts.how) == (OPERATORS[""], MODES[""])
    return model.removal_gap if standard else None


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


def _verdict(gap: Result | None) -> str:
    """Say which of the two kinds helps more when removed, by their paired difference."""
    if gap is None or math.isnan(gap.low):
        return ""
    told = f"Modalities minus contexts, paired by utterance: {gap.signed}; "
    if gap.low > 0:
        return f"{told}it gains more from losing a modality than from losing context."
    if gap.high < 0:
        return f"{told}it gains more from losing context than from losing a modality."
    return f"{told}from losing which it gains more is not settled."


def _uncertain(modalities: Removal | None, contexts: Removal | None) -> str:
    """Say how many utterances gain by any removal of a kind."""
    shares = [
        (percent(one.uncertain.value), "one of the modalities" if one.part == "modalities" else "one of the contexts")
        for one in (modalities, contexts)
        if one and one.uncertain
    ]
    if not shares:
        return ""
    (share, what), *others = shares
    further = "".join(f", on {other} by losing {one}" for other, one in others)
    return f"On {share} of the utterances the right class gains by losing {what}{further}."

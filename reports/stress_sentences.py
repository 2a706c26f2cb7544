"""What is said about the conditions of a protocol, on the page and in the paper alike."""

from collections.abc import Iterator

from ..benchmark.run_record import RunRecord
from .contents import DataView
from .context_use import OF_CONTEXT, context_free, context_protocols
from .sentences import Phrase, Sentence, joined
from .stress_contents import Stress
from .vocabulary import CONTEXTS, ONLINE

NAMED = 4
"""Conditions that a sentence names; of more it says how many."""


def remarks(stress: Stress, data: DataView, record: RunRecord) -> tuple[Sentence, ...]:
    """Return what a reader of the figures of a protocol must know."""
    return tuple(_remarks(stress, data, record))


def context_free_sentence(data: DataView) -> Sentence:
    """Say which models use no context, and by what that is seen; empty: none, or no context was removed."""
    names = context_free(data)
    if not names:
        return ()
    uses, whose = ("do not use", "their") if len(names) > 1 else ("does not use", "its")
    protocols = joined(context_protocols(data))
    return (
        Phrase(
            f"{joined(names)} {uses} context: {whose} predictions are the same under every condition of {protocols} "
            "(neither probabilities nor classes change)."
        ),
    )


def context_free_cel(data: DataView) -> Sentence:
    """Say what follows for CEL where models use no context; empty: nothing."""
    whose = "Their" if len(context_free(data)) > 1 else "Its"
    said = context_free_sentence(data)
    return (*said, Phrase(f" {whose} CEL of context is 0 by construction.")) if said else ()


def not_removed_sentence(data: DataView) -> str:
    """Say which removals of CMERC's five a run lacks; empty: none."""
    undefined = _undefined(data)
    told = [f"{name} cannot be removed from these data ({why})." for name, why in undefined.items()]
    lacking = [name for name in data.not_removed if name not in undefined]
    if lacking:
        told.append(
            f"This run does not remove {joined(lacking)} by the standard operator; the protocol “removals” does."
        )
    return " ".join([*told, "Figures over several removals are over those shown only."] if told else [])


def _undefined(data: DataView) -> dict[str, str]:
    """Return the removals that were asked for and are not defined for these data, with why."""
    whys = {
        one.condition: _reason(stress, why)
        for stress in data.stresses
        for why, skipped in stress.skipped.items()
        for one in skipped
    }
    typed = {name: f"context_removal:context={name}" for name in CONTEXTS}
    typed |= {name: f"modality_drop:drop={name}" for name in data.record.widths}
    return {name: whys[text] for name, text in typed.items() if text in whys}


def _reason(stress: Stress, why: str) -> str:
    """Return why a condition is not defined, without what one would type instead: a reader types nothing."""
    return why.removeprefix(f"{stress.protocol}: ").partition("; type ")[0]


def _remarks(stress: Stress, data: DataView, record: RunRecord) -> Iterator[Sentence]:
    if stress.random and record.stress_draws > 1:
        every = all(condition.random for condition in stress.conditions)
        yield (
            Phrase(
                f"{'Figures are means' if every else 'Where chance decides, figures are means'} of "
                f"{record.stress_draws} draws; ± is the standard deviation over the draws."
            ),
        )
    elif stress.random:
        yield (Phrase("Where chance decides, figures rest on a single draw: how far another would lie is not known."),)
    # Where the protocol says so itself it need not be told twice.
    if "online" not in stress.meaning and any(condition.text == ONLINE for condition in stress.conditions):
        yield (
            Phrase(ONLINE, spec=True),
            Phrase(" is what an online interface faces: it must answer before the next turn is spoken."),
        )
    if stress.protocol in OF_CONTEXT and stress.conditions and (sentence := context_free_sentence(data)):
        yield sentence
    for why, texts in stress.unknown.items():
        lead = "No exact posterior, and so no ceiling, "
        if why == stress.wholly_unknown:
            yield (Phrase(f"{lead}because {why}."),)
        else:
            yield (Phrase(f"{lead}under "), *_listed(texts), Phrase(f", because {why}."))
    for why, skipped in stress.skipped.items():
        yield (
            Phrase("Left out, not defined for these data: "),
            *_listed(tuple(one.condition for one in skipped)),
            Phrase(f" ({_reason(stress, why)})."),
        )


def _listed(texts: tuple[str, ...]) -> Iterator[Phrase]:
    """Yield conditions with commas between them; of many the first and how many more."""
    shown = texts if len(texts) <= NAMED + 1 else texts[:NAMED]
    for place, text in enumerate(shown):
        yield from ([Phrase(", ")] if place else [])
        yield Phrase(text, spec=True)
    if len(shown) < len(texts):
        yield Phrase(f" and {len(texts) - len(shown)} more")

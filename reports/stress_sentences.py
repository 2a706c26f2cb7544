"""What is said about the conditions of a protocol, on the page and in the paper alike."""

from collections.abc import Iterator

from ..benchmark.run_record import RunRecord
from .contents import DataView, ModelView
from .numbers import number, percent
from .sentences import Phrase, Sentence
from .stress_contents import CLEAN, Stress
from .vocabulary import ONLINE

NAMED = 4
"""Conditions that a sentence names; of more it says how many."""
_SAME = 1e-6
_PROBABILISTIC = ("nll", "brier")


def remarks(stress: Stress, data: DataView, record: RunRecord) -> tuple[Sentence, ...]:
    """Return what a reader of the figures of a protocol must know."""
    return tuple(_remarks(stress, data, record))


def context_free(data: DataView) -> tuple[str, ...]:
    """Return the models that no removal of context changes, by their figures; empty where none was removed."""
    removals = [
        condition.text
        for stress in data.stresses
        if stress.protocol == "context_removal"
        for condition in stress.conditions
    ]
    return tuple(model.name for model in data.models if _unchanged(model, removals))


def context_free_sentence(names: tuple[str, ...]) -> Sentence:
    """Say that models draw on no context; empty for no models."""
    if not names:
        return ()
    lead = f"{' and '.join([', '.join(names[:-1])] * (len(names) > 1) + [names[-1]])} "
    verb, whose = ("give", "their") if len(names) > 1 else ("gives", "its")
    return (
        Phrase(
            f"{lead}{verb} the same predictions whatever context is removed (NLL and classes do not change), and so "
            f"draw{'s' if len(names) == 1 else ''} on none: {whose} CEL of context is 0 by construction."
        ),
    )


def not_removed_sentence(data: DataView) -> str:
    """Say which removals of CMERC's five a run lacks; empty: none."""
    lacking = data.not_removed
    if not lacking:
        return ""
    return (
        f"This run does not remove {', '.join(lacking)} by the standard operator, so figures over several removals "
        "are over those shown only. The protocol “removals” holds all of them."
    )


def realised_title(name: str) -> str:
    """Return the head of a column of what was really done.

    Examples
    --------
    >>> realised_title("missing text"), realised_title("snr_db audio"), realised_title("context")
    ('text missing', 'audio SNR', 'context left')
    """
    what, _, modality = name.partition(" ")
    words = {"missing": "missing", "hidden": "hidden", "snr_db": "SNR"}
    return f"{modality} {words[what]}" if what in words else {"context": "context left"}.get(name, name)


def realised_cell(name: str, value: float | None) -> str:
    """Return what was really done, as it is shown.

    Examples
    --------
    >>> realised_cell("missing text", 0.097), realised_cell("snr_db text", 19.83), realised_cell("context", None)
    ('9.7 %', '19.8 dB', '–')
    """
    if not name.startswith("snr_db"):
        return percent(value)
    return number(value, decimals=1) + (" dB" if value is not None else "")


def _remarks(stress: Stress, data: DataView, record: RunRecord) -> Iterator[Sentence]:
    if stress.random and record.stress_draws > 1:
        every = all(condition.random for condition in stress.conditions)
        yield (
            Phrase(
                f"{'Figures are means' if every else 'Where chance decides, figures are means'} of "
                f"{record.stress_draws} draws; ± is the standard deviation over the draws."
            ),
        )
    if any(condition.text == ONLINE for condition in stress.conditions):
        yield (
            Phrase(ONLINE, spec=True),
            Phrase(" is what an online interface faces: it must answer before the next turn is spoken."),
        )
    if stress.protocol == "context_removal" and (sentence := context_free_sentence(context_free(data))):
        yield sentence
    for why, texts in stress.unknown.items():
        lead = "No exact posterior, and so no ceiling, "
        if why == stress.wholly_unknown:
            yield (Phrase(f"{lead}because {why}."),)
        else:
            yield (Phrase(f"{lead}under "), *_listed(texts), Phrase(f", because {why}."))
    for why, skipped in stress.skipped.items():
        reason = why.removeprefix(f"{stress.protocol}: ")
        yield (
            Phrase("Left out, not defined for these data: "),
            *_listed(tuple(one.condition for one in skipped)),
            Phrase(f" ({reason})."),
        )


def _listed(texts: tuple[str, ...]) -> Iterator[Phrase]:
    """Yield conditions with commas between them; of many the first and how many more."""
    shown = texts if len(texts) <= NAMED + 1 else texts[:NAMED]
    for place, text in enumerate(shown):
        yield from ([Phrase(", ")] if place else [])
        yield Phrase(text, spec=True)
    if len(shown) < len(texts):
        yield Phrase(f" and {len(texts) - len(shown)} more")


def _unchanged(model: ModelView, conditions: list[str]) -> bool:
    clean = model.results(CLEAN)
    stressed = [figures for text in conditions if (figures := model.results(text))]
    # Equal probabilities, not just equal classes; what depends on other models (regret) is no finding about this one.
    known = [metric for metric in _PROBABILISTIC if metric in clean]
    return (
        bool(stressed and known)
        and all(
            metric in figures and abs(figures[metric].value - clean[metric].value) <= _SAME
            for figures in stressed
            for metric in known
        )
        and all(figures["churn"].value == 0 for figures in stressed if "churn" in figures)
    )

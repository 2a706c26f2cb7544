"""Which models draw on no context, by their figures."""

from .contents import DataView, ModelView
from .stress_contents import CLEAN

REMOVING = ("context_removal", "turn_loss")
"""Protocols that take context away: only a run that has one of them can tell."""
OF_CONTEXT = (*REMOVING, "order", "speaker_confusion")
"""Protocols that leave the utterance that is predicted alone, and change what is around it."""
_SAME = 1e-6
_PROBABILISTIC = ("nll", "brier")


def context_protocols(data: DataView) -> tuple[str, ...]:
    """Return the protocols that change nothing but context, of those that the run holds."""
    return tuple(stress.protocol for stress in data.stresses if stress.protocol in OF_CONTEXT and stress.conditions)


def uses_no_context(model: ModelView, data: DataView) -> bool:
    """Whether a model's predictions are the same whatever is done to context; False where no context was removed."""
    there = context_protocols(data)
    texts = [one.text for stress in data.stresses if stress.protocol in there for one in stress.conditions]
    removed = any(protocol in there for protocol in REMOVING)
    return removed and _unchanged(model, texts)


def context_free(data: DataView) -> tuple[str, ...]:
    """Return the names of the models that use no context."""
    return tuple(model.name for model in data.models if uses_no_context(model, data))


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

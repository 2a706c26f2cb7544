"""What a constant answer has on a test split: the figures below which a model is of no use."""

import math

from .contents import DataView
from .numbers import number


def constant_figures(data: DataView) -> dict[str, float]:
    """Return by metric the best that the same answer to every utterance has; empty: labels are not counted.

    Of classes that is the most frequent one of the test split, of probabilities the shares of the classes there: no
    model that learns from the training split alone can know either.
    """
    counts = [count for count in data.record.label_counts.get("test", ()) if count]
    if not counts:
        return {}
    shares = [count / sum(counts) for count in counts]
    most = max(shares)
    f1 = 2 * most / (1 + most)
    return {
        "accuracy": most,
        "weighted_f1": most * f1,
        "macro_f1": f1 / len(data.record.classes),
        "nll": -sum(share * math.log(share) for share in shares),
    }


def constant_sentence(data: DataView) -> str:
    """Say what a constant answer has; empty: not known."""
    found = constant_figures(data)
    if not found:
        return ""
    counts = data.record.label_counts["test"]
    name = data.record.classes[counts.index(max(counts))]
    return (
        f"What figures are to be held against: the answer “{name}” to every utterance, the most frequent class of the "
        f"test split, has accuracy {number(found['accuracy'])}, weighted F1 {number(found['weighted_f1'])} and macro "
        f"F1 {number(found['macro_f1'])}; the shares of the classes in the test split, given as probabilities of every "
        f"utterance, have NLL {number(found['nll'])}."
    )

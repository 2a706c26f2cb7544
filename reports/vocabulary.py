"""How metrics are named and explained wherever figures are shown."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MetricText:
    """What a reader needs to know about a metric."""

    title: str
    """As in a table's head."""
    better: Literal["higher", "lower", "zero", "none"]
    """What is better; `none`: neither, or it cannot be said."""
    about: str = ""
    """One sentence."""

    @property
    def arrow(self) -> str:
        """The direction in words, short."""
        return {"higher": "higher is better", "lower": "lower is better", "zero": "0 is best", "none": ""}[self.better]


METRICS = {
    "weighted_f1": MetricText("Weighted F1", "higher", "F1 of each class, averaged by how often the class occurs."),
    "macro_f1": MetricText(
        "Macro F1", "higher", "F1 averaged over all classes of the data set alike; a class never found counts as 0."
    ),
    "accuracy": MetricText("Accuracy", "higher", "Share of utterances whose most probable class is the gold class."),
    "ece": MetricText(
        "ECE",
        "lower",
        "Expected calibration error: distance between confidence and accuracy over 15 equal bins. Even a perfectly "
        "calibrated model shows more than 0 on a finite sample: that is its noise floor (mean; 95 % of redraws lie "
        "below the figure after ≤). An ECE in it is no evidence of miscalibration.",
    ),
    "mce": MetricText("MCE", "lower", "Largest such distance in any bin that is not empty."),
    "rmsce": MetricText("RMSCE", "lower", "Root of the mean squared distance over the bins."),
    "signed_gap": MetricText(
        "Confidence gap", "zero", "Mean confidence minus accuracy: above 0 is over-confident, below 0 under-confident."
    ),
    "brier": MetricText(
        "Brier", "lower", "Squared distance of the probabilities from the truth, 0 to 2; a proper score."
    ),
    "nll": MetricText("NLL", "lower", "Mean negative log-probability of the gold class, in nats; a proper score."),
    "churn": MetricText(
        "Churn", "none", "Share of utterances whose predicted class differs from the one on clean input."
    ),
    "change": MetricText(
        "Change", "none", "Weighted F1 minus that on clean input, with a paired interval: below 0 is a loss."
    ),
    "regret": MetricText(
        "Regret",
        "lower",
        "NLL above that of the exact posterior under the same condition; known on simulated data only.",
    ),
    "flip_rate": MetricText("Flip rate", "none", "Share of neighbouring turns whose predicted classes differ."),
    "gold_flip_rate": MetricText(
        "Gold flip rate", "none", "The same of the gold classes: what a flip rate is held against."
    ),
    "degradation_area": MetricText(
        "Degradation area",
        "higher",
        "Area under the weighted-F1 curve over severity, as a share of clean: 1 means nothing lost.",
    ),
    "worst_rung": MetricText("Worst rung", "higher", "The lowest weighted F1 on the curve."),
    "cel": MetricText(
        "CEL",
        "lower",
        "Mean over utterances of max(0, gain), the gain being that of the gold class's probability when a modality or "
        "context is removed: losses count as 0. “modalities” is the mean over all modalities removed one by one, "
        "“contexts” that over both contexts (intra, inter), “all” that over all of these removals. A constant "
        "predictor has 0; a figure below the exact posterior's is no merit.",
    ),
    "cel:space=log": MetricText("CEL (log)", "lower", "The same on log-probabilities."),
    "conformal_coverage": MetricText(
        "Coverage of sets",
        "none",
        "Share of prediction sets that hold the gold class, the threshold chosen on clean validation (LAC). Nearer to "
        "what was asked for is better.",
    ),
    "conformal_set_size": MetricText(
        "Set size", "lower", "Mean number of classes in a set; a merit only where coverage is what was asked for."
    ),
    "conformal_gap": MetricText("Coverage gap", "zero", "Coverage of sets minus what was asked for."),
    "conformal_empty": MetricText("Empty sets", "none", "Share of sets that hold no class; they count as misses."),
    "conformal_coverage:method=aps": MetricText("Coverage of sets (APS)", "none", "The same of adaptive sets."),
    "conformal_set_size:method=aps": MetricText("Set size (APS)", "lower"),
    "conformal_gap:method=aps": MetricText("Coverage gap (APS)", "zero"),
    "conformal_empty:method=aps": MetricText("Empty sets (APS)", "none"),
    "graph_gap": MetricText(
        "CEL, graph − strict",
        "none",
        "CEL when context is removed by edges of the model's graph, minus CEL when it is really gone.",
    ),
    "uncertain_share": MetricText(
        "Uncertain share",
        "lower",
        "Share of utterances whose gold class becomes more probable when a modality or context is removed; of "
        "“modalities”, “contexts” and “all” the union: utterances that gain by any of them.",
    ),
}
"""By canonical text."""

OPERATORS = {"": "zeros", "operator=mean": "dialogue mean"}
"""By the argument of `cel` and `uncertain_share`, what stood in for a modality that was removed."""
MODES = {"": "strict", "mode=graph": "graph"}
"""By the argument of `cel` and `uncertain_share`, how context was removed."""

UNITS = {"snr_db": "dB", "window": "turns", "shift": "turns", "epsilon": "standard deviations"}
"""Of arguments that say how severe a stress is; others are shares."""

ONLINE = "context_removal:context=future"
"""The condition that an online interface faces: it must answer before the next turn is spoken."""

CONFORMAL = "conformal_"
"""What the names of the metrics of prediction sets start with."""
LEVEL = 0.9
"""Share of sets that are asked to hold the gold class, where the metric does not say otherwise."""

MAIN = ("weighted_f1", "macro_f1", "ece", "nll", "brier", "churn", "regret")
"""Columns of the table of conditions, where the run has them."""


def text_of(metric: str) -> MetricText:
    """Return what is known about a metric; one of somebody else's is named by its canonical text."""
    return METRICS.get(metric, MetricText(metric, "none"))

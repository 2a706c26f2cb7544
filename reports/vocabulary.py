"""How metrics are named and explained wherever figures are shown."""

from dataclasses import dataclass, replace
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
    "precision": MetricText(
        "Precision", "higher", "Per class: share of right ones among the utterances predicted as it."
    ),
    "recall": MetricText("Recall", "higher", "Per class: share of right ones among the utterances labelled as it."),
    "f1": MetricText("F1", "higher", "Per class: harmonic mean of precision and recall; 0 for a class never found."),
    "unweighted_average_recall": MetricText(
        "Unweighted average recall",
        "higher",
        "Recall averaged over classes alike, usual in speech emotion recognition.",
    ),
    "confusion": MetricText("Confusion matrix", "none", "Utterances by gold and predicted class."),
    "support": MetricText("Utterances", "none", "How many utterances with a label there are, and of each class."),
    "ece": MetricText(
        "ECE",
        "lower",
        "Expected calibration error: distance between confidence and accuracy over 15 equal bins. Even a perfectly "
        "calibrated model shows more than 0 on a finite sample: that is its noise floor (mean; 95 % of redraws lie "
        "below the figure after ≤). An ECE in it is no evidence of miscalibration.",
    ),
    "mce": MetricText("MCE", "lower", "Largest such distance in any bin that is not empty."),
    "rmsce": MetricText("RMSCE", "lower", "Root of the mean squared distance over the bins."),
    "adaptive_ece": MetricText(
        "Adaptive ECE", "lower", "The same distance as ECE over bins that hold equally many utterances."
    ),
    "debiased_ece": MetricText(
        "Debiased ECE", "lower", "RMSCE without what chance alone adds to its square; about 0 for a calibrated model."
    ),
    "classwise_ece": MetricText(
        "Classwise ECE", "lower", "ECE of the probability of each class instead of the largest one, and its mean."
    ),
    "silhouette": MetricText(
        "Silhouette coefficient",
        "none",
        "How far the gold classes lie apart in the vectors before the last layer: near 1 apart, near 0 touching, below "
        "0 among each other; each utterance against those of its group.",
    ),
    "reliability": MetricText(
        "Reliability", "none", "Utterances, mean confidence and accuracy of each bin of confidence."
    ),
    "consistency_bars": MetricText(
        "Consistency bars",
        "none",
        "Per bin of confidence the range in which the accuracy of a perfectly calibrated model lies in at least 95 of "
        "100 samples like this one, were utterances independent; those of a dialogue are not, so it is rather too "
        "narrow.",
    ),
    "signed_gap": MetricText(
        "Confidence gap", "zero", "Mean confidence minus accuracy: above 0 is over-confident, below 0 under-confident."
    ),
    "brier": MetricText(
        "Brier", "lower", "Squared distance of the probabilities from the truth, 0 to 2; a proper score."
    ),
    "brier_parts": MetricText(
        "Brier parts",
        "none",
        "The Brier score as reliability (lower is better) minus resolution (higher is better) plus the uncertainty of "
        "the labels and what the bins hide.",
    ),
    "nll": MetricText("NLL", "lower", "Mean negative log-probability of the gold class, in nats; a proper score."),
    "auroc": MetricText(
        "AUROC",
        "higher",
        "How well the probability of a class sorts its utterances from the others, over classes by how often each is "
        "gold; ½ tells nothing.",
    ),
    "average_precision": MetricText(
        "Average precision", "higher", "Area under the precision–recall curve of each class, averaged the same way."
    ),
    "misclassification_auroc": MetricText(
        "Error detection AUROC",
        "higher",
        "How well confidence tells right predictions from wrong ones; ½ tells nothing.",
    ),
    "aupr_success": MetricText(
        "AUPR success", "higher", "Average precision of finding right predictions by confidence."
    ),
    "aupr_error": MetricText(
        "AUPR error", "higher", "Average precision of finding wrong predictions by low confidence."
    ),
    "fpr_at_tpr": MetricText(
        "FPR at 95 % TPR", "lower", "Share of wrong predictions still trusted when 95 % of the right ones are."
    ),
    "aurc": MetricText(
        "AURC", "lower", "Error rate among the surest utterances, averaged over how many of them are kept."
    ),
    "e_aurc": MetricText("E-AURC", "lower", "AURC above that of the best order at the same error rate."),
    "risk_at_coverage": MetricText(
        "Risk at coverage", "lower", "Error rate among the surest utterances that make up a given share of all."
    ),
    "risk_coverage": MetricText(
        "Risk–coverage curve", "lower", "Error rate of the surest 5 %, 10 %, …, 100 % of the utterances."
    ),
    "coverage_at_risk": MetricText(
        "Coverage at risk",
        "higher",
        "Largest share of utterances, the surest ones, with an error rate that is allowed.",
    ),
    "entropy": MetricText(
        "Entropy",
        "none",
        "Entropy of the probabilities as a share of that of equal ones: 0 is certain, 1 tells nothing; of right and of "
        "wrong predictions.",
    ),
    "uncertain_entropy": MetricText(
        "Entropy of uncertain utterances",
        "none",
        "The same of utterances that gain by some removal, and of the others.",
    ),
    "churn": MetricText(
        "Churn", "none", "Share of utterances whose predicted class differs from the one on clean input."
    ),
    "change": MetricText(
        "Change", "none", "Weighted F1 minus that on clean input, with a paired interval: below 0 is a loss."
    ),
    "relative_change": MetricText(
        "Relative change", "none", "The same as a share of the figure on clean input: −0.2 is a loss of a fifth."
    ),
    "regret": MetricText(
        "Regret",
        "lower",
        "NLL above that of the exact posterior under the same condition; known on simulated data only.",
    ),
    "flip_rate": MetricText("Flip rate", "none", "Share of neighbouring turns whose predicted classes differ."),
    "speaker_flip_rate": MetricText("Speaker flip rate", "none", "The same of neighbouring turns of one speaker."),
    "gold_flip_rate": MetricText(
        "Gold flip rate", "none", "The flip rate of the gold classes: what a flip rate is held against."
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
        "predictor has 0, so that a low figure alone is no merit.",
    ),
    "cel:space=log": MetricText("CEL (log)", "lower", "The same on log-probabilities."),
    "cf_distribution": MetricText(
        "Distribution of CF",
        "lower",
        "How often the probability of the gold class gains more than so much when a modality or a context is removed; "
        "the area under this curve is CEL.",
    ),
    "cel_excess": MetricText(
        "CEL above the posterior's", "lower", "CEL minus that of the exact posterior; known on simulated data only."
    ),
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
    "removal_gap": MetricText(
        "CEL, modalities − contexts",
        "none",
        "CEL over modalities minus CEL over contexts, paired by utterance; above 0 losing a modality helps more.",
    ),
    "shapley": MetricText(
        "Shapley value",
        "none",
        "What a modality, or a context, brings in of the probability of the class predicted on the full input, over "
        "all orders in which they could be added: below 0 it made the model less sure of what it says.",
    ),
    "shapley_share": MetricText(
        "Shapley share",
        "none",
        "Share of a modality, or context, in the sizes of the Shapley values of an utterance, averaged: what the "
        "prediction depends on, in whichever direction.",
    ),
    "weight_agreement": MetricText(
        "Agreement of weights and Shapley values",
        "none",
        "Kendall's τ, utterance by utterance, between the weights of the modalities and the sizes of their Shapley "
        "values: 1 is the same order, −1 the opposite.",
    ),
    "modality_weight": MetricText("Modality weight", "none", "Mean weight that the model gives to each modality."),
    "uncertain_share": MetricText(
        "Uncertain share",
        "lower",
        "Share of utterances whose gold class becomes more probable when a modality or context is removed; of "
        "“modalities”, “contexts” and “all” the union: utterances that gain by any of them.",
    ),
    "act_threshold": MetricText(
        "Confidence threshold",
        "none",
        "Confidence from which an interface acts: the lowest at which the error rate among all surer utterances of "
        "clean validation is no more than wanted.",
    ),
    "act_share": MetricText("Share acted on", "none", "Share of turns on which the model is at least that sure."),
    "act_risk": MetricText("Risk when acting", "lower", "Share of the turns acted on that are wrong."),
    "unsafe_share": MetricText("Unsafe share", "lower", "Share of all turns that are acted on and wrong."),
    "decision_cost": MetricText(
        "Decision cost",
        "lower",
        "Mean cost of the decisions of least expected cost under the model's probabilities, by a table of costs.",
    ),
    "abstain_share": MetricText(
        "Share abstained", "none", "Share of turns on which the decision of least expected cost is to do nothing."
    ),
}
"""By canonical text. Every metric that is built in has an entry by its bare name (but `sliced`, which is named after
another)."""

ACTING = ("act_threshold", "act_share", "act_risk", "unsafe_share")
"""Metrics of acting on confidence, by name."""
DECIDING = ("decision_cost", "abstain_share")
"""Metrics of decisions by their cost, by name."""
WANTED_RISK = "0.1"
"""The argument `risk` of metrics of acting where none is typed."""

OPERATORS = {"": "zeros", "operator=mean": "dialogue mean"}
"""By the argument of `cel` and `uncertain_share`, what stood in for a modality that was removed."""
CONTEXTS = ("intra", "inter")
"""Contexts that are removed: what the same speaker says, what others say."""
MODES = {"": "strict", "mode=graph": "graph"}
"""By the argument of `cel` and `uncertain_share`, how context was removed."""

RELIANCE = (
    *(f"{metric}{how}" for how in ("", ":operator=mean", ":mode=graph") for metric in ("shapley", "shapley_share")),
    "weight_agreement",
)
"""Metrics of what predictions depend on."""

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
    name, _, arguments = metric.partition(":")
    if arguments and name in (*ACTING, *DECIDING):
        return replace(METRICS[name], title=f"{METRICS[name].title} ({arguments})")
    return METRICS.get(metric, MetricText(metric, "none"))


def arguments_of(metric: str) -> dict[str, str]:
    """Return the arguments of a canonical text by name."""
    pairs = filter(None, metric.partition(":")[2].split(","))
    return dict(pair.partition("=")[::2] for pair in pairs)

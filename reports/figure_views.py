"""What a figure of a report is, in any theme: names, numbers, and how to draw it."""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from .contents import DataView
from .theme import Theme

NOTES = {
    "curves": "Lines: means over seeds; bands: 95 % intervals over dialogues. Dotted, for ECE: the noise floor "
    "(95th percentile); below it there is no evidence of miscalibration. Rungs stand where their severity is.",
    "conditions": "Conditions that have no order. Marks: means over seeds; lines: 95 % intervals over dialogues.",
    "classes": "A class that a model never finds has F1 0. Lines: 95 % intervals over dialogues.",
    "reliability": "Clean input: accuracy against mean confidence per bin with 95 % intervals, below it how many "
    "utterances each bin holds, with the mean confidence (solid line) and the accuracy (dotted) of all. Grey boxes: "
    "where the accuracy of a perfectly calibrated model lies in at least 95 of 100 samples of this size, were "
    "utterances independent; as those of a dialogue resemble each other, the boxes are rather too narrow, and a mark a "
    "little outside is weak evidence. Marks inside are open and no evidence of miscalibration, marks outside are "
    "filled. Below the dashed diagonal a model is "
    "over-confident, above it under-confident. A bin that is empty in one of several trainings has no mark.",
    "risk_coverage": "Clean input: error rate among the surest utterances, over the share that is kept. At the right "
    "end all are kept; the further a line falls towards the left, the more its confidence is worth; a level line tells "
    "right from wrong no better than chance. Lines: means over seeds; bands: 95 % intervals over dialogues.",
    "entropy": "Clean input: predictions that turn out right and those that turn out wrong by the entropy of their "
    "probabilities (0 is certain, 1 tells nothing), as shares of each. Vertical lines: the means (solid: right, "
    "dotted: wrong). The less the two overlap, the better entropy warns of errors.",
    "cel": "Left: CEL; right: share of utterances that gain. Modalities stand above the line, contexts below. Marks: "
    "means over seeds; lines: 95 % intervals over dialogues.",
    "gains": "CMERC's CF on clean input: share of utterances whose gold class gains more than so much when one of the "
    "modalities (or contexts) is removed. The left end is how often a removal helps at all; the area under a line "
    "is its CEL. The horizontal scale widens small gains. Bands: 95 % intervals over dialogues.",
    "uncertain_entropy": "Utterances whose gold class gains by any of the removals (uncertain) and the others by the "
    "entropy of the prediction from the full input (0 is certain, 1 tells nothing), as shares of each. Vertical "
    "lines: the means (solid: uncertain, dotted: others).",
    "acting": "Means over seeds with 95 % intervals over dialogues, at the threshold chosen on clean validation.",
    "conformal": "Prediction sets; the dashed line is the coverage that was asked for. Marks: means over seeds; lines: "
    "95 % intervals over dialogues.",
    "confusion": "Clean input: utterances of each gold class (rows) by predicted class (columns), shaded by the share "
    "of the row; means over seeds, rounded to whole utterances. Cells without a number are empty.",
    "weights": "Mean weight of each modality over the test utterances, by condition. A weight says what the model "
    "mixes, not what its prediction depends on.",
    "stability": "Upright strokes: one condition each, means over seeds; mark and line above: clean input with its "
    "95 % interval over dialogues.",
    "shares": "Clean input: share of each modality in the sizes of the Shapley values, on uncertain utterances, whose "
    "gold class becomes more probable by some removal, and on the others. Means; intervals are in the numbers.",
    "context_shares": "Clean input: share of the same speaker's (intra) and of others' context (inter), likewise. "
    "Shares are of what context does at all: how much that is the table says.",
    "weight_curves": "Mean weight of each modality over the severity of a stress; bands: 95 % intervals over "
    "dialogues. A gate that notices turns away from the modality that is hit. Models whose weights never change are "
    "left out.",
    "weight_shares": "Clean input, one mark per model: mean weight of the modality against its mean Shapley share, "
    "with 95 % intervals; on the dashed line both are the same.",
    "swarm": "Clean input, first training seed, one dot per utterance: what each player brings in of the probability "
    "of the class predicted; colours: how sure the model is.",
    "ranks": "Models by their average rank over data sets, by figures on clean input, 1 is best. A "
    "bar joins those that are not told apart: less "
    "than the critical difference apart (Nemenyi), or all, where Friedman's test tells of no difference at all.",
    "heat": "Figures as shades, dark is high; means over seeds. A dash: not in the run.",
    "hidden": "Vectors before the last layer, in the plane by t-SNE (perplexity 30, seed 0), a mark per gold class. "
    "The silhouette coefficient is that of the gold classes on the vectors themselves, within the group, mean over "
    "seeds: near 1 classes are apart, near 0 they touch, below 0 they are mixed. Uncertain is an utterance whose gold "
    "class becomes more probable when any modality or context that the run removes is taken away. Distances between "
    "clusters mean nothing.",
    "transfer": "A model raw and with calibrators that were fitted on clean validation and are kept under every "
    "condition. Left: ECE, dotted its noise floor (95th percentile; at or below it there is no evidence of "
    "miscalibration); right: mean confidence minus accuracy, above 0 over-confident. Marks: means over seeds; lines: "
    "95 % intervals over dialogues.",
    "latency_distribution": "How many per cent of the waits are no longer than so many milliseconds, on a scale that "
    "widens towards the tail; upright lines: bounds of a percentile, each with 95 % confidence. Lines end at the "
    "highest percentile that has a bound. Dotted: the budget.",
    "latency_turns": "Median and p95 by turn of the dialogue, with bounds, each with 95 % confidence. Solid lines and "
    "filled marks: the model keeps state between turns and is fed the new one; dashed lines and open marks: it reads "
    "the dialogue so far anew. Neighbouring turns are put together where single ones have too few waits.",
    "latency_batch": "Answers per second by how many dialogues are asked about at once, with 95 % intervals (batch "
    "means).",
    "latency_quality": "One mark per model: figure on clean input with its 95 % interval against p95 of one new "
    "utterance with its bounds. Further up is better, further left is faster. Dotted: the budget.",
    "training": "One line per seed and split; rings mark the epoch whose weights were kept. Scores are "
    "those of the epoch itself: before a temperature is fitted or anything else follows it.",
}
"""What to see in the figures of a group."""


@dataclass(frozen=True)
class TableView:
    """The numbers behind a figure, as they are shown."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class FigureView:
    """A figure that can be drawn in any theme."""

    group: str
    """Where it belongs: a key of `NOTES`."""
    data: str
    """Empty: several data sets."""
    model: str
    """Empty: several models."""
    slug: str
    """Unique in the report: id on the page and file name; small letters, digits and hyphens."""
    caption: str
    """Short heading; the data set is known from where the figure stands."""
    title: str
    """Accessible name and caption in a paper: with the data set."""
    table: TableView
    draw: Callable[[Theme], Figure]
    protocol: str = ""
    """Protocol whose conditions it shows, or of `acting` what was wanted; empty: it is not of one."""
    shown: str = ""
    """Which conditions it shows, as a sentence; empty: that need not be said."""

    @property
    def note(self) -> str:
        """What to see in it."""
        return f"{NOTES[self.group]} {self.shown}".rstrip()


def modality_first(label: str) -> str:
    """Return a condition, or its arguments alone, with the modality before other arguments, in every part of a chain.

    Examples
    --------
    >>> modality_first("fraction=0.5,modality=text"), modality_first("order:rate=1+noise:kind=babble,modality=audio")
    ('modality=text,fraction=0.5', 'order:rate=1+noise:modality=audio,kind=babble')
    """
    parts = (part.rpartition(":") for part in label.split("+"))
    return "+".join(f"{name}{colon}{_ordered(arguments)}" for name, colon, arguments in parts)


def named(data: DataView) -> str:
    """Return the name of a data set, and that it is simulated where it is."""
    return f"{data.name} (simulated data)" if data.simulated else data.name


def _ordered(arguments: str) -> str:
    return ",".join(sorted(arguments.split(","), key=lambda pair: not pair.startswith("modality=")))

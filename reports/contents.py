"""What a report says: run record and results put together into plain views, without any presentation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..benchmark.run_record import ConditionRecord, DataRecord, FitRecord, RunRecord
from ..benchmark.selection_audit import Optimism, optimism
from .distributions import Distributions
from .hidden_views import HiddenView
from .latency import LatencyView
from .problems import Problem, ProblemGroup, grouped
from .results import Result
from .stress_contents import CLEAN, Curve, Stress

ROUGH_BELOW = 50
"""Dialogues below which intervals over dialogues are rough."""
_DUST = 1e-9
QUALITY = ("weighted_f1", "accuracy", "macro_f1")
"""Metrics that sum up quality, the first that a run has is the one that is spoken of."""


@dataclass(frozen=True)
class Row:
    """One condition of one model."""

    condition: ConditionRecord
    results: Mapping[str, Result]
    """Figures without parts by metric, over all seeds; empty: none."""
    problems: tuple[Problem, ...]
    """What is missing here, for some seeds or all."""
    nothing_left: bool = False
    """Whether no modality is left: that says nothing of how a model deals with worse input."""

    @property
    def label(self) -> str:
        """The condition without the protocol's name."""
        return label_of(self.condition)


def label_of(condition: ConditionRecord) -> str:
    """Return a condition without the protocol's name; a chain in full."""
    return condition.text if "+" in condition.text else condition.text.removeprefix(f"{condition.protocol}:")


@dataclass(frozen=True)
class Bin:
    """One bin of a reliability diagram."""

    low: float
    high: float
    """Confidence, (low, high]."""
    count: Result
    confidence: Result
    accuracy: Result
    calibrated_low: float = math.nan
    """Where the accuracy of a perfectly calibrated model lies in 95 of 100 samples: lower end; NaN: not in the run."""
    calibrated_high: float = math.nan
    """Upper end."""

    @property
    def as_calibrated(self) -> bool:
        """Whether a perfectly calibrated model may well show this accuracy; False where that is not known."""
        # Ends and accuracy are whole numbers of utterances: what ties must not hang on a rounding error.
        return self.calibrated_low - _DUST <= self.accuracy.value <= self.calibrated_high + _DUST


@dataclass(frozen=True)
class Removal:
    """Confidence under one removal."""

    part: str
    """Modality or context, or a union of several."""
    how: str
    """What stood in for a modality (`zeros`), how context was removed (`strict`), or both, in words."""
    cel: Result | None
    cel_log: Result | None
    cel_sum: Result | None
    """Sum of the logarithms, as the papers print it."""
    uncertain: Result | None

    @property
    def floored(self) -> bool:
        """Whether the exact posterior's own CEL under this removal is known."""
        return self.cel is not None and not math.isnan(self.cel.floor)


@dataclass(frozen=True)
class ModelView:
    """One model on one data set."""

    name: str
    summary: str
    uncalibrated: str
    """Name of the model without its calibrators; its own where it has none."""
    reference: bool
    """True: the exact posterior, a ceiling and no competitor."""
    place: int
    """Index among the models of the run that are no references, for its colour; −1: a reference."""
    rows: tuple[Row, ...]
    fits: tuple[FitRecord, ...]
    per_seed: Mapping[int, Mapping[str, Result]]
    """Per training seed the clean figures by metric."""
    bins: tuple[Bin, ...]
    """Clean; empty: not in the run."""
    confusion: tuple[tuple[float, ...], ...]
    """Clean; gold × predicted utterances, means over seeds; empty: not in the run."""
    class_f1: Mapping[str, Result]
    """Clean, by class."""
    weights: Mapping[str, Mapping[str, Result]]
    """Mean modality weights: condition → modality → figure; empty: the model has none."""
    removals: tuple[Removal, ...]
    class_coverage: Mapping[tuple[str, str], Mapping[str, Result]]
    """By metric of the coverage of prediction sets and condition: figure of each gold class."""
    reliance: Mapping[str, Mapping[str, Result]]
    """Clean: by metric of Shapley values (keys of `RELIANCE`) figure of each part; those not in the run left out."""
    graph_gaps: Mapping[str, Result]
    """CEL of context in graph mode minus that in strict mode, by context; empty: not in the run."""
    removal_gap: Result | None
    """CEL of modalities minus that of contexts; None: not in the run."""
    parts: Mapping[tuple[str, str], Mapping[str, Result]]
    """By metric that was asked for by name and condition: figure of each part; empty: none has parts."""
    distributions: Distributions = field(default_factory=Distributions)
    """Risk over coverage, entropies, gains by removal."""

    @property
    def clean(self) -> Mapping[str, Result]:
        """Figures on clean input by metric; empty: none."""
        return self.results(CLEAN)

    @property
    def test_selected(self) -> bool:
        """Whether the epoch of any training was chosen on the test split."""
        return any(fit.epochs and fit.selection == "test" for fit in self.fits)

    @cached_property
    def optimism(self) -> Optimism | None:
        """What choosing the epoch on test would have won, or has; None: there were no epochs."""
        return optimism(self.fits)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Training seeds that were done."""
        return tuple(fit.seed for fit in self.fits if fit.state == "done")

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that it has under any condition."""
        return tuple(dict.fromkeys(metric for row in self.rows for metric in row.results))

    def cel(self, part: str, how: str) -> Result | None:
        """Return CEL of a removal by part and by how it was done; None: not in the run."""
        return next((one.cel for one in self.removals if (one.part, one.how) == (part, how)), None)

    @property
    def stressed(self) -> tuple[Row, ...]:
        """The conditions but clean input and those that leave nothing."""
        return tuple(row for row in self.rows if row.condition.text != CLEAN and not row.nothing_left)

    def results(self, condition: str) -> Mapping[str, Result]:
        """Return the figures under a condition by metric; empty: none."""
        return self._by_condition.get(condition, {})

    @cached_property
    def _by_condition(self) -> Mapping[str, Mapping[str, Result]]:
        return {row.condition.text: row.results for row in reversed(self.rows)}


@dataclass(frozen=True)
class DataView:
    """One data set with all that was found on it."""

    record: DataRecord
    simulated: bool
    utterances: int
    """Labelled test utterances, where the results say so; else those of the test split."""
    dialogues: int
    models: tuple[ModelView, ...]
    """In the order of the run, references last."""
    conditions: tuple[ConditionRecord, ...]
    """Those of the run that are defined for these data, clean first."""
    stresses: tuple[Stress, ...]
    """Conditions by protocol."""
    summaries: Mapping[tuple[str, str, str], Result]
    """Figures of whole curves: model, family, metric."""
    hidden: tuple[HiddenView, ...] = ()
    """Of each model that has hidden vectors, in the order of the run; empty: not kept, or not read."""

    @property
    def name(self) -> str:
        """Canonical spec text."""
        return self.record.name

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """All degradation curves."""
        return tuple(curve for stress in self.stresses for curve in stress.curves)

    @cached_property
    def other(self) -> tuple[ConditionRecord, ...]:
        """Conditions that are on no curve, clean first."""
        on_curves = {rung.condition for curve in self.curves for rung in curve.rungs[1:]}
        return tuple(condition for condition in self.conditions if condition.text not in on_curves)

    @property
    def nothing_left(self) -> frozenset[str]:
        """Texts of the conditions under which no modality is left."""
        return frozenset(row.condition.text for model in self.models for row in model.rows if row.nothing_left)

    @property
    def not_removed(self) -> tuple[str, ...]:
        """Modalities and contexts that no condition of the run removes by the standard operator."""
        removed = {condition.removal for condition in self.conditions}
        return tuple(name for name in (*self.record.widths, "intra", "inter") if name not in removed)

    @property
    def validated(self) -> bool:
        """Whether the validation split has labels."""
        return any(self.record.label_counts.get("validation", ()))

    @property
    def rough(self) -> bool:
        """Whether there are too few dialogues for intervals to be taken at their word."""
        return self.dialogues < ROUGH_BELOW

    @property
    def absent(self) -> tuple[str, ...]:
        """Classes that no labelled test utterance has; they count as 0 in macro F1."""
        counts = self.record.label_counts.get("test", ())
        return tuple(name for name, count in zip(self.record.classes, counts, strict=False) if not count)

    @cached_property
    def reference(self) -> ModelView | None:
        """The exact posterior, where it is known and was computed."""
        return next((model for model in self.models if model.reference and model.clean), None)

    @cached_property
    def competitors(self) -> tuple[ModelView, ...]:
        """The models asked for."""
        return tuple(model for model in self.models if not model.reference)

    @cached_property
    def quality(self) -> str:
        """The metric that quality is spoken of in; empty: the run has none."""
        return next((metric for metric in QUALITY if metric in self.metrics), "")

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that any model has under any condition, in the order of the results."""
        return tuple(dict.fromkeys(metric for model in self.models for metric in model.metrics))


@dataclass(frozen=True)
class RunView:
    """A whole run."""

    name: str
    """Of the folder."""
    record: RunRecord
    data: tuple[DataView, ...]
    problems: tuple[Problem, ...]
    """What was not computed, apart from the exact posterior where it is not known."""
    missing: tuple[str, ...] = ()
    """What the folder does not say that it should, a sentence each without its full stop."""
    sections: tuple[str, ...] = ()
    """Those to show, of `SECTIONS`; empty: all."""
    only: str = ""
    """What was chosen to be shown, in words; empty: all."""
    latency: LatencyView | None = None
    """How long models take; None: not measured."""

    def shows(self, section: str) -> bool:
        """Whether a section is to be shown."""
        return not self.sections or section in self.sections

    @property
    def scored(self) -> bool:
        """Whether there are figures, or were meant to be; if not, latencies alone are in the folder."""
        return self.latency is None or bool(self.record.cells)

    @property
    def commands(self) -> tuple[str, ...]:
        """What to type to make again what the folder holds: figures, latencies or both."""
        timed = self.latency.record.commands if self.latency and self.shows("latency") else ()
        return (*[self.record.command] * (self.scored or not timed), *timed)

    @property
    def problem_groups(self) -> tuple[ProblemGroup, ...]:
        """The problems, conditions with the same reason together."""
        return grouped(self.problems)

    @property
    def simulated(self) -> bool:
        """Whether all data are simulated."""
        return all(data.simulated for data in self.data)

"""What a report says: run record and results put together into plain views, without any presentation."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..benchmark.run_record import ConditionRecord, DataRecord, FitRecord, RunRecord
from .results import Result

CLEAN = "clean"
ROUGH_BELOW = 50
"""Dialogues below which intervals over dialogues are rough."""
QUALITY = ("weighted_f1", "accuracy", "macro_f1")
"""Metrics that sum up quality, the first that a run has is the one that is spoken of."""


@dataclass(frozen=True)
class Problem:
    """Something that was not computed, and why."""

    model: str
    data: str
    condition: str
    """Empty: the training itself."""
    seeds: tuple[int, ...]
    state: str
    """`failed` or `not applicable`."""
    why: str


@dataclass(frozen=True)
class Row:
    """One condition of one model."""

    condition: ConditionRecord
    results: Mapping[str, Result]
    """Figures without parts by metric, over all seeds; empty: none."""
    problems: tuple[Problem, ...]
    """What is missing here, for some seeds or all."""

    @property
    def label(self) -> str:
        """The condition without the protocol's name."""
        text = self.condition.text
        return text.removeprefix(f"{self.condition.protocol}:") if self.condition.protocol else text


@dataclass(frozen=True)
class Bin:
    """One bin of a reliability diagram."""

    low: float
    high: float
    """Confidence, (low, high]."""
    count: Result
    confidence: Result
    accuracy: Result


@dataclass(frozen=True)
class Removal:
    """Confidence under one removal."""

    part: str
    """Modality, or a union of several."""
    cel: Result | None
    cel_log: Result | None
    uncertain: Result | None


@dataclass(frozen=True)
class ModelView:
    """One model on one data set."""

    name: str
    summary: str
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
    """Mean modality weights: condition label → modality → figure; empty: the model has none."""
    removals: tuple[Removal, ...]

    @property
    def clean(self) -> Mapping[str, Result]:
        """Figures on clean input by metric; empty: none."""
        return self.results(CLEAN)

    @property
    def test_selected(self) -> bool:
        """Whether the epoch of any training was chosen on the test split."""
        return any(fit.epochs and fit.selection == "test" for fit in self.fits)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Training seeds that were done."""
        return tuple(fit.seed for fit in self.fits if fit.state == "done")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that it has under any condition."""
        return tuple(dict.fromkeys(metric for row in self.rows for metric in row.results))

    def results(self, condition: str) -> Mapping[str, Result]:
        """Return the figures under a condition by metric; empty: none."""
        return next((row.results for row in self.rows if row.condition.text == condition), {})


@dataclass(frozen=True)
class Curve:
    """A degradation curve's rungs, clean first."""

    family: str
    protocol: str
    argument: str
    """Name of the argument that says how severe, such as `rate`."""
    rungs: tuple[tuple[float, str], ...]
    """Severity and condition."""


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
    curves: tuple[Curve, ...]
    other: tuple[ConditionRecord, ...]
    """Conditions that are on no curve, clean first."""
    summaries: Mapping[tuple[str, str, str], Result]
    """Figures of whole curves: model, family, metric."""

    @property
    def name(self) -> str:
        """Canonical spec text."""
        return self.record.name

    @property
    def rough(self) -> bool:
        """Whether there are too few dialogues for intervals to be taken at their word."""
        return self.dialogues < ROUGH_BELOW

    @property
    def absent(self) -> tuple[str, ...]:
        """Classes that no labelled test utterance has; they count as 0 in macro F1."""
        counts = self.record.label_counts.get("test", ())
        return tuple(name for name, count in zip(self.record.classes, counts, strict=False) if not count)

    @property
    def reference(self) -> ModelView | None:
        """The exact posterior, where it is known and was computed."""
        return next((model for model in self.models if model.reference and model.clean), None)

    @property
    def competitors(self) -> tuple[ModelView, ...]:
        """The models asked for."""
        return tuple(model for model in self.models if not model.reference)

    @property
    def quality(self) -> str:
        """The metric that quality is spoken of in; empty: the run has none."""
        return next((metric for metric in QUALITY if metric in self.metrics), "")

    @property
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

    @property
    def simulated(self) -> bool:
        """Whether all data are simulated."""
        return all(data.simulated for data in self.data)

"""What is known about a run: the content of run.json and the columns of results.parquet."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Literal[2] = 2
"""Raised when a reader of older folders would misunderstand a new one."""

ALL_SEEDS = -1
"""In the column `seed` of results: the mean over all seeds of the run."""

MOST_DRAWS = 1_000_000
"""Bootstrap draws; more than this move no interval, and need memory for draws × dialogues."""
_DIGITS = 9

RESULT_COLUMNS = (
    "model", "data", "seed", "condition", "metric", "part", "value", "low", "high",
    "floor", "floor_high", "seed_sd", "draw_sd", "utterances", "dialogues", "draws",
)  # fmt: skip
"""Columns of results.parquet. One row is one figure.

condition    canonical condition, or for a figure of a whole curve its family, such as `modality_drop:rate=*`
part         class name, removal, cell of a matrix (`gold→predicted`); empty: the figure itself
low, high    95 % BCa interval over dialogues; NaN: none
floor        for ECE-like figures the mean of the noise floor, for CEL the exact posterior's own; NaN: none
floor_high   95th percentile of the noise floor; NaN: none
seed         training seed, or ALL_SEEDS for the mean over seeds (always there, also with one seed)
seed_sd      in rows of ALL_SEEDS with two or more seeds: standard deviation over seeds; else NaN
draw_sd      under a condition drawn several times: standard deviation over the draws of one stress (in rows of
             ALL_SEEDS the root of the mean variance over seeds); value and interval are those of the mean over draws;
             else NaN
draws        bootstrap draws behind the interval: those of the run, or fewer for metrics that rank utterances
"""


CellState = Literal["done", "failed", "not applicable"]
"""How a fit or a cell ended; the last two with a reason."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConditionRecord(_Record):
    """A condition of the run."""

    text: str
    """Canonical text; `clean` is the first."""
    protocol: str = ""
    """Name of the protocol (of the last in a chain); empty for `clean`."""
    family: str = ""
    """Text with its severity replaced by `*` where the condition is a rung of a degradation curve; else empty."""
    severity: float | None = None
    """The rung's severity (clean is 0); None: not on a curve."""
    rung: str = ""
    """The severity argument as typed, such as the `20` of `snr_db=20`; empty: not on a curve."""
    removal: str = ""
    """What is wholly removed, in the sense of CMERC, and how (`text`, `text:mean`, `intra:graph`, `audio/text`); else
    empty."""
    random: bool = False
    """Whether the condition depends on random numbers, and so was drawn several times."""
    unknown: str = ""
    """Why no exact posterior is known under it; empty: it is, where it is known on clean input."""


class SkippedRecord(_Record):
    """A rung of a ladder, a member of a set or a condition that is not defined for one of the data sets."""

    data: str
    condition: str
    why: str


class DataRecord(_Record):
    """A data set of the run."""

    name: str
    """Canonical spec text."""
    fingerprint: str
    """SHA-256 over the content."""
    classes: tuple[str, ...]
    """Names of the classes in the order of the probability columns."""
    widths: dict[str, int]
    """Feature width per modality, in the order text, audio, video."""
    sizes: dict[str, dict[str, int]]
    """Per split: `dialogues`, `utterances`."""
    label_counts: dict[str, tuple[int, ...]]
    """Per split: utterances of each class."""
    licence: str = ""
    """Terms of use; empty: not stated."""
    leaks: tuple[str, ...] = ()
    """Known leaks."""
    overlaps: tuple[str, ...] = ()
    """What the splits have in common and should not (see `benchmark.overlaps`)."""
    posterior: str = ""
    """The model of the run that is the exact posterior of these data; empty: it is not known."""
    realised: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Per condition, mean over its draws: what was really done to the test split (see `benchmark.realised`)."""


class ModelRecord(_Record):
    """A model of the run."""

    name: str
    """Canonical spec text."""
    summary: str = ""
    """One sentence: what it is."""
    uncalibrated: str = ""
    """Text without its calibrators, training methods included; empty: the same as the name."""
    reference: bool = False
    """True: added by emobench for comparison, not asked for."""


class EpochRecord(_Record):
    """One epoch of training: see `baselines.base.Epoch`."""

    number: int
    train_loss: float
    validation: dict[str, float]
    test: dict[str, float]


class FitRecord(_Record):
    """One trained model: model × data × seed."""

    model: str
    data: str
    seed: int
    state: CellState
    why: str = ""
    """Reason, where the state is not `done`."""
    key: str = ""
    """Content key: code, model, data fingerprint, seed, selection, device class, threads."""
    seconds: float = 0.0
    """What it took; with calibrators, that of the model without them is part of it."""
    epochs: tuple[EpochRecord, ...] = ()
    chosen_epoch: int | None = None
    selection: Literal["validation", "test"] = "validation"
    selection_optimism: float | None = None
    parameters: int = 0
    notes: dict[str, float | str] = Field(default_factory=dict)
    validation_state: CellState | Literal[""] = ""
    """State of the predictions on the validation split; empty: not asked for yet."""
    validation_why: str = ""
    """Reason, where that is not `done`."""


class CellRecord(_Record):
    """One cell: model × data × seed × condition."""

    model: str
    data: str
    seed: int
    condition: str
    state: CellState
    why: str = ""
    """Reason, where the state is not `done`."""
    key: str = ""
    """Content key: that of the fit, and protocol code, condition, stress seed."""
    seconds: float = 0.0
    realised: dict[str, float] = Field(default_factory=dict)
    """Under an attack: what was really done, as in `DataRecord.realised`, which it cannot be part of, for it differs
    from model to model."""


class SuiteRecord(_Record):
    """A suite that the run was asked for by: the content of its file, see `benchmark.suites`."""

    name: str
    """Stem of its file."""
    path: str = ""
    """The file as typed; empty: it comes with emobench."""
    block: str = ""
    """Which block of the file; empty: the file has none."""
    title: str
    """What it is, in one line."""
    shows: str = ""
    """What the published table shows."""
    paper: str = ""
    """Whose table it is; empty: nobody's."""
    place: str = ""
    """Where in the paper."""
    data: tuple[str, ...]
    """Data sets wanted, by name."""
    models: tuple[str, ...]
    """Canonical texts of its models, those that name no preset with the one below."""
    protocols: tuple[str, ...] = ()
    """Its protocols and conditions; those that are not defined for any of the data are left out."""
    metrics: tuple[str, ...] = ()
    """Canonical texts of its metrics; empty: all."""
    preset: Literal["suite", "paper", "paper_meld"] = "suite"
    """Preset of the models whose text names none."""
    seeds: int = 1
    first_seed: int = 0
    stress_seed: int = 0
    stress_draws: int = 3
    selection: Literal["validation", "test"] = "validation"
    draws: int = 10_000
    hidden: bool = False
    published_only: tuple[str, ...] = ()
    """Systems of the published table that cannot be computed here."""
    differs: tuple[str, ...] = ()
    """What differs from the paper, a sentence each."""
    missing: tuple[str, ...] = ()
    """Data sets wanted that were not there."""

    @property
    def text(self) -> str:
        """What is typed after `--suite`."""
        return f"{self.path or self.name}#{self.block}" if self.block else self.path or self.name

    @property
    def label(self) -> str:
        """Its name in that of a folder."""
        return f"{self.name}-{self.block}" if self.block else self.name


class RunRecord(_Record):
    """All that is known about a run: the content of run.json."""

    schema_version: Literal[2] = SCHEMA_VERSION
    command: str
    """What to type to make this run again."""
    created: str
    """ISO 8601, UTC."""
    versions: dict[str, str]
    """emobench, Python and the packages that numbers depend on."""
    git_revision: str = ""
    """Of the checkout emobench ran from; empty: none."""
    hardware: dict[str, str]
    """`processor`, `cores`, `memory`, `device`, `system`, `threads`."""
    seeds: tuple[int, ...] = Field(min_length=1)
    """Training seeds."""
    stress_seed: int
    """Seed of the stresses, the same for all models and training seeds."""
    stress_draws: int = Field(1, ge=1)
    """How often each condition that depends on random numbers was drawn."""
    selection: Literal["validation", "test"]
    draws: int = Field(10_000, ge=1, le=MOST_DRAWS)
    """Bootstrap draws."""
    hidden: bool = False
    """Whether hidden vectors are kept."""
    protocols: tuple[str, ...] = ()
    """Protocols and conditions as asked for; bare names stand for ladders."""
    metrics: tuple[str, ...] = ()
    """Canonical texts of the metrics asked for; empty: all."""
    suites: tuple[SuiteRecord, ...] = ()
    """Suites asked for."""
    data: tuple[DataRecord, ...]
    models: tuple[ModelRecord, ...]
    conditions: tuple[ConditionRecord, ...]
    skipped: tuple[SkippedRecord, ...] = ()
    """What was asked for and is not defined for the data."""
    meanings: dict[str, str] = Field(default_factory=dict)
    """What the conditions of a protocol do to the input, by its name, for captions."""
    fits: tuple[FitRecord, ...] = ()
    cells: tuple[CellRecord, ...] = ()

    @property
    def threads(self) -> int:
        """Threads of whoever computed; 1 where it is not recorded."""
        known = self.hardware.get("threads", "")
        return int(known) if known.isdecimal() and len(known) <= _DIGITS else 1

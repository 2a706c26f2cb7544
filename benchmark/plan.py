"""The plan of a run: models × data × seeds × conditions, checked and deduplicated before anything is computed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ..baselines.base import Selection
from ..protocols.base import DataFacts
from .conditions import Condition, expand_all
from .conversations import DataSplits
from .errors import RunFolderError, SpecError
from .metrics.base import ReadsFile
from .models import canonical_model, make_model, model_sources
from .overlaps import overlaps
from .provenance import key
from .registry import DATASETS, METRICS, canonical_text, make
from .run_record import MOST_DRAWS, RunRecord, SuiteRecord

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Options:
    """Everything about a run but what it is run on."""

    seeds: int = 1
    """Number of training seeds."""
    first_seed: int = 0
    """The first of them; the others follow it one by one."""
    stress_seed: int = 0
    """Seed of the stresses, the same for every model and training seed, so that all meet the same input."""
    stress_draws: int = 3
    """How often each condition that depends on random numbers is drawn."""
    selection: Selection = "validation"
    """Split that chooses the epoch."""
    device: Device = "auto"
    """Where torch models run."""
    draws: int = 10_000
    """Bootstrap draws."""
    metrics: tuple[str, ...] = ()
    """Metrics to compute; empty: all registered."""
    hidden: bool = False
    """Whether to keep the hidden vectors of clean test input, of every seed."""
    threads: int = 1
    """Threads of whoever computes a model; another number changes last bits."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, value, least, most in (
            ("seeds", self.seeds, 1, 1_000),
            ("first-seed", self.first_seed, 0, 2**31),
            ("stress-seed", self.stress_seed, 0, 2**63),
            ("stress-draws", self.stress_draws, 1, 1_000),
            ("draws", self.draws, 100, MOST_DRAWS),
            ("threads", self.threads, 1, 1_024),
        ):
            if not least <= value <= most:
                raise SpecError(f"expected --{name} from {least} to {most}, got {value}")

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The training seeds."""
        return tuple(range(self.first_seed, self.first_seed + self.seeds))


@dataclass(frozen=True)
class Request:
    """What was asked for, as typed."""

    models: tuple[str, ...]
    protocols: tuple[str, ...]
    data: tuple[str, ...]
    options: Options = Options()
    suites: tuple[SuiteRecord, ...] = ()
    """Suites that part of it comes from; their protocols may be left out where they are not defined."""

    def joined_to(self, earlier: RunRecord) -> "Request":
        """Return this request together with that of an earlier run into the same folder, which comes first.

        Raises
        ------
        RunFolderError
            When the two differ in something that a folder can have only one of.
        """
        for name, ours, theirs in (
            ("--first-seed", self.options.first_seed, earlier.seeds[0]),
            ("--stress-seed", self.options.stress_seed, earlier.stress_seed),
            ("--stress-draws", self.options.stress_draws, earlier.stress_draws),
            ("--selection", self.options.selection, earlier.selection),
            ("--threads", self.options.threads, earlier.threads),
        ):
            if ours != theirs:
                raise RunFolderError(
                    f"the folder holds a run made with {name} {theirs}, got {name} {ours}; choose another with --out"
                )
        metrics = (*earlier.metrics, *self.options.metrics) if earlier.metrics and self.options.metrics else ()
        return Request(
            models=(*(model.name for model in earlier.models if not model.reference), *self.models),
            protocols=(*earlier.protocols, *self.protocols),
            data=(*(data.name for data in earlier.data), *self.data),
            options=replace(
                self.options,
                metrics=metrics,
                seeds=max(self.options.seeds, len(earlier.seeds)),
                hidden=self.options.hidden or earlier.hidden,
            ),
            suites=tuple({suite.text: suite for suite in (*earlier.suites, *self.suites)}.values()),
        )

    @property
    def command(self) -> str:
        """What to type to make this run again."""
        options = self.options
        # One command has one preset; what suites of another one bring along is written out.
        suites = [suite for suite in self.suites if suite.preset == self.suites[0].preset]
        words = [f"--suite {suite.text}" for suite in suites]
        words += [f"--preset {suites[0].preset}"] if suites else []
        words += _beyond("--model", self.models, [suite.models for suite in suites])
        words += _beyond("--protocol", self.protocols, [suite.protocols for suite in suites])
        words += [f"--data {name}" for name in self.data]
        words += _beyond("--metric", options.metrics, [suite.metrics for suite in suites])
        # What a suite says about these may change with its file.
        words += [f"--seeds {options.seeds}"] if suites or options.seeds != 1 else []
        words += [f"--first-seed {options.first_seed}"] if options.first_seed else []
        words += [f"--stress-seed {options.stress_seed}"] if options.stress_seed else []
        usual = not suites and options.stress_draws == Options.stress_draws
        words += [] if usual else [f"--stress-draws {options.stress_draws}"]
        words += [f"--selection {options.selection}"] if suites or options.selection != "validation" else []
        words += [f"--draws {options.draws}"] if options.draws != Options.draws else []
        words += ["--hidden"] if options.hidden else []
        words += [f"--threads {options.threads}"] if options.threads != 1 else []
        return " ".join(["emobench run", *words])


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be computed."""

    models: tuple[str, ...]
    """Canonical texts of the models asked for, in order."""
    protocols: tuple[str, ...]
    """Protocols and conditions as asked for."""
    data: Mapping[str, DataSplits]
    """Data sets by canonical text."""
    conditions: Mapping[str, tuple[Condition, ...]]
    """Conditions of each data set, clean first."""
    options: Options
    skipped: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Per data set what was asked for and is not defined for it, and why."""
    overlaps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per data set what its splits have in common and should not."""
    suites: tuple[SuiteRecord, ...] = ()
    """Suites that part of it comes from."""

    def models_of(self, data: str) -> tuple[str, ...]:
        """Return the models that run on a data set: those asked for, then the exact posterior where it is known."""
        posterior = self.data[data].posterior
        return self.models if not posterior or posterior in self.models else (*self.models, posterior)

    def seeds_of(self, model: str) -> tuple[int, ...]:
        """Return the training seeds of a model: one suffices where the seed changes nothing."""
        return self.options.all_seeds[: 1 if make_model(model).deterministic else None]

    def draws_of(self, condition: Condition) -> int:
        """Return how often a condition is drawn: one suffices where nothing is random."""
        return self.options.stress_draws if condition.random else 1

    @property
    def command(self) -> str:
        """What to type to make this run again."""
        return Request(self.models, self.protocols, tuple(self.data), self.options, self.suites).command

    @property
    def default_folder(self) -> Path:
        """Where the run goes without `--out`: the same plan has the same folder, and so continues."""
        asked = [[suite.label for suite in self.suites]] if self.suites else [self.models, self.protocols]
        name = ".".join("-".join(part.partition(":")[0] for part in parts) for parts in (*asked, self.data) if parts)
        return Path("runs") / f"{name[:80]}.{key(self.command)[:6]}"


def make_plan(request: Request) -> Plan:
    """Check what was asked for and load the data.

    Raises
    ------
    EmobenchError
        One line, before anything is computed or written.
    """
    models, protocols, data, options = request.models, request.protocols, request.data, request.options
    if not models:
        raise SpecError("expected at least one model; type --model rage_fusion or --suite rage_fusion_table3")
    if not data:
        raise SpecError("expected at least one data set; type --data simulated")
    # Cheap checks come before data are loaded.
    canonical_models = tuple(dict.fromkeys(map(canonical_model, models)))
    for model in canonical_models:
        model_sources(model)  # a file that a model reads and that is not there
    metrics = tuple(dict.fromkeys(canonical_text(METRICS, metric) for metric in options.metrics))
    names = tuple(dict.fromkeys(canonical_text(DATASETS, name) for name in data))
    splits = {name: make(DATASETS, name).load() for name in names}
    for metric in [make(METRICS, text) for text in metrics]:
        for loaded in splits.values() if isinstance(metric, ReadsFile) else ():
            metric.require_classes(loaded.test.classes)
    optional = {protocol for suite in request.suites for protocol in suite.protocols}
    facts = {name: DataFacts.of(loaded.test) for name, loaded in splits.items()}
    expanded = expand_all(protocols, facts, optional=optional)
    return Plan(
        models=canonical_models,
        protocols=tuple(dict.fromkeys(protocols)),
        data=splits,
        conditions={name: those.conditions for name, those in expanded.items()},
        options=replace(options, metrics=metrics),
        skipped={name: those.skipped for name, those in expanded.items()},
        overlaps={name: overlaps(loaded) for name, loaded in splits.items()},
        suites=request.suites,
    )


def _beyond(option: str, texts: Sequence[str], of_suites: Iterable[Sequence[str]]) -> list[str]:
    """Return the words for the texts that no suite brings along."""
    brought = {text for texts in of_suites for text in texts}
    return [f"{option} {text}" for text in texts if text not in brought]

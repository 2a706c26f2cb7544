"""What `emobench latency` was asked for, checked, and the cells that it comes to."""

import itertools
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from ..device import resolve_device
from ..errors import SpecError, suggestion
from .percentiles import PERCENTS, iterations_needed, name_of
from .record import ANY_CONTEXT, Cell, Compiled, Scenario
from .timing import Rules

SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)
DTYPES = ("float32", "bfloat16", "float16")
NOTHING = "none"
"""Typed after `--drop`: no modality is missing."""
MOST_BATCH = 1_000_000
MOST_THREADS = 1024
LEAST_PERCENT, MOST_PERCENT = 1.0, 99.999
"""Percentiles that can be judged: what is beyond needs more iterations than may be asked for, or is of no interest."""


@dataclass(frozen=True)
class Asking:
    """Everything but models and data; what may be given several times is measured in all combinations."""

    scenarios: tuple[str, ...] = ("single", "stream", "batch")
    device: str = "auto"
    dtypes: tuple[str, ...] = ("float32",)
    compiled: bool = False
    """By torch.compile."""
    cuda_graphs: bool = False
    """Compiled, with CUDA graphs."""
    threads: tuple[int, ...] = (1,)
    """Of the processor. One by default: it depends least on what else the machine does."""
    batches: tuple[int, ...] = (8, 64)
    """Dialogues at once, of the scenario `batch`; one would be the work of `single` again."""
    contexts: tuple[int, ...] = ()
    """Turns before the one wanted, of `single` and `batch`; empty: as the dialogues have it."""
    dropped: tuple[str, ...] = (NOTHING,)
    """Modalities that are missing, `audio/text`, or `none`."""
    iterations: int = 300
    seconds: float = 2.0
    limit: float = 60.0
    """Seconds after which a measurement ends, whatever is still missing."""
    budget: float | None = None
    """Milliseconds; None: no budget."""
    budget_percent: float = 95.0
    """Percentile whose bound the verdict is about."""
    untrained: bool = False

    def __post_init__(self) -> None:
        """Check all values.

        Raises
        ------
        SpecError
            One line: what was expected, what was got, what to type.
        """
        _require_known("--scenario", self.scenarios, SCENARIOS)
        _require_known("--dtype", self.dtypes, DTYPES)
        _require_known("--device", (self.device,), ("auto", "cpu", "cuda"))
        for option, values, least, greatest in (
            ("--threads", self.threads, 1, MOST_THREADS),
            ("--batch", self.batches, 1, MOST_BATCH),
            ("--context", self.contexts, 0, MOST_BATCH),
            ("--iterations", (self.iterations,), iterations_needed(50), MOST_BATCH),
        ):
            for value in values:
                if not least <= value <= greatest:
                    raise SpecError(f"expected {option} from {least} to {greatest}, got {value}")
        for option, number, most in (("--seconds", self.seconds, 3600.0), ("--limit", self.limit, 86400.0)):
            if not 0 < number <= most:
                raise SpecError(f"expected {option} above 0 and up to {most:g}, got {number:g}")
        if self.limit <= self.seconds:
            raise SpecError(
                f"expected --limit above --seconds, as it counts the warm-up too, got --limit {self.limit:g} and "
                f"--seconds {self.seconds:g}"
            )
        _require_named(self.dropped)
        self._require_used()
        self._check_budget()

    @property
    def rules(self) -> Rules:
        """When a measurement ends."""
        return Rules(self.iterations, self.seconds, self.limit)

    @property
    def percents(self) -> tuple[float, ...]:
        """The percentiles that are reported."""
        return tuple(sorted({*PERCENTS, *([self.budget_percent] if self.budget is not None else [])}))

    def command(self, models: Sequence[str], data: Sequence[str], *, out: Path | str | None = None) -> str:
        """Return what to type to measure this again, into the same folder; what is as usual is left out."""
        usual = Asking()
        words = ["emobench", "latency"]
        for option, values, default in (
            ("--model", models, ()),
            ("--data", data, ()),
            ("--scenario", self.scenarios, usual.scenarios),
            ("--device", (self.device,), (usual.device,)),
            ("--dtype", self.dtypes, usual.dtypes),
            ("--threads", self.threads, usual.threads),
            ("--batch", self.batches, usual.batches),
            ("--context", self.contexts, usual.contexts),
            ("--drop", self.dropped, usual.dropped),
            ("--iterations", (self.iterations,), (usual.iterations,)),
            ("--seconds", (self.seconds,), (usual.seconds,)),
            ("--limit", (self.limit,), (usual.limit,)),
            ("--budget-ms", () if self.budget is None else (self.budget,), ()),
            ("--budget-percentile", (self.budget_percent,), (usual.budget_percent,)),
            ("--out", () if out is None else (str(out),), ()),
        ):
            words += [word for value in values for word in (option, _typed(value))] if values != default else []
        for flag, given in (
            ("--compile", self.compiled),
            ("--cuda-graphs", self.cuda_graphs),
            ("--untrained", self.untrained),
        ):
            words += [flag] * given
        return shlex.join(words)

    def cells(self, models: Sequence[str], data: Sequence[str]) -> tuple[Cell, ...]:
        """Return what is measured for these models and data sets, in order.

        Raises
        ------
        NotApplicable, SpecError
            When a device is asked for that is not there, or CUDA graphs without one.
        """
        device = resolve_device(self.device)
        if self.cuda_graphs and device == "cpu":
            raise SpecError("expected a CUDA device for --cuda-graphs, got cpu; type --compile instead")
        compiled: Compiled = "reduce-overhead" if self.cuda_graphs else "default" if self.compiled else ""
        shared = itertools.product(data, models, self.threads, self.dtypes, map(_dropped, self.dropped))
        return tuple(
            dict.fromkeys(
                Cell(
                    model=model,
                    data=of,
                    scenario=scenario,
                    device=device,
                    dtype=dtype,
                    compiled=compiled,
                    threads=threads,
                    batch=batch,
                    context=context,
                    dropped=dropped,
                    weights="first" if self.untrained else "trained",
                )
                for of, model, threads, dtype, dropped in shared
                for scenario, batch, context in self._sizes()
            )
        )

    def _sizes(self) -> list[tuple[Scenario, int, int]]:
        """Return scenarios with batch and context, each in the order of `SCENARIOS`."""
        contexts = self.contexts or (ANY_CONTEXT,)
        sizes: list[tuple[Scenario, int, int]] = []
        for scenario in SCENARIOS:
            if scenario not in self.scenarios:
                continue
            if scenario == "stream":
                sizes.append((scenario, 1, ANY_CONTEXT))
            else:
                batches = self.batches if scenario == "batch" else (1,)
                sizes += [(scenario, batch, context) for batch in batches for context in contexts]
        return sizes

    def _require_used(self) -> None:
        """Refuse what would change nothing: whoever typed it would take the figures for those of it."""
        for option, given, of in (
            ("--batch", self.batches != Asking.batches, ("batch",)),
            ("--context", bool(self.contexts), ("single", "batch")),
        ):
            if given and not set(of) & set(self.scenarios):
                raise SpecError(
                    f"{option} says how the scenario {' or '.join(of)} is asked, got --scenario "
                    f"{' --scenario '.join(self.scenarios)}; leave {option} out, or add --scenario {of[0]}"
                )

    def _check_budget(self) -> None:
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise SpecError(f"expected --budget-ms above 0, got {self.budget:g}; type for example --budget-ms 50")
        if not LEAST_PERCENT <= self.budget_percent <= MOST_PERCENT:
            raise SpecError(
                f"expected --budget-percentile from {LEAST_PERCENT:g} to {MOST_PERCENT:g}, got {self.budget_percent!r}"
            )
        if self.budget is None and self.budget_percent != Asking.budget_percent:
            raise SpecError("--budget-percentile says which percentile is held against --budget-ms; type that too")
        needed = iterations_needed(self.budget_percent)
        if self.budget is not None and self.iterations < needed:
            raise SpecError(
                f"expected --iterations {needed} or more for a verdict on {name_of(self.budget_percent)}, "
                f"got {self.iterations}"
            )


def _typed(value: str | float) -> str:
    """Return a value in full; whole numbers without a point."""
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _dropped(text: str) -> str:
    """Return the one spelling of what is dropped; empty for `none`."""
    return "" if text == NOTHING else "/".join(sorted({part.strip() for part in text.split("/")}))


def _require_named(dropped: Sequence[str]) -> None:
    for text in dropped:
        if not all(part.strip() for part in text.split("/")):
            raise SpecError(
                f"expected a modality after --drop, or several with / between them, got {text!r}; "
                f"type for example --drop audio/text, or --drop {NOTHING}"
            )


def _require_known(option: str, values: Sequence[str], known: Sequence[str]) -> None:
    if not values:
        raise SpecError(f"expected {option} at least once, got none; known: {', '.join(known)}")
    for value in values:
        if value not in known:
            raise SpecError(f"unknown {option} {value!r}; {suggestion(value, known)}")

"""What is known about measured latencies: the content of latency.json and the columns of latency.parquet.

latency.parquet, one row per iteration:

cell        `Cell.text`: what was measured, as in latency.json
model, data, scenario, device, dtype, compiled, threads, batch, context, dropped, weights    its parts
part        `whole`: from features to probabilities, both as numpy arrays on the host; `forward`: a network's forward
            pass alone, its input on the device already
turn        position in its dialogue, from 0, of the utterance whose answer is wanted; −1: of several (batch)
block       number of the block between two timings of the reference operation
iteration   from 0, in the order measured, by cell and part
host        milliseconds that a user waits
device      milliseconds between two events on the device; NaN: none
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from ..run_record import CellState

LATENCY_VERSION: Literal[1] = 1
"""Raised when a reader of older files would misunderstand a new one."""

Scenario = Literal["single", "stream", "batch"]
Part = Literal["whole", "forward"]
Weights = Literal["trained", "first"]
Compiled = Literal["", "default", "reduce-overhead"]
Verdict = Literal["holds", "breaks", "undecided"]

ANY_CONTEXT = -1
"""In `Cell.context`: as many turns as the dialogues have."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Record):
    """What is measured: everything that tells one measurement from another in the same folder."""

    model: str
    """Canonical spec text."""
    data: str
    """Canonical spec text."""
    scenario: Scenario
    device: str
    """`cpu` or `cuda`."""
    dtype: str
    """Of the network's weights and input: `float32`, `bfloat16`, `float16`."""
    compiled: Compiled
    """Mode of torch.compile; `reduce-overhead` records CUDA graphs; empty: not compiled."""
    threads: int
    """Of the processor."""
    batch: int
    """Dialogues that are asked about at once; 1 but for `batch`."""
    context: int
    """Turns before the one that is wanted; ANY_CONTEXT: as many as there are."""
    dropped: str
    """Modalities that are missing, `audio/text`; empty: none."""
    weights: Weights
    """`first`: untrained."""

    @property
    def text(self) -> str:
        """What tells it from others, in one line."""
        words = [self.model, self.data, self.scenario]
        words += [f"batch={self.batch}"] * (self.scenario == "batch")
        words += [f"context={self.context}"] * (self.context != ANY_CONTEXT)
        words += [f"dropped={self.dropped}"] * bool(self.dropped)
        words += [self.device, self.dtype]
        words += [f"compiled={self.compiled}"] * bool(self.compiled)
        return " | ".join([*words, f"threads={self.threads}", *["first weights"] * (self.weights == "first")])


class PercentileRecord(_Record):
    """A percentile and its bounds, in the unit of the values; see `percentiles`."""

    percent: float
    """Such as 95."""
    value: float
    """Linear between order statistics, as numpy's default."""
    low: float | None
    """At most the true percentile, with confidence; None: too few values for such a bound."""
    high: float
    """At least the true percentile, with confidence."""


class SummaryRecord(_Record):
    """The samples of one part on one clock, in milliseconds."""

    part: Part
    clock: Literal["host", "device"]
    iterations: int
    percentiles: tuple[PercentileRecord, ...]
    """Those that have an upper bound at 95 %."""
    withheld: dict[str, int]
    """Percentiles that have none, `p99`, with the iterations they would need."""
    mean: float
    sd: float
    """Standard deviation over iterations; 0 for one."""
    largest: float

    def percentile(self, percent: float) -> PercentileRecord | None:
        """Return a percentile; None where it is withheld."""
        return next((one for one in self.percentiles if one.percent == percent), None)


class ThroughputRecord(_Record):
    """Answers per second: dialogues asked about over time waited."""

    value: float
    low: float | None
    """Ends of the 95 % interval by batch means: t over the blocks between timings of the reference; None: one block."""
    high: float | None


class BudgetRecord(_Record):
    """Latencies of the part `whole` on the host against a budget; see `budget`."""

    budget: float
    """B in milliseconds."""
    percent: float
    """The percentile that is judged."""
    over: float
    """Share of iterations over the budget."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    hinge: float
    """Mean of max(0, T − B), milliseconds."""
    verdict: Verdict
    """Of the percentile."""


class CostRecord(_Record):
    """What a model needs."""

    parameters: int
    """Learned scalars."""
    weight_bytes: int
    """Of parameters and buffers as they lie in memory; without a network, of its arrays."""
    operations: int | None
    """Floating-point operations of one forward pass; None: not counted. See `cost.operations`."""
    operations_turns: int
    """Turns of the dialogue, the one wanted included, that the operations are those of; 0: not counted."""
    resident_before: int | None
    """Bytes of the process without the model, libraries, data and questions loaded; None: the system does not tell."""
    resident_peak: int | None
    """High-water mark with the model, to the end of the part `whole`; of a compiled one compiling is in it."""
    device_peak: int | None
    """Most bytes of tensors on the device, likewise; None: no device."""


class ReferenceRecord(_Record):
    """The reference operation; see `reference`."""

    operation: str
    milliseconds: tuple[float, ...]
    """Before the first block, between blocks, after the last."""
    median: float


class FlagRecord(_Record):
    """One kind of interference that was too much."""

    kind: Literal["drift", "busy", "switches", "device", "neighbours"]
    value: float
    """Of the figure that was above its threshold: a share, cores, times a second, processes, a correlation."""
    text: str
    """What was found, without a full stop."""


class InterferenceRecord(_Record):
    """What else went on while it was measured; see `interference`."""

    drift: float
    """(Upper quartile − lower quartile) / median of the reference."""
    load_before: float | None
    """Processes that ran or wanted to, mean of a minute; None: the system does not tell."""
    load_after: float | None
    busy_elsewhere: float | None
    """Cores' worth of work done by other processes; None: the system does not tell."""
    voluntary_switches: int
    """How often the process waited for something."""
    involuntary_switches: int
    """How often it was put aside for another."""
    collections: int
    """Runs of the garbage collector."""
    neighbours: float
    """Rank correlation of each latency with the next, as ratios to the median of their turn: bounds assume 0."""
    processes: tuple[str, ...]
    """Other busy processes and those on the device, by name."""
    flags: tuple[FlagRecord, ...]
    """What of it is too much; empty: nothing."""


class WarmUpRecord(_Record):
    """What happened before the first sample; see `timing`."""

    iterations: int
    settled: bool
    """Whether the median did."""
    first: float
    """Milliseconds of the very first iteration: what is loaded, compiled and allocated lazily is in it."""
    seconds: float
    """Of the first pass over all inputs; where the model is compiled, compilation is in it."""
    complete: bool
    """Whether all inputs were seen."""


class MachineRecord(_Record):
    """Where it was measured."""

    processor: str
    cores: int
    """That the process may use."""
    memory: str
    system: str
    governor: str
    """Of the processor's clock; empty: the system does not tell."""
    megahertz: str
    """Current and highest clock of the processor; empty: the system does not tell."""
    device: str
    """Name of the device; `cpu`: none."""
    driver: str
    """Of the device; empty: none."""
    device_clocks: str
    """Of the device, current and highest; empty: none."""
    versions: dict[str, str]
    """Of what the figures depend on."""


class CellLatency(_Record):
    """One cell and what became of it."""

    cell: Cell
    state: CellState
    why: str = ""
    """Reason, where the state is not `done`."""
    command: str = ""
    """Of `LatencyRecord.commands`, the one it comes from; empty: a file of before that was kept."""
    measured: str
    """When: ISO 8601, UTC."""
    seconds: float
    """Of its process, from start to end."""
    iterations_wanted: int
    seconds_wanted: float
    machine: str = ""
    """Key in `LatencyRecord.machines`; empty where the state is not `done`."""
    stateful: bool = False
    """stream: whether the model kept state between turns; else the whole dialogue so far was read anew at each."""
    summaries: tuple[SummaryRecord, ...] = ()
    throughput: ThroughputRecord | None = None
    ratio: float | None = None
    """p50 of the part `whole` on the host over the median of the reference; None: not known."""
    budget: BudgetRecord | None = None
    cost: CostRecord | None = None
    reference: ReferenceRecord | None = None
    interference: InterferenceRecord | None = None
    warm_up: WarmUpRecord | None = None
    notes: tuple[str, ...] = ()
    """What else a reader has to know, a sentence each."""

    def summary(self, part: Part = "whole", clock: Literal["host", "device"] = "host") -> SummaryRecord | None:
        """Return the figures of one part on one clock; None where there are none."""
        return next((one for one in self.summaries if (one.part, one.clock) == (part, clock)), None)


class LatencyRecord(_Record):
    """The content of latency.json."""

    latency_version: Literal[1] = LATENCY_VERSION
    commands: tuple[str, ...]
    """What to type, in this order, to measure again what is here; the last may have been interrupted."""
    samples: str
    """SHA-256 of latency.parquet, which belongs to it."""
    machines: dict[str, MachineRecord]
    cells: tuple[CellLatency, ...]

    # `Any`: the content of a file, before it is checked.
    @model_validator(mode="before")
    @classmethod
    def _of_before(cls, content: Any) -> Any:
        """Read files that kept only what was typed last."""
        if isinstance(content, dict) and "command" in content:
            return {**{name: of for name, of in content.items() if name != "command"}, "commands": [content["command"]]}
        return content

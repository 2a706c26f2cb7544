"""The process that measures one cell: `python -m emobench.benchmark.latency.worker ANSWER SAMPLES PARENT`.

The order comes on stdin. It ends with the process PARENT that started it: left behind it would disturb what is measured
next.

A process of its own, because what was measured before leaves traces: warm caches and memory pools, compiled code,
threads, the high-water mark of memory.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

# Before anything is measured: what it takes to load is not the model's.
import torch

from ...baselines.base import FittedModel
from ..conversations import Conversations, DataSplits
from ..files import write_text
from ..fitting import ending
from ..fresh_python import end_with
from ..randomness import Randomness
from ..registry import DATASETS, make
from ..threads import threads_held
from .cost import forget_peak, networks_of, operations, resident, resident_peak, weight_bytes
from .devices import Stopwatch, stopwatch_for
from .interference import during
from .machine import machine_record, processes_on_device
from .orders import FIELDS, Answer, Order, RawSamples
from .record import Cell, CostRecord, Part, ReferenceRecord
from .reference import name_of_reference, reference_for
from .scenarios import Workload, without, workload
from .subject import fitted_subject
from .timing import Step, Timed, Unit, measure

STEPS_ARE_NOT_COMPILED = "the forward pass is compiled, which a model that keeps state does not use turn by turn"
"""Note of a stream: with --compile it takes as long as without."""
WHOLE_PASSES = {"": 0, "default": 1, "reduce-overhead": 3}
"""Passes over all inputs that a mode of compiling needs before it takes as long as it will; see `timing`."""
_FULL = ("can't allocate memory", "not enough memory", "out of memory", "STATUS_ALLOC_FAILED")
"""In the texts of errors that tell of memory."""


class Measured(NamedTuple):
    """What a cell came to."""

    answer: Answer
    samples: tuple[RawSamples, ...]
    """Empty unless it is done."""


def main(arguments: list[str], text: str) -> None:
    """Measure what the order (JSON) says and write the answer (JSON) and the samples (NPZ) to the files named."""
    answer, samples = measured(Order.model_validate_json(text))
    arrays = {f"{one.part} {name}": getattr(one, name) for one in samples for name in FIELDS}
    np.savez(arguments[1], **arrays)
    write_text(Path(arguments[0]), answer.model_dump_json())


def measured(order: Order) -> Measured:
    """Measure a cell in this process; what goes wrong is the reason of a cell that failed or declined."""
    with threads_held(order.cell.threads):
        try:
            splits = make(DATASETS, order.cell.data).load()
            return _measured(order, splits)
        except Exception as error:  # a cell that fails must say why
            ended, full = ending(error), is_out_of_memory(error)
        # Only here, where the error and what it holds on to are gone, is there room to look for what fits.
        return Measured(Answer(state=ended.state, why=f"out of memory{_what_fits(order)}" if full else ended.why), ())


def _measured(order: Order, splits: DataSplits) -> Measured:
    cell = order.cell
    test = without(splits, cell.dropped)
    stopwatch = stopwatch_for(cell.device)
    reference = reference_for(cell.device, stopwatch)
    memory = _Memory(cell.device)
    fitted = _adapted(fitted_subject(order, splits, device=cell.device), cell)
    with memory.set_apart():
        work = workload(fitted, test, cell)
    parts: dict[Part, Timed] = {"whole": _timed(work.units, stopwatch, order, reference)}
    # Before there are the batches of the forward pass, which nobody who asks the model holds.
    cost = memory.cost(order, fitted)
    forward = forward_units(fitted, work, cell)
    if forward:
        parts["forward"] = _timed(forward, stopwatch, order, reference)
    counted = _counted(order, splits, work)
    whole = parts["whole"]
    medians = tuple(one for timed in parts.values() for one in timed.reference)
    answer = Answer(
        state="done",
        stateful=work.stateful,
        machine=machine_record(cell.device),
        cost=cost.model_copy(update=counted),
        reference=ReferenceRecord(
            operation=name_of_reference(cell.device), milliseconds=medians, median=float(np.median(medians))
        ),
        interference=during(
            [timed.span for timed in parts.values()],
            reference=medians,
            host=np.array(whole.samples.host),
            turn=np.array(whole.samples.turn),
            on_device=processes_on_device(cell.device),
        ),
        warm_up=whole.warm_up,
        notes=(
            *(f"{part}: {note}" for part, timed in parts.items() for note in timed.notes),
            *[STEPS_ARE_NOT_COMPILED] * (work.stateful and bool(cell.compiled)),
        ),
    )
    return Measured(answer, tuple(_raw(part, timed) for part, timed in parts.items()))


def forward_units(fitted: FittedModel, work: Workload, cell: Cell) -> tuple[Unit, ...]:
    """Return the forward pass of the model's networks on each input, which lies on the device; empty: none to time.

    Streams have none: a session's forward pass is not that of the whole dialogue.
    """
    networks = networks_of(fitted)
    if not networks or cell.scenario == "stream":
        return ()
    from ..training.batches import make_batch, prediction_batches

    def passing(asked: Conversations) -> Callable[[], object]:
        # As `predict` has them: many dialogues are several batches.
        batches = [make_batch(asked, dialogues, device=cell.device) for dialogues in prediction_batches(asked)]

        @torch.inference_mode()
        def forward() -> None:
            for network in networks:
                for batch in batches:
                    network(batch)

        return forward

    turns = [unit[0].turn for unit in work.units]
    return tuple((Step(passing(asked), turn),) for asked, turn in zip(work.inputs, turns, strict=True))


def largest_that_fits(fits: Callable[[int], bool], below: int) -> int:
    """Return the largest number from 1 on, below `below`, for which something fits; 0: none. Found by halving.

    Examples
    --------
    >>> largest_that_fits(lambda size: size <= 37, 64), largest_that_fits(lambda size: False, 64)
    (37, 0)
    """
    least, most = 0, below
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if fits(middle) else (least, middle)
    return least


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that there is not enough memory, on the host or on the device."""
    # Torch on the host, CUDA's driver and its libraries raise plain RuntimeErrors, told apart by their texts only.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(text in str(error) for text in _FULL)


class _Memory:
    """Watches the memory that the model adds."""

    def __init__(self, device: str) -> None:
        self._on_device = device == "cuda"
        self._allocated = 0
        if self._on_device:
            from torch import cuda

            cuda.reset_peak_memory_stats()
            self._allocated = cuda.memory_allocated()
        forget_peak()
        self._before = resident()
        self._least = 0

    @contextmanager
    def set_apart(self) -> Iterator[None]:
        """Leave out what is made meanwhile: the questions, all of which a user never has at once."""
        before, peak = resident(), resident_peak()
        yield
        after = resident()
        if self._before is not None and before is not None and after is not None:
            added = max(0, after - before)
            self._before += added
            self._least = (peak or 0) + added

    def cost(self, order: Order, fitted: FittedModel) -> CostRecord:
        """Return what is known by now; operations are still to be counted."""
        peak = None
        if self._on_device:
            from torch import cuda

            peak = cuda.max_memory_allocated() - self._allocated
        most = resident_peak()
        own = sum(parameter.numel() for network in networks_of(fitted) for parameter in network.parameters())
        return CostRecord(
            parameters=own or order.parameters,
            weight_bytes=weight_bytes(fitted),
            operations=None,
            operations_turns=0,
            resident_before=self._before,
            resident_peak=None if most is None else max(most, self._least),
            device_peak=peak,
        )


def _timed(units: tuple[Unit, ...], stopwatch: Stopwatch, order: Order, reference: Callable[[], float]) -> Timed:
    generator = Randomness(0, ("latency", "order")).generator()
    passes = WHOLE_PASSES[order.cell.compiled]
    return measure(units, stopwatch, order.rules, reference=reference, order=generator, whole_passes=passes)


def _adapted(fitted: FittedModel, cell: Cell) -> FittedModel:
    if cell.dtype == "float32" and not cell.compiled:
        return fitted
    from .precision import adapted

    return adapted(fitted, dtype=cell.dtype, compiled=cell.compiled)


def _counted(order: Order, splits: DataSplits, work: Workload) -> dict[str, int]:
    """Return operations, and the turns they are those of: the input of median length, one dialogue of a batch."""
    longest_last = sorted(work.inputs, key=len)
    asked = longest_last[(len(longest_last) - 1) // 2].take_dialogues([0])
    counted = operations(fitted_subject(order, splits, device="cpu"), asked)
    return {} if counted is None else {"operations": counted, "operations_turns": len(asked)}


def _raw(part: Part, timed: Timed) -> RawSamples:
    samples = timed.samples
    return RawSamples(part, *(np.array(getattr(samples, name)) for name in FIELDS))


def _what_fits(order: Order) -> str:
    """Return which batch fits, for the end of a sentence."""
    cell = order.cell
    if cell.scenario == "stream":
        return ": a dialogue does not fit"
    if cell.batch == 1:
        return ": not even one dialogue fits"
    try:
        largest = _largest_batch(order)
    except Exception as error:  # the cell has failed already
        return f"; and then, looking for a batch that fits, {ending(error).why}"
    return f": the largest batch that fits is {largest}; type --batch {largest}" if largest else ": no batch fits"


def _largest_batch(order: Order) -> int:
    cell = order.cell
    splits = make(DATASETS, cell.data).load()
    fitted = _adapted(fitted_subject(order, splits, device=cell.device), cell)
    test = without(splits, cell.dropped)

    def fits(size: int) -> bool:
        if cell.device == "cuda":
            from torch import cuda

            cuda.empty_cache()
        smaller = cell.model_copy(update={"batch": size})
        try:
            work = workload(fitted, test, smaller)
            work.units[0][0].call()
            for unit in forward_units(fitted, work, smaller)[:1]:
                unit[0].call()
        except Exception as error:
            if is_out_of_memory(error):
                return False
            raise
        return True

    return largest_that_fits(fits, cell.batch)


if __name__ == "__main__":
    end_with(int(sys.argv.pop()))
    main(sys.argv[1:], sys.stdin.read())

"""What else went on while latencies were measured: noted, and flagged where it is too much; nothing is taken away.

The reference operation never changes, so its `drift` is the machine's: of its clock, or of whoever shares core, cache
and memory with this process, which on a rented machine no other figure shows. Of being put aside it tells little, since
a reading is over in milliseconds; that is counted, and so is the work of other processes, but for those that this one
started. Both are counted while samples are taken: a warm-up, with the compilers that it may start, is in no figure.
"""

import gc
import os
import resource
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .record import FlagRecord, InterferenceRecord

MOST_DRIFT = 0.10
"""Drift of the reference above which latencies are flagged."""
MOST_BUSY = 0.25
"""Cores' worth of work by others above which latencies are flagged."""
MOST_NEIGHBOURS = 0.3
"""Rank correlation of neighbours above which their bounds are flagged."""
MOST_SWITCHES = 20.0
"""Times a second that the process may be put aside."""
BUSY_SHARE = 0.1
"""Share of a core from which another process is named."""
NAMED = 5
"""Processes that are named at most, the busiest."""

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Snapshot(NamedTuple):
    """The state of process and machine at one moment."""

    seconds: float
    """On a monotonic clock."""
    load: float | None
    busy: float | None
    """Seconds of all cores' work since the machine started; None: the system does not tell."""
    own: float
    """Seconds of this process's work and of those that it started, such as a foreign model's."""
    voluntary: int
    involuntary: int
    collections: int
    of_processes: dict[tuple[int, str], float]
    """Seconds of work of every process that is no one's own, by number and name."""


def snapshot(*, root: Path = Path("/proc")) -> Snapshot:
    """Return how things stand now; `root` is where the system shows its processes."""
    usage, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    running = _running(root)
    family = _family(running)
    return Snapshot(
        seconds=time.monotonic(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        busy=_busy(root),
        own=sum(worked.ru_utime + worked.ru_stime for worked in (usage, ended))
        + sum(running[number].seconds + running[number].ended for number in family),
        voluntary=usage.ru_nvcsw,
        involuntary=usage.ru_nivcsw,
        collections=sum(generation["collections"] for generation in gc.get_stats()),
        of_processes={
            (number, one.name): one.seconds
            for number, one in running.items()
            if number != os.getpid() and number not in family
        },
    )


class Span(NamedTuple):
    """Some time, by how things stood at its ends."""

    before: Snapshot
    after: Snapshot


def during(
    spans: Sequence[Span],
    *,
    reference: Sequence[float],
    host: Float[np.ndarray, " iterations"],
    turn: Int[np.ndarray, " iterations"],
    on_device: Sequence[str] = (),
) -> InterferenceRecord:
    """Return what went on in one or more spans of time, put together; what lay between them does not count.

    Parameters
    ----------
    spans
        In the order in which they were.
    reference
        Milliseconds of the reference operation.
    host, turn
        The latencies, in the order measured, and their turns.
    on_device
        Other processes on the device, by name.
    """
    seconds, busy = _seconds(spans), busy_elsewhere(spans)
    drift, alike = drift_of(reference), neighbours(host, turn)
    involuntary = sum(after.involuntary - before.involuntary for before, after in spans)
    flags = _flags(drift=drift, busy=busy, alike=alike, switches=involuntary / seconds, on_device=on_device)
    return InterferenceRecord(
        drift=drift,
        load_before=spans[0].before.load,
        load_after=spans[-1].after.load,
        busy_elsewhere=busy,
        voluntary_switches=sum(after.voluntary - before.voluntary for before, after in spans),
        involuntary_switches=involuntary,
        collections=sum(after.collections - before.collections for before, after in spans),
        neighbours=alike,
        processes=(*_busiest(spans, seconds), *on_device),
        flags=flags,
    )


def busy_elsewhere(spans: Sequence[Span]) -> float | None:
    """Return the cores' worth of work by others in some spans, at least 0; None: the system does not tell."""
    work = 0.0
    for before, after in spans:
        if before.busy is None or after.busy is None:
            return None
        work += after.busy - before.busy - (after.own - before.own)
    return max(0.0, work) / _seconds(spans)


def drift_of(reference: Sequence[float]) -> float:
    """Return (upper quartile − lower quartile) / median of the reference; at least one figure, all above 0.

    A clock that steps for a quarter of the time or longer shows; one timing that a hiccup has stretched does not: that
    is what the upper percentiles of the latencies tell.

    Examples
    --------
    >>> drift_of([2.0, 2.0, 2.0, 2.5, 2.5])
    0.25
    >>> drift_of([2.0, 2.0, 2.0, 2.0, 9.0])
    0.0
    """
    lower, middle, upper = np.quantile(reference, [0.25, 0.5, 0.75])
    return float((upper - lower) / middle)


def neighbours(values: Float[np.ndarray, " iterations"], turn: Int[np.ndarray, " iterations"]) -> float:
    """Return Spearman's rank correlation of each value with the next; 0 where there are too few or all are equal.

    Values are ratios to the median of the same turn, since later turns may take longer, and follow earlier ones.
    """
    if len(values) < 3:
        return 0.0
    turns, place = np.unique(turn, return_inverse=True)
    medians = np.array([np.median(values[place == number]) for number in range(len(turns))])
    _, rank, count = np.unique(values / medians[place], return_inverse=True, return_counts=True)
    # Equal values share the mean of their ranks.
    ranked = (np.cumsum(count) - (count - 1) / 2)[rank]
    first, second = ranked[:-1] - ranked[:-1].mean(), ranked[1:] - ranked[1:].mean()
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / size if size else 0.0


def _flags(
    *, drift: float, busy: float | None, alike: float, switches: float, on_device: Sequence[str]
) -> tuple[FlagRecord, ...]:
    found = []
    if drift > MOST_DRIFT:
        found.append(
            FlagRecord(kind="drift", value=drift, text=f"the reference operation drifted by {100 * drift:.0f} %")
        )
    if busy is not None and busy > MOST_BUSY:
        found.append(FlagRecord(kind="busy", value=busy, text=f"other processes kept {busy:.1f} cores busy"))
    if switches > MOST_SWITCHES:
        text = f"the process was put aside for others {switches:.0f} times a second"
        found.append(FlagRecord(kind="switches", value=switches, text=text))
    if on_device:
        text = f"other processes were on the device: {', '.join(on_device)}"
        found.append(FlagRecord(kind="device", value=len(on_device), text=text))
    if alike > MOST_NEIGHBOURS:
        text = f"successive latencies are alike (rank correlation {alike:.2f}), so their bounds are too narrow"
        found.append(FlagRecord(kind="neighbours", value=alike, text=text))
    return tuple(found)


def _seconds(spans: Sequence[Span]) -> float:
    return max(sum(after.seconds - before.seconds for before, after in spans), 1e-9)


def _busiest(spans: Sequence[Span], seconds: float) -> list[str]:
    shares: dict[tuple[int, str], float] = {}
    for before, after in spans:
        for process, worked in after.of_processes.items():
            share = (worked - before.of_processes.get(process, 0.0)) / seconds
            shares[process] = shares.get(process, 0.0) + share
    named = sorted(((share, name) for (_, name), share in shares.items() if share >= BUSY_SHARE), reverse=True)
    return [f"{name} ({share:.1f} cores)" for share, name in named[:NAMED]]


def _busy(root: Path) -> float | None:
    """Return the seconds that all cores worked (user, nice, system, interrupts, stolen), guests not counted twice."""
    try:
        first = (root / "stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        user, nice, system, _, _, *interrupts = map(int, first[1:9])
    except (OSError, ValueError):
        return None
    return (user + nice + system + sum(interrupts)) / _TICKS


class _Running(NamedTuple):
    """A process."""

    name: str
    parent: int
    seconds: float
    """Of its own work."""
    ended: float
    """Seconds of work of what it started and that has ended."""


def _running(root: Path) -> dict[int, _Running]:
    """Return all processes that the system shows, by number."""
    found = {}
    for path in root.glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text(encoding="utf-8", errors="replace").split(" (", 1)
            name, fields = rest.rsplit(") ", 1)
            _, parent, *others = fields.split()
            user, system, *ended = map(int, others[9:13])
            found[int(number)] = _Running(name, int(parent), (user + system) / _TICKS, sum(ended) / _TICKS)
        except (OSError, ValueError):  # it has ended meanwhile
            continue
    return found


def _family(running: Mapping[int, _Running]) -> set[int]:
    """Return the processes that this one started, and that those started."""
    family: set[int] = set()
    youngest = {os.getpid()}
    while youngest:
        youngest = {number for number, one in running.items() if one.parent in youngest} - family
        family |= youngest
    return family

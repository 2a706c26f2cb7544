"""Speed claims: ratios measured in one run against a stated reference, what is asked of them, and what disturbed them.

A test makes a claim through the fixture `claim`; the test fails at its end when one of its claims did not hold, so that
those after it are measured too. Ratios, unlike seconds, mean the same on other machines. A claim that asks `at_least`
says how many times as long the reference takes; one that asks `at_most`, what share or multiple of the reference ours
is. A limit by the clock is a reference too: `0.4 s by the clock`.
"""

import io
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict
from rich import box
from rich.console import Console
from rich.table import Table

from emobench.benchmark.latency.interference import MOST_BUSY, MOST_DRIFT, Span, busy_elsewhere, snapshot
from emobench.reports.numbers import apart, fixed

WIDTH = 80
"""Columns of the table at the end of a session."""
DIGITS = 3
"""Of a ratio, more where it would look like what is asked."""

Unit = Literal["s", "ms", "MiB"]


class Disturbance(NamedTuple):
    """What else the machine did while claims were measured."""

    busy: float | None
    """Cores' worth of work by other processes; None: the system does not tell."""
    drift: float
    """Of a fixed operation, timed before and after: (larger − smaller) / median."""


class Claim(BaseModel):
    """A ratio and what is asked of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    """`topic: what`; different for every claim."""
    ratio: float
    at_least: float | None = None
    at_most: float | None = None
    reference: str
    """What it is a ratio to."""
    measured: tuple[float, float] | None = None
    """What we take and what the reference takes; None: said in other words."""
    unit: Unit = "s"
    """Of `measured`."""
    busy: float | None = None
    """See `Disturbance`."""
    drift: float = 0.0
    """See `Disturbance`."""
    session: int = 0
    """In a record, the place of the session it was measured in."""

    @property
    def topic(self) -> str:
        """What the name begins with."""
        return self.name.partition(": ")[0]

    @property
    def holds(self) -> bool:
        """Whether the ratio is as asked."""
        return (self.at_least is None or self.ratio >= self.at_least) and (
            self.at_most is None or self.ratio <= self.at_most
        )

    @property
    def disturbed(self) -> bool:
        """Whether the machine did so much else that the ratio may be off."""
        return (self.busy or 0.0) > MOST_BUSY or self.drift > MOST_DRIFT

    @property
    def asked(self) -> str:
        """What is asked, in few characters."""
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:g} – {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"

    @property
    def shown(self) -> str:
        """The ratio in few digits, never so few that it looks like what it misses."""
        places = max(0, DIGITS - 1 - math.floor(math.log10(self.ratio))) if self.ratio > 0 else DIGITS
        if self.at_most is not None and self.ratio > self.at_most:
            return apart(self.ratio, self.at_most, decimals=places)[0]
        if self.at_least is not None:
            return apart(self.at_least, self.ratio, decimals=places)[1]
        return fixed(self.ratio, places)

    @property
    def verdict(self) -> str:
        """`held` or `FAILED`, with `~` where it is disturbed."""
        return f"{'held' if self.holds else 'FAILED'}{' ~' if self.disturbed else ''}"

    @property
    def sentence(self) -> str:
        """What a test says that fails by it."""
        sides = ""
        if self.measured:
            ours, theirs = self.measured
            sides = f" ({ours:.4g} {self.unit} against {theirs:.4g} {self.unit})"
        found = f"{self.name}: {self.shown} where {self.asked} is claimed, against {self.reference}{sides}"
        return f"{found}; disturbed by {said_of(self)}" if self.disturbed else found


def said_of(claim: Claim) -> str:
    """Return in words what disturbed a claim; empty: nothing."""
    said = []
    if (claim.busy or 0.0) > MOST_BUSY:
        said.append(f"other processes, {claim.busy:.1f} cores")
    if claim.drift > MOST_DRIFT:
        said.append(f"drift of {100 * claim.drift:.0f} %")
    return ", ".join(said)


class Watch:
    """Watches the machine from its making on."""

    def __init__(self, operation: Callable[[], float]) -> None:
        """Begin; `operation` times something that never changes and returns how long it took."""
        self._operation = operation
        self._timed, self._before = self._time(), snapshot()

    def so_far(self) -> Disturbance:
        """Return what happened since."""
        after, timed = snapshot(), self._time()
        drift = abs(timed - self._timed) / statistics.mean([timed, self._timed])
        return Disturbance(busy_elsewhere([Span(self._before, after)]), drift)

    def _time(self) -> float:
        return statistics.median(self._operation() for _ in range(3))


def _rounded(value: float) -> float:
    """Return a number with six digits, which is what a record holds and by what a claim is judged."""
    return float(f"{value:.6g}")


class Claims:
    """What the claims of a session are added to; `claim` in a test is one for the test alone."""

    def __init__(self, watch: Callable[[], Disturbance]) -> None:
        """Begin without any."""
        self.made: list[Claim] = []
        self._watch = watch

    def __call__(
        self,
        name: str,
        ratio: float,
        *,
        reference: str,
        at_least: float | None = None,
        at_most: float | None = None,
        within: float | None = None,
        measured: tuple[float, float] | None = None,
        unit: Unit = "s",
    ) -> None:
        """Note a claim; see `Claim`. The test fails at its end if it does not hold.

        Parameters
        ----------
        within
            In the place of `at_least` and `at_most`: how far from 1 the ratio may be on either side.

        Raises
        ------
        ValueError
            When the name has no topic or nothing is asked.
        """
        if within is not None:
            at_least, at_most = 1 - within, 1 + within
        if ": " not in name:
            raise ValueError(f"expected `topic: what` as the name of a claim, got {name!r}")
        if at_least is None and at_most is None:
            raise ValueError(f"{name}: expected at_least, at_most or within")
        busy, drift = self._watch()
        self.made.append(
            Claim(
                name=name,
                ratio=_rounded(ratio),
                at_least=at_least,
                at_most=at_most,
                reference=reference,
                measured=measured and (_rounded(measured[0]), _rounded(measured[1])),
                unit=unit,
                busy=None if busy is None else _rounded(busy),
                drift=_rounded(drift),
            )
        )

    def check(self) -> None:
        """Raise AssertionError, naming them, when claims did not hold."""
        failed = [claim.sentence for claim in self.made if not claim.holds]
        assert not failed, "\n".join(failed)


def by_topic(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    """Return claims by topic, both in the order in which they were made."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        found.setdefault(claim.topic, []).append(claim)
    return found


def as_text(claims: Sequence[Claim], *, width: int = WIDTH) -> str:
    """Return the table of the claims of a session and what is to be said of it."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, expand=True)
    table.add_column("claim", ratio=5)
    table.add_column("ratio", justify="right", no_wrap=True)
    table.add_column("asked", no_wrap=True)
    table.add_column("reference", ratio=4)
    table.add_column("verdict", no_wrap=True)
    for of_topic in by_topic(claims).values():
        for claim in of_topic:
            table.add_row(claim.name, claim.shown, claim.asked, claim.reference, claim.verdict)
        table.add_section()
    with io.StringIO() as stream:
        console = Console(file=stream, width=width, color_system=None, highlight=False, markup=False, emoji=False)
        console.print(table)
        for line in _notes(claims):
            console.print(line)
        return "\n".join(line.rstrip() for line in stream.getvalue().strip("\n").splitlines())


def _notes(claims: Sequence[Claim]) -> Iterable[str]:
    failed = [claim for claim in claims if not claim.holds]
    disturbed = sum(claim.disturbed for claim in claims)
    yield f"{len(claims) - len(failed)} of {len(claims)} claims held."
    if disturbed:
        yield f"~ {disturbed} of them measured while the machine did other work too."
    yield from (f"FAILED {claim.sentence}" for claim in failed)

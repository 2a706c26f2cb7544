"""What a check found: one verdict per rule, cell and kind of bound; and the exit code they make together."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from .rules import Rule

Status = Literal["pass", "regression", "failed", "inconclusive", "not measured"]
"""How a verdict ends.

pass           within what the rule allows, or beyond it by no more than noise explains
regression     beyond what the rule allows, and not by chance
failed         the run could not compute the cell
inconclusive   too little data for the rule
not measured   nothing to judge: the rule matches nothing, or one of the two sides lacks the figure
"""

EXIT_CODES: dict[Status, int] = {"pass": 0, "regression": 1, "failed": 3, "inconclusive": 4, "not measured": 5}
"""Exit code by status; 2 is wrong usage, which ends a check before it has verdicts."""
_WORST_FIRST: tuple[Status, ...] = ("failed", "regression", "inconclusive", "not measured", "pass")


@dataclass(frozen=True)
class Verdict:
    """One rule on one figure."""

    rule: int
    """Number of the rule, from 1."""
    about: Rule
    """The rule."""
    kind: Literal["limit", "loss", ""]
    """What was held against what: the figure against the limit, its loss against the baseline; empty: neither."""
    data: str
    """Data set; the rule's glob where nothing matched."""
    model: str
    """Model; the rule's glob where nothing matched."""
    condition: str
    """Condition or family; the rule's glob where nothing matched."""
    part: str
    """Part of the metric; the rule's glob where nothing matched."""
    status: Status
    """How it ends."""
    message: str
    """One sentence: what was expected, what was got."""
    value: float | None = None
    """The figure; None: not measured."""
    reference: float | None = None
    """The figure of the baseline, or the limit; None: not measured."""
    low: float | None = None
    """Lower end of how much worse it is than the reference; None: not measured."""
    seen_from: float | None = None
    """How much worse it would have to be for this check to fail 4 times in 5; None: not measured."""

    allowed: float | None = None
    """How much worse than the reference it may be, noise or not; None: not measured."""
    doubtful: bool = False
    """Whether it is beyond what is allowed, but that may be chance."""
    breach: str = ""
    """What a regression from a limit is called, such as `above the limit`; empty: it is none."""

    @property
    def word(self) -> str:
        """What a reader is told of the status."""
        return self.breach or self.status

    @property
    def figure(self) -> tuple[object, ...]:
        """What is the same for the two questions that a rule may ask of one figure: of its limit and of its loss."""
        return (self.rule, self.data, self.model, self.condition, self.part)

    @property
    def name(self) -> str:
        """Metric and part, condition, kind: what tells it from the others of its rule, model and data set."""
        figure = f"{self.about.metric} of {self.part}" if self.part else self.about.metric
        return f"{figure} under {self.condition}" + (f": {self.kind}" if self.kind else "")


@dataclass(frozen=True)
class Outcome:
    """Everything a check found."""

    run: str
    """Folder of the run."""
    baseline: str
    """File or folder of the baseline; empty: none."""
    verdicts: tuple[Verdict, ...]
    """By rule, data set, model and condition."""
    notes: tuple[str, ...] = ()
    """What a reader has to know to judge the verdicts."""

    @property
    def exit_code(self) -> int:
        """0 pass, 1 regression, 3 a cell failed, 4 inconclusive, 5 nothing was measured.

        Of several, the first of 3, 1, 4, 5: a run that is not whole comes first, since what it lacks may be the worst
        of it; a proven regression before what could not be proven.
        """
        there = {verdict.status for verdict in self.verdicts}
        return EXIT_CODES[next((status for status in _WORST_FIRST if status in there), "not measured")]

    def of(self, status: Status) -> tuple[Verdict, ...]:
        """Return the verdicts with a status."""
        return tuple(verdict for verdict in self.verdicts if verdict.status == status)

    @property
    def summary(self) -> str:
        """How many figures end in each way, the worst first, such as `1 regression, 39 pass`.

        A figure that a rule asks about twice, its limit and its loss, counts once, by the worse of the two.
        """
        worst: dict[object, Verdict] = {}
        for status in _WORST_FIRST:
            for place, verdict in enumerate(self.verdicts):
                if verdict.status == status:
                    worst.setdefault(verdict.figure if verdict.kind else place, verdict)
        counts = Counter(verdict.word for verdict in worst.values())
        return ", ".join(f"{count} {word}" for word, count in counts.items()) or "nothing was measured"

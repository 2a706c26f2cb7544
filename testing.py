"""The gate inside a test suite.

```python
from emobench.testing import assert_no_regression

def test_calibration_holds() -> None:
    assert_no_regression("runs/candidate", against="baseline.toml", rules="rules.toml")
```
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .benchmark.gate.verdicts import Outcome

__all__ = ["assert_no_regression"]


def assert_no_regression(
    run: Path | str,
    *,
    rules: Path | str | Sequence[Mapping[str, object]],
    against: Path | str | None = None,
) -> "Outcome":
    """Do what `emobench check` does, and return the outcome if everything passed.

    Parameters
    ----------
    run
        Run folder.
    rules
        File of rules, or the rules themselves, such as `[{"metric": "ece", "limit": 0.15}]`.
    against
        What `emobench accept` wrote, or another run folder.

    Raises
    ------
    AssertionError
        When there is a regression, a cell failed, there is too little data for a rule, or a rule matches nothing; the
        message has a line for each. For wrong usage, such as an unknown metric in a rule, the message is that one line.
    """
    __tracebackhide__ = True  # pytest then shows the test that failed, not these lines
    from .benchmark.errors import EmobenchError

    try:
        outcome = _outcome(Path(run), rules, Path(against) if against is not None else None)
    except EmobenchError as error:
        said = str(error)
    else:
        if not outcome.exit_code:
            return outcome
        said = _said(outcome)
    # Outside of `except`: pytest would show what went before.
    raise AssertionError(said)


def _outcome(run: Path, rules: Path | str | Sequence[Mapping[str, object]], against: Path | None) -> "Outcome":
    from .benchmark.gate.check import check
    from .benchmark.gate.rules import make_rule, read_rules

    if isinstance(rules, (str, Path)):
        made = read_rules(Path(rules))
    else:
        made = tuple(make_rule(dict(rule), where=f"rule {number}") for number, rule in enumerate(rules, 1))
    return check(run, made, against=against)


def _said(outcome: "Outcome") -> str:
    from .benchmark.gate.grouping import grouped

    others = grouped(verdict for verdict in outcome.verdicts if verdict.status != "pass")
    lines = (f"{one.first.word}: {one.text}" for one in others)
    return "\n".join([outcome.summary, *lines, *(f"note: {note}" for note in outcome.notes)])

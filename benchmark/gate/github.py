"""A check as annotations of a GitHub job: workflow commands on standard output."""

from collections.abc import Iterator

from .verdicts import Outcome, Status

_LEVELS: dict[Status, str] = {
    "failed": "error",
    "regression": "error",
    "not measured": "error",
    "inconclusive": "warning",
}
"""Status, the worst first, and the command that shows it."""


def annotations(outcome: Outcome) -> Iterator[str]:
    """Yield one line per verdict that is no pass, the worst first: GitHub shows ten errors and ten warnings of a step.

    `%`, carriage return and line feed are escaped, in titles `:` and `,` too, as GitHub's own toolkit does.
    """
    for status, level in _LEVELS.items():
        for verdict in outcome.of(status):
            title = f"emobench: {verdict.word} (rule {verdict.rule}: {verdict.about.metric})"
            yield f"::{level} title={_property(title)}::{_data(verdict.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

"""A check as Markdown, for the summary of a job or a comment on a change."""

import os
from pathlib import Path

from ...reports.numbers import MISSING, number, signed
from ..errors import RunFolderError
from ..files import remedy, write_text
from .grouping import grouped
from .verdicts import Outcome, Verdict

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Environment variable with the file that GitHub shows as the summary of a step."""
MOST_ROWS = 500
"""More rows than these are not listed: GitHub takes one mebibyte."""


def markdown(outcome: Outcome) -> str:
    """Return the headline, one line for each verdict that is no pass, and all of them as a table."""
    lines = [f"## emobench check: {outcome.summary}", "", f"Run `{outcome.run}`"]
    lines[-1] += f", baseline `{outcome.baseline}`." if outcome.baseline else "."
    notable = [verdict for verdict in outcome.verdicts if verdict.status != "pass"]
    if notable:
        lines += [
            "",
            *(f"- **{said.first.word}** (rule {said.first.rule}): {_text(said.text)}" for said in grouped(notable)),
        ]
    if outcome.notes:
        lines += ["", *(f"Note: {_text(note)}." for note in outcome.notes)]
    lines += ["", "<details><summary>All verdicts</summary>", ""]
    lines += [
        "| rule | model | data | figure | was or limit | allowed | is | worse by at least | seen from | verdict |"
    ]
    lines += ["|---:|---|---|---|---:|---:|---:|---:|---:|---|"]
    lines += [_row(verdict) for verdict in outcome.verdicts[:MOST_ROWS]]
    if len(outcome.verdicts) > MOST_ROWS:
        lines += ["", f"And {len(outcome.verdicts) - MOST_ROWS} more."]
    lines += [
        "",
        "*Allowed*: how much worse than that it may be, noise or not. *May be chance*: it is more, but not proven.",
        "*Worse by at least*: lower ends that hold jointly with 95 %; above 0: proven worse. *Seen from*: how",
    ]
    lines += ["much worse it would have to be for this check to fail 4 times in 5.", "", "</details>", ""]
    return "\n".join(lines)


def write_markdown(outcome: Outcome, path: Path) -> None:
    """Write the summary whole or not at all."""
    write_text(path, markdown(outcome))


def append_step_summary(outcome: Outcome) -> None:
    """Append the summary to the file that GitHub names; without one do nothing.

    Raises
    ------
    RunFolderError
        When it cannot be written.
    """
    path = os.environ.get(STEP_SUMMARY, "")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(markdown(outcome))
    except OSError as error:
        raise RunFolderError(f"cannot write {path} (${STEP_SUMMARY}): {error.strerror}; {remedy(error)}") from None


def _row(verdict: Verdict) -> str:
    bounds = (number(verdict.reference), number(verdict.allowed))
    numbers = (*bounds, number(verdict.value), signed(verdict.low), number(verdict.seen_from))
    cells = (verdict.model, verdict.data, verdict.name)
    texts = " | ".join(f"`{cell.replace('|', chr(92) + '|')}`" for cell in cells)
    ending = verdict.word if verdict.status == "pass" else f"**{verdict.word}**"
    if verdict.doubtful:
        ending += ", may be chance"
    return f"| {verdict.rule} | {texts} | {' | '.join(text or MISSING for text in numbers)} | {ending} |"


def _text(message: str) -> str:
    """Return a sentence in which nothing is taken for markup."""
    for character in "\\`*_<>|[]":
        message = message.replace(character, f"\\{character}")
    return " ".join(message.split())

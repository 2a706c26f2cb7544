"""A check as JUnit XML: one suite per rule, one case per verdict."""

import re
import xml.etree.ElementTree as ET  # only writes
from pathlib import Path

from ..files import write_text
from .verdicts import Outcome, Verdict

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcome: Outcome) -> str:
    """Return the document.

    A regression is a failure; a cell that failed and what was not measured are errors; an inconclusive verdict is
    skipped, with its reason.
    """
    root = ET.Element("testsuites", {"name": "emobench check", **_counts(outcome.verdicts), "time": "0"})
    for number in sorted({verdict.rule for verdict in outcome.verdicts}):
        verdicts = tuple(verdict for verdict in outcome.verdicts if verdict.rule == number)
        name = f"rule {number}: {verdicts[0].about.metric}"
        suite = ET.SubElement(
            root, "testsuite", {"name": _clean(name), **_counts(verdicts), "skipped": _count(verdicts, "inconclusive")}
        )
        suite.set("time", "0")
        for verdict in verdicts:
            _case(suite, verdict)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def write_junit(outcome: Outcome, path: Path) -> None:
    """Write the document whole or not at all."""
    write_text(path, junit(outcome))


def _case(suite: ET.Element, verdict: Verdict) -> None:
    names = {"classname": _clean(f"{verdict.data}.{verdict.model}"), "name": _clean(verdict.name), "time": "0"}
    case, message = ET.SubElement(suite, "testcase", names), _clean(verdict.message)
    if verdict.status == "pass":
        ET.SubElement(case, "system-out").text = message
        return
    kind = {"regression": "failure", "inconclusive": "skipped"}.get(verdict.status, "error")
    said = ET.SubElement(case, kind, {"message": message})
    if kind != "skipped":
        said.set("type", verdict.word)
        said.text = message


def _counts(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    errors = int(_count(verdicts, "failed")) + int(_count(verdicts, "not measured"))
    return {"tests": str(len(verdicts)), "failures": _count(verdicts, "regression"), "errors": str(errors)}


def _count(verdicts: tuple[Verdict, ...], status: str) -> str:
    return str(sum(verdict.status == status for verdict in verdicts))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)

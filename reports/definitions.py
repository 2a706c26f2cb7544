"""What the conditions of a table or figure of the LaTeX file do to the input, in the words of their protocols."""

from collections.abc import Iterable

from .contents import DataView, RunView
from .stress_contents import CLEAN
from .stresses import protocol_of
from .tex import Table, Tex, code, prose


def definitions(data: DataView, conditions: Iterable[str]) -> Tex:
    """Return a clause for clean input and for each protocol of the conditions; empty: none is a condition of the data.

    Texts that are no condition, such as the other cells of a table, are passed over; a protocol stands for its own.
    """
    texts = {*conditions}
    protocols = {protocol_of(one.text) for one in data.conditions if one.text in texts} | texts
    meanings = {
        name: meaning
        for stress in data.stresses
        if stress.protocol in protocols
        for name, meaning in (
            stress.parts if stress.protocol == "chains" else {stress.protocol: stress.meaning}
        ).items()
    }
    said = [rf"{code(name)}: {prose(meaning)}" for name, meaning in meanings.items() if meaning]
    if CLEAN in texts and (said or texts == {CLEAN}):
        said = [rf"\texttt{{{CLEAN}}}: the input as recorded.", *said]
    return Tex(" ".join(said))


def defined(made: Table, data: DataView, run: RunView, conditions: Iterable[str]) -> Table:
    """Return a table with its conditions defined where it stands alone, and in the whole file with where they are."""
    told = definitions(data, conditions)
    if not told or not listed(data, run):
        made.definitions = told
        return made
    caption = Tex(rf"{made.caption} Conditions: Section~\ref{{{section_label(data)}}}.")
    found = Table(made.replace(rf"\caption{{{made.caption}}}", rf"\caption{{{caption}}}", 1))
    found.caption, found.label, found.head, found.rows, found.widths = (
        made.caption, made.label, made.head, made.rows, made.widths,
    )  # fmt: skip
    found.definitions = told
    return found


def listed(data: DataView, run: RunView) -> bool:
    """Whether the whole file lists the conditions of a data set."""
    return bool(data.stresses) and run.shows("stress")


def section_label(data: DataView) -> str:
    """Return the label of the list of conditions of a data set."""
    letters = (letter if letter.isascii() and letter.isalnum() else "-" for letter in data.name)
    return f"sec:{''.join(letters)}-conditions"

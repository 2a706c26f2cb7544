"""`emobench published`: what papers print about the models of the field."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ..published import Published

_WIDTH = 22
"""Characters of the first column."""
_MODEL = "A name: with all that is chained to it. A text with + or arguments: that very system."


def list_published(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help=_MODEL, show_default=False)] = "",
    data: Annotated[str, typer.Option(metavar="DATA", help="iemocap, meld or mosi.", show_default=False)] = "",
    metric: Annotated[
        str, typer.Option(metavar="METRIC", help="As in `emobench list metrics`.", show_default=False)
    ] = "",
) -> None:
    """List the figures that papers print, with their places, how epochs were chosen, and what to know about them."""
    from rich.console import Console

    from ..published import find, merged

    figures = merged(find(model, data, metric))
    console = Console()
    if not figures:
        console.print("No paper of the table has figures of all of that together.")
        return
    notes = {note: place for place, note in enumerate(dict.fromkeys(n for one in figures for n in _notes(one)), 1)}
    for group in dict.fromkeys((one.system, one.data) for one in figures):
        console.print(f"[bold]{group[0]}[/bold] on {group[1]}", highlight=False)
        console.print(_table([one for one in figures if (one.system, one.data) == group], notes))
        console.print("")
    console.print("chosen on: the split that chose the epoch; runs: trainings behind a figure.", highlight=False)
    for note, place in notes.items():
        console.print(f"{place:>2}  {note}", highlight=False, markup=False)


def _table(figures: Sequence["Published"], notes: Mapping[str, int]) -> "Table":
    from .card import columns

    table = columns(
        "figure", "value", "chosen on", "runs", "printed in", "notes",
        right=("value", "runs"), fold=("printed in", "notes"),
    )  # fmt: skip
    for one in figures:
        numbers = ", ".join(map(str, sorted(notes[note] for note in _notes(one))))
        table.add_row(_figure(one), one.printed, one.selection, str(one.runs or "–"), one.source, numbers)
    return table


def _figure(one: "Published") -> str:
    """Return metric, part and condition as text, broken at its signs where it is long."""
    from ..published import CLEAN

    condition = "" if one.condition == CLEAN else f"under {one.condition}"
    text = " ".join(filter(None, (one.metric, one.part, condition)))
    lines = [""]
    for piece in re.split(r"(?<=[,: ])", text):
        if lines[-1] and len(lines[-1] + piece.rstrip()) > _WIDTH:
            lines.append("  ")
        lines[-1] += piece
    return "\n".join(map(str.rstrip, lines))


def _notes(one: "Published") -> tuple[str, ...]:
    features = (f"features: {one.features}",) if one.features else ()
    return (*features, *filter(None, one.note.split("; ")))

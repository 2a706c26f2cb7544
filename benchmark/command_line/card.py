"""The parts of a model's card that `emobench show` adds to its docstring: sizes, published figures, presets."""

from typing import TYPE_CHECKING, Any

from ..arguments import describe, text_of
from ..published import CLEAN, Published, merged, published

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SUMMARY = {
    "weighted_f1": "weighted F1",
    "accuracy": "accuracy",
    "ece": "ECE",
    "cel:form=sum,mode=graph,operator=mean,space=log": "CEL (sum, log)",
}
"""Metrics of the summary by canonical text, in its order, and how it names them."""


# `Any`: a plug-in is any class; what it may have beyond its arguments is asked by name.
def print_card(console: "Console", name: str, plugin: Any) -> None:
    """Print what is known about a model beyond its docstring and arguments; nothing where nothing is."""
    _print_sizes(console, plugin)
    _print_figures(console, name)
    _print_presets(console, plugin)


def columns(*heads: str, right: tuple[str, ...] = (), fold: tuple[str, ...] = ()) -> "Table":
    """Return an empty table without lines; what is in `fold` may take several lines, all else stays whole."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", no_wrap=head not in fold, overflow="fold")
    return table


def _print_sizes(console: "Console", plugin: Any) -> None:
    sizes = getattr(plugin, "sizes", {})
    if not sizes:
        return
    table = columns("preset", "parameters", "on features of", right=("parameters",), fold=("on features of",))
    for preset, size in sizes.items():
        widths = ", ".join(f"{modality} {width}" for modality, width in size.widths.items())
        table.add_row(preset, f"{size.parameters:,}", f"{size.data} ({widths})")
    console.print("")
    console.print(table)


def _print_figures(console: "Console", name: str) -> None:
    """Print the main published figures, and how many more there are."""
    own = merged(one for one in published() if one.calls[0].name == name)
    if not own:
        return
    shown = _in_short(name, own)
    more = len(own) - len(shown)
    console.print("\n[bold]Published figures[/bold]")
    if shown:
        _print_table(console, shown)
    notes = "Notes" if not more else f"Notes and {more} more" if shown else f"All {more}"
    console.print(f"{notes}: emobench published {name}", highlight=False)


def _print_table(console: "Console", shown: list[Published]) -> None:
    features = {one.features for one in shown}
    alike = len(features) == 1
    table = columns("data", "figure", "value", "chosen on", "printed in", right=("value",), fold=("printed in",))
    for one in shown:
        told = "" if alike or not one.features else f" ({one.features})"
        table.add_row(one.data, SUMMARY[one.metric], one.printed, one.selection, f"{one.source}{told}")
    console.print(table)
    if alike and any(features):
        console.print(f"Features: {features.pop()}.", highlight=False)
    console.print("chosen on: the split that chose the epoch; a figure chosen on test flatters.", highlight=False)


def _in_short(name: str, figures: tuple[Published, ...]) -> list[Published]:
    main = [one for one in figures if one.system == name and one.condition == CLEAN and one.metric in SUMMARY]
    order = list(SUMMARY)
    return sorted(main, key=lambda one: (one.data, order.index(one.metric)))


def _print_presets(console: "Console", plugin: Any) -> None:
    presets = getattr(plugin, "presets", {})
    if not presets:
        return
    table = columns("set by preset", *presets)
    for name in (argument.name for argument in describe(plugin)):
        values = [preset.get(name) for preset in presets.values()]
        if any(value is not None for value in values):
            table.add_row(name, *("–" if value is None else text_of(value) for value in values))
    console.print("")
    console.print(table)

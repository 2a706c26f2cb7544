"""What `emobench show` prints of a suite."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..run_record import SuiteRecord
from ..suite_data import look_for
from ..suites import load_suites

if TYPE_CHECKING:
    from rich.console import Console


def print_suite(console: "Console", text: str) -> None:
    """Print what a suite computes, block by block: from which table it comes and what differs from the paper."""
    for number, suite in enumerate(load_suites(text)):
        if number:
            console.print()
        _print_one(console, suite)


def _print_one(console: "Console", suite: SuiteRecord) -> None:
    from rich.markup import escape

    console.print(f"[bold]{escape(suite.name)}[/bold] (suite{f', block {suite.block}' if suite.block else ''})")
    lines = [suite.title, *([suite.shows] if suite.shows else [])]
    lines += [f"Source: {suite.paper}, {suite.place}".removesuffix(", ")] if suite.paper else []
    lines += [f"Run it: emobench run --suite {suite.text}"]
    console.print(escape("\n\n".join(lines)), highlight=False)
    for heading, entries in (
        ("Data sets wanted", [f"{name}: {look_for(name).why or 'there'}" for name in suite.data]),
        ("Models", suite.models),
        ("Protocols", suite.protocols or ("clean input only",)),
        ("Metrics", suite.metrics or ("all",)),
        ("In the table, not computed here", suite.published_only),
        ("What differs from the paper", suite.differs),
    ):
        _print_list(console, heading, entries)
    seeds = f"{suite.seeds} training seed{'s' * (suite.seeds > 1)}"
    console.print(
        f"\n{seeds}, epochs chosen on {suite.selection}, {suite.stress_draws} draws of what is random, preset "
        f"{suite.preset} where a model names none.{_unusual(suite)}",
        highlight=False,
    )


def _unusual(suite: SuiteRecord) -> str:
    """Return what a suite says of options that are mostly left as they are."""
    said = [f"first training seed {suite.first_seed}"] if suite.first_seed else []
    said += [f"stress seed {suite.stress_seed}"] if suite.stress_seed else []
    said += [f"{suite.draws:,} bootstrap draws"] if suite.draws != SuiteRecord.model_fields["draws"].default else []
    said += ["hidden vectors are kept"] if suite.hidden else []
    text = ", ".join(said)
    return f" {text[:1].upper()}{text[1:]}." if said else ""


def _print_list(console: "Console", heading: str, entries: Sequence[str]) -> None:
    """Print entries below each other, wrapped under their first letter; nothing where there are none."""
    from rich.padding import Padding
    from rich.text import Text

    if entries:
        console.print(f"\n{heading}:", highlight=False)
    for entry in entries:
        console.print(Padding(Text(entry, overflow="fold"), (0, 0, 0, 2)), highlight=False)

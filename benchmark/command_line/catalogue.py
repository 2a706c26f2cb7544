"""`emobench list` and `emobench show`: what there is, without running any of it."""

import inspect
import shutil
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from ..errors import SpecError, UnknownName, suggestion
from ..registry import KINDS, MODELS, PROTOCOLS, Kind, names, plugin_class, summary
from ..specs import parse
from .help_option import Help

if TYPE_CHECKING:
    from rich.console import Console


_LISTED = (*KINDS, "suites")
KIND = " | ".join(_LISTED)
"""What may be typed after `emobench list`."""


def list_plugins(context: typer.Context, asked: Help = False) -> None:
    """List models, methods, calibrators, protocols, data, metrics, formats or suites."""
    from ..suite_files import suite_names, title_of

    kind = " ".join(context.args)
    if kind not in _LISTED:
        hint = suggestion(kind, _LISTED) if kind else "type: emobench list models"
        raise SpecError(f"expected one of {', '.join(_LISTED)}, got {repr(kind) if kind else 'none'}; {hint}")
    if kind in KINDS:
        _print_list({name: summary(KINDS[kind], name) for name in names(KINDS[kind])})
    else:
        _print_list({name: title_of(name) for name in suite_names()})


def _print_list(entries: Mapping[str, str]) -> None:
    """Print a line per entry, or several below each other where it is long."""
    first = max(map(len, entries)) + 2
    # As wide as the terminal; a few words beside the names even where that is narrow.
    width = max(shutil.get_terminal_size().columns, first + 20)
    for name, text in entries.items():
        line, *more = textwrap.wrap(text, width - first) or [""]
        typer.echo(f"{typer.style(name, bold=True)}{' ' * (first - len(name))}{line}".rstrip())
        for line in more:
            typer.echo(" " * first + line)


def show_plugin(context: typer.Context, asked: Help = False) -> None:
    """Show what a model, protocol, data set, metric or suite is, with its arguments and source.

    NAME is one of `emobench list`.
    """
    from rich.console import Console
    from rich.markup import escape

    from ..suite_files import is_suite

    name = " ".join(context.args)
    if not name:
        raise SpecError("expected the name of what to show, got none; type: emobench list models")
    console = Console()
    if is_suite(name):
        from .suites import print_suite

        print_suite(console, name)
        return
    for kind in _kinds_of(parse(name)[0].name):
        plugin = plugin_class(kind, parse(name)[0].name)
        console.print(f"[bold]{parse(name)[0].name}[/bold] ({kind.singular})")
        about = inspect.getdoc(inspect.getmodule(plugin)) or inspect.getdoc(plugin) or ""
        console.print(escape(_reflowed(about)), highlight=False)
        if kind is MODELS:
            from .card import print_card

            print_card(console, parse(name)[0].name, plugin)
        _print_arguments(console, plugin)
        if kind is PROTOCOLS:
            _print_conditions(console, name)


def _print_conditions(console: "Console", text: str) -> None:
    """Print the conditions that the text stands for, and how their random numbers are made."""
    from rich.markup import escape

    from ...protocols.base import DataFacts
    from ..conditions import expand

    facts = DataFacts(("text", "audio", "video"), speakers=3, turns=20)
    conditions = expand(text, facts).conditions
    lines = [f"\nConditions that `{text}` stands for, on data with text, audio and video:"]
    lines += [f"  {condition.text}" for condition in conditions]
    lines += ["", _SEEDS] if any(condition.random for condition in conditions) else []
    console.print(escape("\n".join(lines)), highlight=False)


_SEEDS = (
    "Random numbers: the number that seeds a generator is Randomness(seed, purpose).integer(), the first 16 bytes, the "
    "highest first, of the SHA-256 of the seed and the words of the purpose, each written as its length, a colon and "
    "itself (seed 0 and the words stress, 0 give 1:06:stress1:0). A run folder's stresses/*.parquet hold, for every "
    "utterance under every condition and draw, what was done to it, and the seeds and purposes in their metadata."
)


def _kinds_of(name: str) -> list[Kind]:
    from ..suite_files import suite_names

    found = [kind for kind in KINDS.values() if name in names(kind)]
    if not found:
        raise UnknownName("name", name, {known for kind in KINDS.values() for known in names(kind)} | {*suite_names()})
    return found


def _reflowed(text: str) -> str:
    """Return a docstring with each paragraph on one line, to be wrapped anew; what is indented stays as it is."""
    paragraphs = (paragraph.splitlines() for paragraph in text.split("\n\n"))
    return "\n\n".join(
        "\n".join(lines) if any(line.startswith((" ", "-", "|")) for line in lines) else " ".join(lines)
        for lines in paragraphs
    )


def _print_arguments(console: "Console", plugin: type) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ..arguments import describe

    arguments = describe(plugin)
    if not arguments:
        console.print("\nNo arguments.")
        return
    by_preset = {name for preset in getattr(plugin, "presets", {}).values() for name in preset}
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("argument", "default", "unit", "what"):
        table.add_column(heading, header_style="bold", no_wrap=heading in ("argument", "default"), overflow="fold")
    for argument in arguments:
        default = argument.default or ("preset" if argument.name in by_preset else "–")
        table.add_row(argument.name, default, argument.unit or "–", escape(f"{argument.about} ({argument.kind})"))
    console.print("")
    console.print(table)

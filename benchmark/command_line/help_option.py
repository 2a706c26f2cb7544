"""An option --help of our own, for what has to answer at once.

typer has pydantic read its own option even where it was not typed; that import takes as long as a whole list.
"""

from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup


class Command(TyperCommand):
    """A command whose function is given what it says: without, typer hands over a base class of `typer.Context`."""

    context_class = typer.Context


class Group(TyperGroup):
    """Commands, the same."""

    context_class = typer.Context


def _print_help(context: typer.Context, wanted: bool) -> bool:
    if wanted:
        typer.echo(context.get_help())
        raise typer.Exit
    return False


Help = Annotated[
    bool, typer.Option("--help", "-h", callback=_print_help, is_eager=True, help="Show this message and exit.")
]

"""`emobench data add | describe | verify`, each a thin shell around `data_commands`."""

from pathlib import Path
from typing import Annotated

import typer

from .help_option import Group

app = typer.Typer(cls=Group)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Data set, as in `emobench list data`.")]


@app.callback(invoke_without_command=True)
def root(context: typer.Context) -> None:
    """Print what can be done where nothing was asked for."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def add(
    name: Name,
    source: Annotated[
        list[Path],
        typer.Option(
            "--from", metavar="PATH …", help="Folder with the public files, or feature files, which are joined."
        ),
    ],
    # What stands behind the first path: an option takes one value.
    more: Annotated[list[Path] | None, typer.Argument(metavar="PATH", hidden=True)] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Accept counts other than the published ones.")] = False,
    text_encoder: Annotated[
        str,
        typer.Option(
            metavar="ENCODER", help="Sentence encoder for data with text only: a folder, or a name on the hub."
        ),
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Convert the public files of a data set once, and keep the result."""
    from .. import data_commands
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        added = data_commands.add(
            name, [*source, *(more or ())], partial=partial, text_encoder=text_encoder, progress=progress
        )
    if not quiet:
        typer.echo(f"{added.text}\nstored in    {added.folder}")


@app.command()
def describe(name: Name) -> None:
    """Print counts, label shares, widths, fingerprint, licence and known leaks."""
    from .. import data_commands

    typer.echo(data_commands.describe(name).text)


@app.command()
def verify(name: Name) -> None:
    """Check that a data set can be read and its content is what it was when added."""
    from .. import data_commands

    verified = data_commands.verify(name)
    typer.echo(
        f"{verified.text}\nverified     the content is {'as added' if verified.folder else 'the same each time'}"
    )

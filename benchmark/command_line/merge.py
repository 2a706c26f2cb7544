"""`emobench merge`: partial runs become one, a thin shell around `api.merge`."""

from pathlib import Path
from typing import Annotated

import typer


def merge(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN…", help="Run folders, two or more; they stay.")],
    out: Annotated[Path, typer.Option(help="New run folder.")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Put partial runs together: other models, data, seeds, protocols or conditions of the same experiment.

    Neither the data nor the models are needed. Runs that disagree are refused. Latencies, comparisons and reports are
    not taken over; `emobench report` writes the last anew.
    """
    from .. import api
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        outcome = api.merge(runs, out, progress=progress)
    if not quiet:
        done = sum(cell.state == "done" for cell in outcome.record.cells)
        typer.echo(f"{done} cells of {len(runs)} runs; type: emobench report {out}")

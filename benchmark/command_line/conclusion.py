"""What a command says at its end of the run folder that it leaves, and its exit code."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from .. import api


def conclude(outcome: "api.Outcome | api.Reported", *, quiet: bool) -> int:
    """Print the table of main figures and say what failed; exit code 1 where a cell failed, or nothing was computed."""
    from .. import api
    from ..latency.files import has_latencies

    if not quiet:
        from rich.console import Console

        from ...reports.terminal import summary

        written = outcome.paths if isinstance(outcome, api.Reported) else ()
        # A path that is cut can be neither clicked nor copied.
        Console().print(summary(outcome.folder, written), crop=False)
    failed = [cell for cell in outcome.record.cells if cell.state == "failed"]
    for why in dict.fromkeys(f"{cell.model} on {cell.data}: {cell.why}" for cell in failed):
        typer.echo(f"emobench: failed: {why}", err=True)
    wanted = {model.name for model in outcome.record.models if not model.reference}
    done = {(cell.model, cell.data) for cell in outcome.record.cells if cell.state == "done"}
    declined = [cell for cell in outcome.record.cells if cell.model in wanted and cell.state == "not applicable"]
    for why in dict.fromkeys(f"{c.model} on {c.data}: {c.why}" for c in declined if (c.model, c.data) not in done):
        typer.echo(f"emobench: not applicable: {why}", err=True)
    timed_only = has_latencies(outcome.folder) and not outcome.record.cells
    return 1 if failed or not (timed_only or any(model in wanted for model, _ in done)) else 0

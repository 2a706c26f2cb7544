"""The commands, each a thin shell around a function of the package.

What a command needs is imported inside it: `emobench --help` must not wait for torch.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import check, data
from .catalogue import list_plugins, show_plugin
from .compare import compare
from .published import list_published
from .template import template

if TYPE_CHECKING:
    from .. import api

app = typer.Typer(
    help="How far can a multimodal emotion recogniser be trusted under stress?",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data", help="Add data sets, look at them, verify them.")
app.command("list", help="List models, calibrators, protocols, data, metrics or formats.")(list_plugins)
app.command("show", help="Show what a model, protocol, data set or metric is, with its arguments and source.")(
    show_plugin
)
app.command("published")(list_published)
app.command("template", help="Write the rows that saved predictions have to fill.")(template)
app.command("check")(check.check)
app.command("accept")(check.accept)
app.command("compare")(compare)

Models = Annotated[
    list[str], typer.Option("--model", metavar="MODEL", help="Model, such as rage_fusion; may be repeated.")
]
Data = Annotated[list[str], typer.Option("--data", metavar="DATA", help="Data set; may be repeated.")]
Seeds = Annotated[int, typer.Option(help="Number of training seeds.")]
FirstSeed = Annotated[int, typer.Option(help="First training seed; the others follow it.")]
Selection = Annotated[str, typer.Option(metavar="validation|test", help="Split that chooses the epoch.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where torch models run.")]
Out = Annotated[Path | None, typer.Option(help="Run folder (default: below runs/, named after what is run).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]


def _print_version(wanted: bool | None) -> None:
    if wanted:
        from ... import __version__

        typer.echo(f"emobench {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = None,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def run(
    model: Models,
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="PROTOCOL", help="Protocol (its ladder) or condition; may be repeated."),
    ] = None,
    data: Data = ["simulated"],  # noqa: B006 (typer copies it)
    seeds: Seeds = 1,
    first_seed: FirstSeed = 0,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="METRIC", help="Metric (default: all); may be repeated.")
    ] = None,
    selection: Selection = "validation",
    device: Device = "auto",
    stress_seed: Annotated[int, typer.Option(help="Seed of the stresses, shared by all models.")] = 0,
    stress_draws: Annotated[int, typer.Option(help="How often each random condition is drawn.")] = 3,
    draws: Annotated[int, typer.Option(help="Bootstrap draws.")] = 10_000,
    report_format: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="FORMAT", help="Report format (default: all); may be repeated."),
    ] = None,
    out: Out = None,
    quiet: Quiet = False,
) -> int:
    """Train, stress, score and report: the whole way from a model to a page."""
    from .. import api
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        outcome = api.run(
            models=model,
            protocols=protocol or [],
            data=data,
            out=out,
            options=api.options(
                seeds=seeds,
                first_seed=first_seed,
                stress_seed=stress_seed,
                stress_draws=stress_draws,
                selection=selection,
                device=device,
                draws=draws,
                metrics=metric or [],
            ),
            formats=report_format,
            progress=progress,
        )
    return _conclude(outcome, quiet=quiet)


@app.command()
def train(
    model: Models,
    data: Data = ["simulated"],  # noqa: B006 (typer copies it)
    seeds: Seeds = 1,
    first_seed: FirstSeed = 0,
    selection: Selection = "validation",
    device: Device = "auto",
    out: Out = None,
    quiet: Quiet = False,
) -> int:
    """Train models and keep their checkpoints; `emobench run --out` with the same folder goes on from there."""
    from .. import api
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        outcome = api.run(
            models=model,
            data=data,
            out=out,
            options=api.options(seeds=seeds, first_seed=first_seed, selection=selection, device=device),
            formats=[],
            progress=progress,
        )
    return _conclude(outcome, quiet=quiet)


@app.command()
def score(folder: Run, quiet: Quiet = False) -> int:
    """Compute all figures of a run folder again from its predictions."""
    from .. import api
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        outcome = api.score(folder, progress=progress)
    return _conclude(outcome, quiet=quiet)


@app.command()
def report(
    folder: Run,
    report_format: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="FORMAT", help="html, latex or figures (default: all); may be repeated."),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Write the reports of a run folder again from its figures."""
    from .. import api

    return _conclude(api.report(folder, formats=report_format), quiet=quiet)


def _conclude(outcome: "api.Outcome", *, quiet: bool) -> int:
    """Print the table of main figures and say what failed; exit code 1 where a cell failed, or nothing was computed."""
    if not quiet:
        from rich.console import Console

        from ...reports.terminal import summary

        # A path that is cut can be neither clicked nor copied.
        Console().print(summary(outcome.folder), crop=False)
    failed = [cell for cell in outcome.record.cells if cell.state == "failed"]
    for why in dict.fromkeys(f"{cell.model} on {cell.data}: {cell.why}" for cell in failed):
        typer.echo(f"emobench: failed: {why}", err=True)
    wanted = {model.name for model in outcome.record.models if not model.reference}
    done = {(cell.model, cell.data) for cell in outcome.record.cells if cell.state == "done"}
    declined = [cell for cell in outcome.record.cells if cell.model in wanted and cell.state == "not applicable"]
    for why in dict.fromkeys(f"{c.model} on {c.data}: {c.why}" for c in declined if (c.model, c.data) not in done):
        typer.echo(f"emobench: not applicable: {why}", err=True)
    return 1 if failed or not any(model in wanted for model, _ in done) else 0

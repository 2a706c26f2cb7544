"""The commands, each a thin shell around a function of the package.

What a command needs is imported inside it: `emobench --help` must not wait for torch.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import catalogue, check, data
from .compare import compare
from .help_option import Command, Group, Help
from .latency import latency
from .published import list_published
from .template import template

if TYPE_CHECKING:
    from .. import api


app = typer.Typer(
    cls=Group,
    help="How far can a multimodal emotion recogniser be trusted under stress?",
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: what draws panels takes longer to import than all else that help needs.
    rich_markup_mode=None,
    add_help_option=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
app.add_typer(data.app, name="data", help="Add data sets, look at them, verify them.")
app.command(
    "list",
    cls=Command,
    short_help="List models, protocols, data, metrics, formats, suites.",
    options_metavar=catalogue.KIND,
    add_help_option=False,
    # What is typed goes to the function as it is, so that pydantic need not read it.
    context_settings={"allow_extra_args": True},
)(catalogue.list_plugins)
app.command(
    "show",
    cls=Command,
    short_help="Show what one of them is, its arguments and its source.",
    options_metavar="NAME",
    add_help_option=False,
    context_settings={"allow_extra_args": True},
)(catalogue.show_plugin)
app.command("published", short_help="List the figures that papers print about models.")(list_published)
app.command("template", help="Write the rows that saved predictions have to fill.")(template)
app.command("check")(check.check)
app.command("accept")(check.accept)
app.command("compare", short_help="Tell which differences are more than chance.")(compare)
app.command("latency", short_help="Measure how long a user waits for an answer.")(latency)

Models = Annotated[
    list[str], typer.Option("--model", metavar="MODEL", help="Model, such as rage_fusion; may be repeated.")
]
MoreModels = Annotated[
    list[str] | None, typer.Option("--model", metavar="MODEL", help="Model, such as rage_fusion; may be repeated.")
]
Suites = Annotated[
    list[str] | None,
    typer.Option(
        "--suite", metavar="SUITE", help="Table of a paper (`emobench list suites`) or a TOML file; may be repeated."
    ),
]
Preset = Annotated[
    str | None, typer.Option(metavar="suite|paper|paper_meld", help="Preset of the models of the suites.")
]
# None: not typed, so that what a suite says can be told from what was typed; else as `Options` has it.
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="DATA", help="Data set (default: simulated); may be repeated."),
]
Seeds = Annotated[int | None, typer.Option(help="Number of training seeds (default: 1).")]
FirstSeed = Annotated[int | None, typer.Option(help="First training seed (default: 0); the others follow it.")]
Selection = Annotated[
    str | None,
    typer.Option(metavar="validation|test", help="Split that chooses the epoch (default: validation)."),
]
Device = Annotated[str | None, typer.Option(metavar="auto|cpu|cuda", help="Where torch models run (default: auto).")]
Out = Annotated[Path | None, typer.Option(help="Run folder (default: below runs/, named after what is run).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]


def _print_version(wanted: bool) -> bool:
    if wanted:
        from ... import __version__

        typer.echo(f"emobench {__version__}")
        raise typer.Exit
    return False


@app.callback()
def root(
    asked: Help = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command(short_help="Train, stress, score and report: from a model to a page.")
def run(
    model: MoreModels = None,
    suite: Suites = None,
    preset: Preset = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="PROTOCOL", help="Protocol (its ladder) or condition; may be repeated."),
    ] = None,
    data: Data = None,
    seeds: Seeds = None,
    first_seed: FirstSeed = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="METRIC", help="Metric (default: all); may be repeated.")
    ] = None,
    selection: Selection = None,
    device: Device = None,
    stress_seed: Annotated[
        int | None, typer.Option(help="Seed of the stresses, shared by all models (default: 0).")
    ] = None,
    stress_draws: Annotated[
        int | None, typer.Option(help="How often each random condition is drawn (default: 3).")
    ] = None,
    draws: Annotated[int | None, typer.Option(help="Bootstrap draws (default: 10000).")] = None,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Keep hidden vectors, for silhouettes and t-SNE; may be asked for later.")
    ] = False,
    report_format: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="FORMAT", help="Report format (default: all); may be repeated."),
    ] = None,
    out: Out = None,
    quiet: Quiet = False,
) -> int:
    """Train, stress, score and report: the whole way from a model to a page.

    Beside a suite --model, --protocol and --metric add to it; all other options take the place of what it says.
    """
    from .. import api
    from ..progress import shown
    from ..suite_requests import resolve

    asked = resolve(
        suite or [],
        models=model or [],
        protocols=protocol or [],
        data=data or [],
        preset=preset or "",
        options=_typed(
            seeds=seeds,
            first_seed=first_seed,
            stress_seed=stress_seed,
            stress_draws=stress_draws,
            selection=selection,
            device=device,
            draws=draws,
            hidden=hidden or None,
        ),
        metrics=metric or [],
    )
    for name, why in asked.missing.items():
        typer.echo(f"emobench: missing data: {name}: {why}", err=True)
    with shown(quiet=quiet) as progress:
        outcome = api.run_resolved(asked, out=out, formats=report_format, progress=progress)
    return _conclude(outcome, quiet=quiet)


@app.command(short_help="Train models and keep their checkpoints.")
def train(
    model: Models,
    data: Data = None,
    seeds: Seeds = None,
    first_seed: FirstSeed = None,
    selection: Selection = None,
    device: Device = None,
    out: Out = None,
    quiet: Quiet = False,
) -> int:
    """Train models and keep their checkpoints; `emobench run --out` with the same folder goes on from there."""
    from .. import api
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        outcome = api.run(
            models=model,
            data=data or ["simulated"],
            out=out,
            options=api.options(**_typed(seeds=seeds, first_seed=first_seed, selection=selection, device=device)),
            formats=[],
            progress=progress,
        )
    return _conclude(outcome, quiet=quiet)


@app.command(short_help="Compute all figures of a run again.")
def score(folder: Run, quiet: Quiet = False) -> int:
    """Compute all figures of a run folder again from its predictions."""
    from .. import api
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        outcome = api.score(folder, progress=progress)
    return _conclude(outcome, quiet=quiet)


@app.command(short_help="Write the reports of a run again.")
def report(
    folder: Run,
    report_format: Annotated[
        list[str] | None,
        typer.Option(
            "--format", metavar="FORMAT", help="csv, figures, html, latex or markdown (default: all); may be repeated."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="model=…|data=…|section=…",
            help="Part to report on, such as model=m3net or section=calibration; may be repeated. The reports take the "
            "place of those of the whole run.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Write the reports of a run folder again from its figures."""
    from .. import api

    with _few_collections():
        return _conclude(api.report(folder, formats=report_format, only=only or ()), quiet=quiet)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for unused cycles seldom: what a report reads lives to its end, and going through it takes a tenth of it."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _typed(**options: int | str | None) -> dict[str, int | str]:
    """Return the options that were typed, by name."""
    return {name: value for name, value in options.items() if value is not None}


def _conclude(outcome: "api.Outcome | api.Reported", *, quiet: bool) -> int:
    """Print the table of main figures and say what failed; exit code 1 where a cell failed, or nothing was computed."""
    from ..latency.files import has_latencies

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
    timed_only = has_latencies(outcome.folder) and not outcome.record.cells
    return 1 if failed or not (timed_only or any(model in wanted for model, _ in done)) else 0

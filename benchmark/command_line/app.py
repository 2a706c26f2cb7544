"""The commands, each a thin shell around a function of the package.

What a command needs is imported inside it: `emobench --help` must not wait for torch.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from . import catalogue, check, data
from .compare import compare
from .conclusion import conclude
from .execution_options import (
    Address,
    ExecutorName,
    GpusPerWorker,
    MaxFailures,
    MemoryPerWorker,
    Threads,
    Timeout,
    Workers,
)
from .help_option import Command, Group, Help
from .latency import latency
from .merge import merge
from .plan import plan
from .published import list_published
from .run_options import (
    Data,
    Device,
    Draws,
    FirstSeed,
    Hidden,
    Metrics,
    Models,
    MoreModels,
    Out,
    Preset,
    Protocols,
    Quiet,
    Run,
    Seeds,
    Selection,
    StressDraws,
    StressSeed,
    Suites,
    parts_of,
    typed,
)
from .template import template

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
app.command("merge", short_help="Put partial runs together into one.")(merge)
app.command("plan", short_help="Tell what a run would take, and what is there already.")(plan)
app.command("latency", short_help="Measure how long a user waits for an answer.")(latency)


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
    protocol: Protocols = None,
    data: Data = None,
    seeds: Seeds = None,
    first_seed: FirstSeed = None,
    metric: Metrics = None,
    selection: Selection = None,
    device: Device = None,
    stress_seed: StressSeed = None,
    stress_draws: StressDraws = None,
    draws: Draws = None,
    hidden: Hidden = False,
    report_format: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="FORMAT", help="Report format (default: all); may be repeated."),
    ] = None,
    threads: Threads = None,
    workers: Workers = None,
    executor: ExecutorName = "local",
    address: Address = "",
    memory_per_worker: MemoryPerWorker = "",
    gpus_per_worker: GpusPerWorker = 0.0,
    timeout: Timeout = None,
    max_failures: MaxFailures = None,
    out: Out = None,
    quiet: Quiet = False,
) -> int:
    """Train, stress, score and report: the whole way from a model to a page.

    Beside a suite --model, --protocol and --metric add to it; all other options take the place of what it says.
    """
    from .. import api
    from ..executors.execution import Execution, memory_of
    from ..progress import shown

    execution = Execution(
        workers=workers,
        executor=executor,
        address=address,
        memory=memory_of(memory_per_worker or "0B"),
        gpus=gpus_per_worker,
        timeout=timeout,
        max_failures=max_failures,
    )
    parts = parts_of(
        suite or [],
        model=model,
        protocol=protocol,
        data=data,
        metric=metric,
        preset=preset,
        seeds=seeds,
        first_seed=first_seed,
        stress_seed=stress_seed,
        stress_draws=stress_draws,
        selection=selection,
        device=device,
        draws=draws,
        hidden=hidden or None,
        threads=threads,
    )
    for name, why in parts.missing.items():
        typer.echo(f"emobench: missing data: {name}: {why}", err=True)
    for part in parts.runs if len(parts.runs) > 1 else ():
        # A mistake in the last is found before the first runs.
        api.plan_resolved(part.asked, out=out and out / part.name)
    codes = []
    for part in parts.runs:
        if part.name and not quiet:
            typer.echo(f"{part.asked.suites[0].text}:")
        with shown(quiet=quiet) as progress:
            outcome = api.run_resolved(
                part.asked,
                out=out and out / part.name,
                formats=report_format,
                execution=execution,
                progress=progress,
            )
        codes.append(conclude(outcome, quiet=quiet))
    return max(codes)


@app.command(short_help="Train models and keep their checkpoints.")
def train(
    model: Models,
    data: Data = None,
    seeds: Seeds = None,
    first_seed: FirstSeed = None,
    selection: Selection = None,
    device: Device = None,
    threads: Threads = None,
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
            options=api.options(
                **typed(seeds=seeds, first_seed=first_seed, selection=selection, device=device, threads=threads)
            ),
            formats=[],
            progress=progress,
        )
    return conclude(outcome, quiet=quiet)


@app.command(short_help="Compute all figures of a run again.")
def score(folder: Run, quiet: Quiet = False) -> int:
    """Compute all figures of a run folder again from its predictions."""
    from .. import api
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        outcome = api.score(folder, progress=progress)
    return conclude(outcome, quiet=quiet)


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
        return conclude(api.report(folder, formats=report_format, only=only or ()), quiet=quiet)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for unused cycles seldom: what a report reads lives to its end, and going through it takes a tenth of it."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)

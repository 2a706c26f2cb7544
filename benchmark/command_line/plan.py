"""`emobench plan`: what a run would take, a thin shell around `planning.forecast`."""

from pathlib import Path
from typing import Annotated

import typer

from .execution_options import Threads
from .run_options import (
    Data,
    Device,
    Draws,
    FirstSeed,
    Hidden,
    Metrics,
    MoreModels,
    Out,
    Preset,
    Protocols,
    Seeds,
    Selection,
    StressDraws,
    StressSeed,
    Suites,
    parts_of,
)


def plan(
    suites: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SUITE]...", help="Table of a paper (`emobench list suites`) or a TOML file."),
    ] = None,
    suite: Suites = None,
    model: MoreModels = None,
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
    threads: Threads = None,
    workers: Annotated[int, typer.Option(min=1, max=1000, help="Fits that are made at once.")] = 1,
    out: Out = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Tell what `emobench run` with the same options would take; nothing is computed or written.

    Times are those that this run folder recorded, and others below runs/; what nobody recorded is said to be unknown.
    """
    from .. import api
    from ..planning.forecast import forecast

    parts = parts_of(
        [*(suites or []), *(suite or [])],
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
    # The blocks of a suite tell of each other, also where they are not below runs/.
    others = [Path("runs"), *([out] if out and parts.runs[0].name else [])]
    forecasts = []
    for part in parts.runs:
        planned, folder = api.plan_resolved(part.asked, out=out and out / part.name)
        forecasts.append(forecast(planned, folder, name=part.name, workers=workers, others=others))
    if as_json:
        import json

        from ..planning.shown import as_json as plain

        typer.echo(json.dumps(plain(forecasts, parts.missing), indent=1))
        return 0
    from rich.console import Console

    from ..planning.shown import table_of

    for name, why in parts.missing.items():
        typer.echo(f"emobench: missing data: {name}: {why}", err=True)
    console = Console(highlight=False)
    for number, one in enumerate(forecasts):
        if number:
            console.print()
        console.print(table_of(one), crop=False)
    return 0

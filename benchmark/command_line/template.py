"""`emobench template`, a thin shell around `prediction_template`."""

from pathlib import Path
from typing import Annotated

import typer


def template(
    data: Annotated[str, typer.Option("--data", metavar="DATA", help="Data set.")],
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="PROTOCOL", help="Protocol (its ladder) or condition; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File that ends in .csv or .parquet.")] = None,
    seeds: Annotated[int, typer.Option(help="Rows for each of so many training seeds (0: the same for all).")] = 0,
    stress_seed: Annotated[int, typer.Option(help="Seed of the stresses, as of the run.")] = 0,
    stress_draws: Annotated[int, typer.Option(help="Draws of each random condition, as of the run.")] = 3,
) -> None:
    """Write the rows that saved predictions have to fill."""
    from ..prediction_template import write_template

    written = write_template(
        data, protocol or [], out=out, seeds=seeds, stress_seed=stress_seed, stress_draws=stress_draws
    )
    typer.echo(
        f"{written.path}: {written.rows} rows, {written.conditions} condition{'s' * (written.conditions != 1)}. "
        f"Fill the columns p_…, then type:\n{written.command}"
    )

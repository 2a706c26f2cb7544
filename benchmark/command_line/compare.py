"""`emobench compare`: differences between models, conditions and runs, a thin shell around `api.compare`."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Run folders, one or more, of the same data.")],
    against: Annotated[
        str, typer.Option(metavar="MODEL", help="Compare all with this model (default: the first of the first run).")
    ] = "",
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC", help="Metric (default: weighted_f1, ece, nll, brier); may be repeated."),
    ] = None,
    condition: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Conditions, such as 'noise:*' (default: all).")
    ] = None,
    conditions: Annotated[
        bool, typer.Option("--conditions", help="Compare conditions with clean input, within each model.")
    ] = False,
    training: Annotated[
        bool, typer.Option("--training", help="Count in intervals and p what another training seed would change.")
    ] = False,
    margin: Annotated[float, typer.Option(help="Difference that does not matter, in units of the metric.")] = 0.01,
    level: Annotated[float, typer.Option(help="Level of the intervals; 1 − level is the error allowed.")] = 0.95,
    out: Annotated[
        Path | None, typer.Option(help="Folder for comparisons.parquet (default: the first run folder).")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
) -> None:
    """Tell which differences between models, runs or conditions are more than chance."""
    from ..comparisons import Asking
    from ..comparisons import compare as compare_runs
    from ..progress import shown
    from ..run_folder import RunFolder

    asking = Asking(
        metrics=tuple(metric or ()),
        conditions=tuple(condition or ()),
        against=against,
        with_clean=conditions,
        margin=margin,
        level=level,
        training=training,
    )
    replaced = RunFolder(out or runs[0]).comparisons_path.exists()
    with shown(quiet=quiet) as progress:
        path, _ = compare_runs(runs, asking, out=out, progress=progress)
    if not quiet:
        from rich.console import Console

        from ...reports.comparison_terminal import comparison_summary

        # A path that is cut can be neither clicked nor copied.
        Console().print(comparison_summary(path, replaced=replaced), crop=False)

"""What is typed about a run, wherever one is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..suite_requests import Parts

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
Protocols = Annotated[
    list[str] | None,
    typer.Option("--protocol", metavar="PROTOCOL", help="Protocol (its ladder) or condition; may be repeated."),
]
Metrics = Annotated[
    list[str] | None, typer.Option("--metric", metavar="METRIC", help="Metric (default: all); may be repeated.")
]
StressSeed = Annotated[int | None, typer.Option(help="Seed of the stresses, shared by all models (default: 0).")]
StressDraws = Annotated[int | None, typer.Option(help="How often each random condition is drawn (default: 3).")]
Draws = Annotated[int | None, typer.Option(help="Bootstrap draws (default: 10000).")]
Hidden = Annotated[
    bool, typer.Option("--hidden", help="Keep hidden vectors, for silhouettes and t-SNE; may be asked for later.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]


def parts_of(
    suites: list[str],
    *,
    model: list[str] | None,
    protocol: list[str] | None,
    data: list[str] | None,
    metric: list[str] | None,
    preset: str | None,
    **options: int | str | None,
) -> "Parts":
    """Return the runs that suites, and what was typed beside them, come to; `options` as for `typed`."""
    from ..suite_requests import Typed, resolve_all

    beside = Typed(model or [], protocol or [], data or [], metric or [], preset or "", typed(**options))
    return resolve_all(suites, beside)


def typed(**options: int | str | None) -> dict[str, int | str]:
    """Return the options that were typed, by name."""
    return {name: value for name, value in options.items() if value is not None}

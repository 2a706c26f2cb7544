"""`emobench latency`: how long a user waits, a thin shell around `latency.run.measure_latencies`."""

from pathlib import Path
from typing import Annotated

import typer


def latency(
    model: Annotated[
        list[str], typer.Option("--model", metavar="MODEL", help="Model, such as rage_fusion; may be repeated.")
    ],
    data: Annotated[
        list[str] | None, typer.Option(metavar="DATA", help="Data set (default: simulated); may be repeated.")
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            metavar="single|stream|batch",
            help="One dialogue so far and a new utterance, dialogues turn by turn, or many at once (default: all).",
        ),
    ] = None,
    budget_ms: Annotated[float | None, typer.Option(help="Budget in milliseconds for an answer.")] = None,
    budget_percentile: Annotated[
        float, typer.Option(help="Percentile that has to keep within the budget, by its bound.")
    ] = 95.0,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="Where torch models run.")] = "auto",
    dtype: Annotated[
        list[str] | None,
        typer.Option(metavar="float32|bfloat16|float16", help="Precision (default: float32); may be repeated."),
    ] = None,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile networks with torch.compile.")] = False,
    cuda_graphs: Annotated[bool, typer.Option("--cuda-graphs", help="Compile them, with CUDA graphs.")] = False,
    threads: Annotated[
        list[int] | None, typer.Option(help="Threads of the processor (default: 1); may be repeated.")
    ] = None,
    batch: Annotated[
        list[int] | None, typer.Option(help="Dialogues at once (default: 8, 64; one is `single`); may be repeated.")
    ] = None,
    context: Annotated[
        list[int] | None,
        typer.Option(help="Turns before the one wanted (default: as the dialogues have it); may be repeated."),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="MODALITY|none", help="Missing modalities, such as audio/text; may be repeated."),
    ] = None,
    iterations: Annotated[int, typer.Option(help="Measure at least so many iterations,")] = 300,
    seconds: Annotated[float, typer.Option(help="and at least so many seconds,")] = 2.0,
    limit: Annotated[float, typer.Option(help="but no longer than this many seconds.")] = 60.0,
    untrained: Annotated[bool, typer.Option("--untrained", help="Measure networks with their first weights.")] = False,
    out: Annotated[Path | None, typer.Option(help="Run folder (default: that of `emobench run` for these).")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
) -> int:
    """Measure how long a user waits for an answer: percentiles with bounds, each in a fresh process.

    Models are trained as `emobench run` does, unless the run folder holds them trained. Raw samples are kept.
    """
    from ..latency.asking import Asking
    from ..latency.run import measure_latencies
    from ..progress import shown

    usual = Asking()
    asking = Asking(
        scenarios=tuple(scenario or usual.scenarios),
        device=device,
        dtypes=tuple(dtype or usual.dtypes),
        compiled=compiled,
        cuda_graphs=cuda_graphs,
        threads=tuple(threads or usual.threads),
        batches=tuple(batch or usual.batches),
        contexts=tuple(context or usual.contexts),
        dropped=tuple(drop or usual.dropped),
        iterations=iterations,
        seconds=seconds,
        limit=limit,
        budget=budget_ms,
        budget_percent=budget_percentile,
        untrained=untrained,
    )
    with shown(quiet=quiet) as progress:
        found = measure_latencies(model, data=data or ["simulated"], asking=asking, out=out, progress=progress)
    if not quiet:
        from rich.console import Console

        from ...reports.latency_terminal import latency_summary

        # A path that is cut can be neither clicked nor copied.
        Console().print(latency_summary(found.folder, [one.cell for one in found.cells]), crop=False)
    for one in found.cells:
        if one.state != "done":
            typer.echo(f"emobench: {one.state}: {one.cell.text}: {one.why}", err=True)
    return 1 if any(one.state == "failed" for one in found.cells) else 0

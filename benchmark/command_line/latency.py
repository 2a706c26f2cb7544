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
            metavar="single|stream|batch", help="What is asked, see above (default: all three); may be repeated."
        ),
    ] = None,
    budget_ms: Annotated[
        float | None, typer.Option(metavar="MS", help="Milliseconds within which an answer has to come.")
    ] = None,
    budget_percentile: Annotated[
        float,
        typer.Option(metavar="PERCENT", help="Percent of the answers that have to come within it."),
    ] = 95.0,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda", help="Where networks run; auto is cuda where there is one.")
    ] = "auto",
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            metavar="float32|bfloat16|float16", help="Precision of networks (default: float32); may be repeated."
        ),
    ] = None,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile networks with torch.compile.")] = False,
    cuda_graphs: Annotated[bool, typer.Option("--cuda-graphs", help="Compile them, and record CUDA graphs.")] = False,
    threads: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Threads of the processor (default: 1); may be repeated."),
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Dialogues at once, for batch (default: 8 and 64); may be repeated."),
    ] = None,
    context: Annotated[
        list[int] | None,
        typer.Option(
            metavar="TURNS",
            help="Ask, in single and batch, about utterances with so many turns before them (default: any); may be "
            "repeated.",
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="MODALITY|none", help="Ask with modalities missing, such as audio/text; may be repeated."),
    ] = None,
    iterations: Annotated[int, typer.Option(metavar="N", help="Iterations that each measurement has at least.")] = 300,
    seconds: Annotated[float, typer.Option(metavar="SECONDS", help="Time that it takes at least.")] = 2.0,
    limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Time after which it ends all the same, which is noted."),
    ] = 60.0,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Measure networks with their first weights, which are as fast.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Run folder (default: that of `emobench run` for these).")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
) -> int:
    """Measure how long whoever asks a model waits for its answer, on this machine.

    What is asked: `single`, one dialogue so far and one new utterance, as an interface does; `stream`, dialogues
    turn by turn; `batch`, many dialogues at once. Each is measured in a fresh process, warmed up first. Percentiles
    come with bounds that hold with 95 % confidence; with --budget-ms it is said whether the budget holds.

    Options that are repeated are measured in all combinations. Models are trained as `emobench run` does, unless the
    run folder holds them trained. Samples and figures stay in that folder; `emobench report FOLDER` shows them.

    For example: emobench latency --model rage_fusion --model late_fusion --budget-ms 50
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
    states = {one.state for one in found.cells}
    if "done" not in states:
        typer.echo("emobench: nothing was measured, for the reasons above", err=True)
    return 1 if "failed" in states or "done" not in states else 0

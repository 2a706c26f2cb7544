"""What is typed about who computes a run: of these only the number of threads can change a digit."""

from typing import Annotated

import typer

Threads = Annotated[
    int | None, typer.Option(help="Threads of each process that computes (default: 1); more change last digits.")
]
Workers = Annotated[
    int | None,
    typer.Option(help="Processes that compute at once (default: 1; on a cluster, as many as fit); no figure changes."),
]
ExecutorName = Annotated[
    str, typer.Option("--executor", metavar="local|ray", help="Whose processes: of this machine or of a cluster.")
]
Address = Annotated[
    str, typer.Option(metavar="auto|ray://…", help="Cluster (default: one is started on this machine).")
]
MemoryPerWorker = Annotated[
    str, typer.Option("--memory-per-worker", metavar="4GB", help="What a cluster sets aside for each process.")
]
GpusPerWorker = Annotated[
    float, typer.Option("--gpus-per-worker", metavar="N", help="GPUs of a cluster for each process, such as .25.")
]
Timeout = Annotated[float | None, typer.Option(metavar="SECONDS", help="Most that a fit or a cell may take.")]
MaxFailures = Annotated[int | None, typer.Option(metavar="N", help="End the run when more cells have failed.")]

"""`emobench check` and `emobench accept`: the gate, as thin shells around `benchmark.gate`."""

import os
from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")]


def check(
    folder: Run,
    rules: Annotated[Path, typer.Option(metavar="FILE", help="Rules (TOML), see docs/gate.md.")],
    against: Annotated[
        Path | None, typer.Option(metavar="BASELINE", help="What `emobench accept` wrote, or another run folder.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a Markdown summary.")] = None,
    github: Annotated[
        bool | None,
        typer.Option("--github/--no-github", help="Annotate a GitHub job (default: where GITHUB_ACTIONS is true)."),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Hold a run against rules and a baseline; for CI.

    Exit codes: 0 pass, 1 regression or beyond a limit, 2 wrong usage, 3 a cell failed, 4 inconclusive (too few data),
    5 nothing was measured (a rule matches nothing).
    """
    from ..gate.check import check as check_run
    from ..gate.github import annotations
    from ..gate.junit import write_junit
    from ..gate.markdown import append_step_summary, write_markdown
    from ..gate.rules import read_rules
    from ..progress import shown

    with shown(quiet=quiet) as progress:
        outcome = check_run(folder, read_rules(rules), against=against, progress=progress)
    if not quiet:
        from rich.console import Console

        from ..gate.terminal import WIDTH, summary

        console = Console()
        console.print(summary(outcome), width=min(WIDTH, console.width))
    if junit is not None:
        write_junit(outcome, junit)
    if markdown is not None:
        write_markdown(outcome, markdown)
    append_step_summary(outcome)
    if github if github is not None else os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations(outcome):
            typer.echo(line)
    return outcome.exit_code


def accept(
    folder: Run,
    as_: Annotated[Path, typer.Option("--as", metavar="BASELINE.toml", help="File of the baseline.")],
    references: Annotated[
        bool, typer.Option("--references", help="Write the figures of models added for comparison too.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make a run the baseline that later runs are held against."""
    from ..gate.accepted import accept as accept_run
    from ..gate.accepted import predictions_folder
    from ..gate.accepted_record import figures_in
    from ..progress import shown
    from ..run_folder import RunFolder

    with shown(quiet=quiet) as progress:
        accepted = accept_run(RunFolder(folder), as_, references=references, progress=progress)
    if not quiet:
        count = figures_in(accepted)
        typer.echo(f"accepted {count:,} figures, a line each, as {as_} (to review)")
        if accepted.predictions:
            typer.echo(f"with {predictions_folder(as_).path} (for paired differences)")

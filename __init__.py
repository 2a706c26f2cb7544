"""How far a multimodal emotion recogniser can be trusted under stress.

`emobench.run(models=["rage_fusion"], protocols=["modality_drop"])` does what the command line does and returns the
figures as a pandas DataFrame. Importing the package costs nothing: what a call needs is imported when it is made.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .benchmark.opened_run import Run

__all__ = ["__version__", "compare", "open_run", "report", "run"]

__version__ = "0.1.0"


def run(
    *,
    models: Sequence[str] | str = (),
    protocols: Sequence[str] | str = (),
    data: Sequence[str] | str = (),
    suites: Sequence[str] | str = (),
    preset: str = "",
    out: Path | str | None = None,
    formats: Sequence[str] | None = None,
    workers: int | None = None,
    executor: str = "local",
    address: str = "",
    timeout: float | None = None,
    max_failures: int | None = None,
    **options: Any,  # checked by name and type in `benchmark.api.options`
) -> "pd.DataFrame":
    """Run models under stress and return every figure, one a row.

    Parameters
    ----------
    models, protocols, data
        Spec texts as on the command line, or one; a bare protocol name stands for its ladder. No data: `simulated`, or
        those that the suites want and that are there.
    suites, preset
        Names of suites or paths of their files, or one, to which models, protocols and metrics add; preset of the
        suites' models, empty: as the suites say.
    out
        Run folder; None: below `runs/`, named after what is run. A folder that holds a run is continued.
    formats
        Report formats; None: all; empty: none.
    workers, executor, address
        How many processes compute at once (None: one, and on a cluster as many as fit), on this machine (`local`) or
        on a cluster (`ray`), and which.
    timeout, max_failures
        Seconds that a fit or a cell may take; more cells that fail end the run. None: no limit.
    **options
        `seeds`, `first_seed`, `stress_seed`, `stress_draws`, `selection`, `device`, `draws`, `metrics`, `hidden`,
        `threads`: as on the command line.

    Returns
    -------
    pandas.DataFrame
        One row a figure: model, data, seed (−1: mean over seeds), condition, metric, part, value, low and high (95 %
        interval over dialogues), floor, floor_high, seed_sd, utterances, dialogues.

    Raises
    ------
    emobench.benchmark.errors.EmobenchError
        One line: what was expected, what was got, what to type. A cell that fails is recorded in the run folder.
    """
    from .benchmark import api
    from .benchmark.executors.execution import Execution
    from .benchmark.suite_requests import Typed, resolve

    execution = Execution(
        workers=workers, executor=executor, address=address, timeout=timeout, max_failures=max_failures
    )

    def listed(texts: Sequence[str] | str) -> tuple[str, ...]:
        return (texts,) if isinstance(texts, str) else tuple(texts)

    metrics = options.pop("metrics", ())
    asked = resolve(
        listed(suites),
        Typed(
            models=listed(models),
            protocols=listed(protocols),
            data=listed(data),
            metrics=listed(metrics),
            preset=preset,
            options=options,
        ),
    )
    return api.results(api.run_resolved(asked, out=out, formats=formats, execution=execution).folder)


def compare(
    runs: Sequence[Path | str] | Path | str,
    *,
    metrics: Sequence[str] | str = (),
    conditions: Sequence[str] | str = (),
    against: str = "",
    with_clean: bool = False,
    training: bool = False,
    margin: float = 0.01,
    level: float = 0.95,
    out: Path | str | None = None,
) -> "pd.DataFrame":
    """Tell which differences between models, runs or conditions are more than chance.

    Parameters
    ----------
    runs
        Run folders, or one, of the same data.
    metrics, conditions
        Spec texts of metrics (none: weighted F1, ECE, NLL, Brier); globs over conditions (none: all).
    against
        Model that all others are compared with; empty: the first of the first run, and with several runs each model
        with itself in the first run.
    with_clean
        Compare conditions with clean input within each model, instead of models with each other.
    training
        Count in intervals and p what another training seed would change.
    margin, level
        Difference that does not matter; level of the intervals.
    out
        Folder for comparisons.parquet; None: the first run folder.

    Returns
    -------
    pandas.DataFrame
        One row a difference; columns as in `emobench.benchmark.comparison_record.COMPARISON_COLUMNS`.

    Raises
    ------
    emobench.benchmark.errors.EmobenchError
        One line: what was expected, what was got, what to type.
    """
    import pandas as pd

    from .benchmark.comparisons import Asking
    from .benchmark.comparisons import compare as compare_runs

    def listed(texts: Sequence[str] | str) -> tuple[str, ...]:
        return (texts,) if isinstance(texts, str) else tuple(texts)

    asking = Asking(
        metrics=listed(metrics),
        conditions=listed(conditions),
        against=against,
        with_clean=with_clean,
        training=training,
        margin=margin,
        level=level,
    )
    folders = [runs] if isinstance(runs, str | Path) else list(runs)
    path, _ = compare_runs(folders, asking, out=None if out is None else Path(out))
    return pd.read_parquet(path)


def report(
    run: Path | str, *, formats: Sequence[str] | str | None = None, only: Sequence[str] | str = ()
) -> tuple[Path, ...]:
    """Write reports of a scored run folder; neither torch nor a model is needed.

    Parameters
    ----------
    run
        Run folder.
    formats
        Report formats, or one (`emobench list formats`); None: all.
    only
        Parts to report on, or one: `model=m3net`, `data=mosi`, `section=calibration`, or such a name alone; a name may
        be a glob. Empty: the whole run. Reports of a part take the place of those of the whole, and say so.

    Returns
    -------
    tuple of pathlib.Path
        Of each report in the order of the formats: a file, or a folder of files.

    Raises
    ------
    emobench.benchmark.errors.EmobenchError
        One line: what was expected, what was got, what to type.
    """
    from .benchmark import api

    return api.report(Path(run), formats=formats, only=only).paths


def open_run(run: Path | str) -> "Run":
    """Return a scored run with its tables and figures by name; in a notebook it shows its main figures.

    Parameters
    ----------
    run
        Run folder.

    Raises
    ------
    emobench.benchmark.errors.EmobenchError
        One line, when it is no run folder.
    """
    from .benchmark.opened_run import Run

    return Run(Path(run))

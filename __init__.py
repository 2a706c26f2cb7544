"""How far a multimodal emotion recogniser can be trusted under stress.

`emobench.run(models=["rage_fusion"], protocols=["modality_drop"])` does what the command line does and returns the
figures as a pandas DataFrame. Importing the package costs nothing: what a call needs is imported when it is made.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["__version__", "run"]

__version__ = "0.1.0"


def run(
    *,
    models: Sequence[str] | str,
    protocols: Sequence[str] | str = (),
    data: Sequence[str] | str = ("simulated",),
    out: Path | str | None = None,
    formats: Sequence[str] | None = None,
    **options: Any,  # checked by name and type in `benchmark.api.options`
) -> "pd.DataFrame":
    """Run models under stress and return every figure, one a row.

    Parameters
    ----------
    models, protocols, data
        Spec texts as on the command line, or one; a bare protocol name stands for its ladder.
    out
        Run folder; None: below `runs/`, named after what is run. A folder that holds a run is continued.
    formats
        Report formats; None: all; empty: none.
    **options
        `seeds`, `stress_seed`, `stress_draws`, `selection`, `device`, `draws`, `metrics`: as on the command line.

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

    outcome = api.run(
        models=models, protocols=protocols, data=data, out=out, options=api.options(**options), formats=formats
    )
    return api.results(outcome.folder)

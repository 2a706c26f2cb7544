"""The content of a baseline's text: what a team has accepted."""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

from .timings import AcceptedLatencies

SCHEMA_VERSION: Literal[1] = 1
"""Raised when a reader of older baselines would misunderstand a new one."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AcceptedFigure(_Record):
    """A figure: mean over training seeds and draws of the stress."""

    value: float
    """The figure."""
    low: float
    """Lower end of its 95 % interval over dialogues; NaN: none."""
    high: float
    """Upper end."""
    seed_sd: float = math.nan
    """Standard deviation over seeds; NaN: one seed, and not in the text."""
    seeds: int
    """Number of training seeds."""


class AcceptedData(_Record):
    """A data set."""

    fingerprint: str
    """SHA-256 over the content."""
    utterances: int
    """Labelled utterances of the test split."""
    dialogues: int
    """Their dialogues."""


class Accepted(_Record):
    """The content of the text."""

    schema_version: Literal[1] = SCHEMA_VERSION
    stress_seed: int
    """Seed of the stresses."""
    stress_draws: int
    """How often each random condition was drawn."""
    selection: Literal["validation", "test"]
    """Split that chose the epochs."""
    predictions: str
    """SHA-256 over the predictions beside it."""
    data: dict[str, AcceptedData]
    """By canonical text."""
    figures: dict[str, dict[str, dict[str, dict[str, AcceptedFigure]]]] = {}
    """By data set, model, condition and metric; figures of parts are not in the text; empty: latencies alone."""
    latencies: AcceptedLatencies = {}
    """By data set, model and setting; empty: none were measured."""


def figures_in(accepted: Accepted) -> int:
    """Return how many figures the text of a baseline holds."""
    timed = (one for models in accepted.latencies.values() for settings in models.values() for one in settings.values())
    cells = (cell for models in accepted.figures.values() for model in models.values() for cell in model.values())
    return sum(map(len, cells)) + sum(len(one.figures) for one in timed)

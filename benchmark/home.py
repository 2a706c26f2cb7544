"""Where emobench keeps what it makes: `$EMOBENCH_HOME`, or else the platform's folder for user data."""

import os
from pathlib import Path

import platformdirs

from .files import file_stem

VARIABLE = "EMOBENCH_HOME"
"""Environment variable that names the folder; empty counts as unset."""


def home() -> Path:
    """Return the folder below which converted data and caches are kept; it need not exist yet."""
    named = os.environ.get(VARIABLE, "")
    return Path(named).expanduser() if named else platformdirs.user_data_path("emobench", appauthor=False)


def data_folder(data: str) -> Path:
    """Return the folder of a converted data set, given its canonical spec text."""
    return home() / "data" / (data if data.isidentifier() else file_stem(data))


def cache_folder() -> Path:
    """Return the folder of what can be computed again; deleting it loses time only."""
    return home() / "cache"

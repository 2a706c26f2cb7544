"""Where commands are typed."""

from pathlib import Path

import pytest


@pytest.fixture
def terminal(emobench_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, at a terminal of 80 columns, with nothing kept from before."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    return tmp_path

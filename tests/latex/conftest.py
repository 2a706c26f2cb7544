"""Run folders to report on: those of `tests/reports`."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from emobench.benchmark.run_folder import RunFolder


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunFolder]:
    """Make a run folder; see `fake_run.make_run`."""
    path = Path(__file__).parent.parent / "reports" / "fake_run.py"
    spec = importlib.util.spec_from_file_location("fake_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    maker: Callable[..., RunFolder] = module.make_run
    return maker

"""Run folders to report on: those of `tests/reports`."""

from collections.abc import Callable

import fake_run
import pytest

from emobench.benchmark.run_folder import RunFolder


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunFolder]:
    """Make a run folder; see `fake_run.make_run`."""
    return fake_run.make_run

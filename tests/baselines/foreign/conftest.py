"""Fixtures of the tests of foreign models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from emobench.baselines.foreign_models import worker
from tests.baselines.foreign.somebodys import InThisProcess, write_code


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Somebody's code in a folder of its own."""
    folder = tmp_path / "code"
    folder.mkdir()
    return write_code(folder)


@pytest.fixture
def own_torch() -> Iterator[None]:
    """What is done to torch is undone: elsewhere it is done in a process that ends."""
    load, cuda, threads = torch.load, dict(vars(torch.cuda)), torch.get_num_threads()
    yield
    torch.load = load
    torch.set_num_threads(threads)
    for name, value in cuda.items():
        setattr(torch.cuda, name, value)


@pytest.fixture
def in_this_process(own_torch: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Foreign models run here."""
    monkeypatch.setattr(worker, "Worker", InThisProcess)
